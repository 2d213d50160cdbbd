// Eight floats, or eight doubles in two registers. A product and a sum contract to one FMA.
#pragma once

typedef float v8 __attribute__((vector_size(32), aligned(4), may_alias));
typedef double d8 __attribute__((vector_size(64), aligned(8), may_alias));

static inline v8 load(const float *p) { return *(const v8 *)p; }
static inline void store(float *p, v8 v) { *(v8 *)p = v; }
static inline v8 splat(float f) { return (v8){f, f, f, f, f, f, f, f}; }
static inline d8 widen(v8 v) { return __builtin_convertvector(v, d8); }
static inline v8 narrow(d8 d) { return __builtin_convertvector(d, v8); }
static inline double total(v8 v) {
  double sum = 0;
  for (int i = 0; i < 8; i++) sum += v[i];
  return sum;
}
