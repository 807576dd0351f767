/* A network container of any bytes: an error, or a network that opens and runs within its memory
 * (run under ASan and UBSan). Size and checksum are made right first, as no mutation would hit
 * them; the back ends must agree. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cpu.h"
#include "nn/container.h"
#include "nn/nn.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LARGEST_RUN = 1 << 22 }; /* multiply-accumulates, so that a run stays short */

static void *allocate(void *context, size_t bytes) {
    (void)context;
    return bytes < (size_t)1 << 26 ? malloc(bytes) : NULL;
}

static void release(void *context, void *memory) {
    (void)context;
    free(memory);
}

static void put32(uint8_t *p, uint32_t value) {
    for (int i = 0; i < 4; i++)
        p[i] = (uint8_t)(value >> 8 * i);
}

static void run_random(af_net *net, int32_t width, int32_t height) {
    uint8_t *const plane = af_net_input(net, width, height);
    if (!plane)
        abort();
    uint32_t state = 1;
    for (int32_t i = 0; i < width * height; i++) {
        state = state * 1664525u + 1013904223u;
        plane[i] = (uint8_t)(state >> 25);
    }
    af_net_run(net);
}

static void compare_heads(const af_net *a, const af_net *b, int32_t heads) {
    for (int32_t h = 0; h < heads; h++) {
        const af_head x = af_net_head(a, h), y = af_net_head(b, h);
        const size_t values = (size_t)x.width * (size_t)x.height * (size_t)x.pitch;
        if (x.width != y.width || x.height != y.height ||
            memcmp(x.values, y.values, values * sizeof *x.values) != 0)
            abort();
    }
}

static void open_and_run(const af_model *model) {
    const affect_allocator allocator = {allocate, release, NULL};
    const int32_t width = model->width ? model->width : model->step;
    const int32_t height = model->height ? model->height : 2 * model->step;
    af_net *a = NULL, *b = NULL;
    if (af_model_operations(model, width, height) > LARGEST_RUN || width * height > LARGEST_RUN)
        return;
    if (af_net_open(&a, model, 0, width, height, NULL, &allocator) == AFFECT_OK &&
        af_net_open(&b, model, af_cpu_detect(), width, height, NULL, &allocator) == AFFECT_OK) {
        run_random(a, width, height);
        run_random(b, width, height);
        compare_heads(a, b, model->heads);
        af_net_check_golden(b);
    }
    af_net_close(a, &allocator);
    af_net_close(b, &allocator);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    uint8_t *const copy = malloc(size ? size : 1);
    if (!copy)
        return 0;
    memcpy(copy, data, size);
    if (size >= 128 && size <= UINT32_MAX) {
        put32(copy + 8, (uint32_t)size);
        put32(copy + 12, af_crc32(0, copy + 16, size - 16));
    }
    af_model model;
    if (af_model_parse(&model, copy, size) == AFFECT_OK) {
        for (int32_t i = 0; i < model.params; i++)
            if (af_model_param(&model, i) != af_model_param(&model, i))
                abort(); /* not a number */
        open_and_run(&model);
    }
    free(copy);
    return 0;
}
