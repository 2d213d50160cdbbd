import {
  type BatchNormState,
  defaultOptions,
  type Momentum,
  parseState,
  parseStateFor,
  type ResolvedOptions,
  refuse,
  resolveAxis,
} from "@batchnorm/core";
import { LayersModel, type layers } from "@tensorflow/tfjs-layers";
import { defaults } from "../defaults.ts";
import { type KeptLayer, readState, requireFloat32, writeState } from "../device-state.ts";
import { BatchNormLayer } from "./layer.ts";
import { Stock, type StockLayer } from "./stock.ts";

/** What of a layer's configuration its numbers do not say. */
export interface Settings {
  readonly axis: number;
  readonly epsilon: number;
  readonly momentum: Momentum;
  /** False where the batch normalizes at inference too, or there is nothing else to normalize by. */
  readonly byRunning: boolean;
  /** True where it trains whatever it is asked for. */
  readonly trains: boolean;
  readonly renorm: boolean;
}

/**
 * The Batch Normalization layers of a model, ours and tfjs-layers's own, each once, in the order in which
 * data pass them; those of nested models and inside wrappers, as TimeDistributed, too.
 *
 * @throws {BatchNormError} `ERR_BATCHNORM_UNSUPPORTED` for what is no LayersModel.
 */
export function normLayersOf(model: LayersModel): StockLayer[] {
  requireModel(model);
  return [...new Set(model.layers.flatMap(within))];
}

/** @throws {BatchNormError} `ERR_BATCHNORM_UNSUPPORTED` for what is no LayersModel. */
export function requireModel(model: LayersModel): void {
  if (model instanceof LayersModel) return;
  const rule = "model must be a LayersModel of the @tensorflow/tfjs-layers that is imported here";
  refuse("ERR_BATCHNORM_UNSUPPORTED", rule, model);
}

/** The Batch Normalization layers that a layer is or holds. */
export function within(layer: layers.Layer): StockLayer[] {
  if (layer instanceof Stock) return [layer as StockLayer];
  if (layer instanceof LayersModel) return layer.layers.flatMap(within);
  const wrapped = (layer as { layer?: unknown }).layer;
  return wrapped && wrapped !== layer ? within(wrapped as layers.Layer) : [];
}

/** The configuration, which a layer keeps in private. */
export function settingsOf(layer: StockLayer): Settings {
  const config = layer.getConfig() as Record<string, unknown>;
  const { epsilon, momentum, renorm } = config as { epsilon: number; momentum: Momentum } & {
    renorm?: unknown;
  };
  // Keras writes an axis as a list of one.
  const [axis] = [config.axis].flat() as [number];
  const trains = config.training === true;
  const tracked = config.useBatchStatistics !== true && config.trackRunningStatistics !== false;
  return {
    axis,
    epsilon,
    momentum,
    byRunning: tracked && !trains,
    trains,
    renorm: Boolean(renorm),
  };
}

/** The channel axis, counted from the start, for an input of that rank. */
export const axisOf = (layer: StockLayer, rank: number): number =>
  resolveAxis(settingsOf(layer).axis, rank);

/** Whether it keeps running statistics. */
export const tracks = (layer: StockLayer): boolean =>
  layer.getConfig().trackRunningStatistics !== false;

/** The state of either kind of layer; tfjs-layers's own does not count its updates. */
export async function readLayerState(layer: StockLayer): Promise<BatchNormState> {
  return layer instanceof BatchNormLayer
    ? layer.toState()
    : readState(keptBy(layer), optionsOf(layer));
}

/** Where tfjs-layers's own layer keeps what ours does too: nowhere, before it is built. */
function keptBy(layer: Partial<StockLayer>): KeptLayer {
  const { gamma = null, beta = null, movingMean: mean, movingVariance: variance } = layer;
  const running = mean && variance && { mean, variance, progress: null, valuesPerChannel: null };
  const [channels] = (mean?.shape ?? [0]) as [number];
  return { channels, gamma, beta, running: running ?? null, renorm: null };
}

function optionsOf(layer: StockLayer): ResolvedOptions {
  const { epsilon, momentum } = settingsOf(layer);
  return { ...defaultOptions, ...defaults, name: layer.name, epsilon, momentum };
}

/**
 * What `loadLayerState` would refuse, with nothing loaded.
 *
 * @throws {BatchNormError} `ERR_BATCHNORM_STATE`, `ERR_BATCHNORM_OPTION`.
 */
export function checkLayerState(layer: StockLayer, value: unknown): BatchNormState {
  const { name } = layer;
  const kept = keptBy(layer);
  const running = tracks(layer) ? kept.running : null;
  const renorm = settingsOf(layer).renorm ? parseState(value).renorm : null;
  const state = parseStateFor({ ...kept, name, running, renorm }, value);
  requireFloat32(state);
  if (!(layer instanceof BatchNormLayer) && state.momentum === "cumulative") {
    const rule = `${name}: momentum of a state for tfjs-layers's own layer must be a number`;
    refuse("ERR_BATCHNORM_STATE", rule, state.momentum);
  }
  return state;
}

/** Takes a checked state over into either kind of layer. */
export function loadLayerState(layer: StockLayer, state: BatchNormState): void {
  if (layer instanceof BatchNormLayer) {
    layer.loadState(state);
    return;
  }
  const { epsilon, momentum } = writeState(keptBy(layer), optionsOf(layer), state);
  Object.assign(layer, { epsilon, momentum });
}
