#pragma once
#include <stddef.h>

// A strip is one channel of one sample: n values in a row.
void strip_moments(const float *x, size_t n, double *count, double *mean, double *m2);
void strip_normalize(const float *x, float *y, size_t n, float center, float scale, float shift);
void strip_sums(const float *dy, const float *x, size_t n, float center, double *sum, double *product);
void strip_propagate(const float *dy, const float *x, float *dx, size_t n, float center, float scale,
                     float slope, float shift);
