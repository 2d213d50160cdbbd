import * as math from "@batchnorm/core";
import { features, type ReplicaPart, type Subject, type SubjectLayer } from "./subject.ts";

/** core's functions and class, or what stands in for some of them. */
export type Mathematics = typeof math;

/** `@batchnorm/core` itself, and the pattern for a subject of one's own. */
export const core: Subject = subjectOf("@batchnorm/core", math);

/** A subject made of core's mathematics, some of it replaced: `{ ...core, ...faster }`. */
export function subjectOf(name: string, math: Mathematics): Subject {
  const {
    BatchNorm,
    addRelu,
    backwardInference,
    backwardTraining,
    backwardTwice,
    computeMoments,
    foldAfter,
    foldBefore,
    forwardByMoments,
    forwardTraining,
    layoutOf,
    mergeMoments,
    populationStatistics,
    reluGradient,
    replicaInputGradient,
    replicaSums,
    statisticsGradients,
  } = math;
  return {
    name,
    // Training whole models is a host's.
    supports: features.filter((feature) => feature !== "fit"),
    create(options, shape): SubjectLayer {
      const { axis = -1 } = options;
      const layer = new BatchNorm(layoutOf(shape, axis).channels, options);
      return {
        forward: (x, shape, request) => layer.forward(x, shape, request),
        backward: (dy) => layer.backward(dy),
        state: () => layer.toState(),
        load: (state) => layer.loadState(state),
      };
    },
    fold({ inputs, outputs, ...dense }, state, where) {
      const layer = { kind: "dense", ...dense, shape: [outputs, inputs], outputAxis: 0 } as const;
      const folded = where === "after" ? foldAfter(layer, state) : foldBefore(layer, state);
      return { ...folded, inputs, outputs };
    },
    foldConvolution: (layer, state, where) =>
      where === "after" ? foldAfter(layer, state) : foldBefore(layer, state),
    population(batches, channels, estimator) {
      const moments = batches.map((batch) =>
        computeMoments(batch, layoutOf([batch.length / channels, channels])),
      );
      return populationStatistics(moments, estimator);
    },
    replicas(parts, parameters) {
      const layouts = parts.map(({ shape }) => layoutOf(shape));
      const all = <T>(run: (part: ReplicaPart, i: number) => T): T[] => parts.map(run);
      const layout = (i: number) => layouts[i] as (typeof layouts)[number];
      const moments = all(({ x }, i) => computeMoments(x, layout(i))).reduce((a, b) =>
        mergeMoments(a, b),
      );
      const y = all(({ x }, i) => forwardByMoments(x, layout(i), moments, parameters));
      const local = all(({ x, dy }, i) => replicaSums(dy, x, layout(i), moments, parameters));
      const add = (key: keyof math.GradientSums): Float64Array =>
        local
          .map((sums) => sums[key])
          .reduce((a, b) => a.map((value, c) => value + (b[c] as number)));
      const total = { dgamma: add("dgamma"), dbeta: add("dbeta") };
      const dx = all(({ x, dy }, i) =>
        replicaInputGradient(dy, x, layout(i), moments, total, parameters),
      );
      return { y, dx, ...total };
    },
    secondOrder(v, dy, x, shape, { axis, ...parameters }) {
      const layout = layoutOf(shape, axis);
      return backwardTwice(v, dy, x, layout, computeMoments(x, layout), parameters);
    },
    statisticsGradients(dy, x, shape, { axis, mean, variance, ...parameters }) {
      const statistics = { mean, variance };
      const gradients = backwardInference(dy, x, layoutOf(shape, axis), statistics, parameters);
      return statisticsGradients(gradients, statistics, parameters);
    },
    addRelu(x, z, dy, shape, { axis, ...parameters }) {
      const layout = layoutOf(shape, axis);
      const { y: normalized, moments } = forwardTraining(x, layout, parameters);
      const y = addRelu(normalized, z);
      const dz = reluGradient(dy, y);
      return { y, dz, ...backwardTraining(dz, x, layout, moments, parameters) };
    },
  };
}
