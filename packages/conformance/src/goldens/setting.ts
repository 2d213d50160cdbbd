import type { BatchNormOptions, BatchNormState, FloatArray, Momentum } from "@batchnorm/core";
import type { Feature, Subject, SubjectLayer } from "../subject.ts";
import type { Fields } from "./fields.ts";
import type { GoldenTensor } from "./tensor.ts";
import { type View, viewOf } from "./view.ts";

/** Options that can be written to. */
type Options = { -readonly [K in keyof BatchNormOptions]: BatchNormOptions[K] };

/** A golden case in our terms: how its layer is made, filled and shown its activations. */
export interface Setting {
  readonly view: View;
  readonly options: BatchNormOptions;
  readonly requires: readonly Feature[];
  /** What is put in before the first pass. */
  readonly start: Partial<BatchNormState>;
  /** In the type that the case computes in. */
  floats(values: ArrayLike<number>): FloatArray;
}

/** What a case's op adds to what every case says. */
export interface Purpose {
  /** Whether the batch normalizes, and with what mask. */
  readonly training: boolean;
  /** Whether the running variance is looked at, so that its estimator matters. */
  readonly tracksVariance?: boolean;
  readonly mask?: Uint8Array | undefined;
}

/**
 * Reads what the ops have in common.
 *
 * @param batches - The activations, all of them in the view of the first.
 * @throws {GoldenError} for what cannot be.
 */
export function settingOf(
  fields: Fields,
  batches: readonly GoldenTensor[],
  purpose: Purpose,
): Setting {
  const { training, tracksVariance = false, mask } = purpose;
  const view = viewOf(fields, batches[0] as GoldenTensor);
  const { axis, channels } = view;
  const requires = new Set<Feature>(view.requires);
  const dtype = fields.choice("dtype", ["float32", "float64"]);
  if (dtype === "float64") requires.add("float64");
  const options: Options = { epsilon: fields.number("epsilon", 0, 1e6), start: "zero-one" };
  if (axis !== -1) options.axis = axis;
  for (const [ours, theirs] of [
    ["scale", "scale"],
    ["center", "center"],
  ] as const) {
    if (fields.flag(theirs, true) && fields.flag("affine", true)) continue;
    options[ours] = false;
    requires.add("affine");
  }

  options.momentum = training ? momentumOf(fields) : 0.99;
  if (options.momentum === "cumulative") requires.add("cumulative");
  options.varianceEstimator = "biased";
  const estimator = fields.has("running_var_estimator")
    ? fields.choice("running_var_estimator", ["biased", "unbiased"])
    : "biased";
  if (tracksVariance && estimator === "unbiased") {
    options.varianceEstimator = estimator;
    requires.add("unbiased");
  }
  if (training && batches.some(({ data }) => !data.every(Number.isFinite))) {
    options.onNonFinite = "propagate";
    requires.add("non-finite-propagate");
  }
  const counts = batches.map(({ data }) => data.length / channels);
  if (training && counts.some((count) => count === 1)) {
    options.onSingleValue = "beta";
    requires.add("single-value");
  }
  if (counts.includes(0)) requires.add("empty-batch");
  if (mask) requires.add("mask");
  const floats = (values: ArrayLike<number>): FloatArray =>
    dtype === "float64" ? Float64Array.from(values) : Float32Array.from(values);
  return {
    view,
    options,
    requires: [...requires],
    start: startOf(fields, options, channels),
    floats,
  };
}

/** Weight of the old value, which sources call decay, and one minus which they call update. */
function momentumOf(fields: Fields): Momentum {
  if (!fields.has("momentum")) return 0.99;
  const momentum = fields.object("momentum");
  const convention = momentum.choice("convention", ["decay", "update", "cumulative", "none"]);
  if (convention === "cumulative") return "cumulative";
  if (convention === "none") return 0.99;
  const value = momentum.number("value", 0, 1);
  return convention === "decay" ? value : 1 - value;
}

/** gamma, beta and the running statistics where the case gives them. */
function startOf(
  fields: Fields,
  options: BatchNormOptions,
  channels: number,
): Partial<BatchNormState> {
  const inputs = fields.object("inputs");
  const read = (key: string): number[] => {
    const values = Array.from(inputs.tensor(key, channels).data);
    if (!values.every(Number.isFinite))
      fields.refuse(`inputs.${key}`, "must be finite", "NaN or infinity");
    return values;
  };
  const start: { -readonly [K in keyof BatchNormState]?: BatchNormState[K] } = {};
  if (inputs.has("gamma") && options.scale !== false) start.gamma = read("gamma");
  if (inputs.has("beta") && options.center !== false) start.beta = read("beta");
  if (inputs.has("running_mean")) start.runningMean = read("running_mean");
  if (inputs.has("running_var")) start.runningVariance = read("running_var");
  if (start.runningVariance?.some((variance) => variance < 0)) {
    fields.refuse("inputs.running_var", "must be ≥ 0", Math.min(...start.runningVariance));
  }
  return start;
}

/** What a layer is made of. */
export interface LayerSetting extends Pick<Setting, "options" | "start"> {
  readonly view: Pick<View, "shape">;
}

/** Makes a layer, fills it, lets `use` work with it, and frees it. */
export async function withLayer<T>(
  subject: Subject,
  { options, view, start }: LayerSetting,
  use: (layer: SubjectLayer) => Promise<T>,
): Promise<T> {
  const layer = await subject.create(options, view.shape);
  try {
    if (Object.keys(start).length > 0) await layer.load({ ...(await layer.state()), ...start });
    return await use(layer);
  } finally {
    await layer.dispose?.();
  }
}
