// The paper's network on the digits, in brain.js: `npm run --workspace @batchnorm/examples brain:digits`.
import { compare, type Sample } from "./brain-training.ts";
import { loadDigits, pixelsPerSample, type Samples } from "./digits.ts";

const { train, test } = loadDigits("1");

console.log(
  compare({
    sizes: [pixelsPerSample, 100, 100, 100, 10],
    activation: "sigmoid",
    batchNorm: { batchSize: 60, seed: 1 },
    train: samplesOf(train),
    test: samplesOf(test),
    checkpoints: [1, 2, 4, 6, 10],
    learningRates: { stock: 0.3, ours: 0.9 },
  }),
);

function samplesOf({ pixels, labels }: Samples): Sample[] {
  return Array.from(labels, (label, i) => ({
    input: Array.from(pixels.subarray(i * pixelsPerSample, (i + 1) * pixelsPerSample)),
    output: Array.from({ length: 10 }, (_, digit) => Number(digit === label)),
  }));
}
