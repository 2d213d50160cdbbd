import { expectRefusal } from "@batchnorm/conformance/vitest";
import { Network, Trainer, type TrainerOptions } from "@batchnorm/minibatch";
import { expect, test } from "vitest";
import { deepGraph, noise, seeded, stepByStep, xor, xorGraph } from "./sets.ts";

const data = { inputs: noise("x", 37, 4), targets: noise("t", 37, 2) };
const make = (options: TrainerOptions = {}, batchSize = 8): Trainer =>
  new Trainer(seeded(deepGraph, { batchSize }), data, options);
const parameters = (network: Network): string => JSON.stringify(network.toState());

/** The samples of each step, as the network gets them. */
function watch(network: Network): number[][] {
  const steps: number[][] = [];
  const step = network.step.bind(network);
  network.step = (data, indices, from, count, rate) => {
    steps.push(Array.from(indices.subarray(from, from + count)));
    return step(data, indices, from, count, rate);
  };
  return steps;
}

test("an epoch takes every sample once, in another order each time", () => {
  const network = seeded(deepGraph, { batchSize: 8 });
  const steps = watch(network);
  const trainer = new Trainer(network, data, { seed: 5, cost: stepByStep });
  const orders = [0, 1, 2].map(() => {
    trainer.epoch();
    return steps.splice(0);
  });
  for (const order of orders) {
    expect(order.map(({ length }) => length)).toEqual([7, 7, 8, 7, 8]);
    expect(order.flat().sort((a, b) => a - b)).toEqual(Array.from({ length: 37 }, (_, i) => i));
  }
  expect(new Set(orders.map(String)).size).toBe(3);
});

test("without shuffling, samples come in their order", () => {
  const network = seeded(deepGraph, { batchSize: 8 });
  const steps = watch(network);
  new Trainer(network, data, { shuffle: false, cost: stepByStep }).train({ epochs: 2 });
  const inOrder = Array.from({ length: 37 }, (_, i) => i);
  expect(steps.flat()).toEqual([...inOrder, ...inOrder]);
});

test("the seed decides a run", () => {
  const run = (seed: number): string => {
    const trainer = make({ seed });
    trainer.train({ epochs: 3 });
    return parameters(trainer.network);
  };
  expect(run(1)).toBe(run(1));
  expect(run(1)).not.toBe(run(2));
});

test("an epoch's loss is the mean over its samples", () => {
  // At rate 0 the parameters stay; without Batch Normalization no batch counts for another.
  const network = seeded(xorGraph, { type: "float64", batchSize: 3 });
  const loss = new Trainer(network, xor, { rate: 0, batchSize: 3 }).epoch();
  const y = network.predict(Float64Array.of(0, 0, 0, 1, 1, 0, 1, 1), 4);
  const expected = [0, 1, 1, 0].reduce((a, t, i) => a + ((y[i] ?? Number.NaN) - t) ** 2 / 2, 0) / 4;
  // Rounding of a handful of operations.
  expect(Math.abs(loss - expected)).toBeLessThan(1e-14);
});

test("the rate of each step is the schedule's", () => {
  const rates: number[] = [];
  const network = seeded(deepGraph, { batchSize: 19 });
  const step = network.step.bind(network);
  network.step = (data, indices, from, count, rate) => {
    rates.push(rate);
    return step(data, indices, from, count, rate);
  };
  const trainer = new Trainer(network, data, { rate: [0.2, 0.1], cost: stepByStep });
  trainer.train({ epochs: 3 });
  trainer.rate = 0.05;
  trainer.epoch();
  expect(rates).toEqual([0.2, 0.2, 0.1, 0.1, 0.1, 0.1, 0.05, 0.05]);
  expectRefusal("ERR_BATCHNORM_OPTION", () => {
    trainer.rate = -1;
  });
  expect(trainer.rate).toBe(0.05);
});

test("training ends after the epochs, at the threshold, when until says so, or by a signal", () => {
  const told: number[] = [];
  const trainer = make();
  const onEpoch = ({ epoch }: { epoch: number }) => told.push(epoch);
  expect(trainer.train({ epochs: 2, onEpoch })).toMatchObject({ epochs: 2, stoppedBy: "epochs" });
  const { loss } = trainer.progress;
  expect(trainer.train({ epochs: 5, errorThreshold: loss ?? 0 })).toMatchObject({
    stoppedBy: "errorThreshold",
  });
  const until = ({ epoch }: { epoch: number }) => epoch === 6;
  expect(trainer.train({ epochs: Infinity, until, onEpoch })).toMatchObject({ stoppedBy: "until" });
  const signal = { aborted: true };
  expect(trainer.train({ epochs: 3, signal })).toMatchObject({ epochs: 0, stoppedBy: "signal" });
  expect(trainer.train({ epochs: 0 })).toMatchObject({ epochs: 0, loss: trainer.progress.loss });
  expect(told.slice(0, 2)).toEqual([1, 2]);
  expect(told.at(-1)).toBe(6);
});

test("new samples of the same number may be put in", () => {
  const other = { inputs: noise("x2", 37, 4), targets: noise("t2", 37, 2) };
  const updated = make();
  updated.update(other);
  updated.epoch();
  const fresh = new Trainer(seeded(deepGraph, { batchSize: 8 }), other);
  fresh.epoch();
  expect(parameters(updated.network)).toBe(parameters(fresh.network));
  const [x, t] = [Float32Array.from(data.inputs.flat()), Float32Array.from(data.targets.flat())];
  updated.update({ x, t, count: 37 });
  fresh.update(data);
  expect(updated.epoch()).toBe(fresh.epoch());
  expectRefusal("ERR_BATCHNORM_SHAPE", () => updated.update({ x, t, count: 36 }));
  expectRefusal("ERR_BATCHNORM_SHAPE", () => updated.update(xor));
  const few = { inputs: noise("x", 36, 4), targets: noise("t", 36, 2) };
  expectRefusal("ERR_BATCHNORM_SHAPE", () => updated.update(few));
});

test("a trainer that begins anew is a new one of the network as it is", async () => {
  const again = make({ rate: 0.2, seed: 1 });
  again.train({ epochs: 2 });
  again.advance(3);
  const left = JSON.stringify(again.network.toState());
  again.restart(7);
  expect(JSON.stringify(again.network.toState())).toBe(left);
  expect(again.progress).toEqual({ epoch: 0, step: 0, loss: null });
  const fresh = new Trainer(Network.fromState(JSON.parse(left)), data, { rate: 0.2, seed: 7 });
  expect(again.toState()).toEqual(fresh.toState());
  expect(again.train({ epochs: 3 })).toEqual(fresh.train({ epochs: 3 }));
  expect(again.toState()).toEqual(fresh.toState());
  const state = again.toState();
  expectRefusal("ERR_BATCHNORM_OPTION", () => again.restart(-1));
  const running = again.trainAsync({ epochs: 0 });
  expectRefusal("ERR_BATCHNORM_UNSUPPORTED", () => again.restart());
  await running;
  expect(again.toState()).toEqual(state);
});

test("single samples are no batches to begin anew with once Batch Normalization trains", () => {
  const network = seeded(deepGraph, { batchSize: 8 });
  const layers = deepGraph.layers.flatMap(({ batchNorm }, i) => (batchNorm ? [i + 1] : []));
  for (const layer of layers) network.freeze(layer, true);
  const trainer = new Trainer(network, data, { batchSize: 1 });
  trainer.restart();
  for (const layer of layers) network.freeze(layer, false);
  expectRefusal("ERR_BATCHNORM_OPTION", () => trainer.restart());
});

test("trainAsync lets timers run, and trains to the same bytes", async () => {
  let ticked = false;
  const timer = setInterval(() => {
    ticked = true;
  }, 1);
  const slow = make();
  const result = await slow.trainAsync({ epochs: 200_000, until: () => ticked });
  clearInterval(timer);
  expect(result.stoppedBy).toBe("until");
  const quick = make();
  expect(quick.train({ epochs: result.epochs })).toMatchObject({ loss: result.loss });
  expect(JSON.stringify(slow.toState())).toBe(JSON.stringify(quick.toState()));
});

test("trainAsync stops at a signal inside an epoch, and goes on from there", async () => {
  const control = new AbortController();
  let steps = 0;
  const rate = (): number => {
    if (++steps === 7) control.abort();
    return 0.1;
  };
  const stopped = make({ rate });
  const result = await stopped.trainAsync({ epochs: 10, signal: control.signal });
  expect(result).toMatchObject({ epochs: 1, stoppedBy: "signal" });
  expect(stopped.progress).toMatchObject({ epoch: 1, step: 7 });
  stopped.train({ epochs: 2 });
  const whole = make({ rate: () => 0.1 });
  whole.train({ epochs: 3 });
  expect(JSON.stringify(stopped.toState())).toBe(JSON.stringify(whole.toState()));
});

test("trainAsync waits for what onEpoch promises, and nothing else trains meanwhile", async () => {
  const trainer = make();
  const order: string[] = [];
  const training = trainer.trainAsync({
    epochs: 2,
    onEpoch: async ({ epoch }) => {
      order.push(`begin ${epoch}`);
      await new Promise((resolve) => setTimeout(resolve, 2));
      order.push(`end ${epoch}`);
    },
  });
  expectRefusal("ERR_BATCHNORM_UNSUPPORTED", () => trainer.epoch());
  await expect(trainer.trainAsync({ epochs: 1 })).rejects.toThrow("one thing at a time");
  await training;
  expect(order).toEqual(["begin 1", "end 1", "begin 2", "end 2"]);
  expect(trainer.epoch()).toBeGreaterThan(0);
});

test("what onEpoch throws ends training after that epoch, and training may go on", () => {
  const trainer = make();
  const fail = () => {
    throw new Error("mine");
  };
  expect(() => trainer.train({ epochs: 2, onEpoch: fail })).toThrow("mine");
  expect(trainer.progress.epoch).toBe(1);
  trainer.train({ epochs: 1 });
  const whole = make();
  whole.train({ epochs: 2 });
  expect(parameters(trainer.network)).toBe(parameters(whole.network));
});

test("options that make no sense are refused, and change nothing", () => {
  const network = seeded(deepGraph, { batchSize: 8 });
  const before = parameters(network);
  const bad: [unknown, "ERR_BATCHNORM_OPTION"][] = [
    [{ batchSize: 16 }, "ERR_BATCHNORM_OPTION"],
    [{ batchSize: 1 }, "ERR_BATCHNORM_OPTION"],
    [{ shuffle: 1 }, "ERR_BATCHNORM_OPTION"],
    [{ seed: "a" }, "ERR_BATCHNORM_OPTION"],
    [{ rate: -1 }, "ERR_BATCHNORM_OPTION"],
    [{ learningRate: 1 }, "ERR_BATCHNORM_OPTION"],
    [null, "ERR_BATCHNORM_OPTION"],
  ];
  for (const [options, code] of bad) {
    expectRefusal(code, () => new Trainer(network, data, options as TrainerOptions));
  }
  const trainer = make();
  for (const options of [{}, { epochs: -1 }, { epochs: 1, error: 1 }, { epochs: 1, until: 1 }]) {
    expectRefusal("ERR_BATCHNORM_OPTION", () => trainer.train(options as never));
  }
  expectRefusal("ERR_BATCHNORM_OPTION", () => trainer.advance(0));
  expect(trainer.progress.step).toBe(0);
  expect(parameters(network)).toBe(before);
});

test("bad samples are refused before anything moves", () => {
  const trainer = make();
  const before = JSON.stringify(trainer.toState());
  const bad = { ...data, inputs: data.inputs.map((row) => [...row]) };
  (bad.inputs[20] as number[])[3] = Number.NaN;
  const { message } = expectRefusal("ERR_BATCHNORM_NON_FINITE", () => trainer.update(bad));
  expect(message).toMatch(/^sample 20 of inputs .*field 3/);
  expect(JSON.stringify(trainer.toState())).toBe(before);
  const untouched = make();
  expect(trainer.epoch()).toBe(untouched.epoch());
  expectRefusal("ERR_BATCHNORM_TOO_FEW_VALUES", () => make().update({ inputs: [], targets: [] }));
  const one = { inputs: noise("x", 1, 4), targets: noise("t", 1, 2) };
  expectRefusal("ERR_BATCHNORM_TOO_FEW_VALUES", () => new Trainer(trainer.network, one));
});
