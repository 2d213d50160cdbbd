// Batch Normalization in C with AVX2 and FMA: what the kernels' algorithm costs without WebAssembly.
#pragma once
#include <stddef.h>

// A tensor [outer, channels, inner], row-major; inner is 1 for channels-last.
typedef struct {
  size_t outer, channels, inner;
} layout;

// One value per channel each.
typedef struct {
  const float *gamma, *beta, *mean, *variance;
  float epsilon;
} parameters;

// One value per channel each: what forward leaves, what backward leaves, what both need in between.
typedef struct {
  double *mean, *m2, *dgamma, *dbeta;
  float *center, *scale, *slope, *shift;
} scratch;

void forward(const float *x, float *y, layout l, const parameters *p, scratch *s);
void inference(const float *x, float *y, layout l, const parameters *p, scratch *s);
// After forward, whose moments it takes from the scratch.
void backward(const float *dy, const float *x, float *dx, layout l, const parameters *p, scratch *s);
