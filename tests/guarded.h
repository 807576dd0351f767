/* Memory between two pages that may not be touched: what is read or written one byte outside stops
 * the test at once. */
#ifndef GUARDED_H
#define GUARDED_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

typedef struct guarded {
    uint8_t *data; /* `bytes` bytes */
    uint8_t *map;
    size_t map_bytes;
} guarded;

/* at_end 1: the last byte lies before the forbidden page; 0: the first byte lies behind one. */
static inline guarded guarded_open(size_t bytes, int at_end) {
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    const size_t inner = (bytes + page - 1) / page * page;
    guarded g;
    g.map_bytes = inner + 2 * page;
    g.map = mmap(NULL, g.map_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (g.map == MAP_FAILED || mprotect(g.map, page, PROT_NONE) ||
        mprotect(g.map + page + inner, page, PROT_NONE))
        abort();
    memset(g.map + page, 0xA5, inner);
    g.data = g.map + page + (at_end ? inner - bytes : 0);
    return g;
}

static inline void guarded_close(guarded *g) {
    munmap(g->map, g->map_bytes);
}

#endif
