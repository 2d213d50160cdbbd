import { type FloatArray, type Layout, sizeOf } from "@batchnorm/core";
import { arena } from "./arena.ts";
import { kernelsInUse } from "./backend.ts";
import type { Heap } from "./heap.ts";
import type { Kernels } from "./kernels.ts";
import { locate, revive } from "./revive.ts";
import { Scratch } from "./scratch.ts";

/** The large tensors of a pass. */
export interface Tensors {
  readonly x: FloatArray;
  readonly dy?: FloatArray;
  /** Where the result goes; undefined where the pass makes it, null where there is none. */
  readonly out: FloatArray | undefined | null;
}

/** What plain arrays are copied to, kept from call to call. */
const copies = { x: new Scratch(), dy: new Scratch(), out: new Scratch() };

/**
 * The kernels, where they can do a pass over such tensors; null where core is to do it: other types
 * than float32, nothing to compute, input that core refuses, no WebAssembly.
 */
export function kernelsFor(layout: Layout, { x, dy, out }: Tensors): Kernels | null {
  const size = sizeOf(layout);
  const { outer, channels, inner } = layout;
  if (!(outer > 0 && channels > 0 && inner > 0 && Number.isSafeInteger(size))) return null;
  const suit =
    suits(x, size) && (dy === undefined || suits(dy, size)) && (out == null || suits(out, size));
  const kernels = suit ? kernelsInUse() : null;
  kernels?.heap.follow();
  return kernels;
}

/** Whether a pass can do without growth of the memory, which would empty the caller's views. */
export function hasRoom(kernels: Kernels, layout: Layout, tensors: Tensors): boolean {
  const size = sizeOf(layout);
  const { x, dy, out } = wanted(kernels.heap, tensors);
  return (
    kernels.fits(layout) &&
    !(x && copies.x.length < size) &&
    !(dy && copies.dy.length < size) &&
    !(out && copies.out.length < size)
  );
}

/**
 * Grows the memory to what a pass needs and starts the pass again, with fresh views of what lay in the
 * memory already; or lets core do it where the memory cannot grow.
 */
export function withRoom<A extends unknown[], R>(
  kernels: Kernels,
  layout: Layout,
  tensors: Tensors,
  args: A,
  pass: (...args: A) => R,
  core: (...args: A) => R,
): R {
  const { heap } = kernels;
  const size = sizeOf(layout);
  const { x, dy, out } = wanted(heap, tensors);
  const places = locate(heap, args);
  const enough =
    kernels.reserve(layout) &&
    !(x && !copies.x.fit(arena.allocator, size)) &&
    !(dy && !copies.dy.fit(arena.allocator, size)) &&
    !(out && !copies.out.fit(arena.allocator, size));
  heap.follow();
  return (enough ? pass : core)(...revive(heap, args, places));
}

/** The pointer of an input: where it is, or where it is copied to now. */
export function enter({ heap }: Kernels, as: "x" | "dy", tensor: FloatArray): number {
  const resident = heap.pointerOf(tensor);
  if (resident >= 0) return resident;
  const { pointer } = copies[as];
  heap.float32.set(tensor, pointer >>> 2);
  return pointer;
}

/** The pointer that a result is written to: its own, that of the input's copy, or a copy's. */
export function exit(
  { heap }: Kernels,
  tensor: FloatArray,
  from: "x" | "dy",
  input: number,
): number {
  const resident = heap.pointerOf(tensor);
  if (resident >= 0) return resident;
  return input === copies[from].pointer ? input : copies.out.pointer;
}

/** Copies a result out, unless it is in its place. */
export function deliver({ heap }: Kernels, tensor: FloatArray, pointer: number): void {
  if (heap.pointerOf(tensor) >= 0) return;
  for (const copy of [copies.x, copies.dy, copies.out]) {
    if (copy.pointer === pointer) tensor.set(copy.view(heap, tensor.length));
  }
}

/** Gives back the memory that passes copied plain arrays through. */
export function releasePassCopies(): void {
  if (!arena.memory) return;
  for (const copy of Object.values(copies)) copy.release(arena.allocator);
  kernelsInUse()?.frame.release();
}

/** Which copies a pass needs. A result goes over the copy of an input, if there is one. */
function wanted(heap: Heap, { x, dy, out }: Tensors): { x: boolean; dy: boolean; out: boolean } {
  const isPlain = (tensor: FloatArray): boolean => heap.pointerOf(tensor) < 0;
  const plainResult = out !== null && (out === undefined || isPlain(out));
  return {
    x: isPlain(x),
    dy: dy !== undefined && isPlain(dy),
    out: plainResult && !isPlain(dy ?? x),
  };
}

/** A float32 array of another realm goes to core, at core's speed. */
const suits = (tensor: FloatArray, size: number): boolean =>
  tensor instanceof Float32Array && tensor.length === size;
