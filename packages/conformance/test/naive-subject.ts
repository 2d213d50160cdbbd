// A second implementation, written from the contract alone and as plainly as can be; and the ways to
// get it wrong. Without a mistake it keeps the contract; with one, the suite must notice.

import type { ForwardRequest, Gradients, Subject, SubjectLayer } from "@batchnorm/conformance";
import type { BatchNormOptions, BatchNormState, FloatArray } from "@batchnorm/core";

/** Each plausible mistake, and a clause that catches it. */
export const mistakes = {
  "momentum weighs the new value": "BN-3.1",
  "the batch is normalized by the unbiased variance": "BN-2.1",
  "epsilon stands outside the root": "BN-2.2",
  "epsilon is forgotten at inference": "BN-3.2",
  "beta is scaled by gamma": "BN-2.3",
  "gamma 0 counts as none": "BN-2.3",
  "the axis is read as the last": "BN-1.1",
  "the variance is E[x²] − E[x]²": "BN-2.6",
  "sums are kept in float32": "BN-2.6",
  "the mean is rounded before it is subtracted": "BN-2.6",
  "the input is written over": "BN-2.7",
  "the running statistics are updated first, and normalize": "BN-3.11",
  "inference goes by the batch": "BN-3.2",
  "inference moves the running statistics": "BN-3.2",
  "mean and variance are swapped at inference": "BN-3.2",
  "the running variance is always biased": "BN-3.3",
  "the running variance is always unbiased": "BN-3.1",
  "every start is zero-one": "BN-3.5",
  "the debiased weight is not loaded": "BN-3.6",
  "the debiased average divides by the count's power": "BN-3.6",
  "a cumulative average weighs by size": "BN-3.7",
  "a NaN batch is not noticed": "BN-3.8",
  "a NaN batch throws after it entered": "BN-3.8",
  "a NaN batch is skipped in its channel alone": "BN-3.9",
  "a skipped batch is counted": "BN-3.9",
  "dx has no path through the mean": "BN-4.1",
  "dx has no path through the variance": "BN-4.1",
  "dx forgets gamma": "BN-4.1",
  "dgamma is not divided by the deviation": "BN-4.1",
  "dbeta is an average": "BN-4.1",
  "a frozen layer moves": "BN-5.1",
  "a frozen layer goes by the batch": "BN-5.1",
  "inference's gradient goes through the batch": "BN-5.2",
  "the mask is multiplied": "BN-6.2",
  "the mask is ignored": "BN-6.1",
  "masked positions pass no gradient": "BN-6.3",
  "dbeta leaves masked positions out": "BN-6.3",
  "an all-masked batch counts": "BN-6.4",
  "any number is a mask": "BN-6.6",
  "statistics are not part of the state": "BN-7.1",
  "epsilon and momentum are not loaded": "BN-7.1",
  "the weight is never counted": "BN-3.1",
  "backward moves the running statistics again": "BN-4.6",
  "the state is the layer's own memory": "BN-7.2",
  "a bad state is loaded": "BN-7.3",
  "a bad state is loaded in part": "BN-7.3",
  "one value per channel goes unnoticed": "BN-8.1",
  "an empty batch is counted": "BN-8.2",
  "momentum is not checked": "BN-8.4",
  "another number of channels is reshaped": "BN-8.5",
  "folding leaves the bias unscaled": "BN-9.1",
  "folding before is folding after": "BN-9.1",
  "population variance is the mean of variances": "BN-10.1",
  "Algorithm 2 averages biased variances": "BN-10.2",
  "replicas' means are averaged unweighted": "BN-10.3",
  "replicas take dx from their own sums": "BN-10.3",
} as const;

export type Mistake = keyof typeof mistakes;

interface Averages {
  mean: number[];
  variance: number[];
  updates: number;
  weight: number;
  m: number | null;
}

interface Pass {
  readonly x: number[];
  readonly channelOf: (i: number) => number;
  readonly positionOf: (i: number) => number;
  readonly mask: ArrayLike<number> | null;
  readonly m: number;
  readonly mean: readonly number[];
  /** What the rounding of the mean left out. */
  readonly low: readonly number[];
  readonly r: readonly number[];
  readonly byBatch: boolean;
}

const defaults = {
  axis: -1,
  momentum: 0.9 as number | "cumulative",
  epsilon: 1e-5,
  start: "zero-one",
  varianceEstimator: "biased",
  center: true,
  scale: true,
  trainable: true,
  onNonFinite: "throw",
  onSingleValue: "throw",
  trackRunningStatistics: true,
  useBatchStatistics: false,
  name: "naive",
};

class Naive implements SubjectLayer {
  readonly #options: typeof defaults;
  readonly #is: (mistake: Mistake) => boolean;
  readonly #channels: number;
  #gamma: number[] | null;
  #beta: number[] | null;
  #running: Averages;
  #last: Pass | null = null;

  constructor(
    options: BatchNormOptions,
    shape: readonly number[],
    is: (mistake: Mistake) => boolean,
  ) {
    for (const key of Object.keys(options)) {
      if (!(key in defaults)) throw new Error(`unknown option ${key}`);
    }
    this.#options = { ...defaults, ...options } as typeof defaults;
    this.#is = is;
    const { momentum, epsilon, axis, start } = this.#options;
    const bounded =
      momentum === "cumulative" ||
      (momentum >= 0 && momentum <= (start === "debiased" ? 0.999999 : 1));
    if (!bounded && !is("momentum is not checked")) throw new Error(`momentum ${momentum}`);
    if (!(epsilon >= 0 && epsilon < Infinity)) throw new Error(`epsilon ${epsilon}`);
    const at = axis < 0 ? axis + shape.length : axis;
    if (!(at in shape)) throw new Error(`axis ${axis}`);
    this.#channels = shape[is("the axis is read as the last") ? shape.length - 1 : at] as number;
    const filled = (value: number): number[] => new Array<number>(this.#channels).fill(value);
    this.#gamma = this.#options.scale ? filled(1) : null;
    this.#beta = this.#options.center ? filled(0) : null;
    this.#running = { mean: filled(0), variance: filled(1), updates: 0, weight: 0, m: null };
  }

  forward(
    given: FloatArray,
    shape: readonly number[],
    { training, mask }: ForwardRequest,
  ): FloatArray {
    const { axis, epsilon, trainable, trackRunningStatistics, useBatchStatistics } = this.#options;
    const last = this.#is("the axis is read as the last");
    const at = last ? shape.length - 1 : axis < 0 ? axis + shape.length : axis;
    if (shape[at] !== this.#channels && !this.#is("another number of channels is reshaped")) {
      throw new Error(`${shape[at]} channels`);
    }
    const inner = shape.slice(at + 1).reduce((a, b) => a * b, 1);
    const channelOf = (i: number): number => Math.floor(i / inner) % this.#channels;
    const positionOf = (i: number): number =>
      Math.floor(i / (inner * this.#channels)) * inner + (i % inner);
    const positions = given.length / this.#channels;
    if (mask && !this.#is("any number is a mask")) {
      if (mask.length !== positions || mask.some((w) => w > 1)) throw new Error("mask");
    }
    const x = Array.from(given);
    const learning = training && (trainable || this.#is("a frozen layer moves"));
    const goes = training && (trainable || this.#is("a frozen layer goes by the batch"));
    const byBatch =
      goes ||
      useBatchStatistics ||
      !trackRunningStatistics ||
      this.#is("inference goes by the batch");
    if (learning && epsilon === 0) throw new Error("epsilon 0");

    const hides = mask && !this.#is("the mask is ignored") ? mask : null;
    const weighs = (i: number): number => (hides ? (hides[positionOf(i)] as number) : 1);
    const { mean, low, variance, m } = this.#measure(x, channelOf, weighs, hides !== null);
    const single = m === 1 && this.#options.onSingleValue === "throw";
    if (byBatch && single && !this.#is("one value per channel goes unnoticed"))
      throw new Error("one value");

    const enters =
      (learning || (this.#is("inference moves the running statistics") && !training)) &&
      trackRunningStatistics &&
      (m > 0 ||
        this.#is("an empty batch is counted") ||
        (this.#is("an all-masked batch counts") && x.length > 0));
    if (enters) this.#enter(mean, variance, m);

    const unbiased = this.#is("the batch is normalized by the unbiased variance") && m > 1;
    const own = { mean, variance: unbiased ? variance.map((v) => (v * m) / (m - 1)) : variance };
    const first = this.#is("the running statistics are updated first, and normalize");
    const used = byBatch && !first ? own : this.#running;
    const rests = byBatch && !first ? low : low.map(() => 0);
    const swapped = this.#is("mean and variance are swapped at inference") && !byBatch;
    const [centers, variances] = swapped
      ? [used.variance, used.mean.map(Math.abs)]
      : [used.mean, used.variance];
    const guard = this.#is("epsilon is forgotten at inference") && !byBatch ? 0 : epsilon;
    const r = variances.map((v) =>
      byBatch && m === 0
        ? 0
        : this.#is("epsilon stands outside the root")
          ? 1 / (Math.sqrt(v) + guard)
          : 1 / Math.sqrt(v + guard),
    );
    this.#last = {
      x,
      channelOf,
      positionOf,
      mask: hides,
      m,
      mean: centers,
      low: rests,
      r,
      byBatch,
    };
    const y = given.slice();
    for (const [i, value] of x.entries()) {
      const c = channelOf(i);
      const centered = value - (centers[c] as number) - (rests[c] as number);
      const xHat = byBatch && m === 0 ? 0 : centered * (r[c] as number);
      y[i] = this.#affine(xHat, c);
    }
    if (this.#is("the input is written over")) given.set(y);
    return y;
  }

  #affine(xHat: number, c: number): number {
    const [given, beta] = [this.#gamma?.[c] ?? 1, this.#beta?.[c] ?? 0];
    const gamma = this.#is("gamma 0 counts as none") ? given || 1 : given;
    return this.#is("beta is scaled by gamma") ? gamma * (xHat + beta) : gamma * xHat + beta;
  }

  /** Shifted by the first value that counts, and corrected for what rounding left of the mean. */
  #measure(
    x: number[],
    channelOf: (i: number) => number,
    weighs: (i: number) => number,
    masked: boolean,
  ) {
    const round = this.#is("sums are kept in float32") ? Math.fround : (value: number) => value;
    const groups: number[][] = Array.from({ length: this.#channels }, () => []);
    for (const [i, value] of x.entries()) {
      if (masked && this.#is("the mask is multiplied"))
        groups[channelOf(i)]?.push(value * weighs(i));
      else if (weighs(i) !== 0) groups[channelOf(i)]?.push(value);
    }
    const m = groups[0]?.length ?? 0;
    const average = (values: number[]): number =>
      values.length === 0 ? 0 : round(values.reduce((a, b) => round(a + b), 0)) / values.length;
    if (this.#is("the variance is E[x²] − E[x]²")) {
      const mean = groups.map(average);
      return {
        m,
        mean,
        low: mean.map(() => 0),
        variance: groups.map((g, c) => average(g.map((v) => v * v)) - (mean[c] as number) ** 2),
      };
    }
    const statistics = groups.map((group) => {
      const shift = this.#is("sums are kept in float32") ? 0 : (group[0] ?? 0);
      const rough = shift + average(group.map((value) => value - shift));
      const rest = average(group.map((value) => value - rough));
      const low = this.#is("the mean is rounded before it is subtracted") ? 0 : rest;
      return { mean: rough, low, variance: average(group.map((v) => (v - rough - rest) ** 2)) };
    });
    return {
      m,
      mean: statistics.map((s) => s.mean),
      low: statistics.map((s) => s.low),
      variance: statistics.map((s) => s.variance),
    };
  }

  #enter(mean: number[], biased: number[], m: number): void {
    const { onNonFinite, varianceEstimator, momentum, start } = this.#options;
    const running = this.#running;
    const wanted = this.#is("the running variance is always biased")
      ? "biased"
      : this.#is("the running variance is always unbiased")
        ? "unbiased"
        : varianceEstimator;
    const variance = biased.map((v) => (wanted === "unbiased" ? (v * m) / Math.max(m - 1, 1) : v));
    const bad = mean.map((value, c) => !Number.isFinite(value + (variance[c] as number)));
    const refused = bad.some(Boolean) && !this.#is("a NaN batch is not noticed");
    const late = this.#is("a NaN batch throws after it entered");
    if (refused && onNonFinite === "throw" && !late) throw new Error("not finite");
    const skips = refused && onNonFinite === "skip";
    const channelwise = this.#is("a NaN batch is skipped in its channel alone");
    if (skips && this.#is("a skipped batch is counted")) running.updates++;
    if (skips && !channelwise) return;

    const t = running.updates;
    const from = this.#is("every start is zero-one") ? "zero-one" : start;
    let keep = momentum === "cumulative" ? t / (t + 1) : momentum;
    if (momentum === "cumulative" && this.#is("a cumulative average weighs by size")) {
      const seen = running.weight;
      keep = seen / (seen + m);
      running.weight = seen + m;
    } else {
      if (this.#is("momentum weighs the new value") && momentum !== "cumulative") keep = 1 - keep;
      if (from === "first-batch" && t === 0 && momentum !== "cumulative") keep = 0;
      const decay = keep;
      const next = decay * running.weight + (1 - decay);
      if (from === "debiased" && momentum !== "cumulative") {
        keep = (decay * running.weight) / next;
        if (this.#is("the debiased average divides by the count's power"))
          keep = decay * (1 - decay ** t);
      }
      running.weight = next;
    }
    for (let c = 0; c < this.#channels; c++) {
      if (skips && bad[c]) continue;
      const mix = (old: number, value: number): number =>
        keep === 0 ? value : keep * old + (1 - keep) * value;
      running.mean[c] = mix(running.mean[c] as number, mean[c] as number);
      running.variance[c] = mix(running.variance[c] as number, variance[c] as number);
    }
    running.m = t === 0 || running.m === m ? m : null;
    running.updates++;
    if (refused && onNonFinite === "throw" && late) throw new Error("not finite");
  }

  backward(dy: FloatArray): Gradients {
    if (!this.#last) throw new Error("no forward");
    const { x, channelOf, positionOf, mask, m, mean, low, r, byBatch } = this.#last;
    const [sums, products] = [0, 0].map(() => new Float64Array(this.#channels)) as [
      Float64Array,
      Float64Array,
    ];
    const xHat = x.map((v, i) => {
      const c = channelOf(i);
      return (v - (mean[c] as number) - (low[c] as number)) * (r[c] as number);
    });
    const counts = (i: number): boolean => !mask || mask[positionOf(i)] === 1;
    for (const [i, g] of dy.entries()) {
      const c = channelOf(i);
      if (this.#is("dbeta leaves masked positions out") && !counts(i)) continue;
      sums[c] = (sums[c] as number) + g;
      products[c] = (products[c] as number) + g * (xHat[i] as number);
    }
    if (this.#is("backward moves the running statistics again"))
      this.#enter([...mean], [...mean], m);
    const through = byBatch || this.#is("inference's gradient goes through the batch");
    const values = through && !byBatch ? x.length / this.#channels : m;
    const dx = dy.map((g, i) => {
      const c = channelOf(i);
      const gamma = this.#is("dx forgets gamma") ? 1 : (this.#gamma?.[c] ?? 1);
      if (this.#is("masked positions pass no gradient") && !counts(i)) return 0;
      const byMean = this.#is("dx has no path through the mean") ? 0 : (sums[c] as number);
      const byVariance = this.#is("dx has no path through the variance")
        ? 0
        : (xHat[i] as number) * (products[c] as number);
      const shared = through && counts(i) && values > 0 ? (byMean + byVariance) / values : 0;
      return gamma * (r[c] as number) * (g - shared);
    }) as FloatArray;
    const dgamma = products.map((p, c) =>
      this.#is("dgamma is not divided by the deviation") ? p / (r[c] as number) : p,
    );
    const dbeta = sums.map((s) => (this.#is("dbeta is an average") ? s / Math.max(m, 1) : s));
    return { dx, dgamma, dbeta };
  }

  state(): BatchNormState {
    const { name, epsilon, momentum, varianceEstimator, start, trackRunningStatistics } =
      this.#options;
    const copy = (values: number[] | null): number[] | null =>
      values && (this.#is("the state is the layer's own memory") ? values : [...values]);
    const running = trackRunningStatistics ? this.#running : null;
    return {
      version: 1,
      name,
      channels: this.#channels,
      gamma: copy(this.#gamma),
      beta: copy(this.#beta),
      runningMean: copy(running?.mean ?? null),
      runningVariance: copy(running?.variance ?? null),
      epsilon,
      momentum,
      varianceEstimator,
      start,
      updates: running?.updates ?? 0,
      weight: this.#is("the weight is never counted") ? 0 : (running?.weight ?? 0),
      valuesPerChannel: running?.m ?? null,
      renorm: null,
    } as BatchNormState;
  }

  load(state: BatchNormState): void {
    const numbers = (values: readonly number[] | null): number[] | null => values && [...values];
    const finite = (values: readonly number[] | null): boolean =>
      values === null || (values.length === this.#channels && values.every(Number.isFinite));
    if (this.#is("a bad state is loaded in part")) this.#beta = numbers(state.beta);
    const { gamma, beta, runningMean, runningVariance } = state;
    const good = [gamma, beta, runningMean, runningVariance].every(finite);
    const positive = (runningVariance ?? []).every((v) => v >= 0);
    const tracks = (runningMean !== null) === this.#options.trackRunningStatistics;
    if (
      !(good && positive && tracks && state.channels === this.#channels) &&
      !this.#is("a bad state is loaded")
    ) {
      throw new Error("a malformed state");
    }
    this.#gamma = numbers(gamma);
    this.#beta = numbers(beta);
    if (!this.#is("epsilon and momentum are not loaded")) {
      Object.assign(this.#options, { epsilon: state.epsilon, momentum: state.momentum });
    }
    if (!runningMean || !runningVariance || this.#is("statistics are not part of the state"))
      return;
    const weight = this.#is("the debiased weight is not loaded") ? 0 : state.weight;
    const { updates, valuesPerChannel: m } = state;
    this.#running = { mean: [...runningMean], variance: [...runningVariance], updates, weight, m };
  }
}

/** The subject, with one mistake or none. */
export function naive(mistake: Mistake | null): Subject {
  const is = (other: Mistake): boolean => other === mistake;
  return {
    name: mistake ?? "a naive implementation",
    supports: [
      "float64",
      "axis",
      "rank",
      "affine",
      "gradient",
      "unbiased",
      "first-batch",
      "debiased",
      "cumulative",
      "batch-statistics",
      "frozen",
      "non-finite-throw",
      "non-finite-skip",
      "non-finite-propagate",
      "single-value",
      "empty-batch",
      "mask",
      "fold",
      "population",
      "replicas",
    ],
    create: (options, shape) => new Naive(options, shape, is),
    fold({ weights, bias, inputs, outputs }, state, where) {
      const k = (state.runningVariance ?? []).map(
        (v, c) => (state.gamma?.[c] ?? 1) / Math.sqrt(v + state.epsilon),
      );
      const s = k.map(
        (value, c) => (state.beta?.[c] ?? 0) - (state.runningMean?.[c] as number) * value,
      );
      const after = where === "after" || is("folding before is folding after");
      const at = (o: number, i: number): number => weights[o * inputs + i] as number;
      const folded = weights.map(
        (w, n) => w * (k[after ? Math.floor(n / inputs) : n % inputs] ?? 1),
      );
      const shifted = bias.map((b, o) => {
        if (after)
          return (
            (is("folding leaves the bias unscaled") ? b : b * (k[o] as number)) + (s[o] as number)
          );
        return s.reduce((sum, shift, i) => sum + at(o, i) * shift, b);
      });
      return { weights: folded as FloatArray, bias: shifted as FloatArray, inputs, outputs };
    },
    population(batches, channels, estimator) {
      const columns = (batch: FloatArray, c: number): number[] =>
        Array.from(batch).filter((_, i) => i % channels === c);
      const average = (values: readonly number[]): number =>
        values.reduce((a, b) => a + b, 0) / values.length;
      const spread = (values: number[]): number =>
        average(values.map((v) => (v - average(values)) ** 2));
      const each = (c: number) => batches.map((batch) => columns(batch, c));
      const numbers = Array.from({ length: channels }, (_, c) => c);
      const averaged =
        estimator === "algorithm-2" || is("population variance is the mean of variances");
      const mean = numbers.map((c) =>
        estimator === "algorithm-2" ? average(each(c).map(average)) : average(each(c).flat()),
      );
      const variance = numbers.map((c) => {
        const factor = (n: number): number =>
          estimator === "biased" || is("Algorithm 2 averages biased variances") ? 1 : n / (n - 1);
        if (averaged)
          return average(
            each(c).map((values) => spread(values) * factor(Math.max(2, values.length))),
          );
        const all = each(c).flat();
        return spread(all) * (estimator === "unbiased" ? all.length / (all.length - 1) : 1);
      });
      return { mean: Float64Array.from(mean), variance: Float64Array.from(variance) };
    },
    replicas(parts, { gamma, beta, epsilon }) {
      const channels = gamma.length;
      const of = (values: FloatArray, c: number): number[] =>
        Array.from(values).filter((_, i) => i % channels === c);
      const numbers = Array.from({ length: channels }, (_, c) => c);
      const average = (values: readonly number[]): number =>
        values.reduce((a, b) => a + b, 0) / values.length;
      const filled = parts.filter(({ x }) => x.length > 0);
      const mean = numbers.map((c) =>
        is("replicas' means are averaged unweighted")
          ? average(filled.map(({ x }) => average(of(x, c))))
          : average(parts.flatMap(({ x }) => of(x, c))),
      );
      const r = numbers.map((c) => {
        const all = parts.flatMap(({ x }) => of(x, c));
        return 1 / Math.sqrt(average(all.map((v) => (v - (mean[c] as number)) ** 2)) + epsilon);
      });
      const hat = (x: FloatArray): FloatArray =>
        x.map(
          (v, i) => (v - (mean[i % channels] as number)) * (r[i % channels] as number),
        ) as FloatArray;
      const sums = parts.map(({ x, dy }) => ({
        m: x.length / channels,
        dbeta: numbers.map((c) => of(dy, c).reduce((a, b) => a + b, 0)),
        dgamma: numbers.map((c) =>
          of(dy.map((g, i) => g * (hat(x)[i] as number)) as FloatArray, c).reduce(
            (a, b) => a + b,
            0,
          ),
        ),
      }));
      const total = (key: "dbeta" | "dgamma"): number[] =>
        numbers.map((c) => sums.reduce((a, s) => a + (s[key][c] as number), 0));
      const [dgamma, dbeta] = [total("dgamma"), total("dbeta")];
      const m = sums.reduce((a, s) => a + s.m, 0);
      const dx = parts.map(({ x, dy }, part) => {
        const own = is("replicas take dx from their own sums") ? sums[part] : undefined;
        const from = own ?? { m, dgamma, dbeta };
        const xHat = hat(x);
        return dy.map((g, i) => {
          const c = i % channels;
          const shared =
            ((from.dbeta[c] as number) + (xHat[i] as number) * (from.dgamma[c] as number)) / from.m;
          return (gamma[c] as number) * (r[c] as number) * (g - shared);
        }) as FloatArray;
      });
      const y = parts.map(
        ({ x }) =>
          hat(x).map(
            (v, i) => v * (gamma[i % channels] as number) + (beta[i % channels] as number),
          ) as FloatArray,
      );
      return { y, dx, dgamma: Float64Array.from(dgamma), dbeta: Float64Array.from(dbeta) };
    },
  };
}
