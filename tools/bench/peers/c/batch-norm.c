#include "batch-norm.h"

#include <math.h>

#include "channels-first.h"
#include "channels-last.h"

// Splits the mean into its float32 rounding and the rest, which goes into the shift: y keeps its digits
// at large means, for one subtraction, one product and one sum a value.
static void set_normalization(size_t c, double mean, double variance, const parameters *p, scratch *s) {
  double scale = p->gamma[c] / sqrt(variance + p->epsilon);
  s->center[c] = mean;
  s->scale[c] = scale;
  s->shift[c] = p->beta[c] - (mean - s->center[c]) * scale;
}

void forward(const float *x, float *y, layout l, const parameters *p, scratch *s) {
  double m = l.outer * l.inner;
  if (l.inner == 1) {
    moments_last(x, l.outer, l.channels, s->mean, s->m2);
    for (size_t c = 0; c < l.channels; c++) set_normalization(c, s->mean[c], s->m2[c] / m, p, s);
    normalize_last(x, y, l.outer, l.channels, s);
    return;
  }
  // One channel after the other: its strips are still in cache when they are normalized.
  for (size_t c = 0; c < l.channels; c++) {
    double count = 0;
    s->mean[c] = s->m2[c] = 0;
    for (size_t n = 0; n < l.outer; n++) {
      strip_moments(x + (n * l.channels + c) * l.inner, l.inner, &count, s->mean + c, s->m2 + c);
    }
    set_normalization(c, s->mean[c], s->m2[c] / m, p, s);
    for (size_t n = l.outer; n-- > 0;) {
      size_t at = (n * l.channels + c) * l.inner;
      strip_normalize(x + at, y + at, l.inner, s->center[c], s->scale[c], s->shift[c]);
    }
  }
}

void inference(const float *x, float *y, layout l, const parameters *p, scratch *s) {
  for (size_t c = 0; c < l.channels; c++) set_normalization(c, p->mean[c], p->variance[c], p, s);
  if (l.inner == 1) {
    normalize_last(x, y, l.outer, l.channels, s);
    return;
  }
  for (size_t i = 0; i < l.outer * l.channels; i++) {
    size_t c = i % l.channels, at = i * l.inner;
    strip_normalize(x + at, y + at, l.inner, s->center[c], s->scale[c], s->shift[c]);
  }
}

// From the sums of a channel: its gradients, and dx = dy · scale + (x − center) · slope + shift.
static void set_gradient(size_t c, double m, const parameters *p, scratch *s) {
  double r = 1 / sqrt(s->m2[c] / m + p->epsilon), low = s->mean[c] - s->center[c];
  double sum = s->dbeta[c], scale = p->gamma[c] * r;
  s->dgamma[c] = (s->dgamma[c] - low * sum) * r;
  double slope = -scale * r * s->dgamma[c] / m;
  s->scale[c] = scale;
  s->slope[c] = slope;
  s->shift[c] = -scale * sum / m - low * slope;
}

void backward(const float *dy, const float *x, float *dx, layout l, const parameters *p, scratch *s) {
  double m = l.outer * l.inner;
  for (size_t c = 0; c < l.channels; c++) s->center[c] = s->mean[c];
  if (l.inner == 1) {
    gradient_sums_last(dy, x, l.outer, l.channels, s->center, s->dbeta, s->dgamma);
    for (size_t c = 0; c < l.channels; c++) set_gradient(c, m, p, s);
    propagate_last(dy, x, dx, l.outer, l.channels, s);
    return;
  }
  for (size_t c = 0; c < l.channels; c++) {
    s->dbeta[c] = s->dgamma[c] = 0;
    for (size_t n = 0; n < l.outer; n++) {
      size_t at = (n * l.channels + c) * l.inner;
      strip_sums(dy + at, x + at, l.inner, s->center[c], s->dbeta + c, s->dgamma + c);
    }
    set_gradient(c, m, p, s);
    for (size_t n = l.outer; n-- > 0;) {
      size_t at = (n * l.channels + c) * l.inner;
      strip_propagate(dy + at, x + at, dx + at, l.inner, s->center[c], s->scale[c], s->slope[c],
                      s->shift[c]);
    }
  }
}
