import { ConformanceError } from "../case.ts";
import type { Eventually } from "../subject.ts";

/** Asserts that something is refused; with what code is for the hand-written cases to say. */
export async function expectRefusal(
  what: string,
  action: () => Eventually<unknown>,
): Promise<void> {
  let received: unknown;
  try {
    received = await action();
  } catch {
    return;
  }
  throw new ConformanceError(what, "an error", received === undefined ? "none" : `${received}`);
}
