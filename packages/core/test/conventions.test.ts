import { BatchNorm, type BatchNormState } from "@batchnorm/core";
import {
  fromPeer,
  type Peer,
  type PeerSettings,
  type PeerWeights,
  toPeer,
} from "@batchnorm/core/conventions";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { normals } from "./random.ts";
import { expectRefusal } from "./refusal.ts";

/** Inference over rows of channels. */
function predict(state: BatchNormState, rows: readonly (readonly number[])[]): number[] {
  const x = Float64Array.from(rows.flat());
  return Array.from(BatchNorm.fromState(state).forward(x, [rows.length, state.channels]));
}

function expectClose(actual: readonly number[], expected: readonly number[], tolerance: number) {
  expect(actual.length).toBe(expected.length);
  for (const [i, value] of expected.entries()) {
    const difference = Math.abs((actual[i] as number) - value);
    expect(difference, `[${i}] ${actual[i]} ≈ ${value}`).toBeLessThanOrEqual(
      tolerance * Math.max(1, Math.abs(value)),
    );
  }
}

/** Inference as each library computed it, and the weights that it had. */
const executed: {
  source: string;
  peer: Peer;
  weights: PeerWeights[Peer];
  settings?: PeerSettings[Peer];
  x: number[];
  y: number[];
  tolerance: number;
}[] = [
  {
    source: "PyTorch 2.13.0, BatchNorm1d in eval mode, float64",
    peer: "pytorch",
    weights: {
      weight: [1.911655361770059, 1.143236211088438, 1.1746965421059168],
      bias: [-1.014181482704287, -0.08357757763340362, -1.3278029715489232],
      running_mean: [-0.6470756320734652, 1.0155497727331815, -1.2149509601281467],
      running_var: [2.225687082690285, 0.886264659874004, 1.1800605370740005],
    },
    x: [-0.30693639721234, -0.6214711466302247, 0.3380828909101016],
    y: [-0.5783352450269125, -2.0715302235803077, 0.3515911499233958],
    tolerance: 1e-12,
  },
  {
    source: "Keras 3.15.1, float32",
    peer: "keras",
    weights: {
      gamma: [0.25136712193489075, 1.327133297920227, 0.8468952775001526],
      beta: [-0.179652139544487, 1.2395673990249634, 0.8536005616188049],
      moving_mean: [-0.501365602016449, -1.578055500984192, -0.6179046034812927],
      moving_variance: [1.5876071453094482, 1.567172884941101, 1.0106462240219116],
    },
    x: [0.41231271624565125, -2.6530795097351074, -1.1522955894470215],
    y: [0.002566814422607422, 0.10027360916137695, 0.4036400318145752],
    tolerance: 1e-6,
  },
  {
    source: "TensorFlow 2.21.0, FusedBatchNormV3, float32",
    peer: "tfFused",
    weights: {
      scale: [1.7244080305099487, 1.5046517848968506, 0.7450789213180542],
      offset: [0.3673884868621826, -0.16037531197071075, 0.7266932725906372],
      mean: [-0.7557564377784729, -0.9456039071083069, -1.5275251865386963],
      variance: [1.1052824258804321, 2.318963050842285, 1.1587512493133545],
    },
    x: [-0.2449919879436493, -0.6918535828590393, 2.1522507667541504],
    y: [1.2047783136367798, 0.09029452502727509, 3.272592544555664],
    tolerance: 1e-6,
  },
  {
    source: "ONNX Runtime 1.30.0, opset 15, float64",
    peer: "onnx",
    weights: {
      scale: [1.4971261192882248, 1.7680352345963841],
      B: [0.8093289155365447, 0.8388383907924514],
      input_mean: [1.9402904558171077, -0.8304560090440601],
      input_var: [0.48166784301471105, 0.5001272716943661],
    },
    // An ONNX attribute is a float32.
    settings: { epsilon: Math.fround(1e-5) },
    x: [1.0839758816238605, -2.0748645514160806],
    y: [-1.037868822864858, -2.272228071040139],
    tolerance: 1e-12,
  },
  {
    source: "darknet's normalize_cpu, scale_bias and add_bias, compiled, float32",
    peer: "darknet",
    weights: {
      scales: [1.380977988243103, 0.4146922528743744, 1.0434750318527222],
      biases: [-0.12636391818523407, -1.0467156171798706, 0.5316531658172607],
      rolling_mean: [-0.4616895318031311, -1.767599105834961, -0.266676664352417],
      rolling_variance: [0.4482531249523163, 0.40643101930618286, 1.5312330722808838],
    },
    x: [1.6321742534637451, -1.6082422733306885, -0.01432033535093069],
    y: [4.192533493041992, -0.9430577158927917, 0.7444549798965454],
    tolerance: 1e-6,
  },
  {
    source: "Caffe's formulas in float64, before any training",
    peer: "caffe",
    weights: { BatchNorm: [[0, 0], [0, 0], [0]] },
    x: [0.2699834119414912, 0.25412446967532987],
    y: [85.37625121986146, 80.36121333564324],
    tolerance: 1e-12,
  },
];

test.each(executed)("an imported state predicts as $source", (example) => {
  const { peer, weights, settings, x, y, tolerance } = example;
  const { state } = fromPeer(peer, weights, { settings });
  expectClose(predict(state, [x]), y, tolerance);
});

test("darknet's division is exact in float64, down to a variance of 0", () => {
  const variance = [1, 1e-4, 1e-12, 1e-20, 0];
  const { state } = fromPeer("darknet", {
    scales: variance.map(() => 2),
    biases: variance.map(() => 3),
    rolling_mean: variance.map(() => 0.5),
    rolling_variance: variance,
  });
  expectClose(
    predict(state, [variance.map(() => 0.75)]),
    variance.map((v) => (2 * 0.25) / (Math.sqrt(v) + 1e-6) + 3),
    1e-14,
  );
});

describe("names and conventions", () => {
  const fullState: BatchNormState = {
    version: 1,
    name: "bn1",
    channels: 2,
    gamma: [1, 2],
    beta: [3, 4],
    runningMean: [5, 6],
    runningVariance: [7, 8],
    epsilon: 0.25,
    momentum: 0.75,
    varianceEstimator: "unbiased",
    start: "zero-one",
    updates: 2,
    weight: 0.4375,
    valuesPerChannel: 16,
    renorm: null,
  };

  test("PyTorch's momentum is 1 − ours, and it counts", () => {
    const { weights, settings, exact, notes } = toPeer("pytorch", fullState);
    expect(weights).toEqual({
      weight: [1, 2],
      bias: [3, 4],
      running_mean: [5, 6],
      running_var: [7, 8],
      num_batches_tracked: 2,
    });
    expect(settings).toEqual({
      eps: 0.25,
      momentum: 0.25,
      affine: true,
      track_running_stats: true,
    });
    expect({ exact, notes }).toEqual({ exact: true, notes: [] });
    const back = fromPeer("pytorch", weights, { settings, name: "bn1", valuesPerChannel: 16 });
    expect(back).toEqual({ state: fullState, exact: true, notes: [] });
  });

  test("PyTorch's None is a cumulative average", () => {
    const weights = { running_mean: [5], running_var: [7], num_batches_tracked: [3n] };
    const { state, exact } = fromPeer("pytorch", weights, { settings: { momentum: null } });
    expect(state).toMatchObject({ momentum: "cumulative", updates: 3, weight: 1, gamma: null });
    expect(exact).toBe(true);
    expect(toPeer("pytorch", state)).toMatchObject({
      settings: { momentum: null, affine: false },
      exact: true,
    });
  });

  test("PyTorch may keep no statistics", () => {
    const { state, exact } = fromPeer("pytorch", { weight: [1], bias: [2] });
    expect(state).toMatchObject({ runningMean: null, runningVariance: null, updates: 0 });
    expect(exact).toBe(true);
    const { weights, settings } = toPeer("pytorch", state);
    expect(weights).toEqual({ weight: [1], bias: [2] });
    expect(settings.track_running_stats).toBe(false);
  });

  test.each<[Peer, object, object]>([
    [
      "keras",
      { gamma: [1, 2], beta: [3, 4], moving_mean: [5, 6], moving_variance: [7, 8] },
      { epsilon: 0.25, momentum: 0.75, scale: true, center: true },
    ],
    [
      "tfFused",
      { scale: [1, 2], offset: [3, 4], mean: [5, 6], variance: [7, 8] },
      { epsilon: 0.25, exponential_avg_factor: 0.25 },
    ],
    [
      "flax",
      { params: { scale: [1, 2], bias: [3, 4] }, batch_stats: { mean: [5, 6], var: [7, 8] } },
      { epsilon: 0.25, momentum: 0.75, use_scale: true, use_bias: true },
    ],
    [
      "onnx",
      { scale: [1, 2], B: [3, 4], input_mean: [5, 6], input_var: [7, 8] },
      { epsilon: 0.25, momentum: 0.75 },
    ],
    [
      "caffe",
      {
        BatchNorm: [[20, 24], [28, 32], [4]],
        Scale: [
          [1, 2],
          [3, 4],
        ],
      },
      { eps: 0.25, moving_average_fraction: 0.75 },
    ],
  ])("%s has its own", (peer, weights, settings) => {
    const out = toPeer(peer, fullState);
    expect(out.weights).toEqual(weights);
    expect(out.settings).toEqual(settings);
    const mixes = ["keras", "flax", "onnx"].includes(peer);
    expect(out.exact).toBe(!mixes);
    if (mixes) expect(out.notes).toEqual([expect.stringContaining("tracks the biased variance")]);
    const { state } = fromPeer(peer, out.weights, { settings: out.settings, updates: 2 });
    const { gamma, beta, runningMean, runningVariance, epsilon, momentum } = fullState;
    expect(state).toMatchObject({
      gamma,
      beta,
      runningMean,
      runningVariance,
      epsilon,
      momentum,
    });
  });

  test("darknet's hold what its division needs", () => {
    const { weights, settings, exact } = toPeer("darknet", { ...fullState, momentum: 0.99 });
    expect(weights).toMatchObject({ scales: [1, 2], biases: [3, 4], rolling_mean: [5, 6] });
    expectClose(
      [...weights.rolling_variance],
      [(Math.sqrt(7.25) - 1e-6) ** 2, (Math.sqrt(8.25) - 1e-6) ** 2],
      1e-15,
    );
    expect({ settings, exact }).toEqual({ settings: {}, exact: false });
  });

  test.each<[Peer, object]>([
    ["keras", { moving_mean: [5, 6], moving_variance: [7, 8] }],
    ["flax", { batch_stats: { mean: [5, 6], var: [7, 8] } }],
    [
      "caffe",
      {
        BatchNorm: [[20, 24], [28, 32], [4]],
      },
    ],
  ])("%s can be without gamma and beta", (peer, weights) => {
    const bare: BatchNormState = { ...fullState, gamma: null, beta: null };
    const out = toPeer(peer, bare);
    expect(out.weights).toEqual(weights);
    expect(fromPeer(peer, out.weights, { settings: out.settings }).state).toMatchObject({
      gamma: null,
      beta: null,
    });
  });

  test("what a peer must have is filled, and said", () => {
    const bare: BatchNormState = { ...fullState, gamma: null, beta: null };
    for (const peer of ["tfFused", "onnx", "darknet"] as const) {
      const { exact, notes } = toPeer(peer, bare);
      expect(exact).toBe(false);
      expect(notes.join()).toMatch(/ is filled with 1: keep.* is filled with 0: keep/);
    }
    expect(toPeer("pytorch", { ...fullState, gamma: null })).toMatchObject({
      weights: { weight: [1, 1] },
      exact: false,
    });
    expect(toPeer("pytorch", { ...fullState, beta: null }).weights.bias).toEqual([0, 0]);
    expect(toPeer("caffe", { ...fullState, gamma: null }).weights.Scale).toEqual([
      [1, 1],
      [3, 4],
    ]);
    expect(toPeer("caffe", { ...fullState, beta: null }).weights.Scale).toEqual([[1, 2]]);
  });

  test("float arrays are taken, and come back as plain ones", () => {
    const weights = { moving_mean: Float32Array.of(1, 2), moving_variance: Float64Array.of(3, 4) };
    const { state } = fromPeer("keras", { ...weights, gamma: null });
    expect(state.runningMean).toEqual([1, 2]);
    expect(JSON.parse(JSON.stringify(state))).toEqual(state);
    expect(toPeer("keras", state).weights).toEqual({
      moving_mean: [1, 2],
      moving_variance: [3, 4],
    });
  });

  test("nothing is shared with what was given", () => {
    const moving_mean = [1];
    const { state } = fromPeer("keras", { moving_mean, moving_variance: [2] });
    const { weights } = toPeer("keras", state);
    moving_mean[0] = 9;
    expect(state.runningMean).toEqual([1]);
    expect(weights.moving_mean).not.toBe(state.runningMean);
  });
});

/** Positive numbers over many magnitudes. */
const positive = fc.double({ min: -12, max: 6, noNaN: true }).map((power) => 10 ** power);
const channelsOf = (value: fc.Arbitrary<number>): fc.Arbitrary<number[]> =>
  fc.array(value, { minLength: 3, maxLength: 3 });
const anyNumber = fc.double({ min: -1e3, max: 1e3, noNaN: true });

/** States of all kinds with three channels. */
const anyState: fc.Arbitrary<BatchNormState> = fc
  .record({
    gamma: fc.option(channelsOf(anyNumber)),
    beta: fc.option(channelsOf(anyNumber)),
    runningMean: channelsOf(anyNumber),
    runningVariance: channelsOf(positive),
    epsilon: positive,
    // As people write them; the complement of any other double is rounded.
    momentum: fc.integer({ min: 0, max: 999 }).map((thousandths) => thousandths / 1000),
    varianceEstimator: fc.constantFrom("biased", "unbiased"),
    start: fc.constantFrom("zero-one", "first-batch", "debiased"),
    updates: fc.integer({ min: 1, max: 2000 }),
    valuesPerChannel: fc.option(fc.integer({ min: 2, max: 1000 })),
  })
  .map((state) => ({
    version: 1,
    name: "any",
    channels: 3,
    renorm: null,
    ...state,
    weight: state.start === "first-batch" ? 1 : 1 - state.momentum ** state.updates,
  }));

const peers: Peer[] = ["pytorch", "keras", "tfFused", "flax", "onnx", "caffe", "darknet"];

describe("properties", () => {
  test.each(peers)("a layer predicts the same in %s, and back from there", (peer) => {
    const rows = [Array.from(normals("row", 3)), Array.from(normals("far", 3, 100))];
    fc.assert(
      fc.property(anyState, (state) => {
        const { weights, settings } = toPeer(peer, state);
        const { state: back } = fromPeer(peer, weights, { settings });
        // Relative to the largest term of y, since x − mean and beta may cancel.
        const scale = Math.max(
          ...(state.gamma ?? [1, 1, 1]).map(
            (g, c) =>
              (Math.abs(g) * 2e3) / Math.sqrt((state.runningVariance?.[c] ?? 1) + state.epsilon),
          ),
        );
        expectClose(
          predict(back, rows).map((y) => y / (1 + scale)),
          predict(state, rows).map((y) => y / (1 + scale)),
          1e-13,
        );
      }),
      { seed: 5, numRuns: 300 },
    );
  });

  test.each(peers.filter((peer) => peer !== "caffe" && peer !== "darknet"))(
    "weights and settings of %s come back identical",
    (peer) => {
      fc.assert(
        fc.property(anyState, (state) => {
          const there = toPeer(peer, state);
          const here = fromPeer(peer, there.weights, { settings: there.settings });
          const again = toPeer(peer, here.state);
          expect(again.weights).toEqual(there.weights);
          expect(again.settings).toEqual(there.settings);
          expect(here.exact && again.exact).toBe(true);
        }),
        { seed: 6, numRuns: 300 },
      );
    },
  );

  test.each(["caffe", "darknet"] as const)("those of %s come back to rounding", (peer) => {
    fc.assert(
      fc.property(anyState, (state) => {
        const there = toPeer(peer, state);
        const here = fromPeer(peer, there.weights, { settings: there.settings });
        const again = toPeer(peer, here.state);
        const flat = (weights: object): number[] => {
          const values: number[] = [];
          JSON.stringify(weights, (_, value) => {
            if (typeof value === "number") values.push(value);
            return value;
          });
          return values;
        };
        expectClose(flat(again.weights), flat(there.weights), 1e-13);
        expect(again.settings).toEqual(there.settings);
      }),
      { seed: 7, numRuns: 300 },
    );
  });

  test("an exact complement is kept where no short one is as good", () => {
    const weights = { running_mean: [0], running_var: [1] };
    const momentum = 1 / 3;
    const { state } = fromPeer("pytorch", weights, { settings: { momentum } });
    expect(state.momentum).toBe(1 - momentum);
    expect(toPeer("pytorch", state).settings.momentum).toBe(1 - (1 - momentum));
  });
});

describe("a layer in the middle of its training goes on as it would have there", () => {
  const batches = Array.from({ length: 12 }, (_, step) => normals(`batch ${step}`, 10, step, 2));
  const moments = batches.map((x) => {
    const mean = x.reduce((sum, value) => sum + value) / 10;
    const m2 = x.reduce((sum, value) => sum + (value - mean) ** 2, 0);
    return { mean, biased: m2 / 10, unbiased: m2 / 9 };
  });
  const half = moments.slice(0, 6);

  /** Trains an imported state with the second half. */
  function trainOn(state: BatchNormState): BatchNormState {
    const layer = BatchNorm.fromState(state);
    for (const x of batches.slice(6)) layer.forward(x, [10, 1], { training: true });
    return layer.toState();
  }

  test("pytorch, by its momentum and cumulative", () => {
    for (const momentum of [0.1, null]) {
      const run = (steps: typeof moments) => {
        const bn = { mean: 0, variance: 1, count: 0 };
        for (const { mean, unbiased } of steps) {
          bn.count++;
          const f = momentum ?? 1 / bn.count;
          bn.mean = (1 - f) * bn.mean + f * mean;
          bn.variance = (1 - f) * bn.variance + f * unbiased;
        }
        return {
          running_mean: [bn.mean],
          running_var: [bn.variance],
          num_batches_tracked: bn.count,
        };
      };
      const { state, exact } = fromPeer("pytorch", run(half), { settings: { momentum } });
      expect(exact).toBe(true);
      const { weights } = toPeer("pytorch", trainOn(state));
      const whole = run(moments);
      expect(weights.num_batches_tracked).toBe(12);
      expectClose(weights.running_mean ?? [], whole.running_mean, 1e-14);
      expectClose(weights.running_var ?? [], whole.running_var, 1e-14);
    }
  });

  test("keras, though it does not count", () => {
    const run = (steps: typeof moments) => {
      let [mean, variance] = [0, 1];
      for (const batch of steps) {
        mean = 0.9 * mean + 0.1 * batch.mean;
        variance = 0.9 * variance + 0.1 * batch.biased;
      }
      return { moving_mean: [mean], moving_variance: [variance] };
    };
    const { state, exact, notes } = fromPeer("keras", run(half), { settings: { momentum: 0.9 } });
    expect(exact).toBe(true);
    expect(notes).toEqual([expect.stringContaining("unknown, and counted as 1")]);
    const { weights } = toPeer("keras", trainOn(state));
    expectClose(weights.moving_mean, run(moments).moving_mean, 1e-14);
    expectClose(weights.moving_variance, run(moments).moving_variance, 1e-14);
  });

  test.each([0.9, 0.5, 1, 0])("caffe, λ = %d", (lambda) => {
    const run = (steps: typeof moments): [number[], number[], number[]] => {
      let [mean, variance, s] = [0, 0, 0];
      for (const batch of steps) {
        mean = batch.mean + lambda * mean;
        variance = batch.unbiased + lambda * variance;
        s = 1 + lambda * s;
      }
      return [[mean], [variance], [s]];
    };
    const settings = { moving_average_fraction: lambda };
    for (const steps of [half, []]) {
      const { state, exact } = fromPeer("caffe", { BatchNorm: run(steps) }, { settings });
      expect(exact).toBe(true);
      const there = toPeer("caffe", trainOn(state));
      expect(there).toMatchObject({ settings, exact: true });
      const whole = run([...steps, ...moments.slice(6)]);
      for (const [b, blob] of there.weights.BatchNorm.entries()) {
        expectClose(blob as number[], whole[b] as number[], 1e-13);
      }
    }
  });

  test("a zero-one average goes on in Caffe from s at its limit", () => {
    const options = { momentum: 0.9, start: "zero-one" } as const;
    const layer = new BatchNorm(1, options);
    for (const x of batches.slice(0, 6)) layer.forward(x, [10, 1], { training: true });
    const { weights, settings, exact } = toPeer("caffe", layer.toState());
    expect(exact).toBe(true);
    expect(weights.BatchNorm[2]).toEqual([1 / (1 - 0.9)]);
    const state = trainOn(fromPeer("caffe", weights, { settings }).state);
    const expected = trainOn(layer.toState());
    expectClose(state.runningMean ?? [], expected.runningMean ?? [], 1e-14);
    expectClose(state.runningVariance ?? [], expected.runningVariance ?? [], 1e-14);
  });
});

describe("what is not known or cannot be is said", () => {
  const statistics = { moving_mean: [2], moving_variance: [3] };
  const plain: BatchNormState = {
    ...fromPeer("keras", statistics, { updates: 10, valuesPerChannel: 8 }).state,
  };

  test("a known count and m are kept", () => {
    expect(plain).toMatchObject({ updates: 10, valuesPerChannel: 8 });
    expect(plain.weight).toBeCloseTo(1 - 0.99 ** 10, 15);
    expect(toPeer("keras", plain)).toMatchObject({ exact: true, notes: [] });
  });

  test("m without a count says nothing", () => {
    const { state, notes } = fromPeer("keras", statistics, { valuesPerChannel: 8 });
    expect(state).toMatchObject({ updates: 1, weight: 1, valuesPerChannel: null });
    expect(notes.at(-1)).toContain("valuesPerChannel is dropped");
  });

  test("darknet's rolling variance starts at 0: there is no initial 1 in it", () => {
    const weights = { scales: [1], biases: [0], rolling_mean: [2], rolling_variance: [3] };
    const { state, notes } = fromPeer("darknet", weights, { updates: 10, valuesPerChannel: 8 });
    expect(state).toMatchObject({ updates: 10, weight: 1, valuesPerChannel: null });
    expect(notes.join()).toMatch(/valuesPerChannel is dropped.*predictions are exact/);
  });

  test("mean 0 and variance 1 are no update", () => {
    const { state, notes } = fromPeer("keras", { moving_mean: [0], moving_variance: [1] });
    expect(state).toMatchObject({ updates: 0, weight: 0 });
    expect(notes).toEqual([]);
  });

  test("a count of 0 beside trained statistics is none, as old PyTorch files have it", () => {
    const weights = { running_mean: [2], running_var: [3], num_batches_tracked: 0 };
    expect(fromPeer("pytorch", weights).state).toMatchObject({ updates: 1, weight: 1 });
    expect(fromPeer("pytorch", weights, { updates: 7 }).state.updates).toBe(7);
    // A cumulative average forgets them at the next batch, here and there.
    const settings = { momentum: null };
    expect(fromPeer("pytorch", weights, { settings })).toMatchObject({
      state: { updates: 0, weight: 0 },
      exact: true,
    });
  });

  test("a cumulative average without its count", () => {
    const settings = { momentum: null };
    const weights = { running_mean: [2], running_var: [3] };
    const { state, exact, notes } = fromPeer("pytorch", weights, { settings });
    expect(state.updates).toBe(1);
    expect({ exact, notes }).toEqual({
      exact: false,
      notes: [expect.stringContaining("num_batches_tracked is unknown")],
    });
    const initial = { running_mean: [0], running_var: [1] };
    expect(fromPeer("pytorch", initial, { settings })).toMatchObject({
      state: { updates: 0 },
      exact: true,
    });
  });

  test("an s beyond its limit, and one that should be a count", () => {
    const weights: PeerWeights["caffe"] = { BatchNorm: [[2], [3], 20.5] };
    const beyond = fromPeer("caffe", weights, { settings: { moving_average_fraction: 0.9 } });
    expect(beyond).toMatchObject({ state: { weight: 1 }, exact: false });
    expect(beyond.notes[0]).toContain("beyond its limit");
    const counted = fromPeer("caffe", weights, { settings: { moving_average_fraction: 1 } });
    expect(counted).toMatchObject({ state: { updates: 21, momentum: "cumulative" }, exact: false });
    const known = fromPeer("caffe", weights, { updates: 30, valuesPerChannel: 4 });
    expect(known).toMatchObject({ state: { updates: 30, valuesPerChannel: 4 }, exact: true });
  });

  test("a rule that the peer has not", () => {
    const told = (peer: Peer, change: Partial<BatchNormState>): string => {
      const { exact, notes } = toPeer(peer, { ...plain, ...change });
      expect(exact).toBe(notes.length === 0);
      return notes.join("\n");
    };
    expect(told("keras", { momentum: "cumulative" })).toContain("no cumulative average");
    expect(toPeer("keras", { ...plain, momentum: "cumulative" }).settings.momentum).toBe(0.99);
    expect(told("tfFused", { varianceEstimator: "unbiased", momentum: "cumulative" })).toContain(
      "no cumulative average",
    );
    expect(told("keras", { start: "debiased" })).toContain("starts at zero-one");
    expect(told("keras", { start: "debiased", weight: 1 })).toBe("");
    expect(told("keras", { start: "first-batch", weight: 1 })).toBe("");
    expect(told("keras", { start: "first-batch", updates: 0, weight: 0 })).toContain("zero-one");
    const { renorm } = new BatchNorm(1, { renorm: {} }).toState();
    expect(told("keras", { renorm })).toContain("renorm and its averages are left behind");
    expect(told("darknet", { momentum: 0.9 })).toContain("fixed at 0.99, not 0.9");
    const unbiased = { varianceEstimator: "unbiased" } as const;
    expect(told("caffe", { ...unbiased, momentum: 1 })).toContain("freeze");
    expect(told("caffe", { ...unbiased, start: "first-batch", updates: 0, weight: 0 })).toContain(
      "will not replace",
    );
    expect(told("caffe", { ...unbiased, start: "debiased", updates: 0, weight: 0 })).toContain(
      "s = 0",
    );
    expect(told("caffe", { ...unbiased, momentum: "cumulative", updates: 3 })).toBe("");
  });

  test("Caffe's division by a tiny deviation, which darknet does not know, goes to scales", () => {
    const tiny = { ...plain, epsilon: 1e-20, runningVariance: [0], gamma: [2] };
    const { weights } = toPeer("darknet", tiny);
    expect(weights.rolling_variance).toEqual([0]);
    expect(weights.scales[0]).toBeCloseTo(2e4, 8);
  });
});

describe("refusals", () => {
  const good = { gamma: [1, 2], beta: [3, 4], moving_mean: [5, 6], moving_variance: [7, 8] };
  const torch = { running_mean: [1], running_var: [1] };
  const refused = (peer: string, weights: unknown): string =>
    expectRefusal("ERR_BATCHNORM_STATE", () => fromPeer(peer as "keras", weights as never)).message;

  test.each<[string, unknown, string]>([
    ["keras", null, "weights of keras must be an object"],
    ["keras", Float32Array.of(1), "weights of keras must be an object"],
    ["keras", { ...good, mean: [1, 2] }, "weights of keras must be among gamma, beta"],
    ["keras", { gamma: [1], beta: [1] }, "moving_mean of keras must be there"],
    ["keras", { ...good, moving_variance: undefined }, "moving_variance of keras must be there"],
    ["keras", { ...good, beta: [1] }, "beta of keras must hold 2 values, got 1"],
    ["keras", { ...good, beta: [] }, "beta of keras must hold 2 values, got 0"],
    ["keras", { ...good, gamma: [] }, "gamma of keras must be at least one value"],
    ["keras", { ...good, gamma: 1 }, "gamma of keras must be an array"],
    ["keras", { ...good, gamma: Int32Array.of(1, 2) }, "gamma of keras must be an array"],
    ["keras", { ...good, gamma: [1, Number.NaN] }, "gamma[1] of keras must be a finite"],
    ["keras", { ...good, gamma: [1, "2"] }, 'gamma[1] of keras must be a finite number, got "2"'],
    ["keras", { ...good, moving_variance: [-1, 2] }, "moving_variance[0] of keras"],
    ["keras", { ...good, moving_variance: [1, Number.POSITIVE_INFINITY] }, "got Infinity"],
    ["flax", { batch_stats: [1], params: 3 }, "weights of flax must be among"],
    ["flax", { params: 3 }, "params of flax must be an object"],
    ["flax", { batch_stats: { mean: [1] } }, "batch_stats.var of flax must be there"],
    ["pytorch", {}, "weight or bias or running_mean or running_var of pytorch must be there"],
    ["pytorch", { running_mean: [1] }, "running_var of pytorch must be there"],
    ["pytorch", { running_var: [1] }, "running_mean of pytorch must be there"],
    ["pytorch", { ...torch, num_batches_tracked: [1, 2] }, "num_batches_tracked of pytorch"],
    ["pytorch", { ...torch, num_batches_tracked: -1 }, "num_batches_tracked of pytorch"],
    ["pytorch", { ...torch, num_batches_tracked: "1" }, "num_batches_tracked of pytorch"],
    ["pytorch", { ...torch, num_batches_tracked: 1.5 }, "num_batches_tracked of pytorch"],
    ["pytorch", { weight: [1], num_batches_tracked: 3 }, "be absent without statistics, got 3"],
    ["caffe", { BatchNorm: [[1], [1]] }, "BatchNorm.2 of caffe must be there"],
    [
      "caffe",
      { BatchNorm: [[1], [0], [0]] },
      "BatchNorm.0[0] of caffe must be 0 where s is, got 1",
    ],
    [
      "caffe",
      { BatchNorm: [[0], [1], [0]] },
      "BatchNorm.1[0] of caffe must be 0 where s is, got 1",
    ],
    ["caffe", { BatchNorm: [[1], [1], [-1]] }, "BatchNorm.2 of caffe must be one finite"],
    ["caffe", { BatchNorm: [[1], [1], [1], [1]] }, "weights of caffe must be among"],
    ["caffe", { BatchNorm: [[1e300], [1], [1e-300]] }, "runningMean[0] of a state"],
  ])("weights for %s like %j", (peer, weights, message) => {
    expect(refused(peer, weights)).toContain(message);
  });

  test("unknown peers", () => {
    for (const peer of ["torch", "toString", "paper", 3] as never[]) {
      const call = [() => fromPeer(peer, good as never), () => toPeer(peer, {} as never)];
      for (const refusal of call) {
        const { message } = expectRefusal("ERR_BATCHNORM_OPTION", refusal);
        expect(message).toContain("pytorch, keras, tfFused, flax, onnx, caffe, darknet");
      }
    }
  });

  test.each<[Peer, unknown, string]>([
    ["keras", null, "options of fromPeer must be an object"],
    ["keras", 3, "options of fromPeer must be an object"],
    ["keras", { momentum: 0.9 }, "an option of fromPeer must be one of settings"],
    ["keras", { updates: 1.5 }, "updates must be an integer ≥ 0"],
    ["keras", { updates: -1 }, "updates must be an integer ≥ 0"],
    ["keras", { valuesPerChannel: 0 }, "valuesPerChannel must be an integer ≥ 1"],
    ["keras", { valuesPerChannel: 1.5 }, "valuesPerChannel must be an integer ≥ 1"],
    ["keras", { name: 3 }, "name must be a string"],
    ["keras", { settings: null }, "settings of keras must be an object"],
    ["keras", { settings: 3 }, "settings of keras must be an object"],
    ["keras", { settings: { eps: 1 } }, "among epsilon, momentum, scale, center"],
    ["keras", { settings: { epsilon: -1 } }, "epsilon of keras must be a finite number ≥ 0"],
    ["keras", { settings: { epsilon: "1" } }, "epsilon of keras must be a finite number ≥ 0"],
    ["keras", { settings: { epsilon: Number.POSITIVE_INFINITY } }, "epsilon of keras"],
    ["keras", { settings: { momentum: null } }, "momentum of keras must lie in [0, 1], got null"],
    ["keras", { settings: { momentum: 1.1 } }, "momentum of keras must lie in [0, 1]"],
    ["keras", { settings: { momentum: -0.1 } }, "momentum of keras must lie in [0, 1]"],
    ["keras", { settings: { scale: false } }, "scale of keras must be true"],
    ["darknet", { settings: { epsilon: 1 } }, "a setting of darknet must be among none"],
  ])("options for %s like %j", (peer, options, message) => {
    const weights =
      peer === "keras"
        ? good
        : { scales: [1], biases: [1], rolling_mean: [1], rolling_variance: [1] };
    const call = () => fromPeer(peer, weights as never, options as never);
    expect(expectRefusal("ERR_BATCHNORM_OPTION", call).message).toContain(message);
  });

  test("a setting that is undefined is none", () => {
    const settings = { momentum: undefined } as never;
    expect(fromPeer("keras", good, { settings }).state.momentum).toBe(0.99);
  });

  test("PyTorch's momentum may be null, and says so", () => {
    const call = () => fromPeer("pytorch", torch, { settings: { momentum: 2 } });
    expect(expectRefusal("ERR_BATCHNORM_OPTION", call).message).toContain("or be null, got 2");
  });

  test("states that a peer cannot hold", () => {
    const { state } = fromPeer("pytorch", { weight: [1], bias: [2] });
    for (const peer of peers.filter((name) => name !== "pytorch")) {
      const { message } = expectRefusal("ERR_BATCHNORM_STATE", () => toPeer(peer, state));
      expect(message).toContain(`${peer} has no layer without`);
    }
    const still = fromPeer("keras", { ...good, moving_variance: [1, 0] }).state;
    const { message } = expectRefusal("ERR_BATCHNORM_STATE", () =>
      toPeer("darknet", { ...still, epsilon: 0 }),
    );
    expect(message).toContain("runningVariance[1] + epsilon");
    expectRefusal("ERR_BATCHNORM_STATE", () => toPeer("keras", { version: 1 } as never));
  });
});
