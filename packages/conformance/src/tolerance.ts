import { ConformanceError } from "./case.ts";

/** How far a number may be off: |received − expected| ≤ relative · |expected| + absolute. */
export interface Tolerance {
  readonly relative: number;
  readonly absolute: number;
}

/**
 * Asserts that numbers agree, NaN with NaN and infinity with its like.
 *
 * @throws {ConformanceError} naming the worst of them.
 */
export function expectNumbers(
  what: string,
  received: ArrayLike<number> | null | undefined,
  expected: ArrayLike<number>,
  { relative, absolute }: Tolerance,
): void {
  if (received?.length !== expected.length) {
    const found = received ? `${received.length}` : `${received}`;
    throw new ConformanceError(what, `${expected.length} numbers`, found);
  }
  let worst = { excess: 0, at: -1 };
  for (let i = 0; i < expected.length; i++) {
    const [a, b] = [received[i] as number, expected[i] as number];
    if (Object.is(a, b) || a === b) continue;
    const allowed = relative * Math.abs(b) + absolute;
    // NaN where a number is expected, or the other way round, is as wrong as can be.
    const difference = Math.abs(a - b);
    const excess = Number.isNaN(difference) ? Infinity : difference / allowed;
    if (excess > worst.excess) worst = { excess, at: i };
  }
  if (worst.excess > 1) {
    const { at, excess } = worst;
    throw new ConformanceError(`${what}[${at}]`, `${expected[at]}`, `${received[at]}`, excess);
  }
}

/** Asserts a fact that is not about numbers. */
export function expectThat(
  holds: boolean,
  what: string,
  expected: string,
  received: unknown,
): void {
  if (!holds) throw new ConformanceError(what, expected, String(received));
}
