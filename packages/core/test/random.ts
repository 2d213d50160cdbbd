import seedrandom from "seedrandom";

/** Seeded normal deviates: the same seed gives the same numbers on every machine. */
export function normals(
  seed: string,
  length: number,
  mean = 0,
  standardDeviation = 1,
): Float64Array {
  const uniform = seedrandom(seed);
  const normal = (): number =>
    Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
  return Float64Array.from({ length }, () => mean + standardDeviation * normal());
}

/** Seeded integers in [0, below). */
export function integers(seed: string, below: number): () => number {
  const uniform = seedrandom(seed);
  return () => Math.floor(uniform() * below);
}
