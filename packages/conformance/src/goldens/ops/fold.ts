import { ConformanceError } from "../../case.ts";
import type { Draft } from "../draft.ts";
import { Expected } from "../expected.ts";
import type { Fields } from "../fields.ts";
import { settingOf, withLayer } from "../setting.ts";
import { GoldenTensor, permute } from "../tensor.ts";

const dense = { "dense->bn": "after", "bn->dense": "before" } as const;
const patterns = [
  "dense->bn",
  "bn->dense",
  "conv2d->bn",
  "bn->conv2d",
  "convtranspose2d->bn",
] as const;

/** A layer folded into its neighbour: weights and bias, and what they make of x. */
export function fold(fields: Fields): Draft {
  const pattern = fields.choice("pattern", patterns);
  if (pattern !== "dense->bn" && pattern !== "bn->dense") return convolution(fields, pattern);
  const where = dense[pattern];
  const inputs = fields.object("inputs");
  const expected = new Expected(fields, ["weight", "bias", "y"]);
  const weight = inputs.tensor("weight");
  if (weight.shape.length !== 2) inputs.refuse("weight", "must have rank 2", weight.shape.length);
  const transposed = fields.choice("weight_layout", ["[out,in]", "[in,out]"]) === "[in,out]";
  const outputsFirst = ({ data, shape }: GoldenTensor): Float64Array =>
    transposed ? permute(data, shape, [1, 0]) : data;
  const [outputs, inputCount] = (transposed ? [...weight.shape].reverse() : weight.shape) as [
    number,
    number,
  ];
  const x = inputs.tensor("x");
  const rows = x.data.length / inputCount;
  if (x.shape.length !== 2 || x.shape[1] !== inputCount)
    inputs.refuse("x", `must be [rows, ${inputCount}]`, x.shape.join("×"));
  const channels = where === "after" ? outputs : inputCount;
  // The layer lies behind the dense one, or before it, and is as wide as that end.
  const shown = new GoldenTensor([1, channels], x.dtype, new Float64Array(channels));
  const setting = settingOf(fields, [shown], { training: false });
  const { floats } = setting;
  const judges = {
    weights: expected.judge("weight", outputs * inputCount, outputsFirst),
    bias: expected.judge("bias", outputs),
    y: expected.judge("y", rows * outputs),
  };
  const given = {
    weights: floats(outputsFirst(weight)),
    bias: floats(inputs.tensorOr("bias", outputs, 0)),
    inputs: inputCount,
    outputs,
  };
  return {
    clause: "BN-9.1",
    fact: "folding answers as",
    requires: [...setting.requires, "fold"],
    run: (subject) =>
      withLayer(subject, setting, async (layer) => {
        const folded = await subject.fold?.(given, await layer.state(), where);
        if (!folded) throw new ConformanceError("fold", "a method", "undefined");
        judges.weights(folded.weights);
        judges.bias(folded.bias);
        const y = new Float64Array(rows * outputs);
        for (let at = 0; at < y.length; at++) {
          const [row, o] = [Math.floor(at / outputs), at % outputs];
          let sum = folded.bias[o] as number;
          for (let i = 0; i < inputCount; i++) {
            sum +=
              (folded.weights[o * inputCount + i] as number) *
              (x.data[row * inputCount + i] as number);
          }
          y[at] = sum;
        }
        judges.y(y);
      }),
  };
}

/** How each convolution's weights lie, and whether its golden folds a layer after or before it. */
const convolutions = {
  "conv2d->bn": { kind: "conv", outputAxis: 0, inputAxis: 1, where: "after" },
  "bn->conv2d": { kind: "conv", outputAxis: 0, inputAxis: 1, where: "before" },
  "convtranspose2d->bn": { kind: "transposed", outputAxis: 1, inputAxis: 0, where: "after" },
} as const;

/** Folding into a convolution: judged by its weights and bias, which the golden has. */
function convolution(fields: Fields, pattern: keyof typeof convolutions): Draft {
  const { where, ...layout } = convolutions[pattern];
  const inputs = fields.object("inputs");
  const expected = new Expected(fields, ["weight", "bias", "y"]);
  const weight = inputs.tensor("weight");
  if (weight.shape.length !== 4) inputs.refuse("weight", "must have rank 4", weight.shape.length);
  const outputs = weight.shape[layout.outputAxis] as number;
  const channels = where === "after" ? outputs : (weight.shape[layout.inputAxis] as number);
  const shown = new GoldenTensor([1, channels], weight.dtype, new Float64Array(channels));
  const setting = settingOf(fields, [shown], { training: false });
  const judges = {
    weights: expected.judge("weight", weight.data.length),
    bias: expected.judge("bias", outputs),
  };
  const given = {
    ...layout,
    weights: setting.floats(weight.data),
    shape: weight.shape,
    // Padding matters to a layer before the convolution alone, and no golden has one.
    padding: "some",
    bias: setting.floats(inputs.tensorOr("bias", outputs, 0)),
  } as const;
  return {
    clause: "BN-9.2",
    fact: "folding into a convolution answers as",
    requires: [...setting.requires, "fold-convolution"],
    run: (subject) =>
      withLayer(subject, setting, async (layer) => {
        const folded = await subject.foldConvolution?.(given, await layer.state(), where);
        if (!folded) throw new ConformanceError("foldConvolution", "a method", "undefined");
        judges.weights(folded.weights);
        judges.bias(folded.bias);
      }),
  };
}
