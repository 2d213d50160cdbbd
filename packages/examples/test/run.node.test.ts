import { memory } from "@tensorflow/tfjs-core";
import synaptic from "synaptic";
import { beforeAll, describe, expect, test } from "vitest";
import { loadDigits } from "../src/digits.ts";
import type { Host, Learner } from "../src/hosts/host.ts";
import { hosts } from "../src/hosts/index.ts";
import { predict } from "../src/hosts/synaptic.ts";
import { useWasm } from "../src/hosts/tfjs.ts";
import { drawLayers, sizesOf } from "../src/network.ts";
import { type Plan, type Run, run, testsOf, wholeBatches } from "../src/run.ts";
import { accuracyOf, pairsOf, select } from "../src/samples.ts";

const data = loadDigits("1");
const layers = drawLayers(sizesOf(64), 1);
const plan: Plan = { tests: [300, 1500], seed: 1, stock: null, onTest: () => {} };
const ours = async (host: Host, tests = plan.tests): Promise<Run> => {
  const learner = host.with({ layers, batchSize: 60, rate: host.rates.with });
  try {
    return await run(learner, data, { ...plan, tests });
  } finally {
    learner.dispose();
  }
};
const accuracies = ({ points }: Run): number[] => points.map(({ accuracy }) => accuracy);

beforeAll(useWasm);

describe.each(hosts)("$title", (host) => {
  test("learns the digits with Batch Normalization, and leaves no tensor behind", async () => {
    const before = memory().numTensors;
    const { points, end, toGoal } = await ours(host, [1500, 6000]);
    expect(points.map(({ seen }) => seen)).toEqual([0, 1500, 6000]);
    expect([end, toGoal?.samples]).toEqual(["samples", 6000]);
    expect(memory().numTensors).toBe(before);
  });

  test("gives the same accuracies for the same seed", async () => {
    expect(accuracies(await ours(host))).toEqual(accuracies(await ours(host)));
  });

  test("begins with the same answers, with Batch Normalization off and in every host", () => {
    const few = select(data.test, [0, 1, 2]);
    const answers = ({ without }: Host): number[] => {
      const learner = without({ layers, batchSize: 60, rate: 0.1 });
      const outputs = learner.predict(few).flatMap((row) => Array.from(row));
      learner.dispose();
      return outputs;
    };
    const [first] = hosts;
    for (const [i, value] of answers(host).entries()) {
      // Four layers of float32, of at most 100 products each.
      expect(value).toBeCloseTo(answers(first as Host)[i] as number, 5);
    }
  });

  test("learns without Batch Normalization what its own training gives", async () => {
    const learner = host.without({ layers, batchSize: 60, rate: host.rates.without });
    const before = learner.predict(select(data.test, [0]))[0]?.[0] as number;
    await learner.prepare(select(data.train, shuffledSome(60)))();
    // One digit of ten is there: outputs of about a half fall.
    expect(learner.predict(select(data.test, [0]))[0]?.[0]).toBeLessThan(before);
    learner.dispose();
  });
});

const shuffledSome = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

test("synaptic's answers after training are those of its own activate", () => {
  const network = new synaptic.Architect.Perceptron(64, 10, 10);
  const pairs = pairsOf(select(data.test, [0, 1, 2]));
  new synaptic.Trainer(network).train(pairs, { iterations: 3, error: 1e-30, rate: 0.5 });
  const own = pairs.flatMap(({ input }) => network.activate(input));
  const answers = predict(network, select(data.test, [0, 1, 2])).flat();
  // Both in float64.
  for (const [i, answer] of answers.entries()) expect(answer).toBeCloseTo(own[i] as number, 12);
});

test("TensorFlow.js and synaptic follow one rule with Batch Normalization, and learn alike", async () => {
  const [tfjs, , synaptic] = (await Promise.all(hosts.map((host) => ours(host, [300, 3000])))).map(
    accuracies,
  );
  // One computes in float32 and the other in float64: two of 297 digits may fall on the other side.
  for (const [i, accuracy] of (tfjs ?? []).entries()) {
    expect(Math.abs(accuracy - (synaptic?.[i] ?? 0))).toBeLessThan(2.5 / 297);
  }
});

describe("a run", () => {
  /** Right about so many of ten samples after as many calls. */
  const scripted = (right: number[]): Learner => {
    let calls = -1;
    return {
      prepare: () => () => {},
      predict(samples) {
        calls++;
        return Array.from(samples.labels, (label, i) =>
          Array.from({ length: 10 }, (_, digit) =>
            Number((digit === label) === i < (right[calls] as number)),
          ),
        );
      },
      dispose() {},
    };
  };
  const ten = { train: select(data.train, [0, 1, 2]), test: select(data.test, shuffledSome(10)) };
  const tests = [60, 120, 180];

  test("goes on to its last sample, and remembers when it was at 95 %", async () => {
    const { points, toGoal, end } = await run(scripted([1, 5, 10, 7]), ten, { ...plan, tests });
    expect(points.map(({ accuracy }) => accuracy)).toEqual([0.1, 0.5, 1, 0.7]);
    expect([toGoal?.samples, end]).toEqual([120, "samples"]);
  });

  test("of a stock network stops at 95 %", async () => {
    const stock = { cap: 1000, least: 60, part: 60 };
    const { points, end } = await run(scripted([1, 5, 10, 7]), ten, { ...plan, tests, stock });
    expect([points.length, end]).toEqual([3, "goal"]);
  });

  test("of a stock network stops at its cap, but not before it has seen the least", async () => {
    const stock = { cap: 0, least: 100, part: 20 };
    const { points, end, toGoal } = await run(scripted([1, 5, 6, 7]), ten, {
      ...plan,
      ...{ tests, stock },
    });
    expect([points.at(-1)?.seen, end, toGoal]).toEqual([100, "cap", null]);
  });
});

test("an accuracy is the share of samples whose digit has the largest output", () => {
  const samples = { pixels: new Float32Array(3), labels: Int32Array.of(1, 0, 1) };
  expect(accuracyOf([[0, 1], [0, 1], Float32Array.of(0.2, 0.3)], samples)).toBe(2 / 3);
});

test("counts are whole batches, as far as the samples go", () => {
  expect(wholeBatches([300, 1500, 6000], 1000, 64)).toEqual([320, 960]);
  expect(testsOf(600, 60)).toEqual([60, 120, 180, 240, 300, 600]);
  expect(testsOf(90_000, 60).at(-1)).toBe(90_000);
});
