// The heart of every product: four rows of A by two vectors of B, summed in registers along the inner
// dimension. T is f32 or f64, pointers and strides are byte offsets.
//
// A's values are splat, so its strides are free and its transpose costs nothing. 8 sums, 2 vectors of B, a
// splat and a product live in 12 of V8's 16 vector registers. Unrolling twice would gain 3 %, and rows of A
// packed side by side 5 %: not worth a tile of their own.

/**
 * `C = A · B` for C of whole vectors.
 *
 * The epilogue says what becomes of the sums. It has `put(c, sums, row)` for a vector that belongs at c,
 * and `putPair(c, left, right, row)` for two side by side; `row` is the offset, in bytes, that an array of
 * one value per row has for this one. Methods that are inlined cost no call.
 *
 * @param aRow - From a row of A, [rows, inner], to the next; @param aStep - from a column to the next.
 * @param bRow - From a row of B, [inner, vectors], to the next, > 0; likewise @param cRow - of C.
 */
export function multiplyVectors<T, E>(
  a: usize,
  aRow: usize,
  aStep: usize,
  b: usize,
  bRow: usize,
  c: usize,
  cRow: usize,
  rows: u32,
  vectors: u32,
  inner: u32,
  epilogue: E,
): void {
  for (; vectors >= 2; vectors -= 2, b += 32, c += 32) {
    byPairs<T, E>(a, aRow, aStep, b, bRow, c, cRow, rows, inner, epilogue);
  }
  if (vectors) byVectors<T, E>(a, aRow, aStep, b, bRow, c, cRow, rows, inner, epilogue);
}

/** Two vectors of every row. Rows that the last tile lacks repeat its last one, and are not stored. */
function byPairs<T, E>(
  a: usize,
  aRow: usize,
  aStep: usize,
  b: usize,
  bRow: usize,
  c: usize,
  cRow: usize,
  rows: u32,
  inner: u32,
  epilogue: E,
): void {
  const end = b + <usize>inner * bRow;
  const size: usize = sizeof<T>();
  const height = <usize>rows * size;
  for (let row: usize = 0; row < height; row += 4 * size, a += 4 * aRow) {
    const left = height - row;
    if (left === size) {
      pairOfRow<T, E>(a, aStep, b, bRow, end, c, row, epilogue);
      return;
    }
    let a0 = a,
      a1 = a0 + aRow,
      a2 = left > 2 * size ? a1 + aRow : a1,
      a3 = left > 3 * size ? a2 + aRow : a2;
    let s00 = v128.splat<T>(0),
      s01 = s00,
      s10 = s00,
      s11 = s00,
      s20 = s00,
      s21 = s00,
      s30 = s00,
      s31 = s00;
    for (let p = b; p < end; p += bRow) {
      const b0 = v128.load(p),
        b1 = v128.load(p, 16);
      let value = v128.load_splat<T>(a0);
      s00 = addProduct<T>(s00, value, b0);
      s01 = addProduct<T>(s01, value, b1);
      value = v128.load_splat<T>(a1);
      s10 = addProduct<T>(s10, value, b0);
      s11 = addProduct<T>(s11, value, b1);
      value = v128.load_splat<T>(a2);
      s20 = addProduct<T>(s20, value, b0);
      s21 = addProduct<T>(s21, value, b1);
      value = v128.load_splat<T>(a3);
      s30 = addProduct<T>(s30, value, b0);
      s31 = addProduct<T>(s31, value, b1);
      a0 += aStep;
      a1 += aStep;
      a2 += aStep;
      a3 += aStep;
    }
    epilogue.putPair<T>(c, s00, s01, row);
    c += cRow;
    if (left > size) {
      epilogue.putPair<T>(c, s10, s11, row + size);
      c += cRow;
    }
    if (left > 2 * size) {
      epilogue.putPair<T>(c, s20, s21, row + 2 * size);
      c += cRow;
    }
    if (left > 3 * size) {
      epilogue.putPair<T>(c, s30, s31, row + 3 * size);
      c += cRow;
    }
  }
}

/** Two vectors of one row: a network's single output would compute a tile for a quarter of it. */
function pairOfRow<T, E>(
  a: usize,
  aStep: usize,
  b: usize,
  bRow: usize,
  end: usize,
  c: usize,
  row: usize,
  epilogue: E,
): void {
  let left = v128.splat<T>(0),
    right = left;
  for (; b < end; b += bRow, a += aStep) {
    const value = v128.load_splat<T>(a);
    left = addProduct<T>(left, value, v128.load(b));
    right = addProduct<T>(right, value, v128.load(b, 16));
  }
  epilogue.putPair<T>(c, left, right, row);
}

/** One vector of every row, as {@link byPairs}. */
function byVectors<T, E>(
  a: usize,
  aRow: usize,
  aStep: usize,
  b: usize,
  bRow: usize,
  c: usize,
  cRow: usize,
  rows: u32,
  inner: u32,
  epilogue: E,
): void {
  const end = b + <usize>inner * bRow;
  const size: usize = sizeof<T>();
  const height = <usize>rows * size;
  for (let row: usize = 0; row < height; row += 4 * size, a += 4 * aRow) {
    const left = height - row;
    let a0 = a,
      a1 = left > size ? a0 + aRow : a0,
      a2 = left > 2 * size ? a1 + aRow : a1,
      a3 = left > 3 * size ? a2 + aRow : a2;
    let s0 = v128.splat<T>(0),
      s1 = s0,
      s2 = s0,
      s3 = s0;
    for (let p = b; p < end; p += bRow) {
      const value = v128.load(p);
      s0 = addProduct<T>(s0, v128.load_splat<T>(a0), value);
      s1 = addProduct<T>(s1, v128.load_splat<T>(a1), value);
      s2 = addProduct<T>(s2, v128.load_splat<T>(a2), value);
      s3 = addProduct<T>(s3, v128.load_splat<T>(a3), value);
      a0 += aStep;
      a1 += aStep;
      a2 += aStep;
      a3 += aStep;
    }
    epilogue.put<T>(c, s0, row);
    c += cRow;
    if (left > size) {
      epilogue.put<T>(c, s1, row + size);
      c += cRow;
    }
    if (left > 2 * size) {
      epilogue.put<T>(c, s2, row + 2 * size);
      c += cRow;
    }
    if (left > 3 * size) {
      epilogue.put<T>(c, s3, row + 3 * size);
      c += cRow;
    }
  }
}

/** `sum + a · b`; no FMA, so that results do not depend on the machine. */
function addProduct<T>(sum: v128, a: v128, b: v128): v128 {
  return v128.add<T>(sum, v128.mul<T>(a, b));
}
