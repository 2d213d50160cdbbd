#pragma once
#include "batch-norm.h"

// m rows of c channels; the scratch's center, scale, slope and shift say what is done to each value.
void moments_last(const float *x, size_t m, size_t c, double *mean, double *m2);
void normalize_last(const float *x, float *y, size_t m, size_t c, const scratch *s);
void gradient_sums_last(const float *dy, const float *x, size_t m, size_t c, const float *center,
                        double *sum, double *product);
void propagate_last(const float *dy, const float *x, float *dx, size_t m, size_t c, const scratch *s);
