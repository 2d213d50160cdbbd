import * as core from "@batchnorm/core";
import { FirstFit, Kernels, passesOn } from "@batchnorm/kernels";
import { describe, expect, test } from "vitest";
import { normals } from "./random.ts";

const layout = { outer: 40, channels: 5, inner: 3 };
const size = core.sizeOf(layout);
const gamma = Float32Array.of(1, -2, 0.5, 3, 1);
const beta = Float32Array.of(0, 1, -1, 2, 0);
const parameters = { gamma, beta, epsilon: 1e-3 };

function passesOnOwn(): { passes: core.Passes; tensor: (values?: Float32Array) => Float32Array } {
  const memory = new WebAssembly.Memory({ initial: 4 });
  const allocator = new FirstFit(memory);
  const kernels = new Kernels(memory, allocator);
  kernels.reserve(layout);
  const tensor = (values?: Float32Array): Float32Array => {
    const made = new Float32Array(memory.buffer, allocator.allocate(4 * size), size);
    if (values) made.set(values);
    return made;
  };
  return { passes: passesOn(kernels), tensor };
}

const furthest = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Math.max(...Array.from(a, (value, i) => Math.abs(value - (b[i] as number))));

const gradientsIn = (dx: Float32Array): core.Gradients<Float32Array> => ({
  dx,
  dgamma: new Float32Array(5),
  dbeta: new Float32Array(5),
});

// 1e-5: sums of 120 products of normals, of which float32 keeps seven digits.
describe("passes on arrays in the memory of kernels are core's", () => {
  const values = Float32Array.from(normals("x", size, 5));
  const upstream = Float32Array.from(normals("dy", size));

  test("by the batch, and back", () => {
    const { passes, tensor } = passesOnOwn();
    const [x, dy] = [tensor(values), tensor(upstream)];
    const { y, moments } = passes.forwardTraining(x, layout, parameters, { y: tensor() });
    const exact = core.forwardTraining(values, layout, parameters);
    expect(furthest(y, exact.y)).toBeLessThan(1e-5);
    expect(furthest(passes.computeMoments(x, layout).m2, moments.m2)).toBe(0);
    const ours = passes.backwardTraining(dy, x, layout, moments, parameters, gradientsIn(tensor()));
    const theirs = core.backwardTraining(upstream, values, layout, exact.moments, parameters);
    expect(furthest(ours.dx, theirs.dx)).toBeLessThan(1e-5);
    expect(furthest(ours.dgamma, theirs.dgamma)).toBeLessThan(1e-4); // of some 10
  });

  test("by fixed statistics, and back", () => {
    const { passes, tensor } = passesOnOwn();
    const [x, dy] = [tensor(values), tensor(upstream)];
    const fixed = {
      mean: Float32Array.of(1, 2, 3, 4, 5),
      variance: Float32Array.of(1, 2, 1, 4, 1),
    };
    const y = passes.forwardInference(x, layout, fixed, parameters, tensor());
    expect(furthest(y, core.forwardInference(values, layout, fixed, parameters))).toBeLessThan(
      1e-5,
    );
    const ours = passes.backwardInference(dy, x, layout, fixed, parameters, gradientsIn(tensor()));
    const theirs = core.backwardInference(upstream, values, layout, fixed, parameters);
    expect(furthest(ours.dx, theirs.dx)).toBeLessThan(1e-5);
    expect(furthest(ours.dbeta, theirs.dbeta)).toBeLessThan(1e-4); // of some 10
  });

  test("also where float32 does not carry the numbers", () => {
    const { passes, tensor } = passesOnOwn();
    const huge = values.map((value) => value * 1e25);
    const { y } = passes.forwardTraining(tensor(huge), layout, parameters, { y: tensor() });
    expect(furthest(y, core.forwardTraining(huge, layout, parameters).y)).toBe(0);
  });
});
