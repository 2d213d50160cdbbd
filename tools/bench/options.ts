import { parseArgs } from "node:util";
import type { Suite } from "./suite.ts";

export interface Options {
  readonly suites: readonly Suite[];
  readonly shapes: readonly string[];
  readonly ops: readonly string[];
  readonly subjects: readonly string[];
  readonly rounds: number;
  readonly json: string | undefined;
  readonly help: boolean;
}

/** An argument that makes no sense; the message says what would. */
export class OptionsError extends Error {}

export const usage = (suites: readonly Suite[]): string => `npm run bench -- [options]

  --suite NAME     ${suites.map(({ name }) => name).join(", ")}; all by default
  --shape A,B      only these shapes
  --op forward     only these operations
  --subject ours   only these subjects; \`ours\` is what the ratios are of
  --rounds N       how often each is timed; 7 by default
  --json FILE      writes the rows there

Each of the first four takes several names, with commas or given again.`;

/**
 * Reads the command line.
 *
 * @throws {OptionsError} for an unknown flag or name, which lists the names there are.
 */
export function parseOptions(args: readonly string[], all: readonly Suite[]): Options {
  const values = read(args);
  const names = choose(
    "suite",
    values.suite,
    all.map(({ name }) => name),
  );
  const suites = all.filter(({ name }) => names.includes(name));
  const among = (key: "shapes" | "ops" | "subjects"): string[] => [
    ...new Set(suites.flatMap((suite) => suite[key])),
  ];
  const rounds = Number(values.rounds);
  if (!Number.isSafeInteger(rounds) || rounds < 1) {
    throw new OptionsError(`--rounds must be an integer ≥ 1, got ${values.rounds}`);
  }
  return {
    suites,
    shapes: choose("shape", values.shape, among("shapes")),
    ops: choose("op", values.op, among("ops")),
    subjects: choose("subject", values.subject, among("subjects")),
    rounds,
    json: values.json,
    help: values.help,
  };
}

function read(args: readonly string[]) {
  const several = { type: "string", multiple: true, default: [] as string[] } as const;
  try {
    return parseArgs({
      args: [...args],
      options: {
        suite: several,
        shape: several,
        op: several,
        subject: several,
        rounds: { type: "string", default: "7" },
        json: { type: "string" },
        help: { type: "boolean", default: false },
      },
    }).values;
  } catch (error) {
    throw new OptionsError((error as Error).message);
  }
}

/** The names asked for, in the order of what there is; all of it when none is asked for. */
function choose(flag: string, asked: readonly string[], all: readonly string[]): string[] {
  const names = asked.flatMap((value) => value.split(",")).map((name) => name.trim());
  for (const name of names) {
    if (!all.includes(name)) {
      throw new OptionsError(`--${flag} must be one of ${all.join(", ")}, got ${name}`);
    }
  }
  return names.length ? all.filter((name) => names.includes(name)) : [...all];
}
