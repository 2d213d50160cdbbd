// Where a product with biases starts from: C holds them, and the product is added. That costs less than
// asking for them in every tile.

/**
 * `C = C · add + rowBias · 1ᵀ + 1 · columnBiasᵀ`.
 *
 * @param rowBias - One value per row, or 0; @param columnBias - one per column, or 0.
 */
export function startFrom<T>(
  rowBias: usize,
  columnBias: usize,
  add: bool,
  c: usize,
  cRow: usize,
  rows: u32,
  columns: u32,
): void {
  const width = <usize>columns * sizeof<T>();
  for (let row: u32 = 0; row < rows; row++, c += cRow) {
    const bias = rowBias ? load<T>(rowBias + <usize>row * sizeof<T>()) : <T>0;
    if (columnBias && add) addBoth<T>(c, columnBias, bias, width);
    else if (columnBias || add) setSum<T>(c, add ? c : columnBias, bias, width);
    else fill<T>(c, bias, width);
  }
}

/** `c += b + bias`. */
function addBoth<T>(c: usize, b: usize, bias: T, width: usize): void {
  setSum<T>(c, c, bias, width);
  let at: usize = 0;
  for (; at + 16 <= width; at += 16) {
    v128.store(c + at, v128.add<T>(v128.load(c + at), v128.load(b + at)));
  }
  for (; at < width; at += sizeof<T>()) store<T>(c + at, <T>(load<T>(c + at) + load<T>(b + at)));
}

/** `c = b + bias`. */
function setSum<T>(c: usize, b: usize, bias: T, width: usize): void {
  const splat = v128.splat<T>(bias);
  let at: usize = 0;
  for (; at + 16 <= width; at += 16) {
    v128.store(c + at, v128.add<T>(v128.load(b + at), splat));
  }
  for (; at < width; at += sizeof<T>()) store<T>(c + at, <T>(load<T>(b + at) + bias));
}

/** `c = bias`. */
function fill<T>(c: usize, bias: T, width: usize): void {
  const splat = v128.splat<T>(bias);
  let at: usize = 0;
  for (; at + 16 <= width; at += 16) v128.store(c + at, splat);
  for (; at < width; at += sizeof<T>()) store<T>(c + at, bias);
}
