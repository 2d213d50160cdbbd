import {
  batchNormStates,
  freezeBatchNorm,
  inspectBatchNorm,
  loadBatchNormStates,
  recalibrate,
  unfreezeBatchNorm,
} from "@batchnorm/brain";
import { expectRefusal } from "@batchnorm/conformance/vitest";
import { describe, expect, test } from "vitest";
import { versions } from "./hosts.ts";
import { classOf, everythingOf, json, stockOf } from "./nets.ts";
import { noise, threeClasses } from "./sets.ts";

describe.each(versions)("with %s", (_, brain) => {
  const Net = classOf(brain);
  const data = threeClasses(1, 90);
  const trained = () => {
    const net = new Net({
      hiddenLayers: [6, 5],
      batchNorm: {
        input: true,
        hidden: [true, { name: "last" }],
        batchSize: 16,
        seed: 1,
        onWarning() {},
      },
    });
    net.train(data, { iterations: 5 });
    return net;
  };

  test("states are those of the layers, from the inputs on, and can be taken over", () => {
    const [net, other] = [trained(), trained()];
    const states = batchNormStates(net);
    expect(states.map(({ name, channels }) => `${name}: ${channels}`)).toEqual([
      "input: 2",
      "hidden 1: 6",
      "last: 5",
    ]);
    other.train(data, { iterations: 3 });
    loadBatchNormStates(other, states);
    expect(batchNormStates(other)).toEqual(states);
    const before = everythingOf(net);
    for (const bad of [[], null, [...states.slice(0, 2), { ...states[2], channels: 4 }]]) {
      expectRefusal("ERR_BATCHNORM_STATE", () => loadBatchNormStates(net, bad as never));
      expect(everythingOf(net)).toBe(before);
    }
  });

  test("recalibrate takes the statistics of a data set, and the network shows it at once", () => {
    const net = trained();
    const others = threeClasses(2, 60);
    const mean = others.reduce((sum, { input }) => sum + input[0]!, 0) / others.length;
    const before = json(net.run(others[0]?.input));
    recalibrate(net, others);
    // The engine has float32 inputs, 1e-7 of 17000.
    expect(batchNormStates(net)[0]?.runningMean?.[0]).toBeCloseTo(mean, 2);
    expect(json(net.run(others[0]?.input))).not.toBe(before);
    const stock = stockOf(brain, net);
    const y = Array.from(net.run(others[0]?.input) as number[]);
    // |mean| / deviation is 40 here, and that times 6e-8 is what a stock network's bias may lose.
    for (const [k, value] of y.entries()) {
      expect((stock.run(others[0]?.input) as number[])[k]).toBeCloseTo(value, 4);
    }
    const now = everythingOf(net);
    expectRefusal("ERR_BATCHNORM_TOO_FEW_VALUES", () => recalibrate(net, others.slice(0, 1)));
    expectRefusal("ERR_BATCHNORM_NON_FINITE", () => recalibrate(net, [{ input: [1, Number.NaN] }]));
    expect(everythingOf(net)).toBe(now);
  });

  test("inspectBatchNorm says what is wrong, and nothing of a healthy network", () => {
    const net = trained();
    const healthy = noise(1, 320, 2, 3);
    net.train(healthy, { iterations: 60, learningRate: 0.01, errorThresh: 1e-9 });
    recalibrate(net, healthy);
    expect(inspectBatchNorm(net, healthy)).toEqual([]);
    const [first, ...rest] = batchNormStates(net);
    loadBatchNormStates(net, [{ ...first, gamma: [0, 1] }, ...rest]);
    const [finding] = inspectBatchNorm(net);
    expect(finding).toMatchObject({ layer: "input", channels: [0] });
  });

  test("frozen layers keep their states, and learn again when they are not", () => {
    const net = trained();
    freezeBatchNorm(net, ["input", "last"]);
    const before = batchNormStates(net);
    net.train(data, { iterations: 2 });
    const after = batchNormStates(net);
    expect(after[0]).toEqual(before[0]);
    expect(after[1]).not.toEqual(before[1]);
    expect(after[2]).toEqual(before[2]);
    // A frozen network may train on a single sample.
    freezeBatchNorm(net);
    net.train(data.slice(0, 1), { iterations: 1 });
    unfreezeBatchNorm(net);
    net.train(data, { iterations: 1 });
    expect(batchNormStates(net)[0]).not.toEqual(before[0]);
    expectRefusal("ERR_BATCHNORM_OPTION", () => freezeBatchNorm(net, ["hidden 9"]));
  });

  test("a network without weights, one that trains, and one that is not ours are refused", async () => {
    expectRefusal("ERR_BATCHNORM_NOT_BUILT", () => batchNormStates(new Net()));
    expectRefusal("ERR_BATCHNORM_UNSUPPORTED", () => batchNormStates(new brain.NeuralNetwork()));
    expectRefusal("ERR_BATCHNORM_UNSUPPORTED", () => batchNormStates(null as never));
    const net = trained();
    const going = net.trainAsync(noise(1, 200, 2, 3), { iterations: 5 });
    expectRefusal("ERR_BATCHNORM_UNSUPPORTED", () => recalibrate(net, data));
    await going;
  });
});
