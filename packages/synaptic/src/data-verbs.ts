import type { DiagnosisLimits, Finding } from "@batchnorm/core/diagnosis";
import * as minibatch from "@batchnorm/minibatch";
import { requireIdle } from "./busy-networks.ts";
import { Engine } from "./engine.ts";
import type { NetworkLike, Synaptic } from "./host.ts";

/** Samples that are computed at once, at most. */
const batchSize = 256;

/**
 * Replaces the running statistics of every layer by those of a data set, from the first layer to the last.
 *
 * @param inputs - Two samples or more, prepared as in training.
 * @throws {BatchNormError} as BatchTrainer for the network, also while it trains; as minibatch's
 * `recalibrate`. All layers are then as they were.
 * @see Ioffe & Szegedy 2015, Algorithm 2
 */
export function recalibrate(
  synaptic: Synaptic,
  network: NetworkLike,
  inputs: minibatch.Samples,
  options: minibatch.RecalibrateOptions = {},
): void {
  requireIdle(network);
  withEngine(synaptic, network, (engine) => {
    minibatch.recalibrate(engine.network, inputs, options);
    engine.write();
  });
}

/**
 * What is wrong with a network's Batch Normalization, layer by layer, in words and numbers.
 *
 * @param inputs - Prepared as in training; without them the states alone are judged.
 * @param limits - Where another line is to be drawn than core's `defaultLimits` does.
 * @returns one finding per problem and layer; `[]` for a healthy network.
 * @throws {BatchNormError} as BatchTrainer for the network; as minibatch's `inspectBatchNorm`.
 */
export function inspectBatchNorm(
  synaptic: Synaptic,
  network: NetworkLike,
  inputs: minibatch.Samples | null = null,
  limits: Partial<DiagnosisLimits> = {},
): Finding[] {
  return withEngine(synaptic, network, (engine) =>
    minibatch
      .inspectBatchNorm(engine.network, inputs, limits)
      .map(({ place: _ofTheEngine, ...finding }) => finding),
  );
}

/**
 * Draws all weights and biases anew. synaptic's own, uniform in (−0.1, 0.1), never get three hidden layers
 * of LOGISTIC going: `glorot` does, and `he` is its like for RELU. Batch Normalization stays as it is.
 *
 * @param seed - An integer in [0, 2^53): the same one gives the same network.
 * @throws {BatchNormError} as BatchTrainer for the network, also while it trains; `ERR_BATCHNORM_OPTION`.
 */
export function initialize(
  synaptic: Synaptic,
  network: NetworkLike,
  how: minibatch.Initialization,
  seed: number,
): void {
  requireIdle(network);
  withEngine(synaptic, network, (engine) => {
    minibatch.initialize(engine.network, how, seed);
    engine.write();
  });
}

function withEngine<T>(synaptic: Synaptic, network: NetworkLike, use: (engine: Engine) => T): T {
  const engine = Engine.of(synaptic, network, batchSize);
  try {
    return use(engine);
  } finally {
    engine.dispose();
  }
}
