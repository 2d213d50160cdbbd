import { refuse } from "@batchnorm/core";
import { Random } from "@batchnorm/minibatch";
import { checkData, isList, listOf } from "../check-data.ts";
import type {
  FeedForwardClass,
  GetLayer,
  HostNetwork,
  HostNetworkClass,
  LayerBefore,
} from "./brain-namespace.ts";
import { Deck } from "./deck.ts";
import type { BatchNormLayer } from "./layer.ts";
import { flat, rowsOf } from "./rows.ts";

/**
 * brain.js's FeedForward over that copy of it, for layers whose width is the batch: deals samples out to
 * batches of exactly that width, in another order each epoch, and runs one sample at a time.
 *
 * @param isOurs - Whether a layer is one of Batch Normalization.
 * @param layerOf - What makes it of its JSON.
 */
export function networkClass(
  FeedForward: FeedForwardClass,
  isOurs: (layer: unknown) => layer is BatchNormLayer,
  layerOf: GetLayer,
): unknown {
  const HostFeedForward = FeedForward as unknown as HostNetworkClass;

  return class BatchFeedForward extends HostFeedForward {
    /** What orders are drawn with. */
    #random: Random | null = null;

    override initialize(): void {
      super.initialize();
      for (const layer of this.#norms) layer.usePraxis(this.options.praxisOpts);
    }

    run(input: object): ArrayLike<number> | Record<string, number> {
      this.verifyIsInitialized();
      const { height, width } = this._inputLayer as LayerBefore;
      const { inputLookup, outputLookup } = this;
      const x = inputLookup && !isList(input) ? listOf("input", input, 0, inputLookup) : input;
      const values = x as ArrayLike<number>;
      if (values.length !== height) {
        refuse("ERR_BATCHNORM_SHAPE", `input must have ${height} fields`, values.length);
      }
      const batch = Array.from(values, (value) => new Float32Array(width).fill(value));
      const y = flat(this.runInput(batch));
      const outputs = rowsOf(y, (this._outputLayer as LayerBefore).height);
      const output = Float32Array.from(outputs, (row) => row[0] as number);
      if (!outputLookup) return output;
      return Object.fromEntries(
        Object.entries(outputLookup).map(([key, place]) => [key, output[place] as number]),
      );
    }

    formatData(data: unknown): Deck {
      this.verifyIsInitialized();
      const { height: inputs, width } = this._inputLayer as LayerBefore;
      const { height: outputs } = this._outputLayer as LayerBefore;
      const { inputLookup, outputLookup } = this;
      const checked = checkData({ inputs, outputs, inputLookup, outputLookup }, data, "float32");
      this.#random ??= new Random(0);
      const deck = new Deck(checked, width, this.#random);
      this.inputLookup = checked.input.lookup ?? inputLookup;
      this.inputLookupLength = this.inputLookup && inputs;
      this.outputLookup = checked.output.lookup ?? outputLookup;
      this.outputLookupLength = this.outputLookup && outputs;
      return deck;
    }

    transferData(deck: Deck): Deck {
      return deck;
    }

    override _calculateTrainingError(deck: Deck): number {
      return this.#inTraining(() => super._calculateTrainingError(deck.deal()));
    }

    override _trainPatterns(deck: Deck): void {
      this.#inTraining(() => super._trainPatterns(deck.deal()));
    }

    static override fromJSON(json: object, getLayer?: GetLayer): HostNetwork {
      // biome-ignore lint/complexity/noThisInStatic: brain.js makes what `this` is, a class of the user's too
      return super.fromJSON(json, (layer, ...inputs) =>
        layer.type === "BatchNorm" ? layerOf(layer, ...inputs) : getLayer?.(layer, ...inputs),
      );
    }

    get #norms(): BatchNormLayer[] {
      return (this.layers ?? []).filter(isOurs);
    }

    /** For one epoch only, so that `run` may be called between two. */
    #inTraining<T>(work: () => T): T {
      this.#training(true);
      try {
        return work();
      } finally {
        this.#training(false);
      }
    }

    #training(training: boolean): void {
      for (const layer of this.#norms) layer.training = training;
    }
  };
}
