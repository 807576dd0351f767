/* Reads a container and checks every field of it before anything else uses it. */
#include "nn/container.h"

#include <string.h>

enum { HEADER = 128, RECORD = 64, LARGEST_SHIFT = 24, LARGEST_MULT = 32767 };

float af_read_float(const uint8_t *p) {
    const uint32_t bits = af_read32(p);
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

uint32_t af_crc32(uint32_t crc, const uint8_t *data, size_t size) {
    uint32_t table[4][256]; /* four bytes a step; made anew, as nothing global is written */
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t c = i;
        for (int bit = 0; bit < 8; bit++)
            c = (c >> 1) ^ (0xEDB88320u & (0u - (c & 1u)));
        table[0][i] = c;
    }
    for (uint32_t i = 0; i < 256; i++)
        for (int t = 1; t < 4; t++)
            table[t][i] = (table[t - 1][i] >> 8) ^ table[0][table[t - 1][i] & 255];
    crc = ~crc;
    for (; size >= 4; size -= 4, data += 4) {
        crc ^= af_read32(data);
        crc = table[3][crc & 255] ^ table[2][(crc >> 8) & 255] ^ table[1][(crc >> 16) & 255] ^
              table[0][crc >> 24];
    }
    for (; size; size--, data++)
        crc = (crc >> 8) ^ table[0][(crc ^ *data) & 255];
    return ~crc;
}

af_layer af_model_layer(const af_model *model, int32_t index) {
    const uint8_t *const p = model->data + HEADER + (size_t)index * RECORD;
    const af_layer layer = {
        .op = p[0],
        .is_head = p[1],
        .kh = p[2],
        .kw = p[3],
        .stride = p[4],
        .pad = p[5],
        .shift = p[6],
        .head = p[7],
        .in1 = af_read16(p + 8),
        .in2 = af_read16(p + 10),
        .cin = af_read16(p + 12),
        .cout = af_read16(p + 14),
        .weights = af_read32(p + 16),
        .weights_size = af_read32(p + 20),
        .bias = af_read32(p + 24),
        .mult = af_read32(p + 28),
        .golden = af_read32(p + 32),
    };
    return layer;
}

float af_model_param(const af_model *model, int32_t index) {
    return af_read_float(model->params_data + 4 * (size_t)index);
}

static int all_zero(const uint8_t *p, size_t size) {
    for (size_t i = 0; i < size; i++)
        if (p[i])
            return 0;
    return 1;
}

static int is_finite(const uint8_t *p) {
    return (af_read32(p) & 0x7F800000u) != 0x7F800000u;
}

/* A block of the file behind the layer table, at a multiple of align (a power of two). */
static int block_ok(const af_model *model, uint32_t offset, uint64_t bytes, uint32_t align) {
    const uint64_t start = HEADER + (uint64_t)RECORD * (uint64_t)model->layers;
    return offset % align == 0 && offset >= start && bytes <= model->size &&
           offset <= model->size - bytes;
}

static int header_ok(const uint8_t *p, size_t size) {
    if (size < HEADER || memcmp(p, "AFFN", 4) || af_read16(p + 4) != 1 ||
        af_read16(p + 6) != HEADER)
        return 0;
    if (af_read32(p + 8) != size || af_read32(p + 12) != af_crc32(0, p + 16, size - 16))
        return 0;
    size_t length = 0;
    while (length < 24 && p[16 + length])
        length++;
    if (length == 24 || !all_zero(p + 16 + length, 24 - length))
        return 0;
    return af_read16(p + 46) == 0 && af_read16(p + 62) == 0 && all_zero(p + 80, 48) &&
           af_read32(p + 68) == HEADER;
}

static void read_header(af_model *model, const uint8_t *p, size_t size) {
    memset(model, 0, sizeof *model);
    model->data = p;
    model->size = size;
    memcpy(model->name, p + 16, sizeof model->name);
    for (int i = 0; i < 3; i++)
        model->version[i] = af_read16(p + 40 + 2 * i);
    model->layers = af_read16(p + 48);
    model->heads = af_read16(p + 50);
    model->width = af_read16(p + 52);
    model->height = af_read16(p + 54);
    model->step = af_read16(p + 56);
    model->golden_width = af_read16(p + 58);
    model->golden_height = af_read16(p + 60);
    model->golden_seed = af_read32(p + 64);
}

static int sizes_ok(const af_model *model) {
    if (model->step < 1 || model->step > 128 || !model->width != !model->height)
        return 0;
    if (model->width &&
        (model->width != model->golden_width || model->height != model->golden_height))
        return 0;
    return model->golden_width % model->step == 0 && model->golden_height % model->step == 0;
}

static int params_ok(af_model *model) {
    const uint32_t offset = af_read32(model->data + 72), count = af_read32(model->data + 76);
    if (count == 0)
        return offset == 0;
    if (count > INT32_MAX / 4 || !block_ok(model, offset, (uint64_t)count * 4, 4))
        return 0;
    model->params = (int32_t)count;
    model->params_data = model->data + offset;
    for (uint32_t i = 0; i < count; i++)
        if (!is_finite(model->params_data + 4 * (size_t)i))
            return 0;
    return 1;
}

/* Channels of a tensor that layer `reader` may read; 0: it may not. */
static int32_t channels_of(const af_model *model, int32_t tensor, int32_t reader) {
    if (tensor > reader)
        return 0;
    if (tensor == 0)
        return 1;
    const af_layer writer = af_model_layer(model, tensor - 1);
    return writer.is_head ? 0 : writer.cout;
}

/* What an operation takes besides its inputs. */
static int has_weights(const af_layer *layer) {
    return layer->op == AF_CONV || layer->op == AF_DEPTHWISE || layer->op == AF_DENSE;
}

static int kernel_ok(const af_layer *layer) {
    const int32_t smaller = af_min(layer->kh, layer->kw), larger = af_max(layer->kh, layer->kw);
    if (!has_weights(layer))
        return larger == 0 && layer->stride == 0 && layer->pad == 0;
    if (layer->op == AF_DENSE)
        return smaller >= 1 && larger <= 32 && layer->stride == 1 && layer->pad == 0;
    return smaller >= 1 && larger <= 7 && layer->stride >= 1 && layer->stride <= 4 &&
           layer->pad < smaller;
}

static int inputs_ok(const af_model *model, const af_layer *layer, int32_t index) {
    const int has_second = layer->in2 != AF_NO_TENSOR;
    const int32_t first = channels_of(model, layer->in1, index);
    const int32_t second = has_second ? channels_of(model, layer->in2, index) : 0;
    if (layer->cin < 1 || layer->cin > AF_MAX_CHANNELS || layer->cout < 1 ||
        layer->cout > AF_MAX_CHANNELS || first != layer->cin)
        return 0;
    /* the input plane is not padded to 16 channels: only these two read it */
    if (layer->in1 == 0 && layer->op != AF_CONV && layer->op != AF_DENSE)
        return 0;
    if (has_second && (layer->in2 == 0 || second == 0))
        return 0;
    switch (layer->op) {
    case AF_CONV:
        return !has_second || (second == layer->cout && !layer->is_head);
    case AF_DENSE:
        return !has_second;
    case AF_DEPTHWISE:
    case AF_MAXPOOL:
    case AF_MEAN:
        return !has_second && layer->cout == first;
    case AF_ADD:
        return has_second && second == first && layer->cout == first;
    case AF_UPSAMPLE:
        return (!has_second || second == first) && layer->cout == first;
    case AF_CONCAT:
        return has_second && first % 16 == 0 && layer->cout == first + second;
    default:
        return 0;
    }
}

/* The sum of a filter's |weight| (at most 2^20 taps: fits); UINT32_MAX when one is -128. Inlined,
 * so that compilers see the distance of taps where it is 1. */
static inline uint32_t magnitude(const uint8_t *weights, uint32_t taps, size_t to_tap) {
    uint32_t sum = 0, largest = 0;
    for (uint32_t t = 0; t < taps; t++) {
        const uint32_t byte = weights[t * to_tap], size = byte < 128 ? byte : 256 - byte;
        sum += size;
        largest = size > largest ? size : largest;
    }
    return largest > 127 ? UINT32_MAX : sum;
}

/* No weight is -128 and no channel's sum can leave int32: sum |w| * 127 + |bias| + rounding. */
static int sums_ok(const af_model *model, const af_layer *layer) {
    const int64_t rounding = layer->is_head ? 0 : (int64_t)1 << (layer->shift - 1);
    const uint32_t taps = layer->weights_size / layer->cout;
    const uint8_t *const weights = model->data + layer->weights;
    for (size_t c = 0; c < layer->cout; c++) {
        /* depthwise weights are [tap][channel], the others [channel][tap] */
        const uint32_t sum = layer->op == AF_DEPTHWISE ? magnitude(weights + c, taps, layer->cout)
                                                       : magnitude(weights + c * taps, taps, 1);
        const int64_t bias = af_read_int32(model->data + layer->bias + 4 * c);
        if (sum == UINT32_MAX ||
            (int64_t)sum * 127 + (bias < 0 ? -bias : bias) + rounding > INT32_MAX)
            return 0;
    }
    return 1;
}

static int weights_ok(const af_model *model, const af_layer *layer) {
    if (!has_weights(layer))
        return layer->weights == 0 && layer->weights_size == 0 && layer->bias == 0;
    const uint64_t filter =
        (uint64_t)layer->kh * layer->kw * (layer->op == AF_DEPTHWISE ? 1u : layer->cin);
    return layer->weights_size == filter * layer->cout &&
           block_ok(model, layer->weights, layer->weights_size, 64) &&
           block_ok(model, layer->bias, (uint64_t)layer->cout * 4, 4) && sums_ok(model, layer);
}

/* Shift and multipliers, or a head's number and scales. */
static int output_ok(const af_model *model, const af_layer *layer, uint32_t *heads_seen) {
    if (layer->is_head > 1)
        return 0;
    if (layer->is_head) {
        if (!has_weights(layer) || layer->shift != 0 || layer->head >= model->heads ||
            (*heads_seen >> layer->head & 1) || !block_ok(model, layer->mult, layer->cout * 4u, 4))
            return 0;
        *heads_seen |= 1u << layer->head;
        for (uint32_t c = 0; c < layer->cout; c++)
            if (!is_finite(model->data + layer->mult + 4 * (size_t)c))
                return 0;
        return 1;
    }
    if (layer->head != 0)
        return 0;
    if (!has_weights(layer) && layer->op != AF_MEAN)
        return layer->shift == 0 && layer->mult == 0;
    if (layer->shift < 1 || layer->shift > LARGEST_SHIFT ||
        !block_ok(model, layer->mult, layer->cout * 2u, 4))
        return 0;
    for (uint32_t c = 0; c < layer->cout; c++) {
        const uint16_t m = af_read16(model->data + layer->mult + 2 * (size_t)c);
        if (m < 1 || m > LARGEST_MULT)
            return 0;
    }
    return 1;
}

static int layers_ok(const af_model *model) {
    uint32_t heads_seen = 0;
    for (int32_t i = 0; i < model->layers; i++) {
        const af_layer layer = af_model_layer(model, i);
        const uint8_t *const record = model->data + HEADER + (size_t)i * RECORD;
        if (!all_zero(record + 36, RECORD - 36) || layer.op < AF_CONV || layer.op > AF_MEAN ||
            !inputs_ok(model, &layer, i) || !kernel_ok(&layer) ||
            !output_ok(model, &layer, &heads_seen) || !weights_ok(model, &layer))
            return 0;
    }
    return heads_seen == (1u << model->heads) - 1;
}

affect_status af_model_parse(af_model *model, const void *data, size_t size) {
    const uint8_t *const p = data;
    if (!model || !p)
        return AFFECT_ERR_ARGUMENT;
    if (!header_ok(p, size))
        return AFFECT_ERR_MODEL;
    af_model parsed;
    read_header(&parsed, p, size);
    if (parsed.layers < 1 || parsed.layers > AF_MAX_LAYERS || parsed.heads < 1 ||
        parsed.heads > AF_MAX_HEADS || size < HEADER + (size_t)RECORD * (size_t)parsed.layers)
        return AFFECT_ERR_MODEL;
    if (!sizes_ok(&parsed) || !params_ok(&parsed) || !layers_ok(&parsed) ||
        !af_model_fits(&parsed, parsed.golden_width, parsed.golden_height))
        return AFFECT_ERR_MODEL;
    *model = parsed;
    return AFFECT_OK;
}
