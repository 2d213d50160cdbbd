import { type BatchNormOptions, refuse, resolveOptions } from "@batchnorm/core";
import type { NumberType } from "@batchnorm/minibatch";

/** What can be said of Batch Normalization of a layer's units, in the words of `@batchnorm/core`. */
export type LayerOptions = Pick<BatchNormOptions, LayerKey>;

type LayerKey =
  | "name"
  | "momentum"
  | "epsilon"
  | "center"
  | "scale"
  | "varianceEstimator"
  | "start"
  | "onNonFinite"
  | "onSingleValue"
  | "trainable";

/** The constructor's option `batchNorm`. What it says of a layer counts for all, but where one says else. */
export interface BatchNormSettings extends Omit<LayerOptions, "name"> {
  /** Batch Normalization of the inputs: unscaled features are fine then. Default false. */
  readonly input?: boolean | LayerOptions | undefined;
  /** Of the hidden layers, before their activation: all alike, or one entry for each. Default true. */
  readonly hidden?: boolean | LayerOptions | readonly (boolean | LayerOptions)[] | undefined;
  /** Samples of a mini-batch, an integer ≥ 2; 1 where nothing is normalized. Default 32. */
  readonly batchSize?: number | undefined;
  /** Whether every epoch takes the samples in another order. Default true. */
  readonly shuffle?: boolean | undefined;
  /**
   * What weights and orders are drawn with, an integer in [0, 2^53): the same one trains the same network.
   * Default none: weights are brain.js's own, of Math.random, and orders those of seed 0.
   */
  readonly seed?: number | undefined;
  /** What training computes in. Default float32, in which brain.js keeps its weights. */
  readonly type?: NumberType | undefined;
  /** Told, once each, what is likely to go wrong. Default `console.warn`. */
  readonly onWarning?: ((message: string) => void) | undefined;
}

const layerKeys: readonly string[] = [
  "momentum",
  "epsilon",
  "center",
  "scale",
  "varianceEstimator",
  "start",
  "onNonFinite",
  "onSingleValue",
  "trainable",
] satisfies LayerKey[];
const keys = [...layerKeys, "input", "hidden", "batchSize", "shuffle", "seed", "type", "onWarning"];

/** Settings that have been checked. */
export interface Settings {
  /** A copy of what was given, but for what JSON cannot carry. */
  readonly given: Omit<BatchNormSettings, "onWarning">;
  readonly batchSize: number;
  readonly shuffle: boolean;
  readonly seed: number | null;
  readonly type: NumberType;
  readonly warn: (message: string) => void;
  /** Whether some layer needs two samples or more to take its statistics of. */
  readonly normalized: boolean;
  /** Null without Batch Normalization of the inputs. */
  readonly input: BatchNormOptions | null;
  /** One entry for each, null without; @throws {BatchNormError} where another number was given. */
  hidden(layers: number): (BatchNormOptions | null)[];
}

/** @throws {BatchNormError} `ERR_BATCHNORM_OPTION` naming what is unknown or out of range. */
export function resolveSettings(settings: BatchNormSettings = {}): Settings {
  requireObject("batchNorm", settings);
  requireKeys("an option of batchNorm", settings, keys);
  const { input = false, hidden = true, onWarning, ...rest } = settings;
  const { batchSize = 32, shuffle = true, seed = null, type = "float32", ...shared } = rest;
  if (!Number.isSafeInteger(batchSize) || batchSize < 1) {
    refuse("ERR_BATCHNORM_OPTION", "batchSize must be an integer ≥ 1", batchSize);
  }
  if (typeof shuffle !== "boolean") {
    refuse("ERR_BATCHNORM_OPTION", "shuffle must be true or false", shuffle);
  }
  if (seed !== null && !(Number.isSafeInteger(seed) && seed >= 0)) {
    refuse("ERR_BATCHNORM_OPTION", "seed must be an integer in [0, 2^53)", seed);
  }
  if (type !== "float32" && type !== "float64") {
    refuse("ERR_BATCHNORM_OPTION", "type must be float32 or float64", type);
  }
  if (onWarning !== undefined && typeof onWarning !== "function") {
    refuse("ERR_BATCHNORM_OPTION", "onWarning must be a function", onWarning);
  }
  const entries = Array.isArray(hidden)
    ? (hidden as readonly (boolean | LayerOptions)[])
    : [hidden];
  const layers = entries.map((layer, i) => {
    const name = Array.isArray(hidden) ? `hidden ${i + 1}` : "hidden";
    return resolveLayer(name, layer as boolean | LayerOptions, shared);
  });
  const first = resolveLayer("input", input, shared);
  const normalized = [first, ...layers].some(
    (layer) => layer && layer.onSingleValue !== "beta" && layer.trainable !== false,
  );
  if (batchSize === 1 && normalized) {
    const rule =
      "batchSize must be 2 or more with Batch Normalization, since one sample has no variance";
    refuse("ERR_BATCHNORM_OPTION", rule, batchSize);
  }
  return {
    given: plain(settings),
    batchSize,
    shuffle,
    seed,
    type,
    warn: onWarning ?? warnOnConsole,
    normalized,
    input: first,
    hidden(count) {
      if (!Array.isArray(hidden)) {
        const [all = null] = layers;
        return Array.from({ length: count }, (_, i) => named(all, `hidden ${i + 1}`));
      }
      if (layers.length === count) return layers;
      const rule = `hidden must have an entry for each of the ${count} hidden layers`;
      return refuse("ERR_BATCHNORM_OPTION", rule, layers.length);
    },
  };
}

/** Settings as JSON has them, of which nothing is shared. */
export function plain(settings: BatchNormSettings): Settings["given"] {
  const { onWarning: _, ...given } = settings;
  return JSON.parse(JSON.stringify(given));
}

/** Null for a layer without Batch Normalization. */
function resolveLayer(
  place: string,
  layer: boolean | LayerOptions,
  shared: LayerOptions,
): BatchNormOptions | null {
  if (layer === false) return null;
  const own = layer === true ? {} : layer;
  requireObject(place, own);
  requireKeys(`an option of ${place}`, own, ["name", ...layerKeys]);
  const options = { name: place, ...defined(shared), ...defined(own) };
  resolveOptions(options);
  return options;
}

/** All hidden layers share their options, and with them a name that was not given. */
const named = (options: BatchNormOptions | null, name: string): BatchNormOptions | null =>
  options && (options.name === "hidden" ? { ...options, name } : options);

const defined = (options: LayerOptions): LayerOptions =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));

function requireObject(name: string, value: unknown): void {
  if (typeof value === "object" && value !== null) return;
  refuse("ERR_BATCHNORM_OPTION", `${name} must be an object`, value);
}

function requireKeys(name: string, value: object, known: readonly string[]): void {
  const other = Object.keys(value).find((key) => !known.includes(key));
  if (other === undefined) return;
  refuse("ERR_BATCHNORM_OPTION", `${name} must be one of ${known.join(", ")}`, other);
}

/** Every host has a console; its type belongs to the host. */
function warnOnConsole(message: string): void {
  (globalThis as { console?: { warn(message: string): void } }).console?.warn(message);
}
