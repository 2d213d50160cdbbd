/** Samples as rows: pixels in [0, 1], and the digit that they show. */
export interface Samples {
  readonly pixels: Float32Array;
  readonly labels: Int32Array;
}

/** What to train with, and others to test with. */
export interface Data {
  readonly train: Samples;
  readonly test: Samples;
}

/** Digits. */
export const classes = 10;

export const pixelsOf = ({ pixels, labels }: Samples): number => pixels.length / labels.length;

/** Some of the samples, in an order. */
export function select(samples: Samples, indices: readonly number[]): Samples {
  const width = pixelsOf(samples);
  const pixels = new Float32Array(indices.length * width);
  for (const [to, i] of indices.entries()) {
    pixels.set(samples.pixels.subarray(i * width, (i + 1) * width), to * width);
  }
  return { pixels, labels: Int32Array.from(indices, (i) => samples.labels[i] as number) };
}

/** As brain.js and synaptic take them: an object each. */
export interface Pair {
  readonly input: number[];
  readonly output: number[];
}

export function pairsOf(samples: Samples): Pair[] {
  const width = pixelsOf(samples);
  return Array.from(samples.labels, (label, i) => ({
    input: Array.from(samples.pixels.subarray(i * width, (i + 1) * width)),
    output: Array.from({ length: classes }, (_, digit) => Number(digit === label)),
  }));
}

/** The share of samples whose digit has the largest output, in [0, 1]. */
export function accuracyOf(outputs: readonly ArrayLike<number>[], { labels }: Samples): number {
  const right = outputs.filter((row, i) => {
    const values = Array.from(row);
    return values.indexOf(Math.max(...values)) === labels[i];
  });
  return right.length / labels.length;
}
