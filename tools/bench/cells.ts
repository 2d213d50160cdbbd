import { isRow, type Line, type Row } from "./row.ts";

/** The rows of one shape and op, whoever they are of. */
export interface Cell {
  readonly shape: string;
  readonly op: string;
  readonly rows: readonly Row[];
}

/** The rows of a suite, cell by cell, in the order they were measured in. */
export function cellsOf(lines: readonly Line[], suite: string): Cell[] {
  const rows = lines.filter(isRow).filter((row) => row.suite === suite);
  const cells = Map.groupBy(rows, ({ shape, op }) => `${shape} ${op}`);
  return [...cells.values()].map((rows) => {
    const { shape, op } = rows[0] as Row;
    return { shape, op, rows };
  });
}

/** Milliseconds in three digits, never as a power of ten. */
export function milliseconds(ms: number): string {
  const digits = Math.max(0, 2 - Math.floor(Math.log10(ms)));
  return ms.toFixed(Math.min(digits, 5));
}
