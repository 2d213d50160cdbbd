import { expectThat } from "../../tolerance.ts";
import type { Draft } from "../draft.ts";
import { type Convert, Expected } from "../expected.ts";
import type { Fields } from "../fields.ts";
import { type Setting, settingOf, withLayer } from "../setting.ts";
import { started } from "../start.ts";
import type { GoldenTensor } from "../tensor.ts";
import { channelIndex, viewOf } from "../view.ts";
import { isDarknet, rescaled, trainingFactor, withinRoot } from "./darknet.ts";

const steps = [
  "y",
  "running_mean",
  "running_var",
  "num_batches_tracked",
  "effective_mean",
  "effective_var",
  "blob0",
  "blob1",
  "blob2",
];

/** Training steps on one layer, the running statistics after each, and inference at the end. */
export function multiStep(fields: Fields): Draft {
  const inputs = fields.object("inputs");
  const batches = inputs.tensors("steps");
  const found = settingOf(fields, batches, { training: true, tracksVariance: true });
  const setting = started(fields, isDarknet(fields) ? withinRoot(found) : found);
  const { floats, requires, options } = setting;
  // Batches may differ in their samples.
  const viewed = (batch: GoldenTensor) => {
    const view = viewOf(fields, batch);
    if (view.channels !== setting.view.channels) inputs.refuse("steps", "must agree in channels");
    return { view, x: view.arrange(batch) };
  };
  const expected = new Expected(fields, ["steps", "eval_y"]);
  const judgements = expected.fields.objects("steps", batches.length).map((step, i) => {
    const batch = batches[i] as GoldenTensor;
    return stepJudge(fields, step, { ...setting, view: viewed(batch).view }, batch);
  });
  const passes = batches.map(viewed);
  const last = inputs.has("eval_x") ? viewed(inputs.tensor("eval_x")) : null;
  if (last === null && expected.has("eval_y")) inputs.refuse("eval_x", "must be there for eval_y");
  const judgeLast =
    last && expected.has("eval_y")
      ? expected.judge("eval_y", last.x.length, last.view.arrange)
      : null;
  const cumulative = options.momentum === "cumulative";
  return {
    clause: cumulative ? "BN-3.7" : options.start === "zero-one" ? "BN-3.1" : "BN-14.1",
    fact: "the running statistics follow",
    requires,
    ...(isDarknet(fields) ? { deviation: "darknet-training" } : {}),
    run: (subject) =>
      withLayer(subject, setting, async (layer) => {
        for (const [i, { view, x }] of passes.entries()) {
          const y = await layer.forward(floats(x), view.shape, { training: true });
          judgements[i]?.(y, await layer.state());
        }
        if (!last) return;
        const y = await layer.forward(floats(last.x), last.view.shape, { training: false });
        judgeLast?.(y);
      }),
  };
}

type State = {
  runningMean: readonly number[] | null;
  runningVariance: readonly number[] | null;
  updates: number;
  weight: number;
};

/** Judges y and the state after one step. */
function stepJudge(
  fields: Fields,
  step: Fields,
  setting: Setting,
  batch: GoldenTensor,
): (y: ArrayLike<number>, state: State) => void {
  step.restrictedTo(steps);
  const { view, options } = setting;
  const { channels, count } = view;
  // A step's tensors are judged as those of a case that consists of it.
  const expected = new Expected(fields.with("expected", step), steps);
  const judge = (key: string, length: number, arrange?: Setting["view"]["arrange"]) =>
    expected.has(key) ? expected.judge(key, length, arrange) : null;
  const y = judge("y", channels * count, view.arrange);
  const mean = [judge("running_mean", channels), judge("effective_mean", channels)];
  const variance = [judge("running_var", channels), judge("effective_var", channels)];
  const blobs = [judge("blob0", channels), judge("blob1", channels), judge("blob2", 1)] as const;
  const updates = step.has("num_batches_tracked")
    ? step.integer("num_batches_tracked", 0, Number.MAX_SAFE_INTEGER)
    : null;
  const convert = isDarknet(fields) ? darknetConversion(batch, setting) : undefined;
  return (received, state) => {
    y?.(received, convert);
    for (const one of mean) one?.(state.runningMean);
    for (const one of variance) one?.(state.runningVariance);
    // Caffe's blobs are the statistics times s, and s; what has no such s fails by NaN.
    const { momentum } = options;
    const scale = typeof momentum === "number" ? state.weight / (1 - momentum) : Number.NaN;
    blobs[0]?.(state.runningMean?.map((value) => value * scale));
    blobs[1]?.(state.runningVariance?.map((value) => value * scale));
    blobs[2]?.([scale]);
    if (updates !== null)
      expectThat(state.updates === updates, "updates", `${updates}`, state.updates);
  };
}

/** From darknet's y, which its batch's unbiased variance made, to ours. */
function darknetConversion(batch: GoldenTensor, setting: Setting): Convert {
  const { view, options } = setting;
  const channelOf = channelIndex(view);
  const x = view.arrange(batch);
  const factors = Array.from({ length: view.channels }, (_, c) => {
    const values = x.filter((_, i) => channelOf(i) === c);
    const mean = values.reduce((a, b) => a + b, 0) / values.length;
    const m2 = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
    return trainingFactor(m2 / (values.length - 1), view.count, Math.sqrt(options.epsilon ?? 0));
  });
  return rescaled(setting, factors);
}
