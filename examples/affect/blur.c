/* `affect blur`: every face made unrecognisable. What is written holds nothing of the face's inside
 * but a few mean colours (pixelate, blur) or none (box). */
#include "tool.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Cells across the longer side of a face: too few to tell one person from another. */
#define CELLS 7
/* How far the region reaches over the box on each side: hair, ears, chin. */
#define MARGIN 0.15f

struct region {
    int x0, y0, x1, y1; /* inside the picture; x1 and y1 are one beyond the last pixel */
};

static int clamp(float value, int most) {
    return value < 0 ? 0 : value > (float)most ? most : (int)value;
}

static struct region face_region(const struct picture *picture, const affect_box *box) {
    const float dx = MARGIN * box->width, dy = MARGIN * box->height;
    return (struct region){clamp(floorf(box->x - dx), picture->width),
                           clamp(floorf(box->y - dy), picture->height),
                           clamp(ceilf(box->x + box->width + dx), picture->width),
                           clamp(ceilf(box->y + box->height + dy), picture->height)};
}

/* The mean colour of a rectangle that holds at least one pixel. */
static void mean_colour(const struct picture *picture, int x0, int y0, int x1, int y1,
                        unsigned char colour[3]) {
    uint64_t sums[3] = {0};
    for (int y = y0; y < y1; y++) {
        const unsigned char *pixel =
            picture->pixels + 3 * ((size_t)y * (size_t)picture->width + (size_t)x0);
        for (int x = x0; x < x1; x++, pixel += 3)
            for (int c = 0; c < 3; c++)
                sums[c] += pixel[c];
    }
    const uint64_t count = (uint64_t)(x1 - x0) * (uint64_t)(y1 - y0);
    for (int c = 0; c < 3; c++)
        colour[c] = (unsigned char)((sums[c] + count / 2) / count);
}

/* The grid of mean colours of a region: `columns` x `rows` cells of near equal size. */
struct grid {
    int columns, rows;
    unsigned char colours[CELLS * CELLS][3];
};

static int cell_edge(int start, int length, int cell, int cells) {
    return start + (int)((int64_t)length * cell / cells);
}

static int cells_along(int length, int longest) {
    const int cells = (int)((int64_t)CELLS * length / longest);
    return cells < 1 ? 1 : cells;
}

static void make_grid(struct grid *grid, const struct picture *picture, struct region r) {
    const int width = r.x1 - r.x0, height = r.y1 - r.y0;
    const int longest = width > height ? width : height;
    grid->columns = cells_along(width, longest);
    grid->rows = cells_along(height, longest);
    if (longest < CELLS)
        grid->columns = grid->rows = 1;
    for (int j = 0; j < grid->rows; j++)
        for (int i = 0; i < grid->columns; i++)
            mean_colour(picture, cell_edge(r.x0, width, i, grid->columns),
                        cell_edge(r.y0, height, j, grid->rows),
                        cell_edge(r.x0, width, i + 1, grid->columns),
                        cell_edge(r.y0, height, j + 1, grid->rows),
                        grid->colours[j * grid->columns + i]);
}

/* Which cells a pixel lies between, and how far from the first to the second (0..1). */
static float between(int at, int start, int length, int cells, int *first, int *second) {
    const float place = ((float)(at - start) + 0.5f) * (float)cells / (float)length - 0.5f;
    const float low = floorf(place);
    *first = low < 0 ? 0 : (int)low;
    *second = (int)low + 1 >= cells ? cells - 1 : (int)low + 1;
    return place - low;
}

static void paint(struct picture *picture, struct region r, enum blur_style style) {
    struct grid grid;
    if (r.x1 <= r.x0 || r.y1 <= r.y0)
        return;
    make_grid(&grid, picture, r);
    for (int y = r.y0; y < r.y1; y++) {
        int y_first, y_second;
        const float v = between(y, r.y0, r.y1 - r.y0, grid.rows, &y_first, &y_second);
        for (int x = r.x0; x < r.x1; x++) {
            int x_first, x_second;
            const float u = between(x, r.x0, r.x1 - r.x0, grid.columns, &x_first, &x_second);
            unsigned char *const pixel =
                picture->pixels + 3 * ((size_t)y * (size_t)picture->width + (size_t)x);
            const int row = (int)((int64_t)(y - r.y0) * grid.rows / (r.y1 - r.y0));
            const int column = (int)((int64_t)(x - r.x0) * grid.columns / (r.x1 - r.x0));
            for (int c = 0; c < 3; c++) {
                const float top = (1 - u) * grid.colours[y_first * grid.columns + x_first][c] +
                                  u * grid.colours[y_first * grid.columns + x_second][c];
                const float bottom = (1 - u) * grid.colours[y_second * grid.columns + x_first][c] +
                                     u * grid.colours[y_second * grid.columns + x_second][c];
                if (style == BLUR_BOX)
                    pixel[c] = 0;
                else if (style == BLUR_PIXELATE)
                    pixel[c] = grid.colours[row * grid.columns + column][c];
                else
                    pixel[c] = (unsigned char)((1 - v) * top + v * bottom + 0.5f);
            }
        }
    }
}

int blur_run(const struct job *job, affect *reader, size_t index, struct text *out,
             struct text *errors) {
    struct picture picture = {0};
    struct timing timing;
    const affect_reading *reading;
    int code = job_read(job, reader, index, &picture, true, &reading, &timing, errors);
    if (code == EXIT_ALL_READ) {
        const uint32_t count = affect_reading_face_count(reading);
        for (uint32_t i = 0; i < count; i++)
            paint(&picture, face_region(&picture, &affect_reading_face(reading, i)->box),
                  job->options->style);
        code = save_copy(job, index, &picture, count, out, errors);
    }
    picture_free(&picture);
    return code;
}
