/** Where a committed text and the one that would be written first differ, in words; null where nowhere. */
export function firstDifference(
  written: string | undefined,
  made: string | undefined,
): string | null {
  if (written === made) return null;
  if (written === undefined) return "is missing";
  if (made === undefined) return "is of nothing that there is";
  const [before, after] = [written.split("\n"), made.split("\n")];
  const line = before.findIndex((text, i) => text !== after[i]);
  const at = line === -1 ? before.length : line;
  return `line ${at + 1} reads\n  ${before[at] ?? "(the end)"}\nand should read\n  ${after[at] ?? "(the end)"}`;
}
