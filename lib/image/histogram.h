/* Counting luma. Four tables, because counting equal neighbours in one table waits for memory. */
#ifndef AF_IMAGE_HISTOGRAM_H
#define AF_IMAGE_HISTOGRAM_H

#include <stdint.h>

typedef struct af_histogram {
    uint32_t parts[4][256]; /* set to zero before the first use */
} af_histogram;

static inline void af_histogram_add(af_histogram *h, const uint8_t *luma, int32_t count) {
    int32_t i = 0;
    for (; i + 4 <= count; i += 4) {
        h->parts[0][luma[i]]++;
        h->parts[1][luma[i + 1]]++;
        h->parts[2][luma[i + 2]]++;
        h->parts[3][luma[i + 3]]++;
    }
    for (; i < count; i++)
        h->parts[0][luma[i]]++;
}

/* Adds the tables up into the first one and returns it. */
static inline const uint32_t *af_histogram_total(af_histogram *h) {
    for (int v = 0; v < 256; v++) {
        h->parts[0][v] += h->parts[1][v] + h->parts[2][v] + h->parts[3][v];
        h->parts[1][v] = h->parts[2][v] = h->parts[3][v] = 0;
    }
    return h->parts[0];
}

#endif
