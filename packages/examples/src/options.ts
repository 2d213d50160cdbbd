import { parseArgs } from "node:util";
import { resnetBatchSize } from "./resnet.ts";

export interface Options {
  /** Training samples that each run sees. */
  readonly samples: number;
  readonly seed: number;
  readonly help: boolean;
}

/** What cannot be done as it was asked for; its message is one line for the user. */
export class UsageError extends Error {}

/** What the command line of a program is about. */
export interface Program {
  readonly about: string;
  readonly command: string;
  readonly batchSize: number;
  /** The default. */
  readonly samples: number;
}

export const resnet: Program = {
  about:
    "Trains, inspects, recalibrates, folds, saves and loads a residual network on real digits.",
  command: "npm run resnet --workspace @batchnorm/examples",
  batchSize: resnetBatchSize,
  samples: 6000,
};

export const usageOf = ({ about, command, batchSize, samples }: Program): string => `${about}

${command} -- [options]
  --samples N  training samples that each run sees, ${batchSize} or more (default ${samples})
  --seed N     what decides weights, split and order, an integer (default 1)
  --help       prints this`;

/** Reads the command line. */
export function readOptions(args: string[], program: Program): Options {
  const { samples, seed, help } = parse(args, program);
  return {
    samples: integer("--samples", samples, program.batchSize),
    seed: integer("--seed", seed, 0),
    help,
  };
}

function parse(
  args: string[],
  { samples }: Program,
): { samples: string; seed: string; help: boolean } {
  try {
    return parseArgs({
      args,
      options: {
        samples: { type: "string", default: `${samples}` },
        seed: { type: "string", default: "1" },
        help: { type: "boolean", default: false },
      },
    }).values;
  } catch (error) {
    throw new UsageError((error as Error).message.split("\n")[0]);
  }
}

/** @throws {UsageError} */
export function integer(name: string, text: string, least: number): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value) || value < least) {
    throw new UsageError(`${name} must be an integer ≥ ${least}, got ${JSON.stringify(text)}`);
  }
  return value;
}

/** @throws {UsageError} */
export function number(name: string, text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value) || value <= 0) {
    throw new UsageError(`${name} must be a number > 0, got ${JSON.stringify(text)}`);
  }
  return value;
}
