import { expectRefusal } from "@batchnorm/conformance/vitest";
import { Network, Trainer, type TrainerOptions } from "@batchnorm/minibatch";
import { describe, expect, test } from "vitest";
import { onEachBackend } from "./backends.ts";
import { deepGraph, noise, seeded } from "./sets.ts";

const data = { inputs: noise("x", 37, 4), targets: noise("t", 37, 2) };
const half = (outputs: ArrayLike<number>, samples: Uint32Array): number => {
  let sum = 0;
  for (let i = 0; i < samples.length; i++) {
    for (let o = 0; o < 2; o++) {
      sum += ((outputs[2 * i + o] ?? NaN) - (data.targets[samples[i]!]?.[o] ?? NaN)) ** 2 / 2;
    }
  }
  return sum;
};

onEachBackend(() => {
  describe.each(["float32", "float64"] as const)("in %s", (type) => {
    const make = () => seeded(deepGraph, { batchSize: 8, type });

    test("outputs read after a step are those before its update", () => {
      const network = make();
      const x = Float64Array.from(data.inputs.slice(0, 5).flat());
      const xOfType = type === "float32" ? Float32Array.from(x) : x;
      const { y } = network.gradients(xOfType, 5, { upstream: new Float64Array(10) });
      const before = Array.from(y);
      const loaded = network.load(xOfType, xOfType.slice(0, 10), 5);
      network.step(loaded, Uint32Array.of(0, 1, 2, 3, 4), 0, 5, 0.5);
      expect(Array.from(network.readOutputs(5))).toEqual(before);
      expectRefusal("ERR_BATCHNORM_SHAPE", () => network.readOutputs(9));
      loaded.free();
    });

    test("a cost is told in place of the loss, and changes nothing else", () => {
      const run = (cost?: typeof half) => {
        const network = make();
        const trainer = new Trainer(network, data, { seed: 3, rate: 0.3, cost });
        const losses = [trainer.epoch(), trainer.epoch()];
        return { losses, state: JSON.stringify(network.toState()) };
      };
      const [plain, judged] = [run(), run(half)];
      expect(judged.state).toBe(plain.state);
      // The same sums in another order; float32 outputs are rounded before they are squared.
      const digits = type === "float32" ? 5 : 12;
      judged.losses.forEach((loss, i) => {
        expect(loss).toBeCloseTo(plain.losses[i]!, digits);
      });
    });

    describe("the squared error, told by name while cross-entropy is learned,", () => {
      const learner = () => seeded(deepGraph, { batchSize: 8, type, loss: "cross-entropy" });
      const train = (options: TrainerOptions) => {
        const network = learner();
        const trainer = new Trainer(network, data, { seed: 3, rate: 0.3, ...options });
        const losses = [trainer.epoch(), trainer.epoch()];
        return { losses, state: JSON.stringify(network.toState()) };
      };

      test("is what a function of the outputs says, and changes nothing else", () => {
        const [named, judged] = [train({ cost: "squared-error" }), train({ cost: half })];
        expect(named.state).toBe(judged.state);
        // As above.
        const digits = type === "float32" ? 5 : 12;
        named.losses.forEach((loss, i) => {
          expect(loss).toBeCloseTo(judged.losses[i]!, digits);
        });
      });

      test("is the same to the last bit when each step is a call of its own", () => {
        const cost = "squared-error";
        expect(train({ cost, rate: () => 0.3 })).toEqual(train({ cost }));
      });

      test("is forgotten where somebody else asks the network", () => {
        const [told, plain] = [learner(), learner()].map((network, i) => {
          const cost = i === 0 ? ("squared-error" as const) : undefined;
          new Trainer(network, data, { cost }).epoch();
          const x = Float64Array.from(data.inputs.slice(0, 5).flat());
          const xOfType = type === "float32" ? Float32Array.from(x) : x;
          const targets = new Float64Array(10).fill(0.25);
          const { loss } = network.gradients(xOfType, 5, { targets });
          const loaded = network.load(xOfType, targets, 5);
          const step = network.step(loaded, Uint32Array.of(0, 1, 2, 3, 4), 0, 5, 0.5);
          return [loss, step];
        });
        expect(told).toEqual(plain);
      });
    });
  });
});

test("a cost that is no finite number is refused, and training goes on after its step", () => {
  const network = new Network({ inputs: 4, layers: [{ units: 2 }] }, { batchSize: 8 });
  let bad = true;
  const cost = (): number => (bad ? NaN : 37);
  const trainer = new Trainer(network, data, { cost });
  expectRefusal("ERR_BATCHNORM_NON_FINITE", () => trainer.epoch());
  bad = false;
  expect(trainer.progress.step).toBe(1);
  expect(trainer.epoch()).toBe(4);
  for (const cost of [1, "cross-entropy"] as never[]) {
    expectRefusal("ERR_BATCHNORM_OPTION", () => new Trainer(network, data, { cost }));
  }
});
