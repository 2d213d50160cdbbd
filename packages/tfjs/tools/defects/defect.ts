import type { Side } from "./sides.ts";

/** What one of the two did. */
export interface Seen {
  readonly right: boolean;
  /** In a few words, for a table. */
  readonly what: string;
}

/** A behaviour of the stock layer that its users reported, or that was measured. */
export interface Defect {
  readonly behaviour: string;
  /** Where it was reported: issues of tensorflow/tfjs. */
  readonly issues: readonly string[];
  /** Fails with either, for a reason that lies outside of the layer. */
  readonly beyondUs?: true;
  run(side: Side): Seen | Promise<Seen>;
}

/** A defect, and what both did. */
export interface Finding {
  readonly defect: Defect;
  readonly stock: Seen;
  readonly ours: Seen;
}

/** Whether the two did what is said of them: the stock layer fails, ours does not unless it must. */
export const isAsStated = ({ defect, stock, ours }: Finding): boolean =>
  !stock.right && ours.right === !defect.beyondUs;

/** Right where an error is as small as said. */
export const within = (limit: number, error: number, of: string): Seen =>
  error <= limit
    ? { right: true, what: `right within ${limit.toExponential()}` }
    : { right: false, what: `${of} off by ${error.toPrecision(2)}` };

/** Wrong without a word where nothing is thrown; an error must be one of ours. */
export async function refused(call: () => unknown, what: string): Promise<Seen> {
  try {
    await call();
  } catch (error) {
    const code = (error as { code?: string }).code;
    return { right: code !== undefined, what: code ? `refused, ${code}` : thrown(error) };
  }
  return { right: false, what };
}

/** An error as a table has room for it. */
export function thrown(error: unknown): string {
  const { name, message } = error as Error;
  const first = message.split("\n")[0] as string;
  return `throws ${name}: ${first.length > 68 ? `${first.slice(0, 68)}…` : first}`;
}
