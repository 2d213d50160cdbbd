import { Random } from "@batchnorm/minibatch";

export interface Sample {
  readonly input: number[];
  readonly output: number[];
}

/** Four samples that no single layer can tell apart. */
export const xor: Sample[] = [
  { input: [0, 0], output: [0] },
  { input: [0, 1], output: [1] },
  { input: [1, 0], output: [1] },
  { input: [1, 1], output: [0] },
];

/** Numbers in [0, 1) for nets whose learning does not matter; targets too. */
export function noise(seed: number, samples: number, inputs: number, outputs: number): Sample[] {
  const random = new Random(seed);
  const row = (length: number): number[] => Array.from({ length }, () => random.uniform());
  return Array.from({ length: samples }, () => ({ input: row(inputs), output: row(outputs) }));
}

/**
 * Three classes in turn, told apart by features whose sizes lie seven powers of ten apart: around
 * 17000 ± 300, and around 1e-3.
 */
export function threeClasses(seed: number, samples: number): Sample[] {
  const random = new Random(seed);
  const spread = (): number => random.uniform() + random.uniform() - 1;
  return Array.from({ length: samples }, (_, i) => ({
    input: [
      17000 + 300 * ((i % 3 === 1 ? 1.5 : -0.75) + spread()),
      1e-3 * (1 + 0.3 * ((i % 3 === 2 ? 1.5 : -0.75) + spread())),
    ],
    output: [0, 1, 2].map((other) => Number(other === i % 3)),
  }));
}
