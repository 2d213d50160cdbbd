// What the packages make public, from their build: signatures to docs/api, docstrings to docs/reference.
// `npm run api` writes both; `npm run api -- --check` says where they are not what it would write.
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { publicPackages, root } from "../public-packages.ts";
import { firstDifference } from "./first-difference.ts";
import { writeReference } from "./reference.ts";
import { writeReport } from "./report.ts";

const { check } = parseArgs({ options: { check: { type: "boolean" } } }).values;
const docs = join(root, "docs");
const fresh = mkdtempSync(join(tmpdir(), "batchnorm-api-"));
try {
  const packages = publicPackages();
  for (const folder of ["api", "temp"]) mkdirSync(join(fresh, folder));
  for (const { folder, entries } of packages) {
    for (const entry of entries) writeReport(entry, folder, fresh);
  }
  await writeReference(
    packages.flatMap(({ entries }) => entries),
    join(fresh, "reference"),
  );
  if (check) report();
  else replace();
} finally {
  rmSync(fresh, { recursive: true });
}

function replace(): void {
  for (const name of ["api", "reference"]) {
    rmSync(join(docs, name), { recursive: true, force: true });
    cpSync(join(fresh, name), join(docs, name), { recursive: true });
  }
}

function report(): void {
  const stale = ["api", "reference"].flatMap((name) => {
    const [written, made] = [filesOf(join(docs, name)), filesOf(join(fresh, name))];
    const files = [...new Set([...written.keys(), ...made.keys()])].sort();
    return files.flatMap((file) => {
      const difference = firstDifference(written.get(file), made.get(file));
      return difference === null ? [] : [`docs/${name}/${file}: ${difference}`];
    });
  });
  if (stale.length > 0) {
    console.error(`${stale.join("\n")}\n\nIf that is meant, run: npm run api`);
    process.exitCode = 1;
  } else console.log("docs/api and docs/reference are current");
}

function filesOf(folder: string): Map<string, string> {
  if (!existsSync(folder)) return new Map();
  return new Map(
    readdirSync(folder).map((file) => [file, readFileSync(join(folder, file), "utf8")]),
  );
}
