#include "common.h"

#include <stdlib.h>
#include <string.h>

/* The pointer that came from the allocator stands just below the aligned block. */
void *af_allocate(const affect_allocator *allocator, size_t bytes) {
    const size_t extra = 64 + sizeof(void *);
    if (bytes > SIZE_MAX - extra)
        return NULL;
    void *const raw = allocator->allocate(allocator->context, bytes + extra);
    if (!raw)
        return NULL;
    const size_t gap = 64 - ((uintptr_t)raw + sizeof(void *)) % 64;
    unsigned char *const block = (unsigned char *)raw + sizeof(void *) + gap;
    memcpy(block - sizeof(void *), &raw, sizeof raw);
    memset(block, 0, bytes);
    return block;
}

void af_release(const affect_allocator *allocator, void *memory) {
    if (!memory)
        return;
    void *raw;
    memcpy(&raw, (unsigned char *)memory - sizeof raw, sizeof raw);
    allocator->release(allocator->context, raw);
}

static void *from_malloc(void *context, size_t bytes) {
    (void)context;
    return malloc(bytes);
}

static void to_free(void *context, void *memory) {
    (void)context;
    free(memory);
}

const affect_allocator af_malloc_allocator = {from_malloc, to_free, NULL};
