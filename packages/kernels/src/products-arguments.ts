import { type FloatArray, overlap, refuse, requireFloats } from "@batchnorm/core/checks";
import type { ProductOptions } from "./products.ts";

const optionNames: readonly (keyof ProductOptions<FloatArray>)[] = [
  "rows",
  "inner",
  "columns",
  "transposeA",
  "transposeB",
  "rowBias",
  "columnBias",
  "add",
  "activation",
  "out",
];
const known: ReadonlySet<string> = /* @__PURE__ */ new Set(optionNames);

/** Refuses what `multiply` cannot compute, before anything is written. */
export function checkProduct<T extends FloatArray>(a: T, b: T, options: ProductOptions<T>): void {
  checkOptions(options);
  const { rows, inner, columns, rowBias, columnBias, out } = options;
  requireFloats("a", a, rows * inner);
  requireLike(a, "b", b, inner * columns);
  if (rowBias) requireLike(a, "rowBias", rowBias, rows);
  if (columnBias) requireLike(a, "columnBias", columnBias, columns);
  if (!out) return;
  requireLike(a, "out", out, rows * columns);
  requireApart("a", a, out);
  requireApart("b", b, out);
  if (rowBias) requireApart("rowBias", rowBias, out);
  if (columnBias) requireApart("columnBias", columnBias, out);
}

function checkOptions(options: ProductOptions<FloatArray>): void {
  for (const key in options) {
    if (!known.has(key)) {
      const names = optionNames.join(", ");
      refuse("ERR_BATCHNORM_OPTION", `an option of multiply must be one of ${names}`, key);
    }
  }
  requireCount("rows", options.rows);
  requireCount("inner", options.inner);
  requireCount("columns", options.columns);
  requireFlag("transposeA", options.transposeA);
  requireFlag("transposeB", options.transposeB);
  requireFlag("add", options.add);
  const { activation, add, out } = options;
  if (activation !== undefined && activation !== "none" && activation !== "relu") {
    refuse("ERR_BATCHNORM_OPTION", "activation must be none or relu", activation);
  }
  if (add && !out) refuse("ERR_BATCHNORM_OPTION", "out must be given to add into", out);
}

function requireCount(name: string, value: number): void {
  if (!Number.isSafeInteger(value) || value < 0) {
    refuse("ERR_BATCHNORM_SHAPE", `${name} must be an integer ≥ 0`, value);
  }
}

function requireFlag(name: string, value: boolean | undefined): void {
  if (value !== undefined && typeof value !== "boolean") {
    refuse("ERR_BATCHNORM_OPTION", `${name} must be true or false`, value);
  }
}

function requireLike(a: FloatArray, name: string, value: FloatArray, length: number): void {
  requireFloats(name, value, length);
  if (value.BYTES_PER_ELEMENT !== a.BYTES_PER_ELEMENT) {
    const type = a.BYTES_PER_ELEMENT === 4 ? "Float32Array" : "Float64Array";
    refuse("ERR_BATCHNORM_DTYPE", `${name} must be a ${type}, as a is`, value);
  }
}

function requireApart(name: string, input: FloatArray, out: FloatArray): void {
  if (overlap(out, input)) refuse("ERR_BATCHNORM_SHAPE", `out must not overlap ${name}`, out);
}
