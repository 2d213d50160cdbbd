import { expectRefusal } from "@batchnorm/conformance/vitest";
import { computeMoments } from "@batchnorm/core";
import synaptic from "synaptic";
import { expect, test } from "vitest";
import {
  api,
  classes,
  difference,
  inputsOf,
  networks,
  scaledClasses,
  snapshot,
  trained,
} from "./networks.ts";

const { BatchNormPerceptron, BatchTrainer } = api;
const rows = inputsOf(classes("rows", 90));

test("recalibration gives the first layer the moments of all inputs, and the graph what follows", () => {
  const network = new BatchNormPerceptron(4, 6, 3, {
    normalizeInputs: true,
    varianceEstimator: "biased",
  });
  network.activate([1, 2, 3, 4]);
  api.recalibrate(network, rows);
  const layout = { outer: rows.length, channels: 4, inner: 1 };
  const { mean, m2 } = computeMoments(Float64Array.from(rows.flat()), layout);
  const [state] = api.batchNormStates(network);
  for (const c of mean.keys()) {
    expect(state!.runningMean![c]! / mean[c]!).toBeCloseTo(1, 12);
    expect(state!.runningVariance![c]! / (m2[c]! / 90)).toBeCloseTo(1, 12);
  }
  const answers = rows.map((row) => network.activate(row));
  expect(difference(answers, api.predictBatch(network, rows))).toBeLessThan(1e-12);
});

test("a recalibration that is refused leaves the network as it was", () => {
  const network = trained(networks["a perceptron of normalized inputs"]!);
  const before = snapshot(network);
  expectRefusal("ERR_BATCHNORM_NON_FINITE", () =>
    api.recalibrate(network, [...rows, [1, 2, NaN, 4]]),
  );
  expectRefusal("ERR_BATCHNORM_TOO_FEW_VALUES", () => api.recalibrate(network, rows.slice(0, 1)));
  expectRefusal("ERR_BATCHNORM_OPTION", () =>
    api.recalibrate(network, rows, { rule: "best" as never }),
  );
  expect(snapshot(network)).toBe(before);
});

test("an inspection names the layer, the neurons and what to do", () => {
  const network = new BatchNormPerceptron(4, 6, 3, { normalizeInputs: true });
  const constant = classes("c", 64).map(({ input, output }) => ({
    input: Array.from(input, (x, i) => (i === 2 ? 5 : x)),
    output,
  }));
  new BatchTrainer(network).train(constant, { iterations: 20, error: 0 });
  const [finding] = api.inspectBatchNorm(network, inputsOf(constant));
  expect(finding).toMatchObject({ layer: "hidden[0]", channels: [2] });
  expect(finding).not.toHaveProperty("place");
  expect(finding?.advice).toContain("constant");
});

test("an initialization is decided by its seed, reaches generated code, and leaves statistics alone", () => {
  const network = trained(networks["a perceptron of normalized inputs"]!);
  const states = api.batchNormStates(network);
  const draw = (seed: number): number[] => {
    api.initialize(network, { kind: "he" }, seed);
    return network.activate([1, 2, 3, 4]);
  };
  expect(draw(1)).toEqual(draw(1));
  expect(draw(1)).not.toEqual(draw(2));
  expect(api.batchNormStates(network)).toEqual(states);
  expectRefusal("ERR_BATCHNORM_OPTION", () =>
    api.initialize(network, { kind: "best" } as never, 1),
  );
});

test("three hidden layers of LOGISTIC begin to learn from glorot, and not from synaptic's own", () => {
  const set = scaledClasses("deep", 120);
  const learn = (glorot: boolean): number => {
    const network = new synaptic.Architect.Perceptron(4, 20, 20, 20, 3);
    // What synaptic draws is near 0 whatever it is; a seed makes it the same each time.
    api.initialize(network, glorot ? { kind: "glorot" } : { kind: "uniform", limit: 0.1 }, 1);
    const options = { rate: 1, iterations: 60, error: 0, batchSize: 8 };
    return new BatchTrainer(network).train(set, options).error;
  };
  // A network that knows nothing gives each of three classes 1/3: an error of 2/9.
  expect(learn(false)).toBeGreaterThan(0.21);
  expect(learn(true)).toBeLessThan(0.12);
});

test("a perceptron's weights come of its options", () => {
  const weights = (options: object): string => snapshot(new BatchNormPerceptron(4, 5, 3, options));
  expect(weights({})).toBe(weights({ seed: 0, initialization: { kind: "glorot" } }));
  expect(weights({})).not.toBe(weights({ seed: 1 }));
  expect(weights({})).not.toBe(weights({ initialization: { kind: "he" } }));
});

test("what would change a network while it trains is refused, since training would write over it", async () => {
  const set = scaledClasses("busy", 40);
  const network = new BatchNormPerceptron(4, 6, 3, { seed: 1 });
  const alone = new BatchNormPerceptron(4, 6, 3, { seed: 1 });
  const states = api.batchNormStates(network);
  const refused = (): void => {
    for (const change of [
      () => api.recalibrate(network, rows),
      () => api.initialize(network, { kind: "he" }, 5),
      () => api.loadBatchNormStates(network, states),
      () => api.freezeBatchNorm(network),
      () => api.unfreezeBatchNorm(network),
    ]) {
      expectRefusal("ERR_BATCHNORM_UNSUPPORTED", change);
    }
  };
  const options = { iterations: 4, error: 0 };
  const schedule = { every: 2, do: refused };
  const training = new BatchTrainer(network).trainAsync(set, { ...options, schedule });
  refused();
  await training;
  new BatchTrainer(alone).train(set, options);
  expect(snapshot(network)).toBe(snapshot(alone));
  api.recalibrate(network, rows);
  api.freezeBatchNorm(network);
});
