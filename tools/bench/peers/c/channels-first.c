// Strips of one channel, summed by four vectors at a time in blocks of 2,048 values.
#include "channels-first.h"
#include "vector.h"

enum { block = 2048, step = 32 };

static inline size_t least(size_t a, size_t b) { return a < b ? a : b; }

static void differences(const float *x, size_t n, double shift, double *sum, double *square) {
  v8 k = splat(shift), zero = splat(0), s0 = zero, s1 = zero, s2 = zero, s3 = zero;
  v8 q0 = zero, q1 = zero, q2 = zero, q3 = zero;
  size_t i = 0;
  for (; i + step <= n; i += step) {
    v8 a = load(x + i) - k, b = load(x + i + 8) - k, c = load(x + i + 16) - k, d = load(x + i + 24) - k;
    s0 += a, s1 += b, s2 += c, s3 += d;
    q0 += a * a, q1 += b * b, q2 += c * c, q3 += d * d;
  }
  *sum = total((s0 + s1) + (s2 + s3)), *square = total((q0 + q1) + (q2 + q3));
  for (; i < n; i++) {
    double d = x[i] - (float)shift;
    *sum += d, *square += d * d;
  }
}

// Merges a strip into count, mean and M2: shift by the mean so far, float32 inside a block.
void strip_moments(const float *x, size_t n, double *count, double *mean, double *m2) {
  for (size_t from = 0; from < n; from += block) {
    size_t rows = least(block, n - from);
    float shift = *mean;
    double sum, square;
    if (*count == 0) {
      differences(x, rows, x[0], &sum, &square);
      shift = x[0] + sum / rows;
    }
    differences(x + from, rows, shift, &sum, &square);
    double low = sum / rows, delta = shift + low - *mean, all = *count + rows;
    *mean += delta * rows / all;
    *m2 += square - sum * low + delta * delta * (*count * rows / all);
    *count = all;
  }
}

void strip_normalize(const float *x, float *y, size_t n, float center, float scale, float shift) {
  v8 k = splat(center), a = splat(scale), b = splat(shift);
  size_t i = 0;
  for (; i + step <= n; i += step) {
    store(y + i, (load(x + i) - k) * a + b);
    store(y + i + 8, (load(x + i + 8) - k) * a + b);
    store(y + i + 16, (load(x + i + 16) - k) * a + b);
    store(y + i + 24, (load(x + i + 24) - k) * a + b);
  }
  for (; i < n; i++) y[i] = (x[i] - center) * scale + shift;
}

// Adds Σ dy and Σ dy · (x − center) to sum and product.
void strip_sums(const float *dy, const float *x, size_t n, float center, double *sum, double *product) {
  v8 k = splat(center);
  size_t i = 0;
  while (i + step <= n) {
    v8 zero = splat(0), s0 = zero, s1 = zero, s2 = zero, s3 = zero;
    v8 q0 = zero, q1 = zero, q2 = zero, q3 = zero;
    for (size_t end = least(i + block, n); i + step <= end; i += step) {
      v8 a = load(dy + i), b = load(dy + i + 8), c = load(dy + i + 16), d = load(dy + i + 24);
      s0 += a, s1 += b, s2 += c, s3 += d;
      q0 += a * (load(x + i) - k), q1 += b * (load(x + i + 8) - k);
      q2 += c * (load(x + i + 16) - k), q3 += d * (load(x + i + 24) - k);
    }
    *sum += total((s0 + s1) + (s2 + s3)), *product += total((q0 + q1) + (q2 + q3));
  }
  for (; i < n; i++) *sum += dy[i], *product += (double)dy[i] * (x[i] - center);
}

void strip_propagate(const float *dy, const float *x, float *dx, size_t n, float center, float scale,
                     float slope, float shift) {
  v8 k = splat(center), a = splat(scale), b = splat(slope), d = splat(shift);
  size_t i = 0;
  for (; i + 16 <= n; i += 16) {
    store(dx + i, load(dy + i) * a + ((load(x + i) - k) * b + d));
    store(dx + i + 8, load(dy + i + 8) * a + ((load(x + i + 8) - k) * b + d));
  }
  for (; i < n; i++) dx[i] = dy[i] * scale + ((x[i] - center) * slope + shift);
}
