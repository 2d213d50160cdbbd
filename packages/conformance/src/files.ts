// What the command needs of Node: modules and files. Nothing else here does.
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { type GoldenFile, goldenLimits, readGoldens } from "./goldens/read.ts";
import { features, type Subject } from "./subject.ts";

/** An argument that nothing can be done with; the message is for whoever typed it. */
export class InputError extends Error {
  override readonly name = "InputError";
}

/**
 * Loads a subject: the default export, the one named `subject`, or the only one that looks like one.
 *
 * @param module - A path, or the name of a package.
 * @throws {InputError} when there is no such module, it cannot be loaded, or it exports no subject.
 */
export async function loadSubject(module: string): Promise<Subject> {
  const isFile = existsSync(module);
  if (!isFile && /^[./]|\.[cm]?[jt]s$/.test(module)) {
    throw new InputError(`${resolve(module)} must be a module's file, and does not exist`);
  }
  let exports: Record<string, unknown>;
  try {
    exports = await import(isFile ? pathToFileURL(resolve(module)).href : module);
  } catch (error) {
    throw new InputError(`cannot load ${module}: ${firstLine(error)}`);
  }
  const candidates = [exports.default, exports.subject].filter(isSubject);
  const all = [...new Set(Object.values(exports).filter(isSubject))];
  const subject = candidates[0] ?? (all.length === 1 ? all[0] : undefined);
  if (!subject) {
    const rule = "must export a subject, an object with name, supports and create";
    throw new InputError(`${module} ${rule}, got ${all.length} of them`);
  }
  const unknown = subject.supports.find((feature) => !features.includes(feature));
  if (unknown !== undefined) {
    throw new InputError(`supports must hold features (${features.join(", ")}), got ${unknown}`);
  }
  return subject;
}

/**
 * Reads golden files.
 *
 * @param path - A file, or a folder whose `.json` files are read.
 * @throws {InputError} when there is none; {@link GoldenError} for a file that is no golden.
 */
export function loadGoldens(path: string): GoldenFile[] {
  try {
    if (!statSync(path).isDirectory()) return [readFile(path)];
    const names = readdirSync(path)
      .filter((name) => name.endsWith(".json"))
      .sort();
    if (names.length === 0) throw new InputError(`${path} must hold .json files, got none`);
    return names.map((name) => readFile(join(path, name)));
  } catch (error) {
    const isOfSystem = error instanceof Error && "syscall" in error;
    throw isOfSystem ? new InputError(`cannot read ${path}: ${firstLine(error)}`) : error;
  }
}

function readFile(path: string): GoldenFile {
  const stat = statSync(path);
  if (!stat.isFile()) throw new InputError(`${path} must be a file`);
  if (stat.size > goldenLimits.bytes) {
    throw new InputError(`${path} must have ${goldenLimits.bytes} bytes at most, got ${stat.size}`);
  }
  return readGoldens(readFileSync(path, "utf8"), basename(path));
}

function isSubject(value: unknown): value is Subject {
  if (typeof value !== "object" || value === null) return false;
  const { name, supports, create } = value as Partial<Subject>;
  return typeof name === "string" && Array.isArray(supports) && typeof create === "function";
}

/** Of an error's message, which may be long and hold a stack. */
export function firstLine(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.split("\n", 1)[0] ?? "";
}
