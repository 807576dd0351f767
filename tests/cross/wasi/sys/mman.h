/* As much of mmap as tests/guarded.h uses; pages cannot be forbidden in WebAssembly. */
#ifndef WASI_SYS_MMAN_H
#define WASI_SYS_MMAN_H

#include <stddef.h>
#include <stdlib.h>

enum { PROT_NONE, PROT_READ, PROT_WRITE, MAP_PRIVATE = 0, MAP_ANONYMOUS = 0 };
#define MAP_FAILED NULL

static inline void *mmap(void *at, size_t bytes, int protection, int flags, int file, long offset) {
    (void)at, (void)protection, (void)flags, (void)file, (void)offset;
    return malloc(bytes);
}

static inline int mprotect(void *at, size_t bytes, int protection) {
    (void)at, (void)bytes, (void)protection;
    return 0;
}

static inline int munmap(void *at, size_t bytes) {
    (void)bytes;
    free(at);
    return 0;
}

#endif
