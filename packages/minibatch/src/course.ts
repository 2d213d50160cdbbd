import type { Batches } from "./batches.ts";
import type { Dataset } from "./dataset.ts";
import type { Position } from "./position.ts";
import type { Random } from "./random.ts";
import { orderAt } from "./record-sizes.ts";

// assembly/course.ts is the other side: the same fields in the same order.

/** Places of 32-bit words. */
const words = {
  samples: 0,
  batches: 1,
  shuffles: 2,
  batch: 3,
  steps: 4,
  epochs: 5,
  random: 12,
  drawn: 16,
};
/** Places of float64 numbers. */
const doubles = { lossSum: 3, loss: 4, threshold: 5 };

/** How far to go. */
export interface Stretch {
  /** Steps, ≥ 1. */
  readonly steps: number;
  /** Ends of epochs, ≥ 1. */
  readonly epochs: number;
  /** An epoch of no more mean loss is the last; NaN for none. */
  readonly threshold: number;
}

/** Where training on a data set is, in the memory in which an executor takes many steps of it at once. */
export class Course {
  readonly data: Dataset;
  readonly batches: Batches;
  readonly #shuffle: boolean;
  /** Empty once the memory has grown. */
  #order: Uint32Array = new Uint32Array();

  constructor(data: Dataset, batches: Batches, shuffle: boolean) {
    this.data = data;
    this.batches = batches;
    this.#shuffle = shuffle;
  }

  /** The samples in this epoch's order. Take it anew after anything was allocated. */
  get order(): Uint32Array {
    if (this.#order.length > 0) return this.#order;
    const { block, course, count } = this.data;
    const start = (course + orderAt) / 4;
    this.#order = block.words.subarray(start, start + count);
    return this.#order;
  }

  /** @param drawn - The generator after this epoch's order was drawn. */
  write(position: Position, drawn: Random, { steps, epochs, threshold }: Stretch): void {
    const { block, course, count } = this.data;
    const [w, d] = [course / 4, course / 8];
    const [to, numbers] = [block.words, block.doubles];
    to[w + words.samples] = count;
    to[w + words.batches] = this.batches.count;
    to[w + words.shuffles] = this.#shuffle ? 1 : 0;
    to[w + words.batch] = position.batch;
    to[w + words.steps] = steps;
    to[w + words.epochs] = epochs;
    numbers[d + doubles.lossSum] = position.lossSum;
    numbers[d + doubles.threshold] = threshold;
    position.random.writeTo(to, w + words.random);
    drawn.writeTo(to, w + words.drawn);
  }

  /** Takes over how far it went. @returns the epochs that ended. */
  read(position: Position, drawn: Random, { steps, epochs }: Stretch): number {
    const { block, course } = this.data;
    const [w, d] = [course / 4, course / 8];
    const [from, numbers] = [block.words, block.doubles];
    const ended = epochs - (from[w + words.epochs] as number);
    position.step += steps - (from[w + words.steps] as number);
    position.batch = from[w + words.batch] as number;
    position.lossSum = numbers[d + doubles.lossSum] as number;
    drawn.readFrom(from, w + words.drawn);
    if (ended === 0) return 0;
    position.epoch += ended;
    position.loss = numbers[d + doubles.loss] as number;
    position.random.readFrom(from, w + words.random);
    return ended;
  }
}
