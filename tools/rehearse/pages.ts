import { existsSync, readFileSync, statSync } from "node:fs";
import { join, normalize } from "node:path";

/** The file at a page's path; undefined for none. */
export function staticFile(folder: string, path: string): string | undefined {
  const file = join(folder, normalize(path));
  return isFile(file) ? file : undefined;
}

/**
 * The file that unpkg and jsDelivr have at a path: `/PACKAGE/FILE`, or `/PACKAGE` for the file that the
 * package.json names for them.
 */
export function packageFile(folder: string, path: string): string | undefined {
  const match = path.match(/^\/(?<name>(?:@[^/]+\/)?[^/]+)(?<file>\/.+)?$/);
  const { name, file } = match?.groups ?? {};
  const at = join(folder, "node_modules", normalize(name ?? ""));
  if (!name || !existsSync(join(at, "package.json"))) return undefined;
  const { unpkg, jsdelivr } = JSON.parse(readFileSync(join(at, "package.json"), "utf8"));
  const isOurs = name.startsWith("@batchnorm/");
  if (isOurs && !file && unpkg !== jsdelivr) throw new Error(`${name}: unpkg is not jsdelivr`);
  return staticFile(at, file ?? unpkg ?? "");
}

const isFile = (file: string): boolean => existsSync(file) && statSync(file).isFile();
