/* Runs a fuzz target without libFuzzer: `fuzz_x [-seconds=N] [-seed=N] [FILE...]`. The files are
 * tried as they are, then changed at random (bytes, runs, cuts, joins) until the time is over.
 * Finds less than libFuzzer, but needs nothing but a C compiler. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LONGEST = 1 << 20, SEEDS_MOST = 256 };

struct seed {
    uint8_t *data;
    size_t size;
};

static uint64_t state;

static uint32_t random_below(uint32_t limit) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((state >> 32) * limit >> 32);
}

static int load(struct seed *seed, const char *path) {
    FILE *const file = fopen(path, "rb");
    seed->data = malloc(LONGEST);
    if (!file || !seed->data) {
        fprintf(stderr, "%s cannot be read\n", path);
        return 0;
    }
    seed->size = fread(seed->data, 1, LONGEST, file);
    fclose(file);
    return 1;
}

static size_t change(uint8_t *data, size_t size) {
    static const uint8_t edges[] = {0, 1, 0x7F, 0x80, 0xFE, 0xFF};
    const uint32_t at = size ? random_below((uint32_t)size) : 0;
    const uint32_t length = size ? 1 + random_below(8) : 0;
    switch (random_below(6)) {
    case 0: /* one bit */
        if (size)
            data[at] ^= (uint8_t)(1u << random_below(8));
        return size;
    case 1: /* a run of one edge value */
        for (uint32_t i = at; i < at + length && i < size; i++)
            data[i] = edges[random_below(sizeof edges)];
        return size;
    case 2: /* random bytes */
        for (uint32_t i = at; i < at + length && i < size; i++)
            data[i] = (uint8_t)random_below(256);
        return size;
    case 3: /* cut off */
        return at;
    case 4: /* longer */
        for (uint32_t i = 0; i < 16 && size < LONGEST; i++)
            data[size++] = (uint8_t)random_below(256);
        return size;
    default: /* a piece moved */
        if (size > 16)
            memmove(data + at / 2, data + at, size - at);
        return size;
    }
}

/* The target sees a block of exactly the input's size, so that sanitizers catch each step beyond.
 */
static void try(const uint8_t *data, size_t size) {
    uint8_t *const block = malloc(size ? size : 1);
    if (!block)
        abort();
    memcpy(block, data, size);
    LLVMFuzzerTestOneInput(block, size);
    free(block);
}

int main(int argc, char **argv) {
    static struct seed seeds[SEEDS_MOST];
    uint32_t count = 0;
    long seconds = 10;
    state = 1;
    for (int i = 1; i < argc; i++) {
        if (strncmp(argv[i], "-seconds=", 9) == 0)
            seconds = atol(argv[i] + 9);
        else if (strncmp(argv[i], "-seed=", 6) == 0)
            state = (uint64_t)atol(argv[i] + 6);
        else if (count == SEEDS_MOST || !load(&seeds[count++], argv[i]))
            return 2;
    }
    for (uint32_t i = 0; i < count; i++)
        try(seeds[i].data, seeds[i].size);
    try((const uint8_t *)"", 0);
    uint8_t *const data = malloc(LONGEST + 16);
    if (!data)
        return 2;
    unsigned long runs = 0;
    for (const time_t start = time(NULL); time(NULL) < start + seconds; runs++) {
        size_t size = 0;
        if (count) {
            const struct seed *const seed = &seeds[random_below(count)];
            memcpy(data, seed->data, size = seed->size);
        } else {
            for (size = random_below(4096); size > 0 && random_below(64);)
                size -= size / 16 + 1;
            for (size_t i = 0; i < size; i++)
                data[i] = (uint8_t)random_below(256);
        }
        for (uint32_t changes = 1 + random_below(8); changes > 0; changes--)
            size = change(data, size);
        try(data, size);
    }
    free(data);
    for (uint32_t i = 0; i < count; i++)
        free(seeds[i].data);
    printf("%lu runs\n", runs);
    return 0;
}
