/** What the user asked for cannot be done; the message is for whoever typed it. */
export class NameError extends Error {
  override readonly name = "NameError";
}

/**
 * Checks a name for an adapter: a package's, a folder's and a word in a sentence.
 *
 * @param taken - Names that packages of this repository have.
 * @throws {NameError} when it is none.
 */
export function checkName(name: string | undefined, taken: readonly string[]): string {
  if (name === undefined) throw new NameError("a name must be given: npm run new:adapter NAME");
  const received = JSON.stringify(name.slice(0, 60));
  if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name) || name.length > 40) {
    const rule = "lower-case letters and digits, in words joined by single hyphens, 40 at most";
    throw new NameError(`a name must be of ${rule}, got ${received}`);
  }
  if (taken.includes(name)) {
    throw new NameError(`a name must not be taken yet, and there is a package ${received}`);
  }
  return name;
}
