import { checkSamples, type Samples } from "@batchnorm/minibatch";
import { Engine } from "./engine.ts";
import type { NetworkLike, Synaptic } from "./host.ts";

/** Samples that are computed at once, at most. */
const batchSize = 256;

/**
 * What `network.activate` gives for each of many inputs, by the engine: at once, without generated code.
 *
 * @param inputs - A row of numbers each, or one flat array.
 * @returns as many rows of outputs.
 * @throws {BatchNormError} as BatchTrainer for the network; for inputs as a training set.
 */
export function predictBatch(synaptic: Synaptic, like: NetworkLike, inputs: Samples): number[][] {
  const engine = Engine.of(synaptic, like, batchSize);
  try {
    const { network } = engine;
    const { values, count } = checkSamples("inputs", inputs, network.inputs, "float64");
    const outputs = network.predict(values, count);
    const width = network.outputs;
    return Array.from({ length: count }, (_, i) =>
      Array.from(outputs.subarray(i * width, (i + 1) * width)),
    );
  } finally {
    engine.dispose();
  }
}
