// Vectors of T, float32 or float64.

/** How many values a vector has. */
export function lanesOf<T>(): u32 {
  return 16 / sizeof<T>();
}

/** The bytes of a row of so many samples: whole vectors. */
export function rowOf<T>(count: u32): usize {
  return (<usize>count * sizeof<T>() + 15) & ~15;
}

export function sumOf<T>(v: v128): T {
  if (sizeof<T>() === 4) {
    const pair = f32x4.add(v, v128.shuffle<f64>(v, v, 1, 0));
    return <T>(f32x4.extract_lane(pair, 0) + f32x4.extract_lane(pair, 1));
  }
  return <T>(f64x2.extract_lane(v, 0) + f64x2.extract_lane(v, 1));
}

/** The sums of two vectors, as the first two lanes. */
export function sumsOf<T>(a: v128, b: v128): v128 {
  if (sizeof<T>() === 4) {
    const pairs = f32x4.add(
      v128.shuffle<f32>(a, b, 0, 1, 4, 5),
      v128.shuffle<f32>(a, b, 2, 3, 6, 7),
    );
    return f32x4.add(
      v128.shuffle<f32>(pairs, pairs, 0, 2, 0, 2),
      v128.shuffle<f32>(pairs, pairs, 1, 3, 1, 3),
    );
  }
  return f64x2.add(v128.shuffle<f64>(a, b, 0, 2), v128.shuffle<f64>(a, b, 1, 3));
}

/** The first lane of each, as the first two. */
export function pairOf<T>(a: v128, b: v128): v128 {
  if (sizeof<T>() === 4) return v128.shuffle<f32>(a, b, 0, 4, 0, 4);
  return v128.shuffle<f64>(a, b, 0, 2);
}

/** The first lane, everywhere. */
export function firstOf<T>(v: v128): v128 {
  if (sizeof<T>() === 4) return v128.shuffle<f32>(v, v, 0, 0, 0, 0);
  return v128.shuffle<f64>(v, v, 0, 0);
}

/** The second lane, everywhere. */
export function secondOf<T>(v: v128): v128 {
  if (sizeof<T>() === 4) return v128.shuffle<f32>(v, v, 1, 1, 1, 1);
  return v128.shuffle<f64>(v, v, 1, 1);
}

/** Two values, as the first two lanes. */
export function loadPair<T>(p: usize): v128 {
  return sizeof<T>() === 4 ? v128.load64_zero(p) : v128.load(p);
}

export function storePair<T>(p: usize, pair: v128): void {
  if (sizeof<T>() === 4) v128.store64_lane(p, pair, 0);
  else v128.store(p, pair);
}

/** The first two lanes as float64. */
export function widePair<T>(pair: v128): v128 {
  return sizeof<T>() === 4 ? f64x2.promote_low_f32x4(pair) : pair;
}

/** Two float64 as the first two lanes. */
export function narrowPair<T>(pair: v128): v128 {
  return sizeof<T>() === 4 ? f32x4.demote_f64x2_zero(pair) : pair;
}

/** `sum + a · b`; no FMA, so that results do not depend on the machine. */
export function addProduct<T>(sum: v128, a: v128, b: v128): v128 {
  return v128.add<T>(sum, v128.mul<T>(a, b));
}

/** `to += from`, of whole vectors. */
export function addVectors<T>(from: usize, to: usize, bytes: usize): void {
  for (let at: usize = 0; at < bytes; at += 16) {
    v128.store(to + at, v128.add<T>(v128.load(to + at), v128.load(from + at)));
  }
}

/** `to = from + value`, of whole vectors. */
export function copyPlus<T>(from: usize, to: usize, bytes: usize, value: T): void {
  const splat = v128.splat<T>(value);
  for (let at: usize = 0; at < bytes; at += 16) {
    v128.store(to + at, v128.add<T>(v128.load(from + at), splat));
  }
}

export function copyVectors(from: usize, to: usize, bytes: usize): void {
  for (let at: usize = 0; at < bytes; at += 16) v128.store(to + at, v128.load(from + at));
}

/** The sum of every row of whole vectors, whose padding is 0. */
export function sumRows<T>(from: usize, row: usize, rows: u32, to: usize): void {
  const end = to + <usize>rows * sizeof<T>();
  for (; to < end; to += sizeof<T>()) {
    let sum = v128.splat<T>(0);
    for (const next = from + row; from < next; from += 16) {
      sum = v128.add<T>(sum, v128.load(from));
    }
    store<T>(to, sumOf<T>(sum));
  }
}

/** Ones for the samples in a row's last vector, zeros for its padding. */
export function tailOf<T>(count: u32): v128 {
  const lanes = lanesOf<T>();
  const rest = ((count - 1) & (lanes - 1)) + 1;
  if (sizeof<T>() === 4) return i32x4.lt_s(i32x4(0, 1, 2, 3), i32x4.splat(rest));
  return i64x2.lt_s(i64x2(0, 1), i64x2.splat(rest));
}

/** Sets the padding of every row to 0. */
export function clearPadding(from: usize, row: usize, rows: u32, tail: v128): void {
  const end = from + <usize>rows * row;
  for (let at = from + row - 16; at < end; at += row) {
    v128.store(at, v128.and(v128.load(at), tail));
  }
}
