import { type FloatArray, refuse } from "@batchnorm/core";
import { requireFloats } from "@batchnorm/core/checks";
import type { Block } from "./block.ts";
import type { Executor } from "./executor.ts";
import { writeMatrix } from "./parameters.ts";
import type { Plan, PlannedPlace } from "./plan.ts";
import { courseBytes } from "./record-sizes.ts";
import { roomFrom } from "./room.ts";

/** Samples that lie where a network computes; for that network alone. */
export class Dataset {
  /** Samples. */
  readonly count: number;
  /** Where the targets begin, in bytes. */
  readonly targets: number;
  /** Where a trainer's way through them stands, in bytes. */
  readonly course: number;
  readonly plan: Plan;
  #block: Block | null;

  /**
   * @throws {BatchNormError} `ERR_BATCHNORM_SHAPE` when the count is no integer ≥ 1, or the memory does
   * not hold it.
   */
  constructor(executor: Executor, count: number) {
    if (!Number.isSafeInteger(count) || count < 1 || count > 0xffff_ffff) {
      refuse("ERR_BATCHNORM_SHAPE", "count must be an integer ≥ 1", count);
    }
    const { plan } = executor;
    const { size } = plan.grain;
    const room = roomFrom(0);
    room.take(count * inputOf(plan).transposedRow);
    this.targets = room.take(count * outputOf(plan).units * size);
    this.course = room.take(courseBytes(count));
    this.count = count;
    this.plan = plan;
    this.#block = executor.allocate(room.end);
  }

  /** @throws {BatchNormError} `ERR_BATCHNORM_DISPOSED` once freed. */
  get block(): Block {
    if (this.#block) return this.#block;
    return refuse(
      "ERR_BATCHNORM_DISPOSED",
      "a data set must not be used once freed",
      "a freed one",
    );
  }

  /**
   * Replaces all values. They are not looked at: a value that is not finite ends the step that meets it.
   *
   * @param x - [count, inputs], row-major; @param targets - [count, outputs].
   * @throws {BatchNormError} `ERR_BATCHNORM_SHAPE`, `ERR_BATCHNORM_DTYPE`; nothing has changed then.
   */
  update(x: FloatArray, targets: FloatArray): void {
    const { block, count, plan } = this;
    const [{ units: inputs, transposedRow }, { units: outputs }] = [inputOf(plan), outputOf(plan)];
    requireFloats("x", x, count * inputs);
    requireFloats("targets", targets, count * outputs);
    const { size } = plan.grain;
    const stride = transposedRow / size;
    if (stride === inputs) block.values.set(x);
    else writeMatrix(block.values, { offset: 0, rows: count, columns: inputs, stride }, x);
    block.values.set(targets, this.targets / size);
  }

  /** Gives the memory back. Freeing twice does nothing. */
  free(): void {
    this.#block?.free();
    this.#block = null;
  }
}

export const inputOf = ({ places }: Plan): PlannedPlace => places[0] as PlannedPlace;
export const outputOf = ({ places }: Plan): PlannedPlace => places.at(-1) as PlannedPlace;
