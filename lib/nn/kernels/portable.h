/* The portable kernels, for the table. */
#ifndef AF_NN_PORTABLE_H
#define AF_NN_PORTABLE_H

#include "nn/kernels/kernels.h"

size_t af_conv_bytes_c(const af_shape *shape);
void af_conv_pack_c(const af_shape *shape, const af_weights *weights, void *packed);
void af_conv_c(const af_conv_job *job);

size_t af_depthwise_bytes_c(const af_shape *shape);
void af_depthwise_pack_c(const af_shape *shape, const af_weights *weights, void *packed);
void af_depthwise_c(const af_conv_job *job);

void af_add_c(uint8_t *out, const uint8_t *a, const uint8_t *b, size_t bytes);
void af_upsample_c(uint8_t *out, const uint8_t *in, const uint8_t *b, int32_t width, int32_t pixel);
void af_maxpool_c(uint8_t *out, const uint8_t *row0, const uint8_t *row1, int32_t width,
                  int32_t pixel);
void af_sum_c(int32_t *sums, const uint8_t *in, int32_t width, int32_t pixel);

/* Stores one tile of sums: requantised, residual added and clamped, or as it is for a head. */
void af_store_tile_c(const af_conv_job *job, const int32_t acc[AF_TILE], const int32_t *mult,
                     int32_t x, int32_t y, int32_t channel);

#endif
