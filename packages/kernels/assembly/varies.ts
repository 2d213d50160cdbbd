// Tells a constant channel from one whose squares are too small for float32: both have an M2 near 0.

/**
 * Whether a channel with M2 below `limit` holds two different values.
 *
 * Stops at the first difference; only constant channels are read to the end.
 */
export function varies(
  x: usize,
  outer: u32,
  channels: u32,
  inner: u32,
  m2: usize,
  limit: f64,
): bool {
  const strip = (<usize>inner) << 2;
  const sample = <usize>channels * strip;
  const end = x + <usize>outer * sample;
  for (let c: u32 = 0; c < channels; c++) {
    if (!(load<f64>(m2 + ((<usize>c) << 3)) < limit)) continue;
    const from = x + <usize>c * strip;
    if (inner === 1 && c + 4 <= channels) {
      if (columnsVary(from, end, sample, m2 + ((<usize>c) << 3), limit)) return true;
      c += 3;
    } else if (stripsVary(from, end, sample, strip)) {
      return true;
    }
  }
  return false;
}

/** Four neighbours of a row at once, of which those below the limit count. */
function columnsVary(from: usize, end: usize, stride: usize, m2: usize, limit: f64): bool {
  const low = f64x2.lt(v128.load(m2), f64x2.splat(limit));
  const high = f64x2.lt(v128.load(m2, 16), f64x2.splat(limit));
  const counts = i8x16.shuffle(low, high, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27);
  const first = v128.load(from);
  for (let p = from; p < end; p += stride) {
    if (v128.any_true(v128.and(counts, f32x4.ne(v128.load(p), first)))) return true;
  }
  return false;
}

function stripsVary(from: usize, end: usize, sample: usize, strip: usize): bool {
  const first = load<f32>(from);
  for (let at = from; at < end; at += sample) {
    for (let p = at; p < at + strip; p += 4) if (load<f32>(p) !== first) return true;
  }
  return false;
}
