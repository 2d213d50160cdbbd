import seedrandom from "seedrandom";

/** Seeded normal deviates, as float32. */
export function normals(seed: string, length: number, mean = 0, deviation = 1): Float32Array {
  const uniform = seedrandom(seed);
  const normal = (): number =>
    Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
  return Float32Array.from({ length }, () => mean + deviation * normal());
}
