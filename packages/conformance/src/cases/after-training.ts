import type { BatchNormState } from "@batchnorm/core";
import type { Case } from "../case.ts";
import { reference } from "../reference.ts";
import { inputs, samples } from "../samples.ts";
import type { DenseWeights, Subject } from "../subject.ts";
import { expectNumbers } from "../tolerance.ts";
import { forGradients, forStatistics, plain, withLayer } from "./ask.ts";

const [inputsOfDense, outputsOfDense] = [3, 2];

/** A dense layer, by hand. */
function dense({ weights, bias, inputs, outputs }: DenseWeights, x: ArrayLike<number>): number[] {
  const rows = x.length / inputs;
  return Array.from({ length: rows * outputs }, (_, at) => {
    const [row, o] = [Math.floor(at / outputs), at % outputs];
    let sum = bias[o] as number;
    for (let i = 0; i < inputs; i++) {
      sum += (weights[o * inputs + i] as number) * (x[row * inputs + i] as number);
    }
    return sum;
  });
}

const stateOf = (subject: Subject, channels: number): Promise<BatchNormState> =>
  withLayer(subject, plain, [4, channels], async (layer) => ({
    ...(await layer.state()),
    updates: 4,
    weight: 1 - 0.9 ** 4,
    gamma: Array.from(samples(80, channels)),
    beta: Array.from(samples(81, channels)),
    runningMean: Array.from(samples(82, channels, 3)),
    runningVariance: Array.from(samples(83, channels), (value) => value ** 2 + 0.1),
  }));

const fold = (where: "after" | "before"): Case => ({
  id: `fold/${where}`,
  title: `BN-9.1 a layer ${where} a dense one folds into it, and the outputs stay`,
  clause: "BN-9.1",
  requires: ["fold"],
  async run(subject) {
    const channels = where === "after" ? outputsOfDense : inputsOfDense;
    const state = await stateOf(subject, channels);
    const layer: DenseWeights = {
      weights: inputs(subject, samples(84, 6)),
      bias: inputs(subject, samples(85, 2)),
      inputs: inputsOfDense,
      outputs: outputsOfDense,
    };
    const x = inputs(subject, samples(86, 12));
    const normalize = (values: ArrayLike<number>): number[] => {
      const statistics = { mean: state.runningMean ?? [], variance: state.runningVariance ?? [] };
      const { gamma, beta, epsilon } = state;
      return reference(values, [4, channels], { gamma, beta, epsilon, statistics }).y;
    };
    const expected = where === "after" ? normalize(dense(layer, x)) : dense(layer, normalize(x));
    const folded = await subject.fold?.(layer, state, where);
    const received = folded ? dense(folded, x) : null;
    expectNumbers("the folded layer's output", received, expected, forGradients(subject));
  },
});

const batches = (subject: Subject) =>
  [3, 1, 6].map((rows, i) => inputs(subject, samples(90 + i, 2 * rows, 5 * i, 1 + i)));

const population = (estimator: "biased" | "unbiased"): Case => ({
  id: `population/${estimator}`,
  title: `BN-10.1 ${estimator} population statistics are those of all values together`,
  clause: "BN-10.1",
  requires: ["population"],
  async run(subject) {
    const parts = batches(subject);
    const all = parts.flatMap((part) => Array.from(part));
    const { mean, variance, m } = reference(all, [m0(all), 2], { epsilon: 0 });
    const factor = estimator === "unbiased" ? m / (m - 1) : 1;
    const received = await subject.population?.(parts, 2, estimator);
    expectNumbers("mean", received?.mean, mean, forStatistics(subject));
    expectNumbers(
      "variance",
      received?.variance,
      variance.map((v) => v * factor),
      forStatistics(subject),
    );
  },
});
const m0 = (values: readonly number[]): number => values.length / 2;

export const afterTraining: readonly Case[] = [
  fold("after"),
  fold("before"),
  population("biased"),
  population("unbiased"),
  {
    id: "population/algorithm-2",
    title: "BN-10.2 Algorithm 2 averages the batches' means and unbiased variances",
    clause: "BN-10.2",
    requires: ["population"],
    async run(subject) {
      const parts = batches(subject).filter((part) => part.length > 2);
      const results = parts.map((part) => reference(part, [part.length / 2, 2], { epsilon: 0 }));
      const average = (of: (result: (typeof results)[number], c: number) => number): number[] =>
        [0, 1].map((c) => results.reduce((sum, r) => sum + of(r, c), 0) / results.length);
      const received = await subject.population?.(parts, 2, "algorithm-2");
      const mean = average((r, c) => r.mean[c] as number);
      const variance = average((r, c) => ((r.variance[c] as number) * r.m) / (r.m - 1));
      expectNumbers("mean", received?.mean, mean, forStatistics(subject));
      expectNumbers("variance", received?.variance, variance, forStatistics(subject));
    },
  },
];
