/**
 * Reads what TypeScript printed, without colours.
 *
 * @throws with the diagnostics that are in a file of ours or of the consumer's, or in none.
 */
export function requireCleanTypes(output: string): void {
  const ours = output.split("\n").filter((line) => {
    const place = line.match(/^(?:(?<file>\S.*)\(\d+,\d+\): )?error TS\d+: /);
    if (!place) return false;
    const file = place.groups?.file ?? "";
    return !/(^|\/)node_modules\//.test(file) || file.includes("node_modules/@batchnorm/");
  });
  if (ours.length > 0) throw new Error(ours.join("\n"));
}
