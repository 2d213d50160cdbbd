import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { versions } from "./hosts.ts";
import { classOf, copy, json } from "./nets.ts";
import { noise } from "./sets.ts";

// The same cases on every run.
fc.configureGlobal({ seed: 20261121 });

const data = noise(1, 37, 3, 2);

describe.each(versions)("with %s", (_, brain) => {
  const Net = classOf(brain);
  const options = { hiddenLayers: [6, 5], batchNorm: { input: true, batchSize: 8, seed: 7 } };

  test("resumed training equals uninterrupted training byte for byte", () => {
    const epochs = fc.integer({ min: 1, max: 6 });
    const how = fc.record({
      learningRate: fc.constantFrom(0.01, 0.3),
      momentum: fc.constantFrom(0.1, 0.9),
      praxis: fc.constantFrom(undefined, "adam"),
      errorThresh: fc.constant(1e-9),
    });
    fc.assert(
      fc.property(epochs, epochs, how, (before, after, training) => {
        const whole = new Net(options);
        whole.train(data, { ...training, iterations: before + after });
        const interrupted = new Net(options);
        interrupted.train(data, { ...training, iterations: before });
        const resumed = new Net().fromJSON(copy(interrupted.toJSON()));
        resumed.train(data, { ...training, iterations: after });
        interrupted.train(data, { ...training, iterations: after });
        const last = { ...training, iterations: 1 };
        for (const net of [whole, interrupted, resumed]) net.train(data, last);
        expect(json(resumed.toJSON())).toBe(json(whole.toJSON()));
        expect(json(interrupted.toJSON())).toBe(json(whole.toJSON()));
      }),
      { numRuns: 20 },
    );
  });

  test("trainAsync gives the same bytes as train", async () => {
    const training = { iterations: 9, learningRate: 0.1 };
    const [now, later] = [new Net(options), new Net(options)];
    const result = now.train(data, training);
    expect(await later.trainAsync(data, training)).toEqual(result);
    expect(json(later.toJSON())).toBe(json(now.toJSON()));
  });

  test("trainAsync lets the event loop run, and stops at its signal", async () => {
    const net = new Net(options);
    const controller = new AbortController();
    const { signal } = controller;
    const endless = { iterations: 1e9, errorThresh: 1e-30, signal };
    const training = net.trainAsync(data, endless);
    setTimeout(() => controller.abort(), 30);
    const { iterations, error } = await training;
    expect(iterations).toBeGreaterThan(0);
    expect(iterations).toBeLessThan(1e9);
    expect(error).toBeGreaterThan(0);
  });

  test("an epoch that a signal broke off is finished first, after JSON too", async () => {
    const controller = new AbortController();
    const net = new Net(options);
    const endless = { iterations: 1e9, errorThresh: 1e-30, signal: controller.signal };
    setTimeout(() => controller.abort(), 20);
    const { iterations } = await net.trainAsync(data, endless);
    const again = new Net().fromJSON(copy(net.toJSON()));
    const whole = new Net(options);
    whole.train(data, { iterations: iterations + 1, errorThresh: 1e-30 });
    for (const one of [net, again]) one.train(data, { iterations: 1, errorThresh: 1e-30 });
    expect(json(again.weights.slice(1))).toBe(json(net.weights.slice(1)));
    expect(json(whole.weights.slice(1))).toBe(json(net.weights.slice(1)));
  });

  test("a signal ends train between two epochs", () => {
    const net = new Net(options);
    const signal = { aborted: false };
    const stop = ({ iterations }: { iterations: number }): void => {
      signal.aborted = iterations === 4;
    };
    const training = { iterations: 100, signal, callback: stop, callbackPeriod: 1 };
    expect(net.train(data, training).iterations).toBe(4);
    expect(net.train(data, { iterations: 3, signal }).iterations).toBe(0);
  });

  test("our JSON shares nothing with the network, nor with the options that it was made with", () => {
    const input = { epsilon: 1e-3 };
    const net = new Net({ hiddenLayers: [4], batchNorm: { input, batchSize: 8, seed: 7 } });
    net.train(data, { iterations: 1 });
    const saved = net.toJSON() as { batchNorm: { settings: { input: { epsilon: number } } } };
    const before = json(saved);
    input.epsilon = 0.5;
    expect(json(net.toJSON())).toBe(before);
    saved.batchNorm.settings.input.epsilon = 0.5;
    expect(json(net.toJSON())).toBe(before);
  });

  test("our JSON of a network that was never trained loads", () => {
    const net = new Net(options);
    net.sizes = [3, 6, 5, 2];
    net.initialize();
    const again = new Net().fromJSON(copy(net.toJSON()));
    for (const one of [net, again]) one.train(data, { iterations: 2 });
    expect(json(again.weights.slice(1))).toBe(json(net.weights.slice(1)));
  });
});
