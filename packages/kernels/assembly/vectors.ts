// What the kernels share. Pointers are byte offsets into the memory; a vector is four float32 or two
// float64. V8 has 16 vector registers and spills beyond 14 live ones, so each loop says its budget.

/** Lanes 2 and 3, moved down. */
export function upper(v: v128): v128 {
  return i8x16.shuffle(v, v, 8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15);
}

/** `p[0..3] += v`, where p is float64. */
export function flush(p: usize, v: v128): void {
  v128.store(p, f64x2.add(v128.load(p), f64x2.promote_low_f32x4(v)));
  v128.store(p, f64x2.add(v128.load(p, 16), f64x2.promote_low_f32x4(upper(v))), 16);
}

/** Two pairs of float64, rounded to float32. */
export function demoted(low: v128, high: v128): v128 {
  const first = f32x4.demote_f64x2_zero(low),
    second = f32x4.demote_f64x2_zero(high);
  return i8x16.shuffle(first, second, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23);
}

/** The sum of four lanes, in float64. */
export function sumOf(v: v128): f64 {
  const pair = f64x2.add(f64x2.promote_low_f32x4(v), f64x2.promote_low_f32x4(upper(v)));
  return f64x2.extract_lane(pair, 0) + f64x2.extract_lane(pair, 1);
}

/** `v + d · d`. */
export function addSquare(v: v128, d: v128): v128 {
  return f32x4.add(v, f32x4.mul(d, d));
}

/** `v + a · b`. */
export function addProduct(v: v128, a: v128, b: v128): v128 {
  return f32x4.add(v, f32x4.mul(a, b));
}

/** `y = (x − center) · scale + shift`. */
export function transform(x: v128, center: v128, scale: v128, shift: v128): v128 {
  return f32x4.add(f32x4.mul(f32x4.sub(x, center), scale), shift);
}

/** `dx = dy · scale + ((x − center) · slope + shift)`. */
export function propagate(
  dy: v128,
  x: v128,
  center: v128,
  scale: v128,
  slope: v128,
  shift: v128,
): v128 {
  const through = f32x4.add(f32x4.mul(f32x4.sub(x, center), slope), shift);
  return f32x4.add(f32x4.mul(dy, scale), through);
}

/** How many rows, or vectors of a strip, a float32 sum may run over before it goes to float64. */
export const runLength: u32 = 128;

/**
 * The same for the first block of statistics. An outlier in it of size D spoils its shift by D / n, and
 * Σd² by n roundings of D²: the variance was 3e-6 off with 128 rows, and is 4e-7 off with 16.
 */
export const firstRun: u32 = 16;

/** Bytes below which tensors lie in the second cache of a core, and from which they come from memory. */
const nearby: usize = 256 << 10;
const faraway: usize = 4 << 20;

/** Whether a tensor of that many bytes comes from memory. */
export function fromMemory(size: usize): bool {
  return size >= faraway;
}

/**
 * How many rows to go through by groups of columns, one group after the other, before the next rows.
 *
 * What is per column is in registers through them, so in the cache: as many as there is room for. Memory is
 * written best line after line: panels of eight rows of [100352, 64] take twice as long, and so do panels of
 * two rows of [50176, 128]. Rows of more than 512 columns would have their coefficients fetched anew each.
 *
 * @param near - For what lies nearby. @param middle - For the rest of the cache. @param wide - For wide rows.
 */
export function rowsOfPanel(rows: u32, stride: usize, near: u32, middle: u32, wide: u32): u32 {
  if (stride > 2048) return wide;
  const size = <usize>rows * stride;
  if (fromMemory(size)) return max<u32>(1, 512 / <u32>stride);
  return size < nearby ? near : middle;
}

/**
 * How many rows to sum up by groups of columns, whose sums then stay in registers: all of a block in the
 * cache; of a tensor from beyond so few, 2 kB or four rows, that they are in the first cache for all groups
 * when the tile before has asked for them. 0 where rows are too wide for that.
 */
export function rowsOfTile(rows: u32, stride: usize): u32 {
  if (<usize>rows * stride < nearby) return runLength;
  return stride > 2048 ? 0 : max<u32>(4, 2048 / <u32>stride);
}

/** The size of equal blocks that cover `rows`, of at most {@link runLength} each. */
export function blockOf(rows: u32): u32 {
  const blocks = (rows + runLength - 1) / runLength;
  return blocks ? (rows + blocks - 1) / blocks : 1;
}
