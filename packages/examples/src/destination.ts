import { closeSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { UsageError } from "./options.ts";

/**
 * Sees to it that a file can be written, so that nobody waits a minute and is told then.
 *
 * @param option - What named it.
 * @throws {UsageError}
 */
export function requireWritable(option: string, file: string): void {
  try {
    mkdirSync(dirname(file), { recursive: true });
    closeSync(openSync(file, "a"));
  } catch (error) {
    throw new UsageError(`${option} cannot be written: ${(error as Error).message}`);
  }
}
