import { parseArgs } from "node:util";
import { batchSize } from "./experiment.ts";

export interface Options {
  /** Training samples that each run sees. */
  readonly samples: number;
  readonly seed: number;
  readonly help: boolean;
}

/** An argument that makes no sense; its message is one line for the user. */
export class UsageError extends Error {}

export const usage = `Trains the paper's network on real digits, with Batch Normalization and without.

npm start -- [options]
  --samples N  training samples that each run sees, ${batchSize} or more (default 90000)
  --seed N     what decides weights, split and order, an integer (default 1)
  --help       prints this`;

/** Reads the command line. */
export function readOptions(args: string[]): Options {
  const { samples, seed, help } = parse(args);
  return {
    samples: integer("--samples", samples, batchSize),
    seed: integer("--seed", seed, 0),
    help,
  };
}

function parse(args: string[]): { samples: string; seed: string; help: boolean } {
  try {
    return parseArgs({
      args,
      options: {
        samples: { type: "string", default: "90000" },
        seed: { type: "string", default: "1" },
        help: { type: "boolean", default: false },
      },
    }).values;
  } catch (error) {
    throw new UsageError((error as Error).message.split("\n")[0]);
  }
}

function integer(name: string, text: string, least: number): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value) || value < least) {
    throw new UsageError(`${name} must be an integer ≥ ${least}, got ${JSON.stringify(text)}`);
  }
  return value;
}
