import { refuse } from "@batchnorm/core";
import type { GeneratedCode, Neuron, Synaptic } from "./host.ts";
import { normalizationOfNeuron } from "./normalization.ts";

/** In generated code, a semicolon would be followed by a line break, in a text too. */
const rule =
  "a network with Batch Normalization must be trained by BatchTrainer, " +
  "or by synaptic's Trainer once freezeBatchNorm has made its statistics stay";
const received = "propagate() on layers that are not frozen";

/** @throws {BatchNormError} `ERR_BATCHNORM_UNSUPPORTED`, always. */
export function refuseStockTraining(): never {
  refuse("ERR_BATCHNORM_UNSUPPORTED", rule, received);
}

/**
 * Makes the class of neurons that synaptic's own training neither breaks nor moves: refused while their
 * statistics are those of batches, and left as they are once frozen.
 */
export function batchNormNeuron({ Neuron }: Synaptic): new () => Neuron {
  return class BatchNormNeuron extends Neuron {
    override propagate(rate: number, target?: number): void {
      if (!isFrozen(this)) refuseStockTraining();
      const inputs = Object.values(this.connections.inputs);
      const weights = inputs.map(({ weight }) => weight);
      const { bias } = this;
      super.propagate(rate, target);
      for (const [i, input] of inputs.entries()) input.weight = weights[i] as number;
      this.bias = bias;
    }

    override optimize(code: GeneratedCode | undefined, layer: string | number): GeneratedCode {
      const generated = super.optimize(code, layer);
      if (isFrozen(this)) keepParameters(generated, this);
      else refuseFirst(generated);
      return generated;
    }
  };
}

const isFrozen = (neuron: Neuron): boolean => normalizationOfNeuron(neuron)?.frozen ?? true;

/** Takes out what this neuron, the last that was added, learns by. */
function keepParameters(
  { variables, propagation_sentences, layers }: GeneratedCode,
  neuron: Neuron,
) {
  const learned = Object.values(neuron.connections.inputs).map(({ ID }) => `weight_${ID}`);
  const updates = [...learned, `bias_${neuron.ID}`].map((key) => `F[${variables[key]?.id}] += `);
  const statements = propagation_sentences[layers.__count]?.at(-1) ?? [];
  const kept = statements.filter(
    (statement) => !updates.some((head) => statement.startsWith(head)),
  );
  statements.splice(0, statements.length, ...kept);
}

/** Has the code throw before anything is learned: it is turned round once it is whole, output first. */
function refuseFirst({ propagation_sentences: sentences }: GeneratedCode): void {
  if (Object.hasOwn(sentences, "reverse")) return;
  const error = { name: "BatchNormError", code: "ERR_BATCHNORM_UNSUPPORTED" };
  const message = JSON.stringify(`${rule}, got ${received}`);
  // Generated code reaches no import.
  const statement = `throw Object.assign(new Error(${message}), ${JSON.stringify(error)});`;
  Object.defineProperty(sentences, "reverse", {
    value(this: string[][][]) {
      Array.prototype.reverse.call(this);
      this.unshift([[statement]]);
      return this;
    },
  });
}
