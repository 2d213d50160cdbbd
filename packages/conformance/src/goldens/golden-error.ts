/** A golden file that cannot be used. The message is one line: file, case, field, and what is wrong. */
export class GoldenError extends Error {
  override readonly name = "GoldenError";
}

/** What a refusal is about. */
export interface Place {
  readonly file: string;
  /** The case's id; null for the file as a whole. */
  readonly id: string | null;
  /** As in `inputs.x.data`; empty for the whole. */
  readonly field: string;
}

/**
 * Throws with the message `FILE: case ID: FIELD RULE, got RECEIVED`.
 *
 * @throws {GoldenError} always.
 */
export function refuseGolden({ file, id, field }: Place, rule: string, received: unknown): never {
  const place = [file, ...(id === null ? [] : [`case ${id}`])].join(": ");
  throw new GoldenError(
    oneLine(`${place}: ${field === "" ? "" : `${field} `}${rule}, got ${show(received)}`),
  );
}

/** Without line breaks and terminal escapes, which a hostile file may hold. */
export function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, "�");
}

function show(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.slice(0, 60));
  if (Array.isArray(value)) return `an array of ${value.length}`;
  return typeof value === "object" && value !== null ? "an object" : String(value);
}
