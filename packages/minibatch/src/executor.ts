import type { Backend } from "@batchnorm/kernels";
import type { Block } from "./block.ts";
import type { Plan } from "./plan.ts";

/**
 * What computes a network that lies in a block of memory as its plan says.
 *
 * How a pass is done stands in the plan's controls, and how it ended. Nothing is checked here.
 */
export interface Executor {
  readonly backend: Backend;
  readonly plan: Plan;
  readonly block: Block;

  /** Room for a data set. @throws {RangeError} when there is none. */
  allocate(bytes: number): Block;

  /**
   * One training step on samples that the plan's `indices` name: gathers them, forward, loss, backward,
   * update. Where the loss is not finite or the controls' outcome is `refused`, nothing is learned.
   *
   * @param data - Rows of inputs, each padded as the plan's place 0 has it, and from the offset
   * `targets` on rows of targets, side by side.
   * @returns the mean loss, before the update.
   */
  step(data: Block, targets: number, count: number): number;

  /**
   * Forward by the running statistics, for samples that lie in place 0's `transposed`.
   *
   * @param stop - The layer whose sums are to be left in its `source`, neither normalized nor activated;
   * 0 for none.
   */
  infer(count: number, stop: number): void;

  /**
   * Forward by the batch, but for frozen layers, and backward, for samples that lie in place 0's
   * `transposed`; gradients go behind the optimizer's slots and to place 0's `gradient`.
   *
   * @param upstream - Whether the outputs' gradients lie in the last place's `gradient`; else the
   * targets lie in the plan's `targets`. Both are [outputs][row of the batch].
   * @returns the mean loss; NaN with upstream gradients.
   */
  differentiate(count: number, upstream: boolean): number;
}
