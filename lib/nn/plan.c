/* Opens a network: places its tensors in one arena, packs its weights. */
#include "nn/net.h"

#include <string.h>

/* Over-read of the first layer's kernel (3 bytes) and room to align rows. */
enum { ARENA_SLACK = 64 };
/* A network that needs more is not one of ours. */
static const uint64_t LARGEST_ARENA = (uint64_t)1 << 30;

/* The layers do not fit together at some size up to the largest: an error at open, not in a run. */
static int every_size_fits(const af_model *model, int32_t width, int32_t height) {
    int32_t sizes[AF_MAX_TENSORS];
    if (model->width)
        return af_model_fits(model, width, height);
    for (int32_t w = model->step; w < width; w += model->step)
        if (!af_model_axis(model, 0, w, sizes))
            return 0;
    for (int32_t h = model->step; h < height; h += model->step)
        if (!af_model_axis(model, 1, h, sizes))
            return 0;
    return af_model_fits(model, width, height);
}

static int size_ok(const af_model *model, int32_t width, int32_t height) {
    if (width < 1 || height < 1 || width > AF_MAX_SIDE || height > AF_MAX_SIDE)
        return 0;
    if (model->width)
        return width == model->width && height == model->height;
    return width % model->step == 0 && height % model->step == 0;
}

/* What each tensor is and how long it lives. The input and the heads live outside of runs too. */
static void describe(af_tensor *tensors, const af_model *model) {
    tensors[0] = (af_tensor){.channels = 1, .pixel = 1, .first = -1, .last = -1};
    for (int32_t i = 0; i < model->layers; i++) {
        const af_layer layer = af_model_layer(model, i);
        tensors[i + 1] = (af_tensor){
            .channels = layer.cout,
            .pixel = af_padded(layer.cout) * (layer.is_head ? 4 : 1),
            .is_head = layer.is_head,
            .first = layer.is_head ? -1 : i,
            .last = layer.is_head ? model->layers : i,
        };
        tensors[layer.in1].last = i;
        tensors[layer.in1].border = af_max(tensors[layer.in1].border, layer.pad);
        if (layer.in2 != AF_NO_TENSOR)
            tensors[layer.in2].last = i;
    }
}

/* 0: more than a network of ours needs. */
static int measure(af_tensor *tensors, const af_model *model, int32_t width, int32_t height) {
    int32_t across[AF_MAX_TENSORS], down[AF_MAX_TENSORS];
    af_model_axis(model, 0, width, across);
    af_model_axis(model, 1, height, down);
    for (int32_t i = 0; i <= model->layers; i++) {
        const int32_t around = 2 * tensors[i].border;
        const uint64_t bytes = (uint64_t)(across[i] + around) * (uint64_t)(down[i] + around) *
                               (uint64_t)tensors[i].pixel;
        if (bytes > LARGEST_ARENA)
            return 0;
        tensors[i].bytes = af_round_up((size_t)bytes + (i == 0 ? ARENA_SLACK : 0), 64);
    }
    return 1;
}

static int both_live(const af_tensor *a, const af_tensor *b) {
    return a->first <= b->last && b->first <= a->last;
}

/* The lowest place for tensor t beside those that are placed and live at the same time. */
static size_t lowest_place(const af_tensor *tensors, int32_t count, const uint8_t *placed,
                           int32_t t) {
    size_t offset = 0;
    for (int32_t i = 0; i < count; i++) {
        const af_tensor *const other = &tensors[i];
        if (placed[i] && both_live(other, &tensors[t]) && offset < other->offset + other->bytes &&
            other->offset < offset + tensors[t].bytes) {
            offset = other->offset + other->bytes;
            i = -1; /* look again from the first */
        }
    }
    return offset;
}

/* Places tensors, the largest first. Returns the arena's size; 0: too large. */
static uint64_t place(af_tensor *tensors, int32_t count) {
    uint8_t placed[AF_MAX_TENSORS] = {0};
    uint64_t total = 0;
    for (int32_t n = 0; n < count; n++) {
        int32_t largest = -1;
        for (int32_t i = 0; i < count; i++)
            if (!placed[i] && (largest < 0 || tensors[i].bytes > tensors[largest].bytes))
                largest = i;
        tensors[largest].offset = lowest_place(tensors, count, placed, largest);
        placed[largest] = 1;
        const uint64_t end = (uint64_t)tensors[largest].offset + tensors[largest].bytes;
        total = end > total ? end : total;
        if (total > LARGEST_ARENA)
            return 0;
    }
    return total;
}

static af_shape shape_of(const af_layer *layer) {
    return (af_shape){
        .kh = layer->kh,
        .kw = layer->kw,
        .stride = layer->stride,
        .cin = layer->cin,
        .cout = layer->cout,
        .pixel = layer->in1 == 0 ? 1 : af_padded(layer->cin),
        .shift = layer->shift,
    };
}

/* Bytes of a layer's packed weights (or a mean's multipliers), then of its scales. */
static size_t packed_bytes(const af_kernels *kernels, const af_layer *layer) {
    const af_shape shape = shape_of(layer);
    if (layer->op == AF_CONV || layer->op == AF_DENSE)
        return kernels->conv_bytes(&shape);
    if (layer->op == AF_DEPTHWISE)
        return kernels->depthwise_bytes(&shape);
    return layer->op == AF_MEAN ? af_round_up(2 * (size_t)shape.pixel, 64) : 0;
}

static size_t scales_bytes(const af_layer *layer) {
    return layer->is_head ? af_round_up(4 * (size_t)af_padded(layer->cout), 64) : 0;
}

static void pack(const af_kernels *kernels, const af_model *model, const af_layer *layer,
                 void *packed) {
    const af_shape shape = shape_of(layer);
    int32_t bias[AF_MAX_CHANNELS];
    uint16_t mult[AF_MAX_CHANNELS];
    for (size_t c = 0; c < layer->cout; c++) {
        bias[c] = layer->bias ? af_read_int32(model->data + layer->bias + 4 * c) : 0;
        mult[c] = layer->is_head ? 0 : af_read16(model->data + layer->mult + 2 * c);
    }
    const af_weights weights = {
        .weights = (const int8_t *)(model->data + layer->weights),
        .bias = bias,
        .mult = layer->is_head ? NULL : mult,
    };
    if (layer->op == AF_MEAN)
        memcpy(packed, mult, 2 * (size_t)layer->cout);
    else if (layer->op == AF_DEPTHWISE)
        kernels->depthwise_pack(&shape, &weights, packed);
    else
        kernels->conv_pack(&shape, &weights, packed);
}

static void fill_steps(af_net *net, const af_model *model, uint8_t *at) {
    for (int32_t i = 0; i < net->layers; i++) {
        af_step *const step = &net->steps[i];
        step->layer = af_model_layer(model, i);
        step->shape = shape_of(&step->layer);
        const size_t bytes = packed_bytes(&net->kernels, &step->layer);
        if (bytes) {
            pack(&net->kernels, model, &step->layer, at);
            step->packed = at;
            at += bytes;
        }
        if (step->layer.is_head) {
            float *const scales = (float *)(void *)at;
            for (size_t c = 0; c < step->layer.cout; c++)
                scales[c] = af_read_float(model->data + step->layer.mult + 4 * c);
            step->scales = scales;
            at += scales_bytes(&step->layer);
            net->head_tensor[step->layer.head] = i + 1;
        }
    }
}

static void fill_net(af_net *net, const af_model *model, int32_t width, int32_t height) {
    net->layers = model->layers;
    net->heads = model->heads;
    net->step = model->step;
    net->fixed = model->width != 0;
    net->max_width = width;
    net->max_height = height;
    net->golden_width = model->golden_width;
    net->golden_height = model->golden_height;
    net->golden_seed = model->golden_seed;
}

/* The first block: the net, its tensors and its steps. */
static af_net *open_frame(const af_model *model, uint32_t cpu, const affect_allocator *allocator) {
    const size_t tensors_at = af_round_up(sizeof(af_net), 64);
    const size_t steps_at =
        af_round_up(tensors_at + (size_t)(model->layers + 1) * sizeof(af_tensor), 64);
    const size_t bytes = steps_at + (size_t)model->layers * sizeof(af_step);
    uint8_t *const block = af_allocate(allocator, bytes);
    if (!block)
        return NULL;
    af_net *const net = (af_net *)(void *)block;
    net->tensors = (af_tensor *)(void *)(block + tensors_at);
    net->steps = (af_step *)(void *)(block + steps_at);
    net->memory = bytes;
    af_kernels_init(&net->kernels, cpu);
    return net;
}

/* The second block: packed weights and scales, then the arena, if `beside` has none to share. */
static affect_status fill_frame(af_net *net, const af_model *model, const af_net *beside,
                                const affect_allocator *allocator) {
    describe(net->tensors, model);
    if (!measure(net->tensors, model, net->max_width, net->max_height))
        return AFFECT_ERR_MEMORY;
    const uint64_t arena = place(net->tensors, model->layers + 1);
    uint64_t packed = 0;
    for (int32_t i = 0; i < model->layers; i++) {
        const af_layer layer = af_model_layer(model, i);
        packed += packed_bytes(&net->kernels, &layer) + scales_bytes(&layer);
    }
    if (arena == 0 || packed > LARGEST_ARENA)
        return AFFECT_ERR_MEMORY;
    const int shared = beside && beside->arena_bytes >= arena;
    const size_t weights = af_round_up((size_t)packed, 64);
    const size_t bytes = weights + (shared ? 0 : (size_t)arena);
    net->block = af_allocate(allocator, bytes);
    if (!net->block)
        return AFFECT_ERR_MEMORY;
    net->memory += bytes;
    net->arena = shared ? beside->arena : net->block + weights;
    net->arena_bytes = (size_t)arena;
    fill_steps(net, model, net->block);
    return AFFECT_OK;
}

affect_status af_net_open(af_net **net, const af_model *model, uint32_t cpu, int32_t max_width,
                          int32_t max_height, const af_net *beside,
                          const affect_allocator *allocator) {
    *net = NULL;
    if (!size_ok(model, max_width, max_height))
        return AFFECT_ERR_ARGUMENT;
    if (!every_size_fits(model, max_width, max_height))
        return AFFECT_ERR_MODEL;
    af_net *const opened = open_frame(model, cpu, allocator);
    if (!opened)
        return AFFECT_ERR_MEMORY;
    fill_net(opened, model, max_width, max_height);
    const affect_status status = fill_frame(opened, model, beside, allocator);
    if (status == AFFECT_OK)
        *net = opened;
    else
        af_net_close(opened, allocator);
    return status;
}

void af_net_close(af_net *net, const affect_allocator *allocator) {
    if (!net)
        return;
    af_release(allocator, net->block);
    af_release(allocator, net);
}

size_t af_net_memory(const af_net *net) {
    return net->memory;
}

uint32_t af_net_cpu(const af_net *net) {
    return net->kernels.cpu;
}
