import type { BatchNormState } from "@batchnorm/core";
import { refuse } from "@batchnorm/core";
import type { DiagnosisLimits } from "@batchnorm/core/diagnosis";
import {
  inspectBatchNorm as inspectNetwork,
  type LayerFinding,
  type NumberType,
  type RecalibrateOptions,
  recalibrate as recalibrateNetwork,
  type Samples,
} from "@batchnorm/minibatch";
import { checkData, knownOf } from "./check-data.ts";
import { statesOf } from "./engine.ts";
import type { Host } from "./host.ts";
import { engineOf } from "./session.ts";

/** Samples as brain.js trains on them; their outputs do not count and may be missing. */
export type InputSamples = readonly { readonly input: object; readonly output?: unknown }[];

/**
 * Replaces the running statistics of every layer by those of a data set, from the first layer to the last,
 * and folds them into the network.
 *
 * @param net - Of a class that `withBatchNorm` has made, with weights.
 * @param data - Two samples or more.
 * @throws {BatchNormError} for the data as `train`; `ERR_BATCHNORM_NOT_BUILT` for a network without
 * weights; `ERR_BATCHNORM_UNSUPPORTED` while it trains; as `recalibrate` of `@batchnorm/minibatch`. The
 * network is as it was then.
 */
export function recalibrate(
  net: object,
  data: InputSamples,
  options: RecalibrateOptions = {},
): void {
  const { host, session, engine } = engineOf(net);
  recalibrateNetwork(engine.network, inputsOf(host, data, engine.network.type), options);
  session.write(host);
}

/**
 * What is wrong with the Batch Normalization of a network, layer by layer, in words and numbers.
 *
 * @param data - Samples; without them the states alone are judged.
 * @returns one finding per problem and layer; `[]` for a healthy network.
 * @throws {BatchNormError} as {@link recalibrate}; `ERR_BATCHNORM_OPTION` for limits.
 */
export function inspectBatchNorm(
  net: object,
  data: InputSamples | null = null,
  limits: Partial<DiagnosisLimits> = {},
): LayerFinding[] {
  const { host, engine } = engineOf(net);
  const inputs = data && inputsOf(host, data, engine.network.type);
  return inspectNetwork(engine.network, inputs, limits);
}

/**
 * Makes layers run as at inference in training: their statistics, gamma and beta stay.
 *
 * @param names - Of the layers, as their states have them: "input", "hidden 1". Default all.
 * @throws {BatchNormError} `ERR_BATCHNORM_OPTION` for a name that no layer has; as {@link recalibrate}.
 */
export function freezeBatchNorm(net: object, names?: readonly string[]): void {
  freeze(net, names, true);
}

/** Undoes {@link freezeBatchNorm}. */
export function unfreezeBatchNorm(net: object, names?: readonly string[]): void {
  freeze(net, names, false);
}

/**
 * The state of every layer with Batch Normalization, from the inputs on, as plain JSON.
 *
 * @throws {BatchNormError} as {@link recalibrate}.
 */
export function batchNormStates(net: object): BatchNormState[] {
  return [...statesOf(engineOf(net).engine.network).values()];
}

/**
 * Takes states over, one per layer in the order of {@link batchNormStates}, and folds them in.
 *
 * @throws {BatchNormError} `ERR_BATCHNORM_STATE` where one does not fit: none is taken over then; as
 * {@link recalibrate}.
 */
export function loadBatchNormStates(net: object, states: readonly unknown[]): void {
  const { host, session, engine } = engineOf(net);
  const { network } = engine;
  const layers = statesOf(network);
  if (!Array.isArray(states) || states.length !== layers.size) {
    const rule = `states must be an array of ${layers.size}, one per layer with Batch Normalization`;
    refuse("ERR_BATCHNORM_STATE", rule, states);
  }
  const before = network.snapshot();
  try {
    for (const [i, place] of [...layers.keys()].entries()) {
      network.loadBatchNormState(place, states[i]);
    }
    session.write(host);
  } catch (error) {
    for (const [place, state] of layers) network.loadBatchNormState(place, state);
    network.restore(before);
    throw error;
  }
}

function freeze(net: object, names: readonly string[] | undefined, frozen: boolean): void {
  const { network } = engineOf(net).engine;
  const layers = statesOf(network);
  const known = [...layers.values()].map(({ name }) => name);
  const other = names?.find((name) => !known.includes(name));
  if (other !== undefined) {
    refuse("ERR_BATCHNORM_OPTION", `a layer's name must be one of ${known.join(", ")}`, other);
  }
  for (const [place, { name }] of layers) {
    if (names === undefined || names.includes(name)) network.freeze(place, frozen);
  }
}

/** The inputs alone, checked as `train` does it. */
function inputsOf(host: Host, data: InputSamples, type: NumberType): Samples {
  if (!Array.isArray(data)) {
    refuse("ERR_BATCHNORM_DTYPE", "the data must be an array of samples", data);
  }
  const outputs = new Float32Array(host.sizes?.at(-1) ?? 1);
  const samples = data.map((sample) => ({ input: sample?.input, output: outputs }));
  return checkData(knownOf(host), samples, type).input.values;
}
