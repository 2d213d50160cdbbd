// Between [units][batch] and [batch][units], whose rows are whole vectors both.

import { lanesOf } from "./vectors";

/**
 * `to = fromᵀ`; rows that `from` lacks to whole vectors count as 0, and what its rows are padded with
 * goes to rows behind the last of `to`, for which there must be room.
 */
export function transpose<T>(
  from: usize,
  fromRow: usize,
  to: usize,
  toRow: usize,
  rows: u32,
): void {
  const lanes = lanesOf<T>();
  const zero = v128.splat<T>(0);
  for (let row: u32 = 0; row < rows; row += lanes, to += 16) {
    const left = rows - row;
    const from1 = from + fromRow;
    let at = to;
    if (sizeof<T>() === 8) {
      for (const end = from + fromRow, d = fromRow; from < end; from += 16, at += 2 * toRow) {
        const v0 = v128.load(from),
          v1 = left > 1 ? v128.load(from + d) : zero;
        v128.store(at, v128.shuffle<f64>(v0, v1, 0, 2));
        v128.store(at + toRow, v128.shuffle<f64>(v0, v1, 1, 3));
      }
      from = from1 + fromRow;
      continue;
    }
    for (const end = from + fromRow, d = fromRow; from < end; from += 16, at += 4 * toRow) {
      const v0 = v128.load(from),
        v1 = left > 1 ? v128.load(from + d) : zero,
        v2 = left > 2 ? v128.load(from + 2 * d) : zero,
        v3 = left > 3 ? v128.load(from + 3 * d) : zero;
      const low01 = v128.shuffle<f32>(v0, v1, 0, 4, 1, 5),
        high01 = v128.shuffle<f32>(v0, v1, 2, 6, 3, 7),
        low23 = v128.shuffle<f32>(v2, v3, 0, 4, 1, 5),
        high23 = v128.shuffle<f32>(v2, v3, 2, 6, 3, 7);
      v128.store(at, v128.shuffle<f64>(low01, low23, 0, 2));
      v128.store(at + toRow, v128.shuffle<f64>(low01, low23, 1, 3));
      v128.store(at + 2 * toRow, v128.shuffle<f64>(high01, high23, 0, 2));
      v128.store(at + 3 * toRow, v128.shuffle<f64>(high01, high23, 1, 3));
    }
    from = from1 + 3 * fromRow;
  }
}
