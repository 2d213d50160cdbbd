import { refuse } from "@batchnorm/core";
import { LayersModel, type layers, type SymbolicTensor } from "@tensorflow/tfjs-layers";

/** One use of a layer; a shared layer has several. */
export interface Call {
  readonly layer: layers.Layer;
  inputs: Value[];
  readonly outputs: Value[];
  /** What the layer was applied with, beside its inputs. */
  readonly args: object;
}

/** A tensor between calls. */
export interface Value {
  readonly call: Call;
  readonly index: number;
  /** With the batch, unknown sizes null. */
  readonly shape: readonly (number | null)[];
}

/** A model as calls, each after those that it reads; nested models are taken apart. */
export interface Graph {
  calls: Call[];
  readonly inputs: Value[];
  outputs: Value[];
}

/** The calls that make a model's outputs of its inputs. */
export function graphOf(model: LayersModel): Graph {
  if (model.outputs.length === 0) {
    refuse("ERR_BATCHNORM_NOT_BUILT", `${model.name} must have layers`, 0);
  }
  const calls: Call[] = [];
  const add = (
    layer: layers.Layer,
    inputs: Value[],
    made: SymbolicTensor[],
    args: object,
  ): Call => {
    const call: Call = { layer, inputs, outputs: [], args };
    call.outputs.push(...made.map(({ shape }, index) => ({ call, index, shape })));
    calls.push(call);
    return call;
  };
  const inputs = model.inputs.map((tensor) => {
    const [value] = add(tensor.sourceLayer, [], [tensor], {}).outputs;
    return value as Value;
  });
  const outputs = trace(model, inputs, add);
  return { calls, inputs, outputs };
}

type Add = (layer: layers.Layer, inputs: Value[], made: SymbolicTensor[], args: object) => Call;

/** The values of a model's outputs, once its inputs have those that are given. */
function trace(model: LayersModel, inputs: readonly Value[], add: Add): Value[] {
  // A node is run once, however many read it. What a nested model holds belongs to one use of it.
  const known = new Map(model.inputs.map((tensor, i) => [tensor.id, inputs[i] as Value]));
  const traced = (tensor: SymbolicTensor): Value => {
    const found = known.get(tensor.id);
    if (found) return found;
    const layer = tensor.sourceLayer;
    const node = layer.inboundNodes[tensor.nodeIndex] as layers.Layer["inboundNodes"][number];
    const read = node.inputTensors.map(traced);
    const made =
      layer instanceof LayersModel
        ? trace(layer, read, add)
        : add(layer, read, node.outputTensors, node.callArgs ?? {}).outputs;
    for (const [i, { id }] of node.outputTensors.entries()) known.set(id, made[i] as Value);
    return known.get(tensor.id) as Value;
  };
  return model.outputs.map(traced);
}

/** The calls that read a value. */
export const readersOf = ({ calls }: Graph, value: Value): Call[] =>
  calls.filter(({ inputs }) => inputs.includes(value));

/** Takes a call with one input and one output out: who read what it made now reads what it read. */
export function bypass(graph: Graph, call: Call): void {
  const [before, after] = [call.inputs[0] as Value, call.outputs[0] as Value];
  const instead = (value: Value): Value => (value === after ? before : value);
  graph.calls = graph.calls.filter((other) => other !== call);
  for (const other of graph.calls) other.inputs = other.inputs.map(instead);
  graph.outputs = graph.outputs.map(instead);
}
