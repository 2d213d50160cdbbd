import { refuse } from "@batchnorm/core";
import { Engine } from "./engine.ts";
import type { NetworkLike, Synaptic } from "./host.ts";

/** Samples that are computed at once, at most. */
const batchSize = 256;

/**
 * What `network.activate` gives for each of many inputs: at once, and without generated code. A value that
 * is not finite gives what it gives there.
 *
 * @param inputs - A row of numbers each.
 * @returns as many rows of outputs.
 * @throws {BatchNormError} as BatchTrainer for the network; `ERR_BATCHNORM_SHAPE` naming the sample of
 * another size, `ERR_BATCHNORM_DTYPE` what is no row.
 */
export function predictBatch(
  synaptic: Synaptic,
  like: NetworkLike,
  inputs: readonly ArrayLike<number>[],
): number[][] {
  const engine = Engine.of(synaptic, like, batchSize);
  try {
    const { network } = engine;
    const outputs = network.predict(flat(inputs, network.inputs), inputs.length);
    const width = network.outputs;
    return inputs.map((_, i) => Array.from(outputs.subarray(i * width, (i + 1) * width)));
  } finally {
    engine.dispose();
  }
}

function flat(inputs: readonly ArrayLike<number>[], width: number): Float64Array {
  if (!Array.isArray(inputs)) {
    refuse("ERR_BATCHNORM_DTYPE", "inputs must be an array of rows of numbers", inputs);
  }
  const values = new Float64Array(inputs.length * width);
  for (const [i, row] of inputs.entries()) {
    if (typeof row !== "object" || row === null) {
      refuse("ERR_BATCHNORM_DTYPE", `sample ${i} of inputs must be a row of ${width} numbers`, row);
    }
    if (row.length !== width) {
      refuse("ERR_BATCHNORM_SHAPE", `sample ${i} of inputs must have ${width} fields`, row.length);
    }
    values.set(row, i * width);
  }
  return values;
}
