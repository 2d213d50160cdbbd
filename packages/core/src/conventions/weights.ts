import { refuse, tagOf } from "../errors.ts";
import type { Convention, Role } from "./peer.ts";

/** A peer's layer, its arrays checked and copied. */
export interface LayerArrays {
  readonly channels: number;
  readonly gamma: number[] | null;
  readonly beta: number[] | null;
  readonly mean: number[] | null;
  readonly variance: number[] | null;
  /** The count of batches, or Caffe's s; null where there is none. */
  readonly scalar: number | null;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/**
 * Takes the arrays out of a peer's weights.
 *
 * @throws {BatchNormError} `ERR_BATCHNORM_STATE` naming the array: one that is missing or unknown, of
 * another length, not finite, a negative variance.
 */
export function readWeights(peer: string, convention: Convention, weights: unknown): LayerArrays {
  const { names, scalar, optional } = convention;
  const given = flatten(peer, [...Object.values(names), ...(scalar ? [scalar] : [])], weights);
  const arrays: Mutable<LayerArrays> = {
    channels: 0,
    gamma: null,
    beta: null,
    mean: null,
    variance: null,
    scalar: null,
  };
  for (const [role, name] of Object.entries(names) as [Role, string][]) {
    const value = given.get(name);
    if (value === undefined) {
      const partner = role === "mean" ? names.variance : role === "variance" ? names.mean : name;
      requireThat(peer, name, "be there", value, optional.includes(role) && !given.has(partner));
      continue;
    }
    const array = readNumbers(
      peer,
      name,
      value,
      arrays.channels,
      role === "variance" ? 0 : -Infinity,
    );
    arrays[role] = array;
    arrays.channels = array.length;
  }
  requireThat(peer, Object.values(names).join(" or "), "be there", undefined, arrays.channels > 0);
  const one = scalar === undefined ? undefined : given.get(scalar);
  if (scalar && one !== undefined) arrays.scalar = readScalar(peer, scalar, one);
  return arrays;
}

/** The inverse: sets what is not null. */
export function writeWeights(convention: Convention, arrays: LayerArrays): object {
  const weights: Record<string, unknown> = {};
  for (const [role, name] of Object.entries(convention.names) as [Role, string][]) {
    if (arrays[role]) put(weights, name, arrays[role]);
  }
  if (convention.scalar && arrays.scalar !== null) {
    // A blob is a list in Caffe; a count is a number in PyTorch.
    const inList = convention.scalar.includes(".");
    put(weights, convention.scalar, inList ? [arrays.scalar] : arrays.scalar);
  }
  return weights;
}

function put(weights: Record<string, unknown>, name: string, value: unknown): void {
  const [group = "", inner] = name.split(".");
  if (inner === undefined) {
    weights[group] = value;
    return;
  }
  weights[group] ??= /^\d$/.test(inner) ? [] : {};
  (weights[group] as Record<string, unknown>)[inner] = value;
}

/** What is there, by name, groups resolved. */
function flatten(peer: string, known: readonly string[], weights: unknown): Map<string, unknown> {
  const given = new Map<string, unknown>();
  const visit = (value: unknown, prefix: string): void => {
    if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) {
      const what = prefix === "" ? "weights" : prefix.slice(0, -1);
      requireThat(peer, what, "be an object or a list of arrays", value, false);
    }
    for (const [key, item] of Object.entries(value as object)) {
      const name = prefix + key;
      if (item === undefined || item === null) continue;
      if (known.some((other) => other.startsWith(`${name}.`))) {
        visit(item, `${name}.`);
        continue;
      }
      if (!known.includes(name)) {
        const rule = `weights of ${peer} must be among ${known.join(", ")}`;
        refuse("ERR_BATCHNORM_STATE", rule, name);
      }
      given.set(name, item);
    }
  };
  visit(weights, "");
  return given;
}

function readNumbers(
  peer: string,
  name: string,
  value: unknown,
  channels: number,
  least: number,
): number[] {
  const tag = tagOf(value);
  const isArray = tag === "Array" || tag === "Float32Array" || tag === "Float64Array";
  requireThat(peer, name, "be an array of numbers or a float array", value, isArray);
  const array = Array.from(value as ArrayLike<number>);
  const size = channels === 0 ? "be at least one value" : `hold ${channels} values`;
  const fits = channels === 0 ? array.length > 0 : array.length === channels;
  requireThat(peer, name, size, array.length, fits);
  const rule = least === 0 ? "be a finite number ≥ 0" : "be a finite number";
  for (const [c, number] of array.entries()) {
    requireThat(peer, `${name}[${c}]`, rule, number, Number.isFinite(number) && number >= least);
  }
  return array;
}

function readScalar(peer: string, name: string, value: unknown): number {
  const isList = Array.isArray(value) || ArrayBuffer.isView(value);
  const items: unknown[] = isList ? Array.from(value as unknown as ArrayLike<unknown>) : [value];
  // An int64 counter arrives as a bigint.
  const number = typeof items[0] === "bigint" ? Number(items[0]) : items[0];
  const holds = items.length === 1 && Number.isFinite(number) && (number as number) >= 0;
  requireThat(peer, name, "be one finite number ≥ 0", value, holds);
  return number as number;
}

/** @throws {BatchNormError} `ERR_BATCHNORM_STATE` unless it holds. */
export function requireThat(
  peer: string,
  name: string,
  rule: string,
  received: unknown,
  holds: boolean,
): void {
  if (!holds) refuse("ERR_BATCHNORM_STATE", `${name} of ${peer} must ${rule}`, received);
}
