import { parseArgs } from "node:util";
import { hosts } from "./hosts/index.ts";
import { integer, number, UsageError } from "./options.ts";

/** What the main job is asked to do. */
export interface JobOptions {
  /** Names, in the order of {@link hosts}. */
  readonly hosts: readonly string[];
  /** Training samples that each run sees at most. */
  readonly samples: number;
  readonly seed: number;
  readonly batchSize: number;
  /** Of all runs; null for those that suit them. */
  readonly rate: number | null;
  /** Seconds of training of a run without Batch Normalization. */
  readonly cap: number;
  /** A folder with the original files; null for the digits that come along. */
  readonly mnist: string | null;
  /** Null for reports/ of this repository. */
  readonly report: string | null;
  readonly json: string | null;
  readonly help: boolean;
}

const names = hosts.map(({ name }) => name);

export const usage = `Trains the paper's network on real digits in TensorFlow.js, brain.js and synaptic, with Batch Normalization
and without, prints a table, and tells the story in pictures in reports/index.html.

npm start -- [options]
  --host NAME       one of ${names.join(", ")}; may be given more than once (default all)
  --samples N       training samples that each run sees at most (default 90000)
  --seed N          what decides split, weights and order, an integer (default 1)
  --batch N         samples of a batch, 2 or more (default 60)
  --rate R          learning rate of all runs (default: one that suits each)
  --cap S           seconds of training after which a run without Batch Normalization stops, once it has seen
                    600 samples (default 20); it stops at 95 %, too
  --mnist FOLDER    the original IDX files of MNIST, plain or .gz, in place of the digits
  --report FOLDER   where index.html goes (default reports)
  --json FILE       writes all numbers there
  --help            prints this`;

/** Reads the command line. @throws {UsageError} */
export function readJobOptions(args: string[]): JobOptions {
  const values = parse(args);
  const asked = values.host ?? names;
  const unknown = asked.find((name) => !names.includes(name));
  if (unknown !== undefined) {
    throw new UsageError(
      `--host must be one of ${names.join(", ")}, got ${JSON.stringify(unknown)}`,
    );
  }
  const batchSize = integer("--batch", values.batch, 2);
  return {
    hosts: names.filter((name) => asked.includes(name)),
    batchSize,
    samples: integer("--samples", values.samples, batchSize),
    seed: integer("--seed", values.seed, 0),
    rate: values.rate === undefined ? null : number("--rate", values.rate),
    cap: number("--cap", values.cap),
    mnist: values.mnist ?? null,
    report: values.report ?? null,
    json: values.json ?? null,
    help: values.help,
  };
}

/** What has to be typed to get the same numbers. */
export function commandOf(options: JobOptions, only: readonly string[] = options.hosts): string {
  const { samples, seed, batchSize, rate, cap, mnist } = options;
  const given = [
    ...(only.length === names.length ? [] : only.map((name) => `--host ${name}`)),
    ...(samples === 90_000 ? [] : [`--samples ${samples}`]),
    ...(batchSize === 60 ? [] : [`--batch ${batchSize}`]),
    ...(rate === null ? [] : [`--rate ${rate}`]),
    ...(cap === 20 ? [] : [`--cap ${cap}`]),
    ...(mnist === null ? [] : [`--mnist ${JSON.stringify(mnist)}`]),
    `--seed ${seed}`,
  ];
  return `npm start -- ${given.join(" ")}`;
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      options: {
        host: { type: "string", multiple: true },
        samples: { type: "string", default: "90000" },
        seed: { type: "string", default: "1" },
        batch: { type: "string", default: "60" },
        rate: { type: "string" },
        cap: { type: "string", default: "20" },
        mnist: { type: "string" },
        report: { type: "string" },
        json: { type: "string" },
        help: { type: "boolean", default: false },
      },
    }).values;
  } catch (error) {
    throw new UsageError((error as Error).message.split("\n")[0]);
  }
}
