#!/usr/bin/env node
import process from "node:process";
import { parseArgs } from "node:util";
import { type Case, judge, type Outcome } from "./case.ts";
import { contract } from "./cases/index.ts";
import { firstLine, InputError, loadGoldens, loadSubject } from "./files.ts";
import { goldenCases } from "./goldens/golden-cases.ts";
import { GoldenError, oneLine } from "./goldens/golden-error.ts";
import type { GoldenFile } from "./goldens/read.ts";
import { shippedGoldens } from "./goldens/shipped.ts";
import { print, summarize } from "./report.ts";

const help = `Holds an implementation of Batch Normalization to the contract of @batchnorm.

batchnorm-conformance SUBJECT-MODULE [--goldens FILE-OR-FOLDER]… [--json]

  SUBJECT-MODULE   a path or a package that exports a subject: by default, as "subject", or alone
  --goldens        more golden files than those that come with the package; may be repeated
  --json           one JSON document instead of lines
  --help           this text

Exit code: 0 when all passed or were skipped, 1 after a failure, 2 for input that cannot be used.
`;

/** Runs the command. @returns what it prints, and its exit code. */
async function main(args: string[]): Promise<{ output: string; code: 0 | 1 }> {
  const { values, positionals } = parse(args);
  if (values.help) return { output: help, code: 0 };
  const [module, ...rest] = positionals;
  if (module === undefined || rest.length > 0) {
    throw new InputError(
      `a subject's module must be given, and one only, got ${positionals.length}; see --help`,
    );
  }
  // Every file is understood before the subject is touched.
  const given = (values.goldens ?? []).flatMap(loadGoldens);
  const all: Case[] = [
    ...contract,
    ...withoutRepeats([...shippedGoldens, ...given]).flatMap(goldenCases),
  ];
  const subject = await loadSubject(module);
  const outcomes: Outcome[] = [];
  for (const test of all) outcomes.push(await judge(test, subject));
  const report = summarize(subject.name, outcomes);
  const output = values.json ? `${JSON.stringify(report, null, 2)}\n` : print(report);
  return { output, code: report.failed > 0 ? 1 : 0 };
}

function parse(args: string[]) {
  const goldens = { type: "string", multiple: true } as const;
  const flag = { type: "boolean" } as const;
  const options = { goldens, json: flag, help: flag };
  try {
    return parseArgs({ args, allowPositionals: true, options });
  } catch (error) {
    throw new InputError(`${firstLine(error)}; see --help`);
  }
}

/** Each case once, however often its file is given; one that differs at all is another case. */
function withoutRepeats(files: readonly GoldenFile[]): GoldenFile[] {
  const seen = new Set<string>();
  return files.map((file) => ({
    ...file,
    cases: file.cases.filter(({ json }) => !seen.has(json) && seen.add(json)),
  }));
}

try {
  const { output, code } = await main(process.argv.slice(2));
  // A subject may keep something open, a worker or a GPU: the command ends all the same.
  process.stdout.write(output, () => process.exit(code));
} catch (error) {
  const isExpected = error instanceof InputError || error instanceof GoldenError;
  const text = isExpected ? firstLine(error) : `unexpected ${firstLine(error)}`;
  process.stderr.write(`batchnorm-conformance: ${oneLine(text)}\n`, () => process.exit(2));
}
