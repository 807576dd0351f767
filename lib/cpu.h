/* What this processor can do. */
#ifndef AF_CPU_H
#define AF_CPU_H

#include <stdint.h>

/* Bits of affect_cpu: the back ends that this build contains, this processor has and, on x86, the
 * operating system saves the registers of. */
uint32_t af_cpu_detect(void);

/* cpu and the bits that processors with one of them always have as well. */
uint32_t af_cpu_with_implied(uint32_t cpu);

#endif
