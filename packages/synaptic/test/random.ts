import seedrandom from "seedrandom";

/** Seeded normal deviates by the method of Box and Muller: the same numbers on every machine. */
export function normals(seed: string, length: number, mean = 0, deviation = 1): Float64Array {
  const random = seedrandom(seed);
  return Float64Array.from({ length }, () => {
    const radius = Math.sqrt(-2 * Math.log(1 - random()));
    return mean + deviation * radius * Math.cos(2 * Math.PI * random());
  });
}

/** Seeded numbers from 0 to 1. */
export function uniforms(seed: string, length: number): Float64Array {
  const random = seedrandom(seed);
  return Float64Array.from({ length }, () => random());
}
