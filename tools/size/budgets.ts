import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { PublicPackage } from "../public-packages.ts";

/** How much a part of a package may weigh. A package lists its own in `size-budgets.json`. */
export interface Budget {
  /** What a program imports of it, in words. */
  readonly name: string;
  /** The entries: `["."]`, `[".", "./checks"]`. */
  readonly entries: readonly string[];
  /** The names that are imported; all where absent. */
  readonly names?: readonly string[];
  /** Packages that do not count, each with its subpaths; peer dependencies never do. */
  readonly ignore: readonly string[];
  /** Whether what is loaded on demand counts as well. */
  readonly whole?: boolean;
  /** Kilobytes, of 1000 bytes, after minification and gzip. Above it the check fails. */
  readonly limit: number;
}

/** @throws when a package has no budgets, or none for one of its entries. */
export function budgetsOf({ name, folder, manifest }: PublicPackage): Budget[] {
  const file = join(folder, "size-budgets.json");
  const budgets: Budget[] = JSON.parse(readFileSync(file, "utf8"));
  for (const [entry, to] of Object.entries(manifest.exports)) {
    if (typeof to !== "string" && !budgets.some(({ entries }) => entries.includes(entry))) {
      throw new Error(`${file} must hold a budget for ${name}'s entry ${entry}`);
    }
  }
  return budgets;
}
