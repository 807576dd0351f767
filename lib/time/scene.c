#include "time/scene.h"

#include "maths.h"

enum { ROWS = 16, CHUNK = 256 };

/* Luma of a covered camera hardly varies: sensor noise is 2 or 3 levels of 255. */
#define COVERED_DEVIATION (5.0f / 255)
#define DARK_MEAN (18.0f / 255)
#define BRIGHT_SHARE 0.6f
#define BRIGHT_LEVEL 250
/* Steps between neighbours of a sharp picture are a tenth of its deviation and more. */
#define BLURRED_DETAIL 0.012f

#define HYSTERESIS 1.25f

typedef struct af_sums {
    uint64_t count, sum, squares, bright, steps, step_count;
} af_sums;

static void add_row(af_sums *s, const uint8_t *row, int32_t count) {
    uint32_t sum = 0, squares = 0, bright = 0, steps = 0;
    for (int32_t i = 0; i < count; i++) {
        const uint32_t v = row[i];
        sum += v;
        squares += v * v;
        bright += v >= BRIGHT_LEVEL;
    }
    for (int32_t i = 1; i < count; i++)
        steps += (uint32_t)(row[i] > row[i - 1] ? row[i] - row[i - 1] : row[i - 1] - row[i]);
    s->count += (uint64_t)count;
    s->sum += sum;
    s->squares += squares;
    s->bright += bright;
    s->steps += steps;
    s->step_count += (uint64_t)(count - 1);
}

void af_scene_look(af_scene *scene, const af_view *view) {
    af_sums s = {0, 0, 0, 0, 0, 0};
    uint8_t buffer[CHUNK];
    const int32_t rows = af_min(ROWS, view->stored_height);
    for (int32_t r = 0; r < rows; r++) {
        const int32_t y = (int32_t)(((int64_t)2 * r + 1) * view->stored_height / (2 * rows));
        /* Of very wide pictures only every so manyth chunk. YUYV wants even places. */
        const int32_t stride = CHUNK * af_max(1, view->stored_width / 2048);
        for (int32_t x = 0; x < view->stored_width; x += stride) {
            const int32_t count = af_min(CHUNK, view->stored_width - x);
            add_row(&s, af_view_row(view, x, y, count, buffer), count);
        }
    }
    const float n = (float)s.count;
    scene->mean = (float)s.sum / n / 255;
    const float square = (float)s.squares / n / (255 * 255.0f);
    const float variance = square - scene->mean * scene->mean;
    scene->deviation = variance > 0 ? af_sqrt(variance) : 0;
    scene->bright = (float)s.bright / n;
    const float step = s.step_count ? (float)s.steps / (float)s.step_count / 255 : 0;
    scene->detail = scene->deviation > 0 ? step / scene->deviation : 0;
}

/* Whether a value is below a limit, which is farther once it was. */
static int below(float value, float limit, uint32_t before, affect_degraded bit) {
    return value < (before & (uint32_t)bit ? limit * HYSTERESIS : limit);
}

uint32_t af_scene_degraded(const af_scene *scene, uint32_t faces, uint32_t before) {
    const int blurred = below(scene->detail, BLURRED_DETAIL, before, AFFECT_DEGRADED_BLURRED);
    uint32_t bits = 0;
    if (faces)
        return blurred ? (uint32_t)AFFECT_DEGRADED_BLURRED : 0;
    if (below(scene->deviation, COVERED_DEVIATION, before, AFFECT_DEGRADED_COVERED))
        bits |= AFFECT_DEGRADED_COVERED;
    else if (blurred)
        bits |= AFFECT_DEGRADED_BLURRED;
    if (below(scene->mean, DARK_MEAN, before, AFFECT_DEGRADED_DARK))
        bits |= AFFECT_DEGRADED_DARK;
    if (below(1 - scene->bright, 1 - BRIGHT_SHARE, before, AFFECT_DEGRADED_OVEREXPOSED))
        bits |= AFFECT_DEGRADED_OVEREXPOSED;
    return bits;
}
