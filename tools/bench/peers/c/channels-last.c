// Rows of channels. Statistics walk columns of 16 channels, one cache line, through blocks of 128 rows;
// what writes a tensor larger than the cache goes row by row, since whole rows stream best.
#include "channels-last.h"
#include "vector.h"

enum { block = 128, group = 16 };
// Above this many bytes a tensor streams from memory.
static const size_t cached = 4500000;

static inline size_t least(size_t a, size_t b) { return a < b ? a : b; }

// Sum and sum of squares of x − k over a block, for 16 channels; two rows at once hide the latency.
typedef struct {
  v8 sum[2], square[2];
} sums;

static inline sums differences(const float *x, size_t rows, size_t stride, v8 k0, v8 k1) {
  v8 zero = splat(0), s0 = zero, s1 = zero, t0 = zero, t1 = zero;
  v8 q0 = zero, q1 = zero, r0 = zero, r1 = zero;
  const float *end = x + (rows & ~(size_t)1) * stride;
  for (; x < end; x += 2 * stride) {
    v8 a0 = load(x) - k0, a1 = load(x + 8) - k1;
    v8 b0 = load(x + stride) - k0, b1 = load(x + stride + 8) - k1;
    s0 += a0, s1 += a1, t0 += b0, t1 += b1;
    q0 += a0 * a0, q1 += a1 * a1, r0 += b0 * b0, r1 += b1 * b1;
  }
  if (rows & 1) {
    v8 a0 = load(x) - k0, a1 = load(x + 8) - k1;
    s0 += a0, s1 += a1, q0 += a0 * a0, q1 += a1 * a1;
  }
  return (sums){{s0 + t0, s1 + t1}, {q0 + r0, q1 + r1}};
}

// Merges a block's sums around k into mean and M2, in float64 (Chan, Golub & LeVeque 1983, eq. 2.1).
static inline void merge(v8 k, v8 sum, v8 square, double rows, double before, double *mean, double *m2) {
  d8 low = widen(sum) / rows, old = *(d8 *)mean;
  d8 delta = widen(k) + low - old;
  *(d8 *)mean = old + delta * (rows / (before + rows));
  *(d8 *)m2 += widen(square) - widen(sum) * low + delta * delta * (before * rows / (before + rows));
}

void moments_last(const float *x, size_t m, size_t c, double *mean, double *m2) {
  for (size_t j = 0; j < c; j++) mean[j] = m2[j] = 0;
  for (size_t from = 0; from < m; from += block) {
    size_t rows = least(block, m - from), j = 0;
    const float *p = x + from * c;
    for (; j + group <= c; j += group) {
      // The shift is the mean so far; the first block's is its own, found beforehand.
      v8 k0, k1;
      if (from == 0) {
        k0 = load(p + j), k1 = load(p + j + 8);
        sums first = differences(p + j, rows, c, k0, k1);
        k0 += first.sum[0] / (float)rows, k1 += first.sum[1] / (float)rows;
      } else {
        k0 = narrow(*(d8 *)(mean + j)), k1 = narrow(*(d8 *)(mean + j + 8));
      }
      sums s = differences(p + j, rows, c, k0, k1);
      merge(k0, s.sum[0], s.square[0], rows, from, mean + j, m2 + j);
      merge(k1, s.sum[1], s.square[1], rows, from, mean + j + 8, m2 + j + 8);
    }
    for (; j < c; j++) {
      double shift = from == 0 ? p[j] : mean[j], sum = 0, square = 0;
      for (size_t r = 0; r < rows; r++) {
        double d = p[r * c + j] - shift;
        sum += d, square += d * d;
      }
      double low = sum / rows, delta = shift + low - mean[j], n = from + rows;
      mean[j] += delta * rows / n;
      m2[j] += square - sum * low + delta * delta * ((double)from * rows / n);
    }
  }
}

// y = (x − center) · scale + shift
void normalize_last(const float *x, float *y, size_t m, size_t c, const scratch *s) {
  // Rows from the last to the first: the last are still in cache from the statistics.
  size_t rows = m * c * sizeof(float) > cached ? 1 : least(m, 64);
  size_t width = rows == 1 ? c : group;
  for (size_t end = m; end > 0; end -= least(rows, end)) {
    size_t from = end - least(rows, end), j = 0;
    for (; j + width <= c && width == group; j += group) {
      v8 k0 = load(s->center + j), a0 = load(s->scale + j), b0 = load(s->shift + j);
      v8 k1 = load(s->center + j + 8), a1 = load(s->scale + j + 8), b1 = load(s->shift + j + 8);
      const float *p = x + from * c + j, *stop = x + end * c;
      float *q = y + from * c + j;
      for (; p < stop; p += c, q += c) {
        store(q, (load(p) - k0) * a0 + b0);
        store(q + 8, (load(p + 8) - k1) * a1 + b1);
      }
    }
    for (size_t r = from; r < end; r++) {
      const float *p = x + r * c;
      float *q = y + r * c;
      size_t i = j;
      for (; i + 8 <= c; i += 8) {
        store(q + i, (load(p + i) - load(s->center + i)) * load(s->scale + i) + load(s->shift + i));
      }
      for (; i < c; i++) q[i] = (p[i] - s->center[i]) * s->scale[i] + s->shift[i];
    }
  }
}

// Σ dy and Σ dy · (x − center), in float32 inside a block and in float64 between blocks.
void gradient_sums_last(const float *dy, const float *x, size_t m, size_t c, const float *center,
                        double *sum, double *product) {
  for (size_t j = 0; j < c; j++) sum[j] = product[j] = 0;
  for (size_t from = 0; from < m; from += block) {
    size_t rows = least(block, m - from), j = 0;
    for (; j + group <= c; j += group) {
      v8 k0 = load(center + j), k1 = load(center + j + 8), zero = splat(0);
      v8 s0 = zero, s1 = zero, t0 = zero, t1 = zero, q0 = zero, q1 = zero, r0 = zero, r1 = zero;
      const float *p = x + from * c + j, *g = dy + from * c + j;
      const float *end = p + (rows & ~(size_t)1) * c;
      for (; p < end; p += 2 * c, g += 2 * c) {
        v8 a0 = load(g), a1 = load(g + 8), b0 = load(g + c), b1 = load(g + c + 8);
        s0 += a0, s1 += a1, t0 += b0, t1 += b1;
        q0 += a0 * (load(p) - k0), q1 += a1 * (load(p + 8) - k1);
        r0 += b0 * (load(p + c) - k0), r1 += b1 * (load(p + c + 8) - k1);
      }
      if (rows & 1) {
        v8 a0 = load(g), a1 = load(g + 8);
        s0 += a0, s1 += a1, q0 += a0 * (load(p) - k0), q1 += a1 * (load(p + 8) - k1);
      }
      *(d8 *)(sum + j) += widen(s0 + t0), *(d8 *)(sum + j + 8) += widen(s1 + t1);
      *(d8 *)(product + j) += widen(q0 + r0), *(d8 *)(product + j + 8) += widen(q1 + r1);
    }
    for (; j < c; j++) {
      for (size_t i = from * c + j; i < (from + rows) * c; i += c) {
        sum[j] += dy[i], product[j] += (double)dy[i] * (x[i] - center[j]);
      }
    }
  }
}

// dx = dy · scale + ((x − center) · slope + shift)
void propagate_last(const float *dy, const float *x, float *dx, size_t m, size_t c, const scratch *s) {
  size_t streams = m * c * sizeof(float) > cached, rows = streams ? 1 : c >= 512 ? 8 : 64;
  for (size_t end = m; end > 0; end -= least(rows, end)) {
    size_t from = end - least(rows, end), j = 0;
    for (; j + 8 <= c && !streams; j += 8) {
      v8 k = load(s->center + j), a = load(s->scale + j), b = load(s->slope + j), d = load(s->shift + j);
      for (size_t i = from * c + j; i < end * c; i += c) {
        store(dx + i, load(dy + i) * a + ((load(x + i) - k) * b + d));
      }
    }
    for (size_t r = from; r < end; r++) {
      const float *p = x + r * c, *g = dy + r * c;
      float *q = dx + r * c;
      size_t i = j;
      for (; i + 8 <= c; i += 8) {
        v8 xHat = (load(p + i) - load(s->center + i)) * load(s->slope + i) + load(s->shift + i);
        store(q + i, load(g + i) * load(s->scale + i) + xHat);
      }
      for (; i < c; i++) {
        q[i] = g[i] * s->scale[i] + ((p[i] - s->center[i]) * s->slope[i] + s->shift[i]);
      }
    }
  }
}
