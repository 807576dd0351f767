/*
 * Fixed-point networks: a container in memory (docs/container.md) is parsed into an af_model,
 * opened into an af_net for a largest input size, and run. All networks give the same bytes on
 * every processor (docs/arithmetic.md).
 */
#ifndef AF_NN_H
#define AF_NN_H

#include "common.h"

/* A checked container. A plain view: it owns nothing and points into the caller's bytes. */
typedef struct af_model {
    const uint8_t *data;
    size_t size;
    char name[24];
    uint16_t version[3];
    int32_t layers;
    int32_t heads;
    int32_t width; /* 0: any multiple of step */
    int32_t height;
    int32_t step;
    int32_t golden_width;
    int32_t golden_height;
    uint32_t golden_seed;
    int32_t params; /* number of parameters; af_model_param reads them */
    const uint8_t *params_data;
} af_model;

/* One head of a network after a run: value(x, y, c) = values[(y * width + x) * pitch + c] as float,
 * times scales[c]. */
typedef struct af_head {
    const int32_t *values;
    const float *scales;
    int32_t width;
    int32_t height;
    int32_t channels;
    int32_t pitch; /* values from a pixel to the next: channels padded to 16 */
} af_head;

typedef struct af_net af_net;

/* Checks every field, the checksum, and that no sum can overflow. Data need not be aligned and must
 * live as long as the model is used (a net keeps no pointer to it). AFFECT_ERR_MODEL. */
affect_status af_model_parse(af_model *model, const void *data, size_t size);

/* Parameter 0 <= index < model->params. */
float af_model_param(const af_model *model, int32_t index);

/* Multiply-accumulates of one run at an input size; 0 when the network cannot have that size. */
uint64_t af_model_operations(const af_model *model, int32_t width, int32_t height);

/* Plans a network for inputs up to max_width x max_height (of a network of fixed size: exactly that
 * size) and packs its weights for the back ends in cpu (bits of affect_cpu; only those that
 * af_cpu_detect reports may be given). beside: NULL, or a network that lives longer and whose
 * planes, inputs and heads this one may overwrite: it takes no memory of its own for them where
 * those are large enough. Two allocations. AFFECT_ERR_ARGUMENT: the size; AFFECT_ERR_MODEL: its
 * layers do not fit together at some size up to that; AFFECT_ERR_MEMORY. */
affect_status af_net_open(af_net **net, const af_model *model, uint32_t cpu, int32_t max_width,
                          int32_t max_height, const af_net *beside,
                          const affect_allocator *allocator);
void af_net_close(af_net *net, const affect_allocator *allocator);

/* Bytes held. */
size_t af_net_memory(const af_net *net);

/* The back end in use, one bit of affect_cpu or 0. */
uint32_t af_net_cpu(const af_net *net);

/* Sets the size of the next run: multiples of the step, 1 step to the largest size. Returns where
 * to write the input plane, height rows of width bytes 0..127 without gaps. Its contents are
 * undefined until written and after a run: write all of it before each run. Null: not such a size.
 */
uint8_t *af_net_input(af_net *net, int32_t width, int32_t height);

/* Runs the network on the plane that was written. Before the first af_net_input: does nothing. */
void af_net_run(af_net *net);

/* A head of the last run, 0 <= head < model.heads. Valid until the next af_net_run or a size
 * change. */
af_head af_net_head(const af_net *net, int32_t head);

/* Runs the golden vector. 0: every layer's checksum is the trainer's; n > 0: layer n (from 1) is
 * the first that differs; -1: the golden plane is larger than the net was opened for. */
int32_t af_net_check_golden(af_net *net);

#endif
