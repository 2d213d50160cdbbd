import onnxProto from "onnx-proto";

const { onnx } = onnxProto;
const { FLOAT } = onnx.TensorProto.DataType;
const { FLOAT: FLOAT_ATTRIBUTE, INT } = onnx.AttributeProto.AttributeType;

/** An ONNX model of one BatchNormalization, opset 15; `Y` is its output, `X` its input. */
export function batchNormModel(
  dims: readonly number[],
  { training, epsilon }: { training: boolean; epsilon: number },
): Uint8Array {
  const perChannel = [dims[1] as number];
  const parameters = ["scale", "bias", "mean", "variance"];
  const running = training ? ["runningMean", "runningVariance"] : [];
  const value = (name: string, shape: readonly number[]) => ({
    name,
    type: {
      tensorType: { elemType: FLOAT, shape: { dim: shape.map((dimValue) => ({ dimValue })) } },
    },
  });
  const node = {
    opType: "BatchNormalization",
    input: ["X", ...parameters],
    output: ["Y", ...running],
    attribute: [
      { name: "epsilon", type: FLOAT_ATTRIBUTE, f: epsilon },
      { name: "momentum", type: FLOAT_ATTRIBUTE, f: 0.9 },
      { name: "training_mode", type: INT, i: training ? 1 : 0 },
    ],
  };
  const model = onnx.ModelProto.create({
    irVersion: 8,
    opsetImport: [{ version: 15 }],
    graph: {
      name: "batch-norm",
      node: [node],
      input: [value("X", dims), ...parameters.map((name) => value(name, perChannel))],
      output: [value("Y", dims), ...running.map((name) => value(name, perChannel))],
    },
  });
  return onnx.ModelProto.encode(model).finish();
}
