import { type FloatArray, refuse } from "@batchnorm/core";
import { requireFloats } from "@batchnorm/core/checks";
import { inputOf, outputOf } from "./dataset.ts";
import type { Executor } from "./executor.ts";
import { newFloats, readMatrix } from "./parameters.ts";
import { gradientOf, type Plan, type PlannedConnection, type PlannedLayer } from "./plan.ts";
import { readBatch, requireSamples, stage, writeBatch } from "./samples.ts";

/** What is to be differentiated: the loss for targets, or Σ upstream · y; [count, outputs]. */
export type GradientsOf =
  | { readonly targets: FloatArray; readonly upstream?: undefined }
  | { readonly upstream: FloatArray; readonly targets?: undefined };

export interface LayerGradients {
  /** One per connection, in the graph's order: [units, source units]; empty for an identity. */
  readonly weights: readonly FloatArray[];
  /** Null without a bias. */
  readonly bias: FloatArray | null;
  /** Null without Batch Normalization; there also where gamma does not learn. */
  readonly dgamma: FloatArray | null;
  readonly dbeta: FloatArray | null;
}

export interface NetworkGradients {
  /** The mean loss; NaN of upstream gradients. */
  readonly loss: number;
  /** [count, inputs]. */
  readonly dx: FloatArray;
  readonly layers: readonly LayerGradients[];
  /** [count, outputs]. */
  readonly y: FloatArray;
}

/** As `Network.gradients`. */
export function differentiate(
  executor: Executor,
  x: FloatArray,
  count: number,
  { targets, upstream }: GradientsOf,
): NetworkGradients {
  const { plan } = executor;
  const { batchSize, type } = plan.options;
  requireSamples(plan, x, count);
  if (count < 1 || count > batchSize) {
    refuse("ERR_BATCHNORM_SHAPE", `count must be an integer from 1 to ${batchSize}`, count);
  }
  const [input, output] = [inputOf(plan), outputOf(plan)];
  const given = upstream ?? (targets as FloatArray);
  requireFloats(upstream ? "upstream" : "targets", given, count * output.units);
  stage(executor, x, count);
  writeBatch(executor, upstream ? output.gradient : plan.targets, output.units, count, given);
  const loss = executor.differentiate(count, upstream !== undefined);
  const y = newFloats(type, count * output.units);
  const dx = newFloats(type, count * input.units);
  readBatch(executor, output.activations, output.units, count, y);
  readBatch(executor, input.gradient, input.units, count, dx);
  return { loss, dx, y, layers: plan.layers.map((layer) => ofLayer(executor, layer)) };
}

function ofLayer(
  { plan, block }: Executor,
  { connections, units, bias, batchNorm }: PlannedLayer,
): LayerGradients {
  const { size } = plan.grain;
  const { type } = plan.options;
  const read = (parameter: number, rows: number, columns: number, row: number): FloatArray => {
    const out = newFloats(type, rows * columns);
    const offset = gradientOf(plan, parameter) / size;
    readMatrix(block.values, { offset, rows, columns, stride: row / size }, out);
    return out;
  };
  const weights = [...connections]
    .sort((a, b) => a.index - b.index)
    .map((connection) =>
      read(
        connection.weights,
        rowsOf(connection, units),
        widthOf(plan, connection),
        connection.row,
      ),
    );
  const vector = (parameter: number): FloatArray => read(parameter, 1, units, 0);
  return {
    weights,
    bias: bias ? vector(bias) : null,
    dgamma: batchNorm && vector(batchNorm.gamma),
    dbeta: batchNorm && vector(batchNorm.beta),
  };
}

const rowsOf = ({ kind }: PlannedConnection, units: number): number =>
  kind === "dense" ? units : 0;

const widthOf = ({ places }: Plan, { from }: PlannedConnection): number =>
  (places[from] as { units: number }).units;
