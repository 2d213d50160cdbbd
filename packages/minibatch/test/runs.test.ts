import { expectRefusal } from "@batchnorm/conformance/vitest";
import {
  type NetworkOptions,
  type Optimizer,
  type Rate,
  type resolveBatchNorm,
  Trainer,
  type TrainOptions,
} from "@batchnorm/minibatch";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { noise, oddGraph, seeded } from "./sets.ts";

// Where WebAssembly computes, many steps are one call of it. A rate that is a function has to be asked
// before each step, and each is a call of its own then.

const samples = 37;
const data = { inputs: noise("x", samples, 4), targets: noise("t", samples, 2) };
type BatchNorm = Parameters<typeof resolveBatchNorm>[0];

/** Everything that a trainer changes, to the last bit. */
const all = (trainer: Trainer) => ({
  position: trainer.position,
  bytes: trainer.network.snapshot().bytes,
});

interface Case {
  readonly network: NetworkOptions;
  readonly batchNorm: BatchNorm;
  readonly shuffle: boolean;
  readonly seed: number;
  readonly rates: readonly number[];
}

const cases = fc.record<Case>({
  network: fc.record({
    type: fc.constantFrom("float32", "float64"),
    batchSize: fc.integer({ min: 3, max: samples }),
    optimizer: fc.constantFrom<Optimizer>(
      { kind: "sgd" },
      { kind: "sgd", momentum: 0.9 },
      { kind: "adam" },
    ),
  }),
  batchNorm: fc.constantFrom<BatchNorm>(
    {},
    { momentum: "cumulative" },
    { momentum: 0.5, start: "first-batch" },
    { momentum: 0.5, start: "zero-one" },
    { trainable: false },
  ),
  shuffle: fc.boolean(),
  seed: fc.nat(1000),
  rates: fc.constantFrom<readonly number[]>([0.05], [0.1, 0.05, 0.01]),
});

function make({ network, batchNorm, shuffle, seed }: Case, rate: Rate): Trainer {
  const layers = oddGraph.layers.map((layer) => ({
    ...layer,
    batchNorm: layer.batchNorm && batchNorm,
  }));
  return new Trainer(seeded({ ...oddGraph, layers }, network), data, { shuffle, seed, rate });
}

/** The same one, by many steps a call and by one. */
function both(one: Case): [Trainer, Trainer] {
  const { rates } = one;
  const last = rates.length - 1;
  return [
    make(one, rates.length > 1 ? rates : (rates[0] as number)),
    make(one, ({ epoch }) => rates[Math.min(epoch, last)] as number),
  ];
}

const check = (holds: (one: Case, epochs: number) => void): void =>
  fc.assert(fc.property(cases, fc.integer({ min: 1, max: 9 }), holds), {
    seed: 20261121,
    numRuns: 40,
  });

test("many steps in one call are those that are made one by one, to the last bit", () => {
  check((one, epochs) => {
    const [atOnce, single] = both(one);
    expect(atOnce.train({ epochs })).toEqual(single.train({ epochs }));
    expect(all(atOnce)).toEqual(all(single));
  });
});

test("epochs in one call end where they do when somebody hears of each", () => {
  check((one, epochs) => {
    const [atOnce, single] = both(one);
    const losses: number[] = [];
    single.train({ epochs, onEpoch: ({ loss }) => losses.push(loss) });
    const errorThreshold = losses[losses.length >> 1] as number;
    const met = losses.findIndex((loss) => loss <= errorThreshold) + 1;
    const result = atOnce.train({ epochs, errorThreshold });
    expect(result).toEqual({ epochs: met, loss: losses[met - 1], stoppedBy: "errorThreshold" });
  });
});

test("what was begun step by step goes on at once, and the other way round", () => {
  const advances = fc.array(fc.integer({ min: 1, max: 5 }), { maxLength: 6 });
  fc.assert(
    fc.property(cases, advances, (one, advances) => {
      const [atOnce, single] = both(one);
      for (const steps of advances) atOnce.advance(steps);
      const { step } = atOnce.progress;
      while (single.progress.step < step) single.advance(1);
      expect(all(atOnce)).toEqual(all(single));
      [atOnce.rate, single.rate] = [() => 0.01, 0.01];
      expect(atOnce.epoch()).toBe(single.epoch());
      expect(all(atOnce)).toEqual(all(single));
    }),
    { seed: 20261121, numRuns: 40 },
  );
});

test("a step that is refused in the midst of a call is named, and what was before it counts", () => {
  const options: TrainOptions = { epochs: 30 };
  const inputs = data.inputs.map((row, i) => (i === 20 ? row.map(() => 1e200) : row));
  const at = (rate: Rate): [string, Trainer] => {
    const network = seeded(oddGraph, { type: "float64", batchSize: 4 });
    const trainer = new Trainer(network, { ...data, inputs }, { rate, seed: 3 });
    const { message } = expectRefusal("ERR_BATCHNORM_NON_FINITE", () => trainer.train(options));
    return [message, trainer];
  };
  const [message, atOnce] = at(0.05);
  const [expected, single] = at(() => 0.05);
  expect(message).toBe(expected);
  expect(message).toMatch(/step [2-9], in epoch 1 \(samples .*20.*; rate 0.05\)/);
  expect(all(atOnce)).toEqual(all(single));
});
