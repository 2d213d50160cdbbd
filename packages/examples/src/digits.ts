import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { parse } from "csv-parse/sync";
import type { Data, Samples } from "./samples.ts";
import { shuffled } from "./shuffle.ts";

export type { Samples } from "./samples.ts";

export const pixelsPerSample = 64;
export const trainingSamples = 1500;
const brightest = 16;

/** The digits in a seeded order, 1,500 to train with and the other 297 to test with. */
export function loadDigits(seed: string): Data {
  const file = readFileSync(new URL("../data/digits.csv.gz", import.meta.url));
  const rows = parse(gunzipSync(file)).map((row) => row.map(Number));
  const order = shuffled(rows.length, `split ${seed}`);
  const select = (indices: number[]): Samples => ({
    pixels: Float32Array.from(
      indices.flatMap((i) => (rows[i] as number[]).slice(0, pixelsPerSample)),
      (value) => value / brightest,
    ),
    labels: Int32Array.from(indices, (i) => (rows[i] as number[])[pixelsPerSample] as number),
  });
  return {
    train: select(order.slice(0, trainingSamples)),
    test: select(order.slice(trainingSamples)),
  };
}
