import { refuse } from "@batchnorm/core";
import type { Random } from "@batchnorm/minibatch";
import type { Data, Side } from "../check-data.ts";

/** A batch as brain.js's layers take it: [features][batch]. */
export interface Batch {
  readonly input: Float32Array[];
  readonly output: Float32Array[];
}

/** Samples, dealt out to batches of one width. Those left over have their turn in another epoch. */
export class Deck {
  readonly #data: Data;
  readonly #width: number;
  readonly #random: Random;
  readonly #order: Uint32Array;

  /** @throws {BatchNormError} `ERR_BATCHNORM_TOO_FEW_VALUES` for fewer samples than a batch has. */
  constructor(data: Data, width: number, random: Random) {
    if (data.count < width) {
      const rule = `the training data must hold ${width} samples or more, the width of the input layer`;
      refuse("ERR_BATCHNORM_TOO_FEW_VALUES", rule, data.count);
    }
    this.#data = data;
    this.#width = width;
    this.#random = random;
    this.#order = Uint32Array.from({ length: data.count }, (_, i) => i);
  }

  /** The next epoch's batches. */
  deal(): Batch[] {
    const { input, output, count } = this.#data;
    this.#random.shuffle(this.#order);
    return Array.from({ length: Math.floor(count / this.#width) }, (_, i) => ({
      input: this.#gather(input, i * this.#width),
      output: this.#gather(output, i * this.#width),
    }));
  }

  #gather({ values, width }: Side, start: number): Float32Array[] {
    const samples = this.#order.subarray(start, start + this.#width);
    return Array.from({ length: width }, (_, field) =>
      Float32Array.from(samples, (sample) => values[sample * width + field] as number),
    );
  }
}
