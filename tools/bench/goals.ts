import type { Row } from "./row.ts";
import { type Target, targets } from "./targets.ts";

/** One goal against what was measured. */
export interface Goal {
  readonly goal: number;
  readonly met: boolean;
  /** ratio ÷ goal − 1: above 0 by what it is missed. */
  readonly off: number;
}

/** A ratio, and how it stands to its two goals. */
export interface Verdict {
  readonly row: Row;
  readonly against: string;
  readonly ratio: number;
  readonly first: Goal | null;
  readonly second: Goal | null;
}

/** Ours ÷ another subject's time; to the limit and to 1 ms, from ours' own row. */
export function ratioAgainst(rows: readonly Row[], against: string): number | undefined {
  const ours = rows.find(({ subject }) => subject === "ours");
  if (against === "limit") return ours?.ratioToLimit ?? undefined;
  if (against === "ms") return ours?.medianMs;
  return rows.find(({ subject }) => subject === against)?.oursRatio;
}

/** How the rows of one shape and op stand to the target against a subject, if there is one. */
export function judge(
  rows: readonly Row[],
  against: string,
  among: readonly Target[] = targets,
): Verdict | null {
  const [row] = rows;
  const ratio = ratioAgainst(rows, against);
  if (!row || ratio === undefined) return null;
  const target = among.find(
    ({ suite, shapes, op, against: other }) =>
      suite === row.suite &&
      op === row.op &&
      other === against &&
      (shapes?.includes(row.shape) ?? true),
  );
  const goal = (goal: number | undefined): Goal | null =>
    goal === undefined ? null : { goal, met: ratio <= goal, off: ratio / goal - 1 };
  return { row, against, ratio, first: goal(target?.first), second: goal(target?.second) };
}

/** Whom a suite's targets compare ours with, in the order of the targets. */
export function targetedBy(suite: string): string[] {
  const own = targets.filter((target) => target.suite === suite && target.against !== "ms");
  return [...new Set(own.map(({ against }) => against))];
}

/** `1.18 ✓1.25 ✗1.1+7%`: the ratio, then each goal, met or missed by so much. */
export function phrase({ ratio, first, second }: Verdict): string {
  const goals = [first, second?.goal === first?.goal ? null : second];
  return [quotient(ratio), ...goals.map((goal) => (goal ? ` ${mark(goal)}` : ""))].join("");
}

/** From twice the goal on, a percentage says less than how many times the goal it is. */
function mark({ goal, met, off }: Goal): string {
  const name = goal < 0.2 ? quotient(goal) : `${Number(goal.toPrecision(3))}`;
  const times = off + 1;
  if (met) return `✓${name}`;
  if (times < 2) return `✗${name}+${Math.max(1, Math.round(100 * off))}%`;
  return `✗${name}×${times.toFixed(times < 10 ? 1 : 0)}`;
}

/** A ratio in the digits that matter: 12.3, 1.18, 0.35, 1/48. */
export function quotient(ratio: number): string {
  if (ratio >= 10) return ratio.toFixed(0);
  if (ratio >= 0.2) return ratio.toFixed(2);
  return `1/${Math.round(1 / ratio)}`;
}
