// Three classes told apart by features as they come, one around 17,000 and one around 0.001, in brain.js:
// `npm run --workspace @batchnorm/examples brain:raw-features`.
import seedrandom from "seedrandom";
import { compare, type Sample } from "./brain-training.ts";

console.log(
  compare({
    sizes: [2, 16, 16, 3],
    activation: "relu",
    // epsilon is in units of x², and the second feature's variance is 1e-7.
    batchNorm: { batchSize: 32, seed: 1, input: { epsilon: 1e-12 } },
    train: classes("train", 600),
    test: classes("test", 300),
    checkpoints: [1, 5, 20, 50],
    learningRates: { stock: 0.1, ours: 0.1 },
  }),
);

function classes(seed: string, samples: number): Sample[] {
  const random = seedrandom(seed);
  const spread = (): number => 2 * (random() + random() - 1);
  return Array.from({ length: samples }, (_, i) => {
    const [a, b] = [
      [-1, -1],
      [2, -1],
      [-1, 2],
    ][i % 3] as [number, number];
    return {
      input: [17_000 + 200 * (a + spread()), 0.001 + 0.0002 * (b + spread())],
      output: [0, 1, 2].map((one) => Number(one === i % 3)),
    };
  });
}
