import { withBatchNorm } from "@batchnorm/brain";
import { NeuralNetwork } from "brain.js";
import Table from "cli-table3";

/** As brain.js trains on it. */
export interface Sample {
  readonly input: number[];
  readonly output: number[];
}

/** What is compared: stock and ours from the same weights, on the same data. */
export interface Comparison {
  readonly sizes: readonly number[];
  readonly activation: string;
  readonly batchNorm: object;
  readonly train: readonly Sample[];
  readonly test: readonly Sample[];
  /** Epochs after which accuracy is tested. */
  readonly checkpoints: readonly number[];
  /** brain.js's default suits one sample at a time; a mean over a batch may be followed further. */
  readonly learningRates: { readonly stock: number; readonly ours: number };
}

const Network = withBatchNorm(NeuralNetwork<number[], number[]>);

/** Trains both, and says in a table how much of the test set they got right. */
export function compare(comparison: Comparison): string {
  const { sizes, activation, batchNorm, checkpoints, learningRates } = comparison;
  const ours = new Network({ hiddenLayers: sizes.slice(1, -1), activation, batchNorm });
  ours.sizes = [...sizes];
  ours.initialize();
  const stock = new NeuralNetwork<number[], number[]>().fromJSON(ours.toJSON());
  const without = accuracies(stock, comparison, learningRates.stock);
  const within = accuracies(ours, comparison, learningRates.ours);
  const table = new Table({
    head: ["epochs", "stock", "with Batch Normalization"],
    colAligns: ["right", "right", "right"],
    style: { head: [], border: [] },
  });
  for (const [i, epochs] of checkpoints.entries()) {
    table.push([epochs, percent(without[i]), percent(within[i])]);
  }
  return `Test accuracy\n${table}`;
}

function accuracies(
  net: NeuralNetwork<number[], number[]>,
  { train, test, checkpoints }: Comparison,
  learningRate: number,
): number[] {
  let done = 0;
  return checkpoints.map((epochs) => {
    net.train([...train], { iterations: epochs - done, errorThresh: 1e-9, learningRate });
    done = epochs;
    return (
      test.filter(({ input, output }) => best(net.run(input)) === best(output)).length / test.length
    );
  });
}

function best(row: ArrayLike<number>): number {
  const values = Array.from(row);
  return values.indexOf(Math.max(...values));
}

const percent = (share = 0): string => `${(100 * share).toFixed(1)} %`;
