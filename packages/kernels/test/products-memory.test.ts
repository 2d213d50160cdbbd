import type { FloatArray } from "@batchnorm/core";
import { type MatrixAt, Products } from "@batchnorm/kernels";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Floats, integers, type Reference, referenceAt } from "./products-reference.ts";

/** Bytes of 0xff make NaN in both types: what is read outside a matrix shows in the result. */
const poison = 0xff;
const pages = 16;

/** Lays matrices down in a memory, last byte last: what is read behind the first one traps. */
class Layout {
  readonly memory: WebAssembly.Memory;
  readonly floats: Floats;
  #end: number;

  constructor(memory: WebAssembly.Memory, floats: Floats) {
    this.memory = memory;
    this.floats = floats;
    this.#end = memory.buffer.byteLength;
  }

  /** Room for values at those strides, `gap` values before what was laid down last. */
  matrix(
    rows: number,
    columns: number,
    rowStride: number,
    columnStride: number,
    gap: number,
  ): MatrixAt {
    const size = this.floats.BYTES_PER_ELEMENT;
    const span =
      rows * columns === 0 ? 0 : (rows - 1) * rowStride + (columns - 1) * columnStride + 1;
    const pointer = this.#end - span * size;
    this.#end = pointer - gap * size;
    return { pointer, rowStride, columnStride };
  }

  at({ pointer, rowStride, columnStride }: MatrixAt, i: number, j: number): number {
    return pointer / this.floats.BYTES_PER_ELEMENT + i * rowStride + j * columnStride;
  }
}

/** A stride of dense rows, of dense columns, or of neither. */
const strides = fc.record({
  kind: fc.constantFrom("rows", "columns", "neither"),
  extra: fc.nat(9),
});

function stridesOf(
  { kind, extra }: { kind: string; extra: number },
  rows: number,
  columns: number,
): [number, number] {
  if (kind === "columns") return [1, Math.max(1, rows) + extra];
  const step = kind === "rows" ? 1 : 1 + (extra % 3);
  return [Math.max(1, columns) * step + extra, step];
}

const cases = fc.record({
  rows: fc.oneof(fc.nat(11), fc.nat(45)),
  inner: fc.oneof(fc.nat(30), fc.constantFrom(511, 512, 513)),
  columns: fc.nat(21),
  a: strides,
  b: strides,
  cExtra: fc.nat(9),
  gaps: fc.array(fc.nat(5), { minLength: 5, maxLength: 5 }),
  /** Which matrix ends where the memory ends. */
  first: fc.nat(4),
  rowBias: fc.boolean(),
  columnBias: fc.boolean(),
  add: fc.boolean(),
  relu: fc.boolean(),
  seed: fc.integer(),
});

describe.each<[string, Floats, boolean]>([
  ["float32", Float32Array, false],
  ["float64", Float64Array, false],
  ["float32 in a shared memory", Float32Array, true],
])("Products in %s", (_, floats, shared) => {
  test("write C and nothing else, and read nothing else", () => {
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared });
    const scratch = 1024;
    const products = new Products(memory, { allocate: () => scratch, free: () => {} });
    expect(products.reserve()).toBe(true);
    const bytes = new Uint8Array(memory.buffer);
    const values = new floats(memory.buffer);
    fc.assert(
      fc.property(cases, (asked) => {
        const { rows, inner, columns, add, relu, seed } = asked;
        bytes.fill(poison);
        const layout = new Layout(memory, floats);
        const [aRow, aColumn] = stridesOf(asked.a, rows, inner);
        const [bRow, bColumn] = stridesOf(asked.b, inner, columns);
        const makers = [
          (gap: number) => layout.matrix(rows, inner, aRow, aColumn, gap),
          (gap: number) => layout.matrix(inner, columns, bRow, bColumn, gap),
          (gap: number) => layout.matrix(rows, columns, columns + asked.cExtra, 1, gap),
          (gap: number) => layout.matrix(1, rows, rows, 1, gap),
          (gap: number) => layout.matrix(1, columns, columns, 1, gap),
        ];
        const places: MatrixAt[] = [];
        for (let n = 0; n < 5; n++) {
          const which = (asked.first + n) % 5;
          places[which] = makers[which]!(asked.gaps[n]!);
        }
        const [a, b, c, rowBias, columnBias] = places as [
          MatrixAt,
          MatrixAt,
          MatrixAt,
          MatrixAt,
          MatrixAt,
        ];
        const fill = (place: MatrixAt, height: number, width: number, salt: number) => {
          const random = integers(floats, height * width, seed + salt);
          for (let n = 0; n < random.length; n++) {
            values[layout.at(place, Math.floor(n / width), n % width)] = random[n]!;
          }
        };
        fill(a, rows, inner, 0);
        fill(b, inner, columns, 1);
        if (add) fill(c, rows, columns, 2);
        fill(rowBias, 1, rows, 3);
        fill(columnBias, 1, columns, 4);
        const before = values.slice() as FloatArray;
        const bias = (place: MatrixAt, length: number): FloatArray =>
          before.slice(layout.at(place, 0, 0), layout.at(place, 0, 0) + length);
        const reference: Reference = {
          rows,
          inner,
          columns,
          a: (i, k) => before[layout.at(a, i, k)]!,
          b: (k, j) => before[layout.at(b, k, j)]!,
          rowBias: asked.rowBias ? bias(rowBias, rows) : null,
          columnBias: asked.columnBias ? bias(columnBias, columns) : null,
          before: add ? (i, j) => before[layout.at(c, i, j)]! : null,
          relu,
        };
        const multiply = floats.BYTES_PER_ELEMENT === 4 ? "float32" : "float64";
        products[multiply]({
          rows,
          inner,
          columns,
          a,
          b,
          c,
          rowBias: asked.rowBias ? rowBias.pointer : 0,
          columnBias: asked.columnBias ? columnBias.pointer : 0,
          add,
          relu,
        });
        for (let i = 0; i < rows; i++) {
          for (let j = 0; j < columns; j++) {
            const at = layout.at(c, i, j);
            expect(values[at]).toBe(referenceAt(reference, i, j) + 0);
            values[at] = before[at]!;
          }
        }
        // 16 + 4 · 32 + 512 · 32 bytes of scratch.
        bytes.fill(poison, scratch, scratch + 16_528);
        expect(firstDifference(new Int32Array(memory.buffer), new Int32Array(before.buffer))).toBe(
          -1,
        );
      }),
      { seed: 33, numRuns: 500 },
    );
  });
});

test("Products say when their memory is full, and give back what they took", () => {
  const memory = new WebAssembly.Memory({ initial: 1 });
  const full = new Products(memory, { allocate: () => 0, free: () => {} });
  expect(full.reserve()).toBe(false);
  const freed: number[] = [];
  const products = new Products(memory, { allocate: () => 64, free: (at) => freed.push(at) });
  products.reserve();
  products.release();
  products.release();
  expect(freed).toEqual([64]);
});

function firstDifference(a: Int32Array, b: Int32Array): number {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return i;
  return -1;
}
