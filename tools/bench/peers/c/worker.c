// Answers the benchmark's requests, a line of JSON each, on stdin and stdout.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "batch-norm.h"

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

static int ascending(const void *a, const void *b) {
  double d = *(const double *)a - *(const double *)b;
  return (d > 0) - (d < 0);
}

// What the present task has allocated.
static void *held[16];
static size_t count;

// Bytes that start on a cache line. A third of 4 kB lies between tensors, since a store whose address
// equals a later load's in the last 12 bits holds that load up.
static void *allocate(size_t bytes) {
  size_t offset = count % 3 * 1344;
  char *memory = aligned_alloc(4096, (bytes + offset + 4095) & ~(size_t)4095);
  if (!memory || count == sizeof held / sizeof *held) exit(1);
  held[count++] = memory;
  memset(memory, 0, bytes + offset);
  return memory + offset;
}

static void release(void) {
  while (count > 0) free(held[--count]);
}

// The data of every worker: offset + spread · frac(i · step).
static float *evenly(size_t n, double step, double offset, double spread) {
  float *values = allocate(n * sizeof(float));
  for (size_t i = 0; i < n; i++) values[i] = offset + spread * fmod(i * step, 1);
  return values;
}

static const double golden = 0.6180339887498949, silver = 0.41421356237309515;

// One op on one shape, with its tensors.
typedef struct {
  char op[32];
  layout l;
  const float *x, *dy;
  float *y, *dx;
  parameters p;
  scratch s;
} task;

static task prepare(const char *op, layout l) {
  release();
  size_t n = l.outer * l.channels * l.inner, c = l.channels;
  size_t doubles = c * sizeof(double), floats = c * sizeof(float);
  task t = {.l = l};
  snprintf(t.op, sizeof t.op, "%s", op);
  t.x = evenly(n, golden, -0.5, 4);
  t.y = allocate(n * sizeof(float));
  t.dy = evenly(n, silver, -1, 2);
  t.dx = allocate(n * sizeof(float));
  t.p = (parameters){evenly(c, golden, 0.9, 0.2), evenly(c, silver, -0.1, 0.2), evenly(c, 0, 1.5, 0),
                     evenly(c, 0, 4. / 3, 0), 1e-5};
  t.s = (scratch){allocate(doubles), allocate(doubles), allocate(doubles), allocate(doubles),
                  allocate(floats),  allocate(floats),  allocate(floats),  allocate(floats)};
  forward(t.x, t.y, l, &t.p, &t.s);
  return t;
}

static const float *run(task *t) {
  if (!strcmp(t->op, "inference")) return inference(t->x, t->y, t->l, &t->p, &t->s), t->y;
  if (strcmp(t->op, "backward")) forward(t->x, t->y, t->l, &t->p, &t->s);
  if (!strcmp(t->op, "forward")) return t->y;
  return backward(t->dy, t->x, t->dx, t->l, &t->p, &t->s), t->dx;
}

static const char *request =
    " {\"op\":\"%31[^\"]\",\"outer\":%zu,\"channels\":%zu,\"inner\":%zu,\"iterations\":%d,\"batches\":%d";

int main(void) {
  static char line[1024], op[32];
  static double samples[64];
  task t = {0};
  setvbuf(stdout, NULL, _IOLBF, 0);
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) {
    puts("{\"absent\":\"this processor has no AVX2 or no FMA\"}");
    return 0;
  }
  puts("{\"ready\":\"C, AVX2 and FMA, " __VERSION__ "\"}");
  while (fgets(line, sizeof line, stdin)) {
    layout l;
    int iterations, batches;
    int read = sscanf(line, request, op, &l.outer, &l.channels, &l.inner, &iterations, &batches);
    if (read != 6 || batches > 64) return 1;
    if (strcmp(op, t.op) || memcmp(&l, &t.l, sizeof l)) t = prepare(op, l);
    const float *result = batches > 1 ? run(&t) : NULL;
    for (int b = 0; b < batches; b++) {
      double start = now();
      for (int i = 0; i < iterations; i++) result = run(&t);
      samples[b] = (now() - start) / iterations;
    }
    qsort(samples, batches, sizeof *samples, ascending);
    size_t n = l.outer * l.channels * l.inner;
    printf("{\"ms\":%.9g,\"check\":[%.9g,%.9g,%.9g]}\n", samples[batches / 2], result[0], result[n / 2],
           result[n - 1]);
  }
}
