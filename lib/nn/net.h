/* An opened network. Internal to lib/nn. */
#ifndef AF_NN_NET_H
#define AF_NN_NET_H

#include "nn/container.h"
#include "nn/kernels/kernels.h"

/* A plane of the network in the arena. Its sides follow the input's size, its place does not. */
typedef struct af_tensor {
    int32_t channels;
    int32_t pixel;  /* bytes from a pixel to the next: 1 for the input plane */
    int32_t border; /* pixels of zeros on every side, as much as any reader looks beyond */
    int32_t is_head;
    int32_t first; /* the layers, from 0, between which the tensor must be kept */
    int32_t last;
    size_t bytes;  /* at the largest size, border included */
    size_t offset; /* in the arena */
    int32_t width;
    int32_t height;
    ptrdiff_t row;
    uint8_t *data; /* pixel (0, 0); of a head int32 */
} af_tensor;

typedef struct af_step {
    af_layer layer;
    af_shape shape;
    const void *packed;  /* weights; of a mean: uint16 multipliers */
    const float *scales; /* of a head, padded with zeros */
} af_step;

struct af_net {
    af_kernels kernels;
    int32_t layers;
    int32_t heads;
    int32_t step;
    int32_t fixed; /* 1: only the largest size */
    int32_t max_width;
    int32_t max_height;
    int32_t width; /* of the next run; 0: not yet set */
    int32_t height;
    int32_t golden_width;
    int32_t golden_height;
    uint32_t golden_seed;
    size_t memory;
    int32_t head_tensor[AF_MAX_HEADS];
    af_tensor *tensors; /* layers + 1 */
    af_step *steps;     /* layers */
    uint8_t *arena;     /* its own, after the packed weights, or that of another network */
    size_t arena_bytes;
    uint8_t *block; /* what was allocated */
};

/* Extent of each tensor for an input size the network has; also sets row and data. */
void af_net_set_size(af_net *net, int32_t width, int32_t height);

#endif
