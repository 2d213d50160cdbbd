/**
 * `C = A · B`, or `C += A · B`, of matrices in one array. Offsets and strides count values; B's and C's
 * columns lie side by side.
 *
 * Four rows of B at a time: C is read and written a quarter as often.
 */
export function multiply(
  v: Float64Array,
  a: number,
  aRow: number,
  aStep: number,
  b: number,
  bRow: number,
  c: number,
  cRow: number,
  rows: number,
  columns: number,
  inner: number,
  add: boolean,
): void {
  const whole = inner & ~3;
  for (let row = 0; row < rows; row++) {
    const to = c + row * cRow;
    const from = a + row * aRow;
    if (!add) v.fill(0, to, to + columns);
    for (let k = 0; k < whole; k += 4) {
      const at = from + k * aStep;
      const a0 = v[at] as number;
      const a1 = v[at + aStep] as number;
      const a2 = v[at + 2 * aStep] as number;
      const a3 = v[at + 3 * aStep] as number;
      const b0 = b + k * bRow;
      const b1 = b0 + bRow;
      const b2 = b1 + bRow;
      const b3 = b2 + bRow;
      for (let j = 0; j < columns; j++) {
        const low = a0 * (v[b0 + j] as number) + a1 * (v[b1 + j] as number);
        const high = a2 * (v[b2 + j] as number) + a3 * (v[b3 + j] as number);
        v[to + j] = (v[to + j] as number) + (low + high);
      }
    }
    for (let k = whole; k < inner; k++) {
      const value = v[from + k * aStep] as number;
      const at = b + k * bRow;
      for (let j = 0; j < columns; j++) {
        v[to + j] = (v[to + j] as number) + value * (v[at + j] as number);
      }
    }
  }
}
