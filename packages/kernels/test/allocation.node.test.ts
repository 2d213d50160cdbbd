import { emptyMoments } from "@batchnorm/core";
import {
  arena,
  backwardTraining,
  forwardInference,
  forwardTraining,
  useBackend,
} from "@batchnorm/kernels";
import { expect, test } from "vitest";
import { normals } from "./random.ts";

const layout = { outer: 64, channels: 64, inner: 1 };
const size = 64 * 64;
const parameters = { gamma: new Float64Array(64), beta: new Float64Array(64), epsilon: 1e-5 };
const statistics = { mean: new Float64Array(64), variance: new Float64Array(64).fill(1) };
const dgamma = new Float64Array(64);
const dbeta = new Float64Array(64);

/** Bytes of array buffers and typed arrays that 2,000 steps leave to the collector. */
function left(step: () => void): number {
  for (let i = 0; i < 10; i++) step();
  const before = process.memoryUsage().arrayBuffers;
  for (let i = 0; i < 2000; i++) step();
  return process.memoryUsage().arrayBuffers - before;
}

test.each(["resident", "plain"])("a steady loop over %s tensors makes no array", (where) => {
  useBackend("simd");
  const make = (values: Float32Array): Float32Array => {
    if (where === "plain") return values;
    const { array } = arena.float32(size);
    array.set(values);
    return array;
  };
  const zeros = new Float32Array(size);
  const [x, dy] = [make(normals("x", size)), make(normals("dy", size))];
  const [y, dx] = [make(zeros.slice()), make(zeros.slice())];
  const moments = emptyMoments(64);
  const bytes = left(() => {
    forwardTraining(x, layout, parameters, { y, moments });
    backwardTraining(dy, x, layout, moments, parameters, { dx, dgamma, dbeta });
    forwardInference(x, layout, statistics, parameters, y);
  });
  expect(y.length).toBe(size);
  // One array of a value per channel in each step would be a megabyte.
  expect(bytes).toBeLessThan(100_000);
});
