/* Sizes of tensors, and what a run costs. */
#include "nn/container.h"

/* Extent of a layer's output along one axis; 0: impossible. */
static int32_t layer_extent(const af_layer *layer, int vertical, int32_t in1, int32_t in2) {
    const int32_t kernel = vertical ? layer->kh : layer->kw;
    int32_t out = 0;
    switch (layer->op) {
    case AF_CONV:
    case AF_DEPTHWISE:
        if (in1 + 2 * layer->pad < kernel)
            return 0;
        out = (in1 + 2 * layer->pad - kernel) / layer->stride + 1;
        break;
    case AF_DENSE:
        return in1 == kernel ? 1 : 0;
    case AF_ADD:
    case AF_CONCAT:
        out = in1;
        break;
    case AF_UPSAMPLE:
        out = 2 * in1;
        break;
    case AF_MAXPOOL:
        out = in1 / 2;
        break;
    case AF_MEAN:
        out = 1;
        break;
    default:
        return 0;
    }
    if (layer->in2 != AF_NO_TENSOR && in2 != out)
        return 0;
    return out <= AF_MAX_SIDE ? out : 0;
}

int af_model_axis(const af_model *model, int vertical, int32_t extent,
                  int32_t sizes[AF_MAX_TENSORS]) {
    if (extent < 1 || extent > AF_MAX_SIDE)
        return 0;
    sizes[0] = extent;
    for (int32_t i = 0; i < model->layers; i++) {
        const af_layer layer = af_model_layer(model, i);
        const int32_t second = layer.in2 == AF_NO_TENSOR ? 0 : sizes[layer.in2];
        sizes[i + 1] = layer_extent(&layer, vertical, sizes[layer.in1], second);
        if (sizes[i + 1] < 1)
            return 0;
    }
    return 1;
}

int af_model_fits(const af_model *model, int32_t width, int32_t height) {
    int32_t across[AF_MAX_TENSORS], down[AF_MAX_TENSORS];
    if (!af_model_axis(model, 0, width, across) || !af_model_axis(model, 1, height, down))
        return 0;
    for (int32_t i = 0; i < model->layers; i++) {
        const af_layer layer = af_model_layer(model, i);
        const int64_t pixels = (int64_t)across[layer.in1] * down[layer.in1];
        if (layer.op == AF_MEAN && pixels * 127 + (1 << (layer.shift - 1)) > INT32_MAX)
            return 0;
    }
    return 1;
}

uint64_t af_model_operations(const af_model *model, int32_t width, int32_t height) {
    int32_t across[AF_MAX_TENSORS], down[AF_MAX_TENSORS];
    if (!af_model_axis(model, 0, width, across) || !af_model_axis(model, 1, height, down))
        return 0;
    uint64_t total = 0;
    for (int32_t i = 0; i < model->layers; i++) {
        const af_layer layer = af_model_layer(model, i);
        total += (uint64_t)across[i + 1] * (uint64_t)down[i + 1] * layer.weights_size;
    }
    return total;
}
