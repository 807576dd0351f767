/* The records inside a container. Internal to lib/nn. */
#ifndef AF_NN_CONTAINER_H
#define AF_NN_CONTAINER_H

#include "nn/nn.h"

enum { AF_CONV = 1, AF_DEPTHWISE, AF_DENSE, AF_ADD, AF_UPSAMPLE, AF_MAXPOOL, AF_CONCAT, AF_MEAN };

enum {
    AF_MAX_LAYERS = 256,
    AF_MAX_TENSORS = AF_MAX_LAYERS + 1,
    AF_MAX_HEADS = 16,
    AF_MAX_CHANNELS = 1024,
    AF_MAX_SIDE = 32768, /* of any tensor, so that sides fit comfortably into int32 */
    AF_NO_TENSOR = 0xFFFF
};

/* One record of the layer table, decoded. Layer i writes tensor i + 1. */
typedef struct af_layer {
    uint8_t op;
    uint8_t is_head;
    uint8_t kh;
    uint8_t kw;
    uint8_t stride;
    uint8_t pad;
    uint8_t shift;
    uint8_t head;
    uint16_t in1;
    uint16_t in2; /* AF_NO_TENSOR: none */
    uint16_t cin;
    uint16_t cout;
    uint32_t weights; /* offsets into the file */
    uint32_t weights_size;
    uint32_t bias;
    uint32_t mult; /* multipliers; of a head: scales */
    uint32_t golden;
} af_layer;

static inline uint16_t af_read16(const uint8_t *p) {
    return (uint16_t)(p[0] | p[1] << 8);
}

static inline uint32_t af_read32(const uint8_t *p) {
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static inline int32_t af_read_int32(const uint8_t *p) {
    return (int32_t)af_read32(p);
}

float af_read_float(const uint8_t *p);

/* CRC-32 of IEEE 802.3. Start with crc 0; the result continues over the next piece. */
uint32_t af_crc32(uint32_t crc, const uint8_t *data, size_t size);

af_layer af_model_layer(const af_model *model, int32_t index);

/* Width and height do not touch each other: sizes[t] becomes tensor t's extent along one axis
 * (vertical or not) for an input of that extent. 0: layers do not fit together at that size. */
int af_model_axis(const af_model *model, int vertical, int32_t extent,
                  int32_t sizes[AF_MAX_TENSORS]);

/* 1: the network can run at that input size. */
int af_model_fits(const af_model *model, int32_t width, int32_t height);

#endif
