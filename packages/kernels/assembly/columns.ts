// Which tensors are read as a matrix of columns, and what leads from its columns to channels and back.
//
// [outer, channels, inner] with a small inner is a matrix of outer rows and channels · inner columns.
// Several of its rows, side by side, make one of a width that whole vectors divide: no width is ragged,
// and few channels fill the registers too. Column v then belongs to channel (v / inner) % channels. The
// rows that are left over go as strips.

/** From here on a strip alone fills vectors. */
const longInner: u32 = 16;
/** Wider matrices of strips are not worth the columns' statistics. */
const mostColumns: u32 = 8192;

/** How many rows go side by side; 0 where strips are better. */
export function rowsTogether(channels: u32, inner: u32): u32 {
  const columns = channels * inner;
  if (inner > 1 && (inner >= longInner || columns > mostColumns)) return 0;
  // Below 64 columns groups of 16, above it groups of 4 with few left.
  const lanes: u32 = columns < 64 ? 16 : 4;
  const even = columns & -columns;
  return even >= lanes ? 1 : lanes / even;
}

/**
 * The moments of channels from those of their columns, each of `count` values.
 *
 * @param mean - channels float64. @param m2 - channels float64.
 */
export function gatherMoments(
  columnMean: usize,
  columnM2: usize,
  count: u32,
  together: u32,
  channels: u32,
  inner: u32,
  mean: usize,
  m2: usize,
): void {
  const strip = (<usize>inner) << 3;
  const row = <usize>channels * strip;
  const end = <usize>together * row;
  const n = <f64>(together * inner);
  for (let c: usize = 0; c < <usize>channels; c++) {
    const at = c * strip;
    const first = load<f64>(columnMean + at);
    let sum: f64 = 0;
    for (let r = at; r < end; r += row) {
      for (let v = r; v < r + strip; v += 8) sum += load<f64>(columnMean + v) - first;
    }
    const center = first + sum / n;
    let within: f64 = 0,
      between: f64 = 0;
    for (let r = at; r < end; r += row) {
      for (let v = r; v < r + strip; v += 8) {
        const delta = load<f64>(columnMean + v) - center;
        between += delta * delta;
        within += load<f64>(columnM2 + v);
      }
    }
    store<f64>(mean + (c << 3), center);
    store<f64>(m2 + (c << 3), within + between * <f64>count);
  }
}

/** The sums of channels from those of their columns. */
export function gatherSums(
  columnSums: usize,
  together: u32,
  channels: u32,
  inner: u32,
  sums: usize,
): void {
  const strip = (<usize>inner) << 3;
  const row = <usize>channels * strip;
  const end = <usize>together * row;
  for (let c: usize = 0; c < <usize>channels; c++) {
    const at = c * strip;
    let sum: f64 = 0;
    for (let r = at; r < end; r += row) {
      for (let v = r; v < r + strip; v += 8) sum += load<f64>(columnSums + v);
    }
    store<f64>(sums + (c << 3), sum);
  }
}

/** Gives each column its channel's coefficient, float32. Returns `to`. */
export function spread(from: usize, to: usize, together: u32, channels: u32, inner: u32): usize {
  let q = to;
  for (; together; together--) {
    for (let p = from; p < from + ((<usize>channels) << 2); p += 4) {
      const value = load<f32>(p);
      for (let i: u32 = 0; i < inner; i++, q += 4) store<f32>(q, value);
    }
  }
  return to;
}
