import type { Backend } from "@batchnorm/kernels/memory";
import type { Block } from "./block.ts";
import type { Plan } from "./plan.ts";

/** Samples where an executor reads them; numbers are byte offsets in their block. */
export interface DataAt {
  /** From its start on rows of inputs, each padded as the plan's place 0 has it. */
  readonly block: Block;
  /** Rows of targets, side by side. */
  readonly targets: number;
  /** A trainer's way through them, as course.ts has it. */
  readonly course: number;
}

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
   * update, and counts it. Where the loss is not finite or the controls' outcome is `refused`, nothing is
   * learned.
   *
   * @returns the mean loss, before the update.
   */
  step(data: DataAt, count: number): number;

  /**
   * Takes steps as the data's course says, or fewer: one whose loss is not finite is the last, and does not
   * count there. Absent where a step is as slow as all that is done about it.
   *
   * @returns the last one's loss.
   */
  run?(data: DataAt): number;

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
