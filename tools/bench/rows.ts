import type { Row } from "./row.ts";
import { ratioOf, type Series, summary } from "./statistics.ts";

/** The rows of one cell, from each subject's times, round by round; `limit` and `ours` are among them. */
export function rowsOf(
  cell: Pick<Row, "suite" | "shape" | "op">,
  times: ReadonlyMap<string, Series>,
): Row[] {
  const ours = times.get("ours");
  const timed = [...times].filter(([, series]) => series.some((ms) => ms !== undefined));
  return timed.map(([subject, series]) => {
    const oursRatio = ours && ratioOf(ours, series);
    return {
      ...cell,
      subject,
      ...summary(series),
      ratioToLimit: ratioOf(series, times.get("limit")),
      ...(oursRatio == null ? {} : { oursRatio }),
    };
  });
}
