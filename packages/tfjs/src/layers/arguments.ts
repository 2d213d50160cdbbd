import { type BatchNormOptions, defaultOptions, type RenormOptions, refuse } from "@batchnorm/core";
import { type StockArguments, stockArguments } from "./stock.ts";

/** What a Keras layer takes and the stock one does not, and what only the layer takes. */
interface MoreArguments {
  /** Where the channels are; Keras writes it as a list of one. Default −1. */
  readonly axis?: number | readonly number[] | null | undefined;
  /** Batch Renormalization's clipping; or `true`, as in Keras, with the two that follow. */
  readonly renorm?: RenormOptions | boolean | null | undefined;
  readonly renormClipping?: Omit<RenormOptions, "momentum"> | null | undefined;
  readonly renormMomentum?: number | null | undefined;
  /** Keras's name for replicas in step, which TensorFlow.js has not: only `false`. */
  readonly synchronized?: boolean | null | undefined;
  /** Fixes how the layer runs, whatever a model asks; a frozen layer stays in inference mode. */
  readonly training?: boolean | null | undefined;
  /**
   * Whether the mask of a call, and so of a masking layer before this one, is heeded. Default false: it
   * is passed on only, since tfjs-layers can hand on the mask of another tensor.
   */
  readonly supportsMasking?: boolean | null | undefined;
}

/** Every option of `@batchnorm/core`, every argument of the stock layer, and of Keras's. */
export type BatchNormLayerArguments = Omit<BatchNormOptions, keyof MoreArguments> &
  Omit<StockArguments, keyof BatchNormOptions> &
  MoreArguments;

/** Arguments, by who is to see them. */
export interface ParsedArguments {
  readonly stock: StockArguments;
  readonly options: BatchNormOptions;
  readonly training: boolean | null;
  readonly supportsMasking: boolean;
}

const more = ["renormClipping", "renormMomentum", "synchronized", "training", "supportsMasking"];

/** What others write into a configuration that changes nothing here. */
const without = [
  // Loading a model adds it to what was saved.
  "customObjects",
  // Keras's choice of a faster way to the same numbers.
  "fused",
];

const known = [...new Set([...stockArguments, ...Object.keys(defaultOptions), ...more])];

/**
 * Sorts the arguments of a layer, or what a file holds of one. Null stands for the default.
 *
 * @throws {BatchNormError} `ERR_BATCHNORM_OPTION` for an unknown one, `ERR_BATCHNORM_AXIS` for several
 * axes, `ERR_BATCHNORM_UNSUPPORTED` for `synchronized`, `ERR_BATCHNORM_DTYPE`.
 */
export function parseArguments(args: BatchNormLayerArguments): ParsedArguments {
  const given = Object.entries(args).filter(
    ([key, value]) => value !== null && value !== undefined && !without.includes(key),
  );
  for (const [key] of given) {
    if (!known.includes(key)) {
      refuse("ERR_BATCHNORM_OPTION", `an argument must be one of ${known.join(", ")}`, key);
    }
  }
  const all: BatchNormLayerArguments = Object.fromEntries(given);
  if (all.synchronized) {
    const rule =
      "synchronized must be false: it joins the batches of several devices, and TensorFlow.js trains on one";
    refuse("ERR_BATCHNORM_UNSUPPORTED", rule, all.synchronized);
  }
  const { training = null, supportsMasking = false } = all;
  requireBoolean("training", training ?? false);
  requireBoolean("supportsMasking", supportsMasking);
  const one = { ...all, axis: axisOf(all.axis), renorm: renormOf(all), dtype: dtypeOf(all.dtype) };
  const pick = (keys: readonly string[]): object =>
    Object.fromEntries(
      Object.entries(one).filter(([key, value]) => keys.includes(key) && value !== undefined),
    );
  return {
    stock: pick(stockArguments),
    options: pick(Object.keys(defaultOptions)),
    training,
    supportsMasking: supportsMasking ?? false,
  };
}

/** Several axes are left for core to refuse. */
const axisOf = (axis: BatchNormLayerArguments["axis"]): number | undefined =>
  (Array.isArray(axis) && axis.length === 1 ? axis[0] : axis) as number | undefined;

/** Keras's three arguments, or one object. */
function renormOf({
  renorm,
  renormClipping,
  renormMomentum,
}: BatchNormLayerArguments): RenormOptions | undefined {
  if (renorm === true) {
    return { ...renormClipping, ...(renormMomentum == null ? {} : { momentum: renormMomentum }) };
  }
  if (renormClipping) {
    refuse("ERR_BATCHNORM_OPTION", "renorm must be true beside renormClipping", renorm);
  }
  return renorm || undefined;
}

/** Keras 3 writes a data type as an object with a name. Here it is the input's: y is float32. */
function dtypeOf(dtype: unknown): StockArguments["dtype"] {
  const name = (dtype as { config?: { name?: unknown } } | undefined)?.config?.name ?? dtype;
  if (name !== undefined && !["float32", "int32", "bool"].includes(name as string)) {
    refuse("ERR_BATCHNORM_DTYPE", "dtype must be float32, int32 or bool", name);
  }
  return name as StockArguments["dtype"];
}

function requireBoolean(name: string, value: unknown): void {
  if (typeof value !== "boolean") {
    refuse("ERR_BATCHNORM_OPTION", `${name} must be true or false`, value);
  }
}
