/** A tensor that the benchmarks normalize: its sizes, and where the channels lie. */
export interface Shape {
  readonly name: string;
  readonly dims: readonly number[];
  readonly axis: number;
}

/** Images in and out of cache, both ways round, and dense layers from tiny to square. */
export const shapes: readonly Shape[] = [
  { name: "A", dims: [32, 56, 56, 64], axis: 3 },
  { name: "B", dims: [32, 64, 56, 56], axis: 1 },
  { name: "C", dims: [128, 256], axis: 1 },
  { name: "D", dims: [8, 7, 7, 2048], axis: 3 },
  { name: "E", dims: [60, 100], axis: 1 },
  { name: "F", dims: [1024, 1024], axis: 1 },
];

/** The same number of values and channels, for a library that knows channels-first only. */
export function channelsFirst({ name, dims, axis }: Shape): Shape {
  const others = dims.filter((_, i) => i !== axis && i !== 0);
  return { name, dims: [dims[0] as number, dims[axis] as number, ...others], axis: 1 };
}

/** `A [32,56,56,64] channels-last`. */
export function describe({ name, dims, axis }: Shape): string {
  const order = dims.length < 3 ? "" : axis === 1 ? " channels-first" : " channels-last";
  return `${name} [${dims}]${order}`;
}
