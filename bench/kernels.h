/* Times of single kernels, beside the ceiling of the machine measured in the same run. */
#ifndef BENCH_KERNELS_H
#define BENCH_KERNELS_H

#include <stdint.h>
#include <stdio.h>

/* Times every kernel of the back ends in `cpu` (bits of affect_cpu; all: the portable one too) that
 * this processor has, for about `seconds` each, and prints a table (json 0) or an array of objects
 * (json 1). 0, or -1 when memory is short. */
int bench_kernels(FILE *out, int json, double seconds, uint32_t cpu);

#endif
