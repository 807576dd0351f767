/* Times of single kernels, beside the ceiling of the machine measured in the same run. */
#ifndef BENCH_KERNELS_H
#define BENCH_KERNELS_H

#include <stdint.h>

#include "report.h"

/* Times every kernel of the back ends in `cpu` (bits of affect_cpu; all: the portable one too) that
 * this processor has, for about `seconds` each. 0, or -1 when memory is short. */
int bench_kernels(report *r, double seconds, uint32_t cpu);

#endif
