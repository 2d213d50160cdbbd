import { customGrad, engine, keep, reshape, type Tensor } from "@tensorflow/tfjs-core";

/** An operation on the gradient tape, as far as it is used. */
interface TapeNode {
  readonly outputs: readonly Tensor[];
  /** What its gradient is given; disposed with the tape. */
  readonly saved: Tensor[];
}

/**
 * The tape, if one records what is called now; null if none does, or this version of TensorFlow.js
 * does not show it.
 */
export function recordingTape(): TapeNode[] | null {
  const { gradientDepth, kernelDepth, activeTape } = engine().state ?? {};
  const records = (gradientDepth ?? 0) > 0 && kernelDepth === 0;
  return records && Array.isArray(activeTape) ? (activeTape as TapeNode[]) : null;
}

/** Whether a tape records right now, as it does in a gradient of a gradient; yes if none can tell. */
export function isRecording(): boolean {
  return (engine().state?.gradientDepth ?? 1) > 0;
}

/**
 * Has the tape hold tensors for the gradient of an operation that it has just recorded.
 * `save` of a custom gradient would clone them, and on the wasm backend a clone is a copy.
 *
 * @param inputs - Tensors of others', who may dispose of them.
 * @param own - Tensors that the operation has made for this, kept.
 */
export function holdForGradient(
  node: TapeNode,
  inputs: readonly Tensor[],
  own: readonly Tensor[],
): void {
  node.saved.push(...inputs.map((input) => keep(alias(input))), ...own);
}

/** Another tensor of the same data, to the tape the same too. */
const alias = (x: Tensor): Tensor =>
  customGrad((...[x]: unknown[]) => ({
    value: sameData(x as Tensor),
    gradFunc: sameData,
  }))(x);

const sameData = (x: Tensor): Tensor => reshape(x, x.shape);
