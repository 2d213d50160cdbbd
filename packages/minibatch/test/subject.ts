import type { Feature, Subject, SubjectLayer } from "@batchnorm/conformance";
import { type FloatArray, refuse } from "@batchnorm/core";
import { Network, type NumberType } from "@batchnorm/minibatch";

/**
 * What one BN layer of units can be asked for; of tensors of a higher rank, the rows are its samples. An
 * engine of fixed size has no other axis, no empty batch and no virtual ones; its Batch Normalization has
 * running statistics, and they normalize whenever it does not train.
 */
const supports: readonly Feature[] = [
  "rank",
  "affine",
  "gradient",
  "unbiased",
  "first-batch",
  "debiased",
  "cumulative",
  "frozen",
  "non-finite-throw",
  "non-finite-skip",
  "non-finite-propagate",
  "single-value",
];

/** The most samples of a case. */
const batchSize = 1024;

/** A network of one BN layer between identities, as the suite drives it. */
export const engineSubject = (type: NumberType, name: string): Subject => ({
  name,
  supports: type === "float64" ? [...supports, "float64"] : supports,
  create(options, shape): SubjectLayer {
    const { axis: _last, ...own } = options;
    const units = shape.at(-1) as number;
    const net = new Network(
      {
        inputs: units,
        layers: [{ units, connections: [{ from: 0, kind: "identity" }], batchNorm: own }],
      },
      { type, batchSize },
    );
    let last: { x: FloatArray; count: number; training: boolean } | null = null;
    const rowsOf = (given: readonly number[]): number => {
      if (given.at(-1) === units) return given.slice(0, -1).reduce((a, b) => a * b, 1);
      const rule = `shape must have ${units} channels on its last axis`;
      return refuse("ERR_BATCHNORM_SHAPE", rule, given);
    };
    return {
      forward(x, given, { training }) {
        const count = rowsOf(given);
        if (!training) {
          last = { x: x.slice(), count, training };
          return net.predict(x, count);
        }
        // A step at rate 0 learns nothing, and lets the batch enter; y comes from a pass of its own.
        const before = net.snapshot();
        const { y } = net.gradients(x, count, { upstream: new Float64Array(x.length) });
        const data = net.load(x, new Float64Array(x.length), count);
        try {
          net.step(
            data,
            Uint32Array.from({ length: count }, (_, i) => i),
            0,
            count,
            0,
          );
        } catch (error) {
          net.restore(before);
          throw error;
        } finally {
          data.free();
        }
        last = { x: x.slice(), count, training };
        return y;
      },
      backward(dy) {
        if (!last) throw new Error("no forward pass yet");
        const { x, count, training } = last;
        const frozen = net.isFrozen(1);
        if (!training) net.freeze(1, true);
        const { dx, layers } = net.gradients(x, count, { upstream: dy });
        net.freeze(1, frozen);
        const { gamma, beta } = net.batchNormState(1);
        const dgamma = gamma && (layers[0]?.dgamma ?? null);
        const dbeta = beta && (layers[0]?.dbeta ?? null);
        return { dx, dgamma, dbeta };
      },
      state: () => net.batchNormState(1),
      load: (state) => net.loadBatchNormState(1, state),
      dispose: () => net.dispose(),
    };
  },
});
