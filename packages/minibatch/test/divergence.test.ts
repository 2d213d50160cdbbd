import { expectRefusal } from "@batchnorm/conformance/vitest";
import type { NonFinitePolicy } from "@batchnorm/core";
import { Network } from "@batchnorm/minibatch";
import { expect, test } from "vitest";
import { onEachBackend } from "./backends.ts";

const all = Uint32Array.of(0, 1, 2, 3);
const good = Float64Array.of(1, 2, 3, 5, 4, 7, 2, 0);
const targets = Float64Array.of(1, 0, 1, 0);

function network(onNonFinite?: NonFinitePolicy): Network {
  const batchNorm = onNonFinite ? { onNonFinite } : false;
  const layers = [{ units: 3, batchNorm, activation: "sigmoid" as const }, { units: 1 }];
  const optimizer = { kind: "adam" } as const;
  const net = new Network({ inputs: 2, layers }, { batchSize: 4, optimizer });
  net.writeWeights(1, 0, [1, -1, 0.5, 0.25, -0.3, 0.8]);
  net.writeWeights(2, 0, [1, -2, 0.5]);
  return net;
}

onEachBackend(() => {
  test.each([Number.NaN, Infinity, -Infinity])(
    "a batch with %s is refused, and nothing has changed",
    (bad) => {
      const net = network("throw");
      const data = net.load(good, targets, 4);
      net.step(data, all, 0, 4, 0.1);
      const before = net.toState();
      const spoilt = good.slice();
      spoilt[5] = bad;
      data.update(spoilt, targets);
      const error = expectRefusal("ERR_BATCHNORM_NON_FINITE", () => net.step(data, all, 0, 4, 0.1));
      expect(error.message).toMatch(/^layer 1: the batch of step 2 .* channel 0/);
      expect(net.toState()).toEqual(before);
      data.update(good, targets);
      expect(net.step(data, all, 0, 4, 0.1)).toBeLessThan(1);
    },
  );

  test("a loss that is not finite is returned, and nothing has changed", () => {
    for (const net of [network(), network("throw")]) {
      const data = net.load(good, Float64Array.of(1, Number.NaN, 1, 0), 4);
      const before = net.toState();
      expect(net.step(data, all, 0, 4, 0.1)).toBeNaN();
      expect(net.toState()).toEqual(before);
      data.update(good, Float64Array.of(1, -Infinity, 1, 0));
      expect(net.step(data, all, 0, 4, 0.1)).toBe(Infinity);
      expect(net.toState()).toEqual(before);
    }
  });

  test("NaN enters running statistics where that is wanted, and no parameter", () => {
    const net = network("propagate");
    const spoilt = good.slice();
    spoilt[0] = Number.NaN;
    const before = net.toState().layers.map(({ weights }) => weights);
    expect(net.step(net.load(spoilt, targets, 4), all, 0, 4, 0.1)).toBeNaN();
    expect(net.batchNormState(1).runningMean).toEqual([Number.NaN, Number.NaN, Number.NaN]);
    expect(net.batchNormState(1).updates).toBe(1);
    expect(net.toState().layers.map(({ weights }) => weights)).toEqual(before);
    expect(net.toState().steps).toBe(0);
  });

  test("a skipped batch leaves running statistics as they are", () => {
    const net = network("skip");
    const spoilt = good.slice();
    spoilt[0] = Number.NaN;
    const before = net.toState();
    expect(net.step(net.load(spoilt, targets, 4), all, 0, 4, 0.1)).toBeNaN();
    expect(net.toState()).toEqual(before);
  });
});
