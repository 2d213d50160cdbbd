import { Fields } from "./fields.ts";
import { type Place, refuseGolden } from "./golden-error.ts";
import { parseTensor } from "./tensor.ts";

/** A case of a golden file, parsed but not yet understood. */
export interface GoldenCase {
  readonly id: string;
  readonly op: string;
  readonly fields: Fields;
  /** Its JSON, by which the same case in two files is known. */
  readonly json: string;
}

/** A golden file: what one source answered. */
export interface GoldenFile {
  /** What errors call it. */
  readonly name: string;
  readonly source: string;
  readonly cases: readonly GoldenCase[];
}

/** Far above any golden file; hostile ones are refused before they cost anything. */
export const goldenLimits: Readonly<Record<"bytes" | "cases" | "depth" | "keys" | "text", number>> =
  { bytes: 2 ** 24, cases: 10_000, depth: 8, keys: 200, text: 10_000 };

const format = "bn-heldout/1";
// Never to be looked up in, or copied to, an ordinary object.
const forbidden = ["__proto__", "constructor", "prototype"];

/**
 * Reads a golden file, which nobody vouches for.
 *
 * @param name - What errors call it.
 * @throws {GoldenError} in one line naming file, case and field, for anything that is not as it should
 * be: no JSON, another format, too large, too deep, a tensor whose data do not fill its shape.
 */
export function readGoldens(text: string, name: string): GoldenFile {
  const place = { file: name, id: null, field: "" };
  if (text.length > goldenLimits.bytes) {
    refuseGolden(place, `must have ${goldenLimits.bytes} bytes at most`, text.length);
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    refuseGolden(place, "must be JSON", text.slice(0, 20));
  }
  return parseGoldens(value, name);
}

/**
 * Reads a golden file that is parsed JSON already.
 *
 * @throws {GoldenError} as {@link readGoldens}.
 */
export function parseGoldens(value: unknown, name: string): GoldenFile {
  const place: Place = { file: name, id: null, field: "" };
  if (!isObject(value)) refuseGolden(place, "must be an object", value);
  const { format: found, source, count, cases, ...rest } = value;
  for (const key of Object.keys(rest)) refuseGolden(place, "must have no other field", key);
  if (found !== format) refuseGolden({ ...place, field: "format" }, `must be "${format}"`, found);
  if (typeof source !== "string") {
    refuseGolden({ ...place, field: "source" }, "must be a string", source);
  }
  if (!Array.isArray(cases) || cases.length === 0 || cases.length > goldenLimits.cases) {
    const rule = `must be a list of 1 to ${goldenLimits.cases}`;
    refuseGolden({ ...place, field: "cases" }, rule, cases);
  }
  if (count !== cases.length) {
    refuseGolden(
      { ...place, field: "count" },
      `must be the number of cases, ${cases.length}`,
      count,
    );
  }
  const ids = new Set<string>();
  const parsed = cases.map((item: unknown, i): GoldenCase => {
    const at: Place = { ...place, field: `cases[${i}]` };
    if (!isObject(item)) refuseGolden(at, "must be an object", item);
    const { id, op } = item;
    // Printed as it is, so nothing that a terminal would obey.
    if (typeof id !== "string" || !/^[\x21-\x7e]{1,120}$/.test(id)) {
      refuseGolden(
        { ...at, field: `${at.field}.id` },
        "must be 1 to 120 visible ASCII characters",
        id,
      );
    }
    if (ids.has(id)) refuseGolden({ ...at, field: `${at.field}.id` }, "must be unique", id);
    ids.add(id);
    const own: Place = { file: name, id, field: "" };
    if (typeof op !== "string") refuseGolden({ ...own, field: "op" }, "must be a string", op);
    return { id, op, fields: fieldsOf(item, own, 0), json: JSON.stringify(item) };
  });
  return { name, source, cases: parsed };
}

function fieldsOf(object: Record<string, unknown>, place: Place, depth: number): Fields {
  const entries = Object.entries(object);
  if (entries.length > goldenLimits.keys) {
    refuseGolden(place, `must have ${goldenLimits.keys} fields at most`, entries.length);
  }
  const values = entries.map(([key, value]): [string, unknown] => {
    const field = place.field === "" ? key : `${place.field}.${key}`;
    if (forbidden.includes(key)) refuseGolden(place, "must have no such field", key);
    return [key, fieldOf(value, { ...place, field: field.slice(0, 200) }, depth + 1)];
  });
  return new Fields(new Map(values), place);
}

function fieldOf(value: unknown, place: Place, depth: number): unknown {
  if (depth > goldenLimits.depth) {
    refuseGolden(place, `must be nested ${goldenLimits.depth} deep at most`, "more");
  }
  if (typeof value === "string" && value.length > goldenLimits.text) {
    refuseGolden(place, `must have ${goldenLimits.text} characters at most`, value.length);
  }
  if (Array.isArray(value)) {
    if (value.length > goldenLimits.cases) {
      refuseGolden(place, `must have ${goldenLimits.cases} items at most`, value.length);
    }
    return value.map((item, i) =>
      fieldOf(item, { ...place, field: `${place.field}[${i}]` }, depth + 1),
    );
  }
  if (!isObject(value)) return value;
  const isTensor = Object.hasOwn(value, "data") || Object.hasOwn(value, "dtype");
  return isTensor ? parseTensor(value, place) : fieldsOf(value, place, depth);
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
