import { expectRefusal } from "@batchnorm/conformance/vitest";
import { type NetworkOptions, type Rate, Trainer, type TrainerOptions } from "@batchnorm/minibatch";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { onEachBackend } from "./backends.ts";
import { noise, oddGraph, seeded } from "./sets.ts";

// The same cases on every run.
fc.configureGlobal({ seed: 20261121 });

const data = { inputs: noise("x", 37, 4), targets: noise("t", 37, 2) };
const json = (value: unknown): string => JSON.stringify(value);
const stepsAnEpoch = 5;

const networks: [string, NetworkOptions][] = [
  ["float32, momentum", { batchSize: 8, optimizer: { kind: "sgd", momentum: 0.9 } }],
  ["float64, Adam", { type: "float64", batchSize: 8, optimizer: { kind: "adam" } }],
];

/** A trainer after so many steps. */
function trained(network: NetworkOptions, options: TrainerOptions, steps: number): Trainer {
  const trainer = new Trainer(seeded(oddGraph, network), data, options);
  for (let step = 0; step < steps; step++) trainer.advance(1);
  return trainer;
}

onEachBackend(() => {
  test.each(networks)(
    "%s: resumed training equals uninterrupted training byte for byte",
    (_, network) => {
      const steps = fc.integer({ min: 0, max: 3 * stepsAnEpoch });
      const options = fc.record({
        shuffle: fc.boolean(),
        seed: fc.integer({ min: 0, max: 1000 }),
        rate: fc.constantFrom<Rate>(0.05, [0.1, 0.05, 0.01]),
      });
      fc.assert(
        fc.property(steps, steps, options, (before, after, options) => {
          const whole = trained(network, options, before + after);
          const state = JSON.parse(json(trained(network, options, before).toState()));
          const resumed = Trainer.fromState(state, data);
          for (let step = 0; step < after; step++) resumed.advance(1);
          expect(json(resumed.toState())).toBe(json(whole.toState()));
          // The memory itself: JSON makes 0 of −0.
          expect(resumed.network.snapshot().bytes).toEqual(whole.network.snapshot().bytes);
        }),
        { numRuns: 25 },
      );
    },
  );

  test("resumed in the middle of an epoch, the epoch's loss is that of all its samples", () => {
    const [[, network]] = networks as [[string, NetworkOptions]];
    const whole = trained(network, {}, 0);
    const interrupted = trained(network, {}, 3);
    expect(interrupted.progress).toEqual({ epoch: 0, step: 3, loss: null });
    const resumed = Trainer.fromState(interrupted.toState(), data);
    expect(resumed.epoch()).toBe(whole.epoch());
    expect(resumed.progress).toEqual(whole.progress);
    expect(resumed.progress.step).toBe(stepsAnEpoch);
  });

  test("a trainer on the same network goes on from another one's position, inside an epoch too", () => {
    const [[, network]] = networks as [[string, NetworkOptions]];
    const whole = trained(network, {}, 8);
    const { network: left, position } = trained(network, {}, 3);
    const next = new Trainer(left, data, { position: JSON.parse(json(position)) });
    expect(next.progress).toEqual({ epoch: 0, step: 3, loss: null });
    for (let step = 3; step < 8; step++) next.advance(1);
    expect(json(next.toState())).toBe(json(whole.toState()));
    for (const bad of [null, { ...position, batch: stepsAnEpoch }, { ...position, step: -1 }]) {
      expectRefusal(
        "ERR_BATCHNORM_STATE",
        () => new Trainer(left, data, { position: bad as never }),
      );
    }
  });

  test("a rate that is a function has to be given again, and is asked for the same moments", () => {
    const asked: unknown[] = [];
    const rate: Rate = ({ epoch, step, loss }) => {
      asked.push([epoch, step, loss]);
      return 0.1 / (1 + step);
    };
    const options = { rate };
    const whole = trained({ batchSize: 8 }, options, 8);
    const expected = asked.splice(0);
    const state = trained({ batchSize: 8 }, options, 6).toState();
    expectRefusal("ERR_BATCHNORM_OPTION", () => Trainer.fromState(state, data));
    const resumed = Trainer.fromState(state, data, options);
    resumed.advance(1);
    resumed.advance(1);
    expect(asked).toEqual(expected);
    expect(json(resumed.toState())).toBe(json(whole.toState()));
  });

  test("a state that is malformed, or of other data, is refused", () => {
    const state = trained({ batchSize: 8 }, {}, 3).toState();
    const { position } = state;
    const bad: unknown[] = [
      null,
      { ...state, version: 2 },
      { ...state, samples: 36 },
      { ...state, extra: 1 },
      { ...state, shuffle: 1 },
      { ...state, position: null },
      { ...state, position: { ...position, batch: stepsAnEpoch } },
      { ...state, position: { ...position, step: -1 } },
      { ...state, position: { ...position, lossSum: null } },
      { ...state, position: { ...position, random: [1, 2, 3] } },
      Object.fromEntries(Object.entries(state).filter(([key]) => key !== "network")),
    ];
    for (const value of bad)
      expectRefusal("ERR_BATCHNORM_STATE", () => Trainer.fromState(value, data));
  });

  test("a state of another version is refused for that, whatever fields it has", () => {
    const newer = { ...trained({ batchSize: 8 }, {}, 1).toState(), version: 2, newer: 1 };
    const error = expectRefusal("ERR_BATCHNORM_STATE", () => Trainer.fromState(newer, data));
    expect(error.message).toBe("version of a trainer's state must be 1, got 2");
  });
});
