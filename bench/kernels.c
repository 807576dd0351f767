#include "kernels.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cpu.h"
#include "nn/kernels/kernels.h"

/* The kernels of AVX-VNNI in the encoding of AVX-512, for processors that have only that. */
#define AF_AVXVNNI_AS_AVX512
#include "nn/kernels/avxvnni.h"

typedef enum kind { CONV, DEPTHWISE, UPSAMPLE, MAXPOOL } kind;

/* A layer as the networks have them. */
typedef struct bench_case {
    const char *name;
    kind what;
    int32_t kernel, stride, cin, cout;
    int32_t width, height; /* of the output */
    int32_t residual, head;
} bench_case;

static const bench_case cases[] = {
    {"first 3x3 s2 1-16 320x240", CONV, 3, 2, 1, 16, 320, 240, 0, 0},
    {"first 5x5 s4 1-32 160x120", CONV, 5, 4, 1, 32, 160, 120, 0, 0},
    {"first 5x5 s2 1-32 32x32", CONV, 5, 2, 1, 32, 32, 32, 0, 0},
    {"conv 1x1 16-32 160x120", CONV, 1, 1, 16, 32, 160, 120, 0, 0},
    {"conv 1x1 32-48 80x60", CONV, 1, 1, 32, 48, 80, 60, 0, 0},
    {"conv 1x1 48-48 80x60 residual", CONV, 1, 1, 48, 48, 80, 60, 1, 0},
    {"conv 1x1 64-64 40x30 residual", CONV, 1, 1, 64, 64, 40, 30, 1, 0},
    {"conv 1x1 64-16 40x30 head", CONV, 1, 1, 64, 16, 40, 30, 0, 1},
    {"conv 1x1 96-96 40x30 residual", CONV, 1, 1, 96, 96, 40, 30, 1, 0},
    {"conv 3x3 s2 64-64 20x15", CONV, 3, 2, 64, 64, 20, 15, 0, 0},
    {"conv 3x3 32-32 24x24", CONV, 3, 1, 32, 32, 24, 24, 0, 0},
    {"conv 3x3 48-48 16x16 residual", CONV, 3, 1, 48, 48, 16, 16, 1, 0},
    {"conv 3x3 96-96 8x8 residual", CONV, 3, 1, 96, 96, 8, 8, 1, 0},
    {"conv 3x3 80-80 4x4", CONV, 3, 1, 80, 80, 4, 4, 0, 0},
    {"dense 4x4 80-20 1x1 head", CONV, 4, 1, 80, 20, 1, 1, 0, 1},
    {"depthwise 3x3 s2 16 160x120", DEPTHWISE, 3, 2, 16, 16, 160, 120, 0, 0},
    {"depthwise 3x3 s2 32 80x60", DEPTHWISE, 3, 2, 32, 32, 80, 60, 0, 0},
    {"depthwise 3x3 48 80x60", DEPTHWISE, 3, 1, 48, 48, 80, 60, 0, 0},
    {"depthwise 3x3 64 40x30", DEPTHWISE, 3, 1, 64, 64, 40, 30, 0, 0},
    {"depthwise 3x3 96 40x30", DEPTHWISE, 3, 1, 96, 96, 40, 30, 0, 0},
    {"depthwise 5x5 64 40x30", DEPTHWISE, 5, 1, 64, 64, 40, 30, 0, 0},
    {"upsample add 48 40x30", UPSAMPLE, 0, 0, 48, 48, 40, 30, 0, 0},
    {"maxpool 48 40x30", MAXPOOL, 0, 0, 48, 48, 40, 30, 0, 0},
};

enum {
    CASES = sizeof cases / sizeof cases[0],
    MAX_SAMPLES = 2000,
    RUNS = 40
}; /* the best of so many short runs: others use the machine too */

static double now(void) {
    struct timespec t;
    timespec_get(&t, TIME_UTC);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Cycles a second, from additions that wait for each other: one a cycle. 0: unknown. */
static double clock_rate(void) {
#if defined(__GNUC__) && (defined(__x86_64__) || defined(__i386__) || defined(__aarch64__))
    double best = 1;
    for (int run = 0; run < RUNS; run++) {
        size_t x = 1;
        const double start = now();
        for (int i = 0; i < 20000; i++) {
#if defined(__aarch64__)
#define ADD "add %0, %0, %0\n"
#else
#define ADD "add %0, %0\n"
#endif
            __asm__ volatile(ADD ADD ADD ADD ADD ADD ADD ADD ADD ADD : "+r"(x));
        }
        const double took = now() - start;
        best = took < best ? took : best;
    }
    return 20000 * 10 / best;
#else
    return 0;
#endif
}

#if defined(__GNUC__) && defined(__x86_64__)
/* Loops of multiply-accumulates on registers alone, in assembly, so that they are the same whatever
 * the compiler. AVX2: one pmaddwd for each pmaddubsw. */
#define AVX2_STEP(t, s)                                                                            \
    "vpmaddubsw %%ymm1, %%ymm0, %%ymm" t "\n"                                                      \
    "vpmaddwd %%ymm1, %%ymm" t ", %%ymm" t "\n"                                                    \
    "vpaddd %%ymm" t ", %%ymm" s ", %%ymm" s "\n"
#define AVX2_LOOP                                                                                  \
    AVX2_STEP("2", "8")                                                                            \
    AVX2_STEP("3", "9")                                                                            \
    AVX2_STEP("4", "10")                                                                           \
    AVX2_STEP("5", "11")                                                                           \
    AVX2_STEP("6", "12")                                                                           \
    AVX2_STEP("7", "13")

/* vpdpbusd, as many sums as its latency times its rate needs, and more. */
#define VNNI_LOOP(op, r)                                                                           \
    op " %%" r "1, %%" r "0, %%" r "2\n" op " %%" r "1, %%" r "0, %%" r "3\n" op " %%" r "1, %%" r \
       "0, %%" r "4\n" op " %%" r "1, %%" r "0, %%" r "5\n" op " %%" r "1, %%" r "0, %%" r         \
       "6\n" op " %%" r "1, %%" r "0, %%" r "7\n" op " %%" r "1, %%" r "0, %%" r "8\n" op " %%" r  \
       "1, %%" r "0, %%" r "9\n" op " %%" r "1, %%" r "0, %%" r "10\n" op " %%" r "1, %%" r        \
       "0, %%" r "11\n" op " %%" r "1, %%" r "0, %%" r "12\n" op " %%" r "1, %%" r "0, %%" r       \
       "13\n"

#define CEILING(name, loop, operations)                                                            \
    static double name(void) {                                                                     \
        enum { ROUNDS = 20000 };                                                                   \
        double best = 1;                                                                           \
        for (int run = 0; run < RUNS; run++) {                                                     \
            size_t n = ROUNDS;                                                                     \
            const double start = now();                                                            \
            __asm__ volatile("vpcmpeqd %%ymm0, %%ymm0, %%ymm0\n"                                   \
                             "vpabsw %%ymm0, %%ymm1\n"                                             \
                             "1:\n" loop "dec %0\n"                                                \
                             "jnz 1b\n"                                                            \
                             "vzeroupper\n"                                                        \
                             : "+r"(n)                                                             \
                             :                                                                     \
                             : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7",     \
                               "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13");                \
            const double took = now() - start;                                                     \
            best = took < best ? took : best;                                                      \
        }                                                                                          \
        return (double)ROUNDS * (operations) / best;                                               \
    }

#ifdef AF_AVX2
CEILING(ceiling_avx2, AVX2_LOOP, 6 * 32)
#endif
#ifdef AF_AVXVNNI
CEILING(ceiling_avxvnni, VNNI_LOOP("%{vex%} vpdpbusd", "ymm"), 12 * 32)
#endif
#ifdef AF_AVX512VNNI
CEILING(ceiling_256, VNNI_LOOP("vpdpbusd", "ymm"), 12 * 32)
CEILING(ceiling_512, VNNI_LOOP("vpdpbusd", "zmm"), 12 * 64)

/* At the better of the two widths. */
static double ceiling_avx512vnni(void) {
    const double narrow = ceiling_256(), wide = ceiling_512();
    return narrow > wide ? narrow : wide;
}
#endif
#endif

/* What is timed: a table of kernels and its ceiling. */
typedef struct back_end {
    const char *name;
    af_kernels kernels;
    double (*ceiling)(void); /* multiply-accumulates a second; null: unknown */
} back_end;

enum { MOST_BACK_ENDS = 9 };

static double (*ceiling_of(uint32_t cpu))(void) {
    switch (cpu) {
#if defined(__GNUC__) && defined(__x86_64__)
#ifdef AF_AVX2
    case AFFECT_CPU_AVX2:
        return ceiling_avx2;
#endif
#ifdef AF_AVXVNNI
    case AFFECT_CPU_AVXVNNI:
        return ceiling_avxvnni;
#endif
#ifdef AF_AVX512VNNI
    case AFFECT_CPU_AVX512VNNI:
        return ceiling_avx512vnni;
#endif
#endif
    default:
        return NULL;
    }
}

/* The back ends of this processor among those in `wanted`. Portable: when all, or none, are. */
static int back_ends_of(back_end *list, uint32_t wanted) {
    const uint32_t all = af_cpu_detect();
    int count = 0;
    for (uint32_t bit = 0; bit < 7; bit++) {
        const uint32_t cpu = bit ? 1u << (bit - 1) : 0;
        if (cpu ? !(cpu & all & wanted) : wanted != 0 && wanted != AFFECT_CPU_ALL)
            continue;
        list[count].name = affect_cpu_name(cpu);
        list[count].ceiling = ceiling_of(cpu);
        af_kernels_init(&list[count++].kernels, cpu);
    }
#if defined(AF_AVXVNNI) && defined(AF_AVX512VNNI) && defined(__GNUC__)
    if ((all & wanted & AFFECT_CPU_AVX512VNNI) && !(all & AFFECT_CPU_AVXVNNI)) {
        back_end *const last = &list[count++];
        last->name = "avxvnni as avx512";
        last->ceiling = ceiling_256;
        af_kernels_init(&last->kernels, AFFECT_CPU_AVX2);
        last->kernels.conv_bytes = af_conv_bytes_avx512as256;
        last->kernels.conv_pack = af_conv_pack_avx512as256;
        last->kernels.conv = af_conv_avx512as256;
        last->kernels.depthwise_bytes = af_depthwise_bytes_avx512as256;
        last->kernels.depthwise_pack = af_depthwise_pack_avx512as256;
        last->kernels.depthwise = af_depthwise_avx512as256;
    }
#endif
    return count;
}

/* Everything one case needs, in one block of memory. */
typedef struct setup {
    af_shape shape;
    af_conv_job job;
    uint8_t *in;
    uint8_t *out;
    uint8_t *second;
    void *packed;
    uint8_t *memory;
} setup;

static uint32_t next_random(uint32_t *state) {
    *state = *state * 1664525u + 1013904223u;
    return *state >> 16;
}

/* Weights like a trained network's: bell-shaped, the largest of a filter near 127. */
static void random_weights(int8_t *weights, size_t count, uint32_t *state) {
    for (size_t i = 0; i < count; i++) {
        int32_t sum = 0;
        for (int n = 0; n < 4; n++)
            sum += (int32_t)(next_random(state) % 81) - 40;
        weights[i] = (int8_t)af_clamp(sum, -127, 127);
    }
}

static int prepare(setup *s, const bench_case *c, const af_kernels *k) {
    memset(s, 0, sizeof *s);
    const int32_t pixel = c->cin == 1 ? 1 : af_padded(c->cin), stride = c->stride ? c->stride : 1;
    s->shape = (af_shape){c->kernel, c->kernel, c->stride, c->cin, c->cout, pixel, c->head ? 0 : 8};
    const size_t in_row =
        (size_t)((c->width - 1) * stride + c->kernel + 2 * c->width) * (size_t)pixel;
    const size_t in_bytes = in_row * (size_t)(c->height * stride + c->kernel) + 64;
    const size_t out_bytes =
        (size_t)c->width * (size_t)c->height * (size_t)af_padded(c->cout) * 4 + 64;
    const size_t taps = (size_t)(c->kernel * c->kernel) * (size_t)(c->what == CONV ? c->cin : 1);
    const size_t packed = c->what == CONV        ? k->conv_bytes(&s->shape)
                          : c->what == DEPTHWISE ? k->depthwise_bytes(&s->shape)
                                                 : 0;
    const size_t sizes[4] = {af_round_up(in_bytes, 64), af_round_up(out_bytes, 64),
                             af_round_up(out_bytes, 64), af_round_up(packed, 64)};
    s->memory = calloc(1, sizes[0] + sizes[1] + sizes[2] + sizes[3] + 64);
    int8_t *const weights = malloc(taps * (size_t)c->cout + 1);
    if (!s->memory || !weights) {
        free(weights);
        return -1;
    }
    s->in = s->memory + (64 - (uintptr_t)s->memory % 64);
    s->out = s->in + sizes[0];
    s->second = s->out + sizes[1];
    s->packed = s->second + sizes[2];
    uint32_t state = 1;
    for (size_t i = 0; i < in_bytes; i++)
        s->in[i] = (uint8_t)(next_random(&state) & 127);
    for (size_t i = 0; i < out_bytes; i++)
        s->second[i] = (uint8_t)(next_random(&state) & 127);
    random_weights(weights, taps * (size_t)c->cout, &state);
    int32_t bias[1024] = {0};
    uint16_t mult[1024];
    for (int i = 0; i < 1024; i++)
        mult[i] = (uint16_t)(8192 + i);
    const af_weights w = {weights, bias, c->head ? NULL : mult};
    if (c->what == CONV)
        k->conv_pack(&s->shape, &w, s->packed);
    else if (c->what == DEPTHWISE)
        k->depthwise_pack(&s->shape, &w, s->packed);
    free(weights);
    const ptrdiff_t out_row = (ptrdiff_t)c->width * af_padded(c->cout);
    s->job = (af_conv_job){&s->shape,
                           s->packed,
                           s->in,
                           (ptrdiff_t)in_row,
                           c->head ? NULL : s->out,
                           out_row,
                           c->residual ? s->second : NULL,
                           out_row,
                           c->head ? (int32_t *)(void *)s->out : NULL,
                           c->width,
                           c->height};
    return 0;
}

static void run_once(const setup *s, const bench_case *c, const af_kernels *k) {
    const int32_t pixel = s->shape.pixel;
    if (c->what == CONV)
        k->conv(&s->job);
    else if (c->what == DEPTHWISE)
        k->depthwise(&s->job);
    else
        for (int32_t y = 0; y < c->height; y++) {
            uint8_t *const out = s->out + (ptrdiff_t)y * c->width * pixel;
            if (c->what == UPSAMPLE)
                k->upsample(out, s->in + (ptrdiff_t)y / 2 * s->job.in_row,
                            s->second + (ptrdiff_t)y * c->width * pixel, c->width / 2, pixel);
            else
                k->maxpool(out, s->in, s->in + s->job.in_row, c->width, pixel);
        }
}

static int by_size(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Minimum and median seconds of one run. */
static void measure(const setup *s, const bench_case *c, const af_kernels *k, double seconds,
                    double *fastest, double *median) {
    static double samples[MAX_SAMPLES];
    int repeats = 1, n = 0;
    if (seconds <= 0) { /* once, for those who count instructions */
        const double start = now();
        run_once(s, c, k);
        *fastest = *median = now() - start;
        return;
    }
    for (;;) { /* samples of at least 50 us, and caches warm */
        const double start = now();
        for (int i = 0; i < repeats; i++)
            run_once(s, c, k);
        if (now() - start > 5e-5)
            break;
        repeats *= 2;
    }
    const double end = now() + seconds;
    while (n < 5 || (n < MAX_SAMPLES && now() < end)) {
        const double start = now();
        for (int i = 0; i < repeats; i++)
            run_once(s, c, k);
        samples[n++] = (now() - start) / repeats;
    }
    qsort(samples, (size_t)n, sizeof *samples, by_size);
    *fastest = samples[0];
    *median = samples[n / 2];
}

static double operations(const bench_case *c) {
    if (c->what != CONV && c->what != DEPTHWISE)
        return 0;
    return (double)c->width * c->height * c->cout * c->kernel * c->kernel *
           (c->what == CONV ? c->cin : 1);
}

/* The clock and every ceiling. */
static void print_ceilings(const back_end *list, int count) {
    const double rate = clock_rate();
    printf("\nclock %.2f GHz; ceilings, on registers only, in multiply-accumulates a cycle:",
           rate / 1e9);
    for (int i = 0; i < count; i++)
        if (list[i].ceiling && rate > 0)
            printf(" %s %.1f;", list[i].name, list[i].ceiling() / rate);
    printf("\n");
}

int bench_kernels(report *r, double seconds, uint32_t cpu) {
    static back_end list[MOST_BACK_ENDS];
    const int count = back_ends_of(list, cpu);
    if (r->table && seconds > 0)
        print_ceilings(list, count);
    report_begin(r, "kernels", "back end");
    for (int i = 0; i < CASES; i++)
        for (int n = 0; n < count; n++) {
            setup s;
            if (prepare(&s, &cases[i], &list[n].kernels) != 0) {
                free(s.memory);
                return -1;
            }
            double fastest, median;
            const double top = seconds > 0 && list[n].ceiling ? list[n].ceiling() : 0;
            const double rate = seconds > 0 ? clock_rate() : 0;
            measure(&s, &cases[i], &list[n].kernels, seconds, &fastest, &median);
            const double per_second = operations(&cases[i]) / fastest;
            report_add(r, &(report_row){
                              .name = cases[i].name,
                              .detail = list[n].name,
                              .min_us = fastest * 1e6,
                              .median_us = median * 1e6,
                              .mac_per_cycle = rate > 0 ? per_second / rate : 0,
                              .share = top > 0 ? per_second / top : 0,
                          });
            free(s.memory);
        }
    return 0;
}
