// A panel is a block of B, one or two vectors wide, whose rows lie one behind the other. It stays in the
// nearest cache while all rows of A pass, and makes B's transpose and ragged edges look like all else.

/** Columns of a panel `width` bytes wide, zeros where B has fewer. */
export function pack<T>(
  b: usize,
  bRow: usize,
  bStep: usize,
  inner: u32,
  columns: u32,
  width: usize,
  panel: usize,
): void {
  const whole = <usize>columns * sizeof<T>() === width;
  if (whole && bStep === sizeof<T>()) {
    copy(b, bRow, inner, width, panel);
    return;
  }
  let done: u32 = 0;
  if (whole && bRow === sizeof<T>()) {
    const lanes: u32 = 16 / sizeof<T>();
    done = inner & -lanes;
    for (let at: usize = 0; at < width; at += 16) {
      transpose<T>(b + (at / sizeof<T>()) * bStep, bStep, done, width, panel + at);
    }
  }
  gather<T>(
    b + <usize>done * bRow,
    bRow,
    bStep,
    inner - done,
    columns,
    width,
    panel + <usize>done * width,
  );
}

function copy(b: usize, bRow: usize, inner: u32, width: usize, panel: usize): void {
  const end = panel + <usize>inner * width;
  if (width === 16) {
    for (; panel < end; panel += 16, b += bRow) v128.store(panel, v128.load(b));
    return;
  }
  for (; panel < end; panel += 32, b += bRow) {
    v128.store(panel, v128.load(b));
    v128.store(panel, v128.load(b, 16), 16);
  }
}

/** As many contiguous columns as a vector has lanes, `inner` a multiple of the lanes. */
function transpose<T>(b: usize, bStep: usize, inner: u32, width: usize, panel: usize): void {
  const end = b + <usize>inner * sizeof<T>();
  for (; b < end; b += 16) {
    const v0 = v128.load(b),
      v1 = v128.load(b + bStep);
    if (sizeof<T>() === 8) {
      v128.store(panel, v128.shuffle<f64>(v0, v1, 0, 2));
      v128.store(panel + width, v128.shuffle<f64>(v0, v1, 1, 3));
      panel += 2 * width;
    } else {
      const v2 = v128.load(b + 2 * bStep),
        v3 = v128.load(b + 3 * bStep);
      const low01 = v128.shuffle<f32>(v0, v1, 0, 4, 1, 5),
        high01 = v128.shuffle<f32>(v0, v1, 2, 6, 3, 7),
        low23 = v128.shuffle<f32>(v2, v3, 0, 4, 1, 5),
        high23 = v128.shuffle<f32>(v2, v3, 2, 6, 3, 7);
      v128.store(panel, v128.shuffle<f64>(low01, low23, 0, 2));
      v128.store(panel + width, v128.shuffle<f64>(low01, low23, 1, 3));
      v128.store(panel + 2 * width, v128.shuffle<f64>(high01, high23, 0, 2));
      v128.store(panel + 3 * width, v128.shuffle<f64>(high01, high23, 1, 3));
      panel += 4 * width;
    }
  }
}

/** Value by value, for any strides. */
function gather<T>(
  b: usize,
  bRow: usize,
  bStep: usize,
  inner: u32,
  columns: u32,
  width: usize,
  panel: usize,
): void {
  const end = panel + <usize>inner * width;
  const size = <usize>columns * sizeof<T>();
  for (; panel < end; panel += width, b += bRow) {
    let from = b;
    let at: usize = 0;
    for (; at < size; at += sizeof<T>(), from += bStep) store<T>(panel + at, load<T>(from));
    for (; at < width; at += sizeof<T>()) store<T>(panel + at, <T>0);
  }
}
