import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, relative } from "node:path";
import { checkName, NameError } from "./name.ts";

const template = join(import.meta.dirname, "template");

/**
 * Makes packages/NAME of the template, with its changeset, and adds it to what TypeScript checks: all of
 * it, or on a throw nothing.
 *
 * @returns the files that were written or changed, relative to the root.
 * @throws {NameError} for a name that is none or is taken.
 */
export function scaffold(wanted: string | undefined, root: string): string[] {
  const name = checkName(wanted, takenNames(root));
  const { version } = readJson(join(root, "packages/core/package.json"));
  const render = (file: string): string =>
    readFileSync(file, "utf8").replaceAll("{{name}}", name).replaceAll("{{version}}", version);

  const folder = join(root, "packages", name);
  const changeset = join(root, ".changeset", `adapter-${name}.md`);
  for (const path of [folder, changeset]) {
    if (existsSync(path)) throw new NameError(`${relative(root, path)} must not exist yet`);
  }
  const tsconfig = join(root, "tsconfig.json");
  const references = readFileSync(tsconfig, "utf8");

  const draft = join(root, `.new-adapter-${process.pid}`);
  try {
    const files = templates().map((file) => {
      const to = join(draft, file);
      mkdirSync(dirname(to), { recursive: true });
      writeFileSync(to, render(join(template, `${file}.template`)));
      return join(folder, file);
    });
    writeFileSync(join(draft, "LICENSE"), readFileSync(join(root, "LICENSE")));
    format(draft, root);
    const changed = withReference(references, `packages/${name}`);
    writeFileSync(changeset, render(join(template, "changeset.md.template")), { flag: "wx" });
    renameSync(draft, folder);
    writeFileSync(tsconfig, changed);
    return [...files, join(folder, "LICENSE"), changeset, tsconfig]
      .map((path) => relative(root, path))
      .sort();
  } catch (error) {
    for (const path of [draft, folder]) rmSync(path, { recursive: true, force: true });
    rmSync(changeset, { force: true });
    throw error;
  }
}

/** As the house formats it: the order of imports and the width of a line depend on the name. */
function format(folder: string, root: string): void {
  const biome = join(root, "node_modules/.bin/biome");
  execFileSync(biome, ["check", "--write", folder], {
    cwd: root,
    stdio: ["ignore", "ignore", "pipe"],
  });
}

/** The package's files in the template, without `.template`. */
function templates(): string[] {
  return readdirSync(template, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".template") && file !== "changeset.md.template")
    .map((file) => file.slice(0, -".template".length));
}

/** tsconfig.json as text, so that it keeps its form, with one more reference at the end of the list. */
function withReference(text: string, path: string): string {
  const end = text.lastIndexOf("\n  ]");
  if (end < 0 || !text.slice(0, end).endsWith("}")) {
    throw new Error("tsconfig.json must end with the list of its references, one a line");
  }
  return `${text.slice(0, end)},\n    { "path": "${path}" }${text.slice(end)}`;
}

function takenNames(root: string): string[] {
  const packages = readdirSync(join(root, "packages"));
  const names = ["tools", ...packages.map((folder) => `packages/${folder}`)]
    .map((folder) => join(root, folder, "package.json"))
    .filter((file) => existsSync(file))
    .map((file) => readJson(file).name.replace("@batchnorm/", ""));
  return [...packages, ...names];
}

function readJson(file: string): { name: string; version: string } {
  return JSON.parse(readFileSync(file, "utf8"));
}
