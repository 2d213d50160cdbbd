import { expectRefusal } from "@batchnorm/conformance/vitest";
import { arena, useBackend } from "@batchnorm/kernels";
import { init, Network } from "@batchnorm/minibatch";
import { afterAll, beforeAll, expect, test } from "vitest";
import { onEachBackend } from "./backends.ts";

const indices = Uint32Array.of(0, 1, 2, 3);
const x = Float64Array.of(0, 0, 0, 1, 1, 0, 1, 1);
const targets = Float64Array.of(0, 1, 1, 0);

function network(batchSize = 4): Network {
  const layers = [{ units: 3, batchNorm: true, activation: "sigmoid" as const }, { units: 1 }];
  const net = new Network({ inputs: 2, layers }, { batchSize });
  net.writeWeights(1, 0, [1, -1, 0.5, 0.25, -0.3, 0.8]);
  net.writeWeights(2, 0, [1, -2, 0.5]);
  return net;
}

test("init says whether WebAssembly computes", async () => {
  expect(await init()).toBe(true);
});

onEachBackend(() => {
  test("a network that is disposed of refuses to be used, and can be disposed of again", () => {
    const net = network();
    const data = net.load(x, targets, 4);
    net.dispose();
    net.dispose();
    expectRefusal("ERR_BATCHNORM_DISPOSED", () => net.predict(x, 4));
    expectRefusal("ERR_BATCHNORM_DISPOSED", () => net.step(data, indices, 0, 4, 1));
    expectRefusal("ERR_BATCHNORM_DISPOSED", () => net.toState());
    expectRefusal("ERR_BATCHNORM_DISPOSED", () => net.readWeights(1));
    data.free();
  });

  test("a data set that is freed refuses to be used", () => {
    const net = network();
    const data = net.load(x, targets, 4);
    data.free();
    data.free();
    expectRefusal("ERR_BATCHNORM_DISPOSED", () => net.step(data, indices, 0, 4, 1));
    expectRefusal("ERR_BATCHNORM_DISPOSED", () => data.update(x, targets));
  });
});

const pages = (): number => (arena.memory?.buffer.byteLength ?? 0) / 65_536;

/** Makes the memory grow, which empties every view of it. */
function grow(): void {
  const before = pages();
  arena.allocator.free(arena.allocator.allocate(before * 65_536));
  expect(pages()).toBeGreaterThan(before);
}

beforeAll(() => useBackend("simd"));
afterAll(() => useBackend("auto"));

test("networks, data sets and snapshots survive the memory's growth", () => {
  useBackend("simd");
  const [net, other] = [network(), network()];
  const [data, theirs] = [net.load(x, targets, 4), other.load(x, targets, 4)];
  for (let i = 0; i < 3; i++) {
    grow();
    expect(net.step(data, indices, 0, 4, 0.5)).toBe(other.step(theirs, indices, 0, 4, 0.5));
    grow();
    expect(net.toState()).toEqual(other.toState());
    grow();
    expect(net.predict(x, 4)).toEqual(other.predict(x, 4));
    grow();
    const snapshot = net.snapshot();
    grow();
    net.restore(snapshot);
    grow();
    data.update(x, targets);
    grow();
    expect(net.measure(x, 4, 1)).toEqual(other.measure(x, 4, 1));
    grow();
    expect(net.gradients(x, 4, { targets })).toEqual(other.gradients(x, 4, { targets }));
  }
});

test("memory is given back: a thousand networks take the room of one", () => {
  useBackend("simd");
  const make = (): void => {
    const net = network(64);
    net.load(x, targets, 4).free();
    net.dispose();
  };
  make();
  const before = pages();
  for (let i = 0; i < 1000; i++) make();
  expect(pages()).toBe(before);
});
