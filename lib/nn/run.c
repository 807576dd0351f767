/* Runs an opened network layer by layer. */
#include "nn/net.h"

#include <string.h>

static uint8_t *input_start(const af_net *net) {
    const af_tensor *const input = &net->tensors[0];
    return net->arena + input->offset;
}

/* The plane as the caller writes it lies at the end of the room that it takes with its border. */
static uint8_t *plain_input(const af_net *net) {
    const af_tensor *const input = &net->tensors[0];
    const size_t around = 2 * (size_t)input->border;
    const size_t width = (size_t)input->width, height = (size_t)input->height;
    return input_start(net) + (width + around) * (height + around) - width * height;
}

static int32_t extent_out(const af_layer *layer, int32_t kernel, int32_t in) {
    switch (layer->op) {
    case AF_CONV:
    case AF_DEPTHWISE:
        return (in + 2 * layer->pad - kernel) / layer->stride + 1;
    case AF_UPSAMPLE:
        return 2 * in;
    case AF_MAXPOOL:
        return in / 2;
    case AF_DENSE:
    case AF_MEAN:
        return 1;
    default:
        return in;
    }
}

void af_net_set_size(af_net *net, int32_t width, int32_t height) {
    net->width = width;
    net->height = height;
    for (int32_t i = 0; i <= net->layers; i++) {
        af_tensor *const t = &net->tensors[i];
        if (i == 0) {
            t->width = width;
            t->height = height;
        } else {
            const af_layer *const layer = &net->steps[i - 1].layer;
            t->width = extent_out(layer, layer->kw, net->tensors[layer->in1].width);
            t->height = extent_out(layer, layer->kh, net->tensors[layer->in1].height);
        }
        t->row = (ptrdiff_t)(t->width + 2 * t->border) * t->pixel;
        t->data = net->arena + t->offset + t->border * t->row + (ptrdiff_t)t->border * t->pixel;
    }
}

uint8_t *af_net_input(af_net *net, int32_t width, int32_t height) {
    const int fits = net->fixed ? width == net->max_width && height == net->max_height
                                : width >= 1 && height >= 1 && width <= net->max_width &&
                                      height <= net->max_height && width % net->step == 0 &&
                                      height % net->step == 0;
    if (!fits)
        return NULL;
    if (width != net->width || height != net->height)
        af_net_set_size(net, width, height);
    return plain_input(net);
}

/* Spreads the written plane, in place, into rows between borders. Every row moves towards the
 * start, by less than the row before it did, so none is overwritten before it is read. */
static void spread_input(const af_net *net) {
    const af_tensor *const t = &net->tensors[0];
    const size_t width = (size_t)t->width, border = (size_t)t->border;
    if (border == 0)
        return;
    const uint8_t *from = plain_input(net);
    uint8_t *to = input_start(net);
    memset(to, 0, border * (width + 2 * border));
    to += border * (width + 2 * border);
    for (int32_t y = 0; y < t->height; y++, from += width) {
        memmove(to + border, from, width);
        memset(to, 0, border);
        memset(to + border + width, 0, border);
        to += width + 2 * border;
    }
    memset(to, 0, border * (width + 2 * border));
}

/* The arena is shared, so every tensor's border is made zero again when it is written. */
static void clear_border(const af_tensor *t) {
    if (t->border == 0)
        return;
    const size_t side = (size_t)t->border * (size_t)t->pixel, row = (size_t)t->row;
    const size_t inner = row - 2 * side;
    uint8_t *at = t->data - (ptrdiff_t)t->border * t->row - (ptrdiff_t)side;
    memset(at, 0, (size_t)t->border * row);
    at += (size_t)t->border * row;
    for (int32_t y = 0; y < t->height; y++, at += row) {
        memset(at, 0, side);
        memset(at + side + inner, 0, side);
    }
    memset(at, 0, (size_t)t->border * row);
}

static void run_weights(const af_net *net, const af_step *step, const af_tensor *out) {
    const af_layer *const layer = &step->layer;
    const af_tensor *const in = &net->tensors[layer->in1];
    const af_tensor *const second = layer->in2 == AF_NO_TENSOR ? NULL : &net->tensors[layer->in2];
    const af_conv_job job = {
        .shape = &step->shape,
        .packed = step->packed,
        .in = in->data - layer->pad * in->row - (ptrdiff_t)layer->pad * in->pixel,
        .in_row = in->row,
        .out = layer->is_head ? NULL : out->data,
        .out_row = out->row,
        .residual = second ? second->data : NULL,
        .residual_row = second ? second->row : 0,
        .head = layer->is_head ? (int32_t *)(void *)out->data : NULL,
        .width = out->width,
        .height = out->height,
    };
    if (layer->op == AF_DEPTHWISE)
        net->kernels.depthwise(&job);
    else
        net->kernels.conv(&job);
}

static void run_mean(const af_net *net, const af_step *step, const af_tensor *in,
                     const af_tensor *out) {
    int32_t sums[AF_MAX_CHANNELS] = {0};
    const uint16_t *const mult = step->packed;
    for (int32_t y = 0; y < in->height; y++)
        net->kernels.sum(sums, in->data + y * in->row, in->width, in->pixel);
    for (int32_t c = 0; c < in->pixel; c++)
        out->data[c] =
            (uint8_t)af_clamp(af_requantise(sums[c], step->layer.shift, mult[c]), 0, 127);
}

static void concat_row(uint8_t *out, const uint8_t *a, const uint8_t *b, int32_t width,
                       size_t a_pixel, size_t b_pixel) {
    for (int32_t x = 0; x < width; x++, a += a_pixel, b += b_pixel) {
        memcpy(out, a, a_pixel);
        memcpy(out + a_pixel, b, b_pixel);
        out += a_pixel + b_pixel;
    }
}

static void run_rows(const af_net *net, const af_step *step, const af_tensor *out) {
    const af_layer *const layer = &step->layer;
    const af_kernels *const k = &net->kernels;
    const af_tensor *const a = &net->tensors[layer->in1];
    const af_tensor *const b = layer->in2 == AF_NO_TENSOR ? NULL : &net->tensors[layer->in2];
    for (int32_t y = 0; y < out->height; y++) {
        uint8_t *const to = out->data + y * out->row;
        const uint8_t *const second = b ? b->data + y * b->row : NULL;
        const int32_t from = layer->op == AF_UPSAMPLE ? y / 2 : layer->op == AF_MAXPOOL ? 2 * y : y;
        const uint8_t *const first = a->data + from * a->row;
        if (layer->op == AF_ADD)
            k->add(to, first, second, (size_t)out->width * (size_t)out->pixel);
        else if (layer->op == AF_UPSAMPLE)
            k->upsample(to, first, second, a->width, a->pixel);
        else if (layer->op == AF_MAXPOOL)
            k->maxpool(to, first, first + a->row, out->width, out->pixel);
        else if (b)
            concat_row(to, first, second, out->width, (size_t)a->pixel, (size_t)b->pixel);
    }
}

static void run_layer(const af_net *net, int32_t index) {
    const af_step *const step = &net->steps[index];
    const af_tensor *const out = &net->tensors[index + 1];
    clear_border(out);
    switch (step->layer.op) {
    case AF_CONV:
    case AF_DEPTHWISE:
    case AF_DENSE:
        run_weights(net, step, out);
        break;
    case AF_MEAN:
        run_mean(net, step, &net->tensors[step->layer.in1], out);
        break;
    default:
        run_rows(net, step, out);
    }
}

void af_net_run(af_net *net) {
    if (net->width == 0)
        return;
    spread_input(net);
    for (int32_t i = 0; i < net->layers; i++)
        run_layer(net, i);
}

af_head af_net_head(const af_net *net, int32_t head) {
    const int32_t tensor = net->head_tensor[head];
    const af_tensor *const t = &net->tensors[tensor];
    return (af_head){
        .values = (const int32_t *)(const void *)t->data,
        .scales = net->steps[tensor - 1].scales,
        .width = t->width,
        .height = t->height,
        .channels = t->channels,
        .pitch = af_padded(t->channels),
    };
}

/* The checksum of int32 values as little-endian bytes, on any processor. */
static uint32_t checksum_values(uint32_t crc, const uint8_t *data, size_t size) {
    uint8_t bytes[256];
    while (size) {
        const size_t part = size < sizeof bytes ? size : sizeof bytes;
        for (size_t i = 0; i < part; i += 4) {
            uint32_t value;
            memcpy(&value, data + i, sizeof value);
            for (size_t b = 0; b < 4; b++)
                bytes[i + b] = (uint8_t)(value >> 8 * b);
        }
        crc = af_crc32(crc, bytes, part);
        data += part;
        size -= part;
    }
    return crc;
}

/* The checksum of a tensor as the trainer has it: without its border. */
static uint32_t checksum(const af_tensor *t) {
    const size_t row = (size_t)t->width * (size_t)t->pixel;
    uint32_t crc = 0;
    for (int32_t y = 0; y < t->height; y++) {
        const uint8_t *const data = t->data + y * t->row;
        crc = t->is_head ? checksum_values(crc, data, row) : af_crc32(crc, data, row);
    }
    return crc;
}

static void write_golden(uint8_t *plane, int32_t width, int32_t height, uint32_t seed) {
    uint32_t state = seed;
    for (int32_t y = 0; y < height; y++)
        for (int32_t x = 0; x < width; x++) {
            state = state * 1664525u + 1013904223u;
            const int32_t wave = (3 * x + 2 * y) % 128 - 64;
            *plane++ = (uint8_t)((wave < 0 ? -wave : wave) + (int32_t)(state >> 26));
        }
}

int32_t af_net_check_golden(af_net *net) {
    uint8_t *const plane = af_net_input(net, net->golden_width, net->golden_height);
    if (!plane)
        return -1;
    write_golden(plane, net->width, net->height, net->golden_seed);
    spread_input(net);
    for (int32_t i = 0; i < net->layers; i++) {
        run_layer(net, i);
        if (checksum(&net->tensors[i + 1]) != net->steps[i].layer.golden)
            return i + 1;
    }
    return 0;
}
