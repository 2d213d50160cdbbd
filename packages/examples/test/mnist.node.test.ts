import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, expect, test } from "vitest";
import { loadMnist } from "../src/mnist.ts";
import { UsageError } from "../src/options.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mnist-"));
  write("train-images-idx3-ubyte", images(4, 2, 3));
  write("train-labels-idx1-ubyte", labels([0, 1, 9, 3]));
  write("t10k-images-idx3-ubyte.gz", gzipSync(images(2, 2, 3)));
  write("t10k-labels-idx1-ubyte.gz", gzipSync(labels([7, 7])));
});
afterEach(() => rmSync(folder, { recursive: true }));

const write = (name: string, bytes: Buffer): void => writeFileSync(join(folder, name), bytes);
const words = (...values: number[]): Buffer => {
  const bytes = Buffer.alloc(4 * values.length);
  for (const [i, value] of values.entries()) bytes.writeUInt32BE(value, 4 * i);
  return bytes;
};
const images = (count: number, rows: number, columns: number): Buffer =>
  Buffer.concat([
    words(0x803, count, rows, columns),
    Uint8Array.from({ length: count * rows * columns }, (_, i) => (i * 51) % 256),
  ]);
const labels = (digits: number[]): Buffer =>
  Buffer.concat([words(0x801, digits.length), Buffer.from(digits)]);

test("the files give pixels in [0, 1] and digits, plain and as .gz", () => {
  const { train, test: tested } = loadMnist(folder, "1");
  expect([...train.labels]).toEqual([0, 1, 9, 3]);
  expect([...train.pixels.subarray(0, 6)]).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1].map(Math.fround));
  expect([train.pixels.length, tested.pixels.length, [...tested.labels]]).toEqual([24, 12, [7, 7]]);
});

test("names with a dot, as some copies have them, are found too", () => {
  write("train-images.idx3-ubyte", images(4, 2, 3));
  rmSync(join(folder, "train-images-idx3-ubyte"));
  expect(loadMnist(folder, "1").train.labels.length).toBe(4);
});

test.each([
  ["an image file among the labels", "train-labels-idx1-ubyte", images(4, 2, 3), /with 2049/],
  ["labels among the images", "train-images-idx3-ubyte", labels([0, 1, 9, 3]), /with 2051|head/],
  ["a truncated file", "train-images-idx3-ubyte", images(4, 2, 3).subarray(0, -1), /24 .* not 23/],
  [
    "bytes too many",
    "train-labels-idx1-ubyte",
    Buffer.concat([labels([1, 1, 1, 1]), words(0)]),
    /not 8/,
  ],
  ["an empty file", "train-labels-idx1-ubyte", Buffer.alloc(0), /head/],
  ["no samples", "train-labels-idx1-ubyte", labels([]), /nothing/],
  ["another number of labels", "train-labels-idx1-ubyte", labels([0, 1]), /2 labels for 4 images/],
  ["a label that is no digit", "train-labels-idx1-ubyte", labels([0, 1, 10, 3]), /label 10/],
  ["what is not gzip", "t10k-labels-idx1-ubyte.gz", labels([7, 7]), /cannot be read/],
  ["a cut gzip", "t10k-labels-idx1-ubyte.gz", gzipSync(labels([7, 7])).subarray(0, 15), /read/],
  ["other sizes to test with", "t10k-images-idx3-ubyte.gz", gzipSync(images(2, 2, 2)), /differ/],
])("%s is refused in one line", (_, name, bytes, message) => {
  write(name, bytes);
  expect(() => loadMnist(folder, "1")).toThrow(UsageError);
  expect(() => loadMnist(folder, "1")).toThrow(message ?? /./);
  expect(() => loadMnist(folder, "1")).toThrow(/^[^\n]+$/);
});

test("a missing folder, and a missing file, are named", () => {
  expect(() => loadMnist(join(folder, "none"), "1")).toThrow(UsageError);
  rmSync(join(folder, "train-labels-idx1-ubyte"));
  expect(() => loadMnist(folder, "1")).toThrow(/train-labels/);
});
