import type { FloatArray } from "@batchnorm/core";
import type { Heap } from "./heap.ts";

/** Where an array of a memory lies. */
interface Place {
  readonly pointer: number;
  readonly length: number;
}

/** The arrays of a memory among a call's arguments, in objects too. */
export function locate(heap: Heap, args: readonly unknown[]): Map<unknown, Place> {
  const places = new Map<unknown, Place>();
  const visit = (value: unknown): void => {
    if (isFloats(value)) {
      const pointer = heap.pointerOf(value);
      if (pointer >= 0) places.set(value, { pointer, length: value.length });
    } else if (isObject(value)) {
      for (const part of Object.values(value)) visit(part);
    }
  };
  for (const value of args) visit(value);
  return places;
}

/** The arguments with fresh views of those arrays, which the memory's growth has emptied. */
export function revive<A extends unknown[]>(
  heap: Heap,
  args: A,
  places: ReadonlyMap<unknown, Place>,
): A {
  const visit = (value: unknown): unknown => {
    const place = places.get(value);
    if (place) {
      return heap.floats(place.pointer, place.length, (value as FloatArray).BYTES_PER_ELEMENT);
    }
    if (isFloats(value) || !isObject(value)) return value;
    const entries = Object.entries(value);
    const fresh = entries.map(([key, part]) => [key, visit(part)] as const);
    // An object without such arrays stays itself: results may go into it.
    return fresh.every(([, part], i) => part === entries[i]?.[1])
      ? value
      : { ...value, ...Object.fromEntries(fresh) };
  };
  return args.map(visit) as A;
}

const isFloats = (value: unknown): value is FloatArray =>
  ArrayBuffer.isView(value) && "BYTES_PER_ELEMENT" in value;

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null;
