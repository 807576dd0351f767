/*
 * Resampling as one exact weighted mean. Along an axis of `source` pixels that become `count`, with
 * both divided by their greatest common divisor (num and den), output i weighs
 *
 *   count <= source:  the pixels under [i num, (i + 1) num) by their overlap, where a pixel is
 *                     den long; the weights' sum is num;
 *   count > source:   the two pixels around ((2 i + 1) num - den) / (2 den) linearly; the sum is
 *                     2 den.
 *
 * All weights are integers and so are the sums over both axes, so their order does not matter, and
 * one division by the product of the two sums rounds once. Columns are summed first (whole rows,
 * vectorised), then each finished row is summed along x.
 *
 * The work is done as the picture is stored; only where a result is written depends on rotation and
 * mirror. Wide pictures are worked on in strips of columns, so scratch is bounded.
 */
#include "image/image.h"
#include "image/kernels.h"

#include <string.h>

#define STRIP 1088   /* source columns, and output columns, at a time */
#define TILE_ROWS 16 /* rows that are gathered before they are written as columns */
#define TILE_WIDTH 304

typedef struct axis {
    int32_t source, count;
    uint32_t num, den; /* 1..32768 */
    uint32_t total;    /* sum of an output's weights, 1..65536 */
    int enlarge;
} axis;

/* Weights of one output: `edge` of the first pixel, `last` of the last one, den of those between.
 * When first and last are one pixel, its weight is `edge`, the axis' total. */
typedef struct span {
    int32_t first, last;
    uint32_t edge, last_weight;
} span;

typedef struct scratch {
    uint8_t rows[2][STRIP];    /* luma of the last even and the last odd row */
    uint32_t sums[STRIP + 18]; /* of columns; also used as 16-bit sums, and as running sums */
    uint32_t out[STRIP + 1];   /* finished sums of a row */
    uint16_t place[STRIP + 1]; /* see place_outputs */
    uint16_t part[STRIP + 1];
    uint8_t tile[TILE_ROWS * TILE_WIDTH];
} scratch;

typedef char scratch_is_large_enough[sizeof(scratch) <= AF_RESAMPLE_SCRATCH ? 1 : -1];
typedef char strip_holds_a_span[STRIP >= AF_RESAMPLE_MAX + 2 ? 1 : -1];
typedef char tile_holds_a_row[TILE_ROWS * TILE_WIDTH >= STRIP ? 1 : -1];

typedef struct job {
    const af_view *view;
    const af_image_kernels *kernels;
    int32_t x0, y0; /* the region's first stored pixel */
    axis x, y;      /* of the stored picture */
    uint64_t total; /* product of the two sums: 1..2^32 */
    int short_sums; /* columns' sums are kept in 16 bits: 255 * y.total <= 65,535 */
    af_divider divider;
    int fits_divider; /* total <= 2^23 */

    uint8_t *origin;          /* where the output of the first stored column and row goes */
    ptrdiff_t step_x, step_y; /* from there to the next stored column's and row's: one is 1 or -1 */

    scratch *memory;
    int32_t cached[2]; /* which rows memory->rows holds, -1: none */
    const uint8_t *row[2];
    int32_t first_out, outs; /* the strip's outputs, */
    int32_t first_in, ins;   /* and source columns relative to x0 */
} job;

static uint32_t gcd(uint32_t a, uint32_t b) {
    while (b) {
        const uint32_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

static axis make_axis(int32_t source, int32_t count) {
    const uint32_t g = gcd((uint32_t)source, (uint32_t)count);
    axis a = {source, count, (uint32_t)source / g, (uint32_t)count / g, 0, count > source};
    a.total = a.enlarge ? 2 * a.den : a.num;
    return a;
}

static span span_of(const axis *a, int32_t i) {
    span s;
    if (a->enlarge) {
        /* below 2^32 in magnitude: 2 * 32768 * 32768 */
        const int64_t twice = 2 * (int64_t)a->den;
        const int64_t at = (2 * (int64_t)i + 1) * a->num - a->den;
        const int64_t first = at < 0 ? 0 : at / twice;
        const uint32_t part = at < 0 ? 0 : (uint32_t)(at % twice);
        const int alone = !part || first + 1 >= a->source;
        s.first = (int32_t)first;
        s.last = (int32_t)first + !alone;
        s.edge = alone ? a->total : a->total - part;
        s.last_weight = part;
    } else {
        /* at most 2^30: i < count, and num * count = den * source */
        const uint32_t start = (uint32_t)i * a->num, end = start + a->num;
        s.first = (int32_t)(start / a->den);
        s.last = (int32_t)((end - 1) / a->den);
        s.edge = s.first == s.last ? a->num : a->den - start % a->den;
        s.last_weight = end - (uint32_t)s.last * a->den;
    }
    return s;
}

static af_divider make_divider(uint32_t whole) {
    uint32_t log2 = 0;
    while ((1u << log2) < whole)
        log2++;
    af_divider d;
    d.half = whole / 2;
    d.shift = 8 + 2 * log2;
    d.factor = (uint32_t)(((uint64_t)1 << d.shift) / whole + 1);
    d.narrow = whole <= 64;
    return d;
}

/* ------------------------------------------------------------------------------------- writing */

/* Where row j's bytes of the strip are to be made. */
static uint8_t *row_target(const job *b, int32_t j) {
    if (b->step_x == 1)
        return b->origin + j * b->step_y + b->first_out;
    if (b->step_x == -1)
        return b->memory->tile;
    return b->memory->tile + (ptrdiff_t)(j % TILE_ROWS) * b->outs;
}

/* Writes the tile's rows j0..j1 as columns, in blocks of 16 x 16 where there are so many. When they
 * go from right to left, the block begins with the last row. */
static void write_tile(const job *b, int32_t j0, int32_t j1) {
    const uint8_t *const tile = b->memory->tile;
    const int32_t rows = j1 - j0 + 1;
    int32_t i = 0;
    if (rows == TILE_ROWS) {
        const int back = b->step_y < 0;
        const uint8_t *const from = tile + (back ? (TILE_ROWS - 1) * b->outs : 0);
        uint8_t *const to = b->origin + (back ? -j1 : j0);
        for (; i + 16 <= b->outs; i += 16)
            b->kernels->turn(to + (b->first_out + i) * b->step_x, b->step_x, from + i,
                             back ? -b->outs : b->outs);
    }
    for (; i < b->outs; i++) {
        uint8_t *const out = b->origin + (b->first_out + i) * b->step_x + j0 * b->step_y;
        for (int32_t j = 0; j < rows; j++)
            out[j * b->step_y] = tile[j * b->outs + i];
    }
}

static void row_made(const job *b, int32_t j) {
    if (b->step_x == 1)
        return;
    if (b->step_x == -1) {
        uint8_t *const out = b->origin + j * b->step_y - b->first_out;
        for (int32_t i = 0; i < b->outs; i++)
            out[-i] = b->memory->tile[i];
    } else if (j % TILE_ROWS == TILE_ROWS - 1 || j == b->y.count - 1) {
        write_tile(b, j - j % TILE_ROWS, j);
    }
}

/* ------------------------------------------------------------------------------------- reading */

/* The strip's luma of a row of the region. Neighbouring outputs share a row: two are kept. */
static const uint8_t *source_row(job *b, int32_t y) {
    const int slot = y & 1;
    if (b->cached[slot] != y) {
        b->row[slot] =
            af_view_row(b->view, b->x0 + b->first_in, b->y0 + y, b->ins, b->memory->rows[slot]);
        b->cached[slot] = y;
    }
    return b->row[slot];
}

/* Short sums become running sums elsewhere, unless whole columns are added up. */
static uint16_t *short_sums_of(const job *b) {
    return (uint16_t *)(void *)(b->x.den == 1 ? b->memory->sums : b->memory->out);
}

/* Column sums of output row j. */
static void sum_columns(job *b, int32_t j) {
    const af_image_kernels *const k = b->kernels;
    const span s = span_of(&b->y, j);
    const size_t n = (size_t)b->ins;
    uint16_t *const short_sums = short_sums_of(b);
    uint32_t *const sums = b->memory->sums;
    for (int32_t y = s.first; y <= s.last; y++) {
        const uint8_t *const luma = source_row(b, y);
        const uint32_t weight = y == s.first ? s.edge : y == s.last ? s.last_weight : b->y.den;
        if (b->short_sums)
            (y == s.first ? k->set16 : k->add16)(short_sums, luma, n, weight);
        else
            (y == s.first ? k->set32 : k->add32)(sums, luma, n, weight);
    }
}

static uint32_t column_sum(const job *b, int32_t i) {
    return b->short_sums ? short_sums_of(b)[i] : b->memory->sums[i];
}

/* ------------------------------------------------------------------------------------ along rows
 */

/* Where the strip's outputs lie among its columns, for sums that fit 32 bits. Enlarging: output i
 * weighs column place[i] and the next one, that with part[i]. Reducing: output i begins part[i] /
 * den behind the start of column place[i], and ends where output i + 1 begins. */
static void place_outputs(const job *b) {
    uint16_t *const place = b->memory->place, *const part = b->memory->part;
    memset(b->memory->sums, 0, sizeof b->memory->sums); /* some are read with weight 0 */
    if (b->x.enlarge) {
        for (int32_t i = 0; i < b->outs; i++) {
            const span s = span_of(&b->x, b->first_out + i);
            place[i] = (uint16_t)(s.first - b->first_in);
            part[i] = (uint16_t)(s.last > s.first ? s.last_weight : 0); /* below 2 den <= 65,536 */
        }
        return;
    }
    for (int32_t i = 0; i <= b->outs; i++) {
        const uint32_t at = (uint32_t)(b->first_out + i) * b->x.num;
        place[i] = (uint16_t)((int32_t)(at / b->x.den) - b->first_in);
        part[i] = (uint16_t)(at % b->x.den);
    }
}

/* Any reduction whose sums fit 32 bits. With the columns' running sums S, the sum up to place t (in
 * units of 1 / den pixel) is C(t) = den S(t / den) + (t % den) (S(t / den + 1) - S(t / den)), and
 * an output is the difference of two: no loop over its pixels. All modulo 2^32. */
static void sum_reduced(const job *b) {
    uint32_t *const running = b->memory->sums, *const out = b->memory->out;
    const size_t ins = (size_t)b->ins;
    const uint32_t total = b->short_sums ? b->kernels->run16(running, short_sums_of(b), ins)
                                         : b->kernels->run32(running, running, ins);
    running[ins] = running[ins + 1] = total; /* the last place may lie at the end: part 0 */
    b->kernels->blend(out, running, b->memory->place, b->memory->part, (size_t)b->outs + 1,
                      b->x.den);
    for (int32_t i = 0; i < b->outs; i++)
        out[i] = out[i + 1] - out[i];
}

/* Any ratio; sums of up to 255 * 2^32. */
static uint64_t sum_span(const job *b, const span *s) {
    uint64_t sum = (uint64_t)s->edge * column_sum(b, s->first - b->first_in);
    if (s->last > s->first) {
        uint64_t middle = 0;
        for (int32_t i = s->first + 1; i < s->last; i++)
            middle += column_sum(b, i - b->first_in);
        sum += b->x.den * middle + (uint64_t)s->last_weight * column_sum(b, s->last - b->first_in);
    }
    return sum;
}

static void sum_rows(const job *b, uint8_t *target) {
    const af_image_kernels *const k = b->kernels;
    uint32_t *const out = b->memory->out;
    const size_t n = (size_t)b->outs;
    if (!b->fits_divider) {
        for (int32_t i = 0; i < b->outs; i++) {
            const span s = span_of(&b->x, b->first_out + i);
            target[i] = (uint8_t)((sum_span(b, &s) + b->total / 2) / b->total);
        }
        return;
    }
    if (b->x.den == 1 && b->short_sums)
        k->group16(out, short_sums_of(b), n, b->x.num);
    else if (b->x.den == 1)
        k->group32(out, b->memory->sums, n, b->x.num);
    else if (b->x.enlarge)
        k->blend(out, b->memory->sums, b->memory->place, b->memory->part, n, b->x.total);
    else
        sum_reduced(b);
    k->divide(target, out, n, &b->divider);
}

/* ----------------------------------------------------------------------------------- the strips */

static void run_strip(job *b) {
    b->cached[0] = b->cached[1] = -1;
    if (b->fits_divider && b->x.den != 1)
        place_outputs(b);
    for (int32_t j = 0; j < b->y.count; j++) {
        uint8_t *const target = row_target(b, j);
        if (b->x.total == 1 && b->y.total == 1) {
            const uint8_t *const luma =
                af_view_row(b->view, b->x0 + b->first_in, b->y0 + j, b->ins, target);
            if (luma != target)
                memcpy(target, luma, (size_t)b->outs);
        } else {
            sum_columns(b, j);
            sum_rows(b, target);
        }
        row_made(b, j);
    }
}

/* Takes as many outputs as the scratch holds; a span of at most AF_RESAMPLE_MAX + 2 columns always
 * fits. */
static void run_strips(job *b) {
    const int32_t most = b->step_x == 1 || b->step_x == -1 ? STRIP : TILE_WIDTH;
    for (int32_t i = 0; i < b->x.count; i += b->outs) {
        int32_t low = 1, high = af_min(most, b->x.count - i);
        const int32_t first = span_of(&b->x, i).first;
        while (low < high) { /* the most outputs whose columns fit: spans only move right */
            const int32_t middle = (low + high + 1) / 2;
            if (span_of(&b->x, i + middle - 1).last - first < STRIP)
                low = middle;
            else
                high = middle - 1;
        }
        b->first_out = i;
        b->outs = low;
        b->first_in = first;
        b->ins = span_of(&b->x, i + low - 1).last - first + 1;
        run_strip(b);
    }
}

static int is_inside(const af_view *view, const af_rect *r) {
    return r->x >= 0 && r->y >= 0 && r->width >= 1 && r->height >= 1 && r->width <= view->width &&
           r->height <= view->height && r->x <= view->width - r->width &&
           r->y <= view->height - r->height;
}

static int size_is_valid(int32_t source, int32_t count) {
    return count >= 1 && count <= AF_IMAGE_MAX && count >= (source - 1) / AF_RESAMPLE_MAX + 1;
}

/* Where the outputs go, from the view's map of displayed to stored pixels. */
static void aim(job *b, uint8_t *plane, int32_t width, int32_t height, ptrdiff_t pitch) {
    const af_view *const v = b->view;
    const int turned = v->x_of[0] == 0;
    const int32_t along_x = turned ? v->y_of[0] : v->x_of[0]; /* sign: displayed x to stored */
    const int32_t along_y = turned ? v->x_of[1] : v->y_of[1];
    b->origin = plane + (along_x < 0 ? width - 1 : 0) + (along_y < 0 ? (height - 1) * pitch : 0);
    b->step_x = turned ? along_y * pitch : along_x;
    b->step_y = turned ? along_x : along_y * pitch;
}

affect_status af_resample(const af_view *view, const af_rect *from, uint8_t *plane, int32_t width,
                          int32_t height, ptrdiff_t pitch, void *memory) {
    if (!is_inside(view, from) || !size_is_valid(from->width, width) ||
        !size_is_valid(from->height, height) || pitch < width)
        return AFFECT_ERR_ARGUMENT;
    job b;
    const int turned = view->x_of[0] == 0;
    const int32_t right = from->x + from->width - 1, bottom = from->y + from->height - 1;
    b.view = view;
    b.kernels = af_image_kernels_for(view->cpu);
    b.memory = memory;
    b.x0 = af_min(view->x_of[0] * from->x + view->x_of[1] * from->y,
                  view->x_of[0] * right + view->x_of[1] * bottom) +
           view->x_of[2];
    b.y0 = af_min(view->y_of[0] * from->x + view->y_of[1] * from->y,
                  view->y_of[0] * right + view->y_of[1] * bottom) +
           view->y_of[2];
    b.x = turned ? make_axis(from->height, height) : make_axis(from->width, width);
    b.y = turned ? make_axis(from->width, width) : make_axis(from->height, height);
    b.total = (uint64_t)b.x.total * b.y.total;
    b.fits_divider = b.total <= (uint64_t)1 << 23;
    b.short_sums = b.y.total <= 257 && !b.x.enlarge && (b.x.den == 1 || b.fits_divider);
    if (b.fits_divider)
        b.divider = make_divider((uint32_t)b.total);
    aim(&b, plane, width, height, pitch);
    run_strips(&b);
    return AFFECT_OK;
}
