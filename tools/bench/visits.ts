import { type Contender, type Timings, Turns } from "./interleave.ts";
import type { Line } from "./row.ts";

/** What is timed against each other, and what the table says of it. */
export interface Cell {
  /** In words. */
  readonly what: string;
  readonly contenders: readonly Contender[];
  lines(timings: Timings): Line[];
}

/**
 * A machine that is shared can be slow for seconds, and not for all alike: what waits for memory loses
 * less than what computes. So the rounds of a cell are not all taken at once.
 */
const visits = 3;

/** Times cells in visits, minutes apart, some of the rounds in each. */
export async function timeInVisits(
  cells: readonly Cell[],
  rounds: number,
  say: (text: string) => void,
): Promise<Line[]> {
  const turns = cells.map(({ contenders }) => new Turns(contenders, rounds));
  for (let visit = 0; visit < visits; visit++) {
    const share =
      Math.floor(((visit + 1) * rounds) / visits) - Math.floor((visit * rounds) / visits);
    for (const [i, { what }] of cells.entries()) {
      if (share === 0) continue;
      say(`timing ${what}, ${visit + 1} of ${visits}`);
      await turns[i]?.take(share);
    }
  }
  return cells.flatMap(({ lines }, i) => lines(turns[i] as Turns));
}
