import type { Feature, Subject, SubjectLayer } from "@batchnorm/conformance";
import { type BatchNormState, type FloatArray, refuse } from "@batchnorm/core";
import { createBatchNorm, type Network } from "@batchnorm/synaptic";
import synaptic from "synaptic";
import { Engine } from "../src/engine.ts";

const { BatchNormLayer, BatchTrainer, ...api } = createBatchNorm(synaptic);

/**
 * What a layer of neurons can be asked for; of tensors of a higher rank, the rows are its samples. Data that
 * are not finite never reach it: BatchTrainer refuses the sample, and no policy is asked.
 */
const supports: readonly Feature[] = [
  "float64",
  "rank",
  "affine",
  "gradient",
  "unbiased",
  "first-batch",
  "debiased",
  "cumulative",
  "frozen",
  "non-finite-throw",
  "single-value",
];

/**
 * One layer of Batch Normalization in a network, as a user has it: trained by BatchTrainer, at rate 0, which
 * shows what it gave to whoever asks for a cost. Its gradients are those of the matrices that the network is
 * read into, which BatchTrainer steps along.
 *
 * @param infer - How the network is asked at inference.
 */
export const layerSubject = (
  name: string,
  infer: (network: Network, rows: number[][]) => number[][],
): Subject => ({
  name,
  supports,
  create(options, shape): SubjectLayer {
    const { axis: _last, ...own } = options;
    const units = shape.at(-1) as number;
    const input = new synaptic.Layer(units);
    const output = new BatchNormLayer(units, own).after(input);
    const network = new synaptic.Network({ input, hidden: [], output });
    let last: { x: FloatArray; training: boolean } | null = null;
    const state = (): BatchNormState => api.batchNormStates(network)[0] as BatchNormState;

    const rowsOf = (x: FloatArray, given: readonly number[]): number[][] => {
      if (given.at(-1) !== units) {
        const rule = `shape must have ${units} channels on its last axis`;
        refuse("ERR_BATCHNORM_SHAPE", rule, given);
      }
      const rows = Array.from({ length: x.length / units });
      return rows.map((_, i) => Array.from(x.subarray(i * units, (i + 1) * units)));
    };
    /** Trains on one batch; gives what the network gave. */
    const step = (rows: number[][]): number[][] => {
      const set = rows.map((row) => ({ input: row, output: [...row] }));
      const outputs = new Map<unknown, number[]>();
      new BatchTrainer(network).train(set, {
        ...{ iterations: 1, error: 0, shuffle: false, rate: 0, batchSize: rows.length },
        cost(target, y) {
          outputs.set(target, Array.from(y));
          return 1;
        },
      });
      return set.map(({ output }) => outputs.get(output) as number[]);
    };
    return {
      forward(x, given, { training }) {
        const rows = rowsOf(x, given);
        const y = training ? step(rows) : infer(network, rows);
        last = { x: x.slice(), training };
        return Float64Array.from(y.flat());
      },
      backward(dy) {
        if (!last) throw new Error("no forward pass yet");
        const { x, training } = last;
        const count = x.length / units;
        const engine = Engine.of(synaptic, network, count);
        const frozen = output.frozen || !training;
        engine.network.freeze(1, frozen);
        const { dx, layers } = engine.network.gradients(Float64Array.from(x), count, {
          upstream: Float64Array.from(dy),
        });
        engine.dispose();
        const { gamma, beta } = state();
        const dgamma = gamma && (layers[0]?.dgamma ?? null);
        const dbeta = beta && (layers[0]?.dbeta ?? null);
        return { dx, dgamma, dbeta };
      },
      state,
      load: (loaded) => api.loadBatchNormStates(network, [loaded]),
    };
  },
});
