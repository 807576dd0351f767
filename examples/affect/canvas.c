/* Drawing on 8-bit RGB. Lines and dots are smoothed by the share of a pixel that they cover, which
 * is taken from the pixel centre's distance. */
#include "canvas.h"

#include <math.h>

static void blend(struct picture *picture, int x, int y, struct colour colour, float cover) {
    if (x < 0 || y < 0 || x >= picture->width || y >= picture->height)
        return;
    unsigned char *const pixel =
        picture->pixels + 3 * ((size_t)y * (size_t)picture->width + (size_t)x);
    const unsigned char ink[3] = {colour.red, colour.green, colour.blue};
    const float alpha = colour.alpha * cover;
    for (int c = 0; c < 3; c++)
        pixel[c] = (unsigned char)((1 - alpha) * (float)pixel[c] + alpha * (float)ink[c] + 0.5f);
}

static int bounded(float value, int most) {
    return value < 0 ? 0 : value > (float)most ? most : (int)value;
}

void draw_line(struct picture *picture, float x0, float y0, float x1, float y1, float width,
               struct colour colour) {
    if (!(fabsf(x0) < 1e6f && fabsf(y0) < 1e6f && fabsf(x1) < 1e6f && fabsf(y1) < 1e6f))
        return; /* not measured, or far outside */
    const float reach = width / 2 + 1;
    const int left = bounded(fminf(x0, x1) - reach, picture->width);
    const int right = bounded(fmaxf(x0, x1) + reach + 1, picture->width);
    const int top = bounded(fminf(y0, y1) - reach, picture->height);
    const int bottom = bounded(fmaxf(y0, y1) + reach + 1, picture->height);
    const float dx = x1 - x0, dy = y1 - y0;
    const float square = dx * dx + dy * dy;
    for (int y = top; y < bottom; y++) {
        for (int x = left; x < right; x++) {
            const float px = (float)x + 0.5f - x0, py = (float)y + 0.5f - y0;
            float t = square > 0 ? (px * dx + py * dy) / square : 0;
            t = t < 0 ? 0 : t > 1 ? 1 : t;
            const float ex = px - t * dx, ey = py - t * dy;
            const float cover = width / 2 + 0.5f - sqrtf(ex * ex + ey * ey);
            if (cover > 0)
                blend(picture, x, y, colour, cover < 1 ? cover : 1);
        }
    }
}

void draw_dot(struct picture *picture, float x, float y, float radius, struct colour colour) {
    draw_line(picture, x, y, x, y, 2 * radius, colour);
}

void draw_fill(struct picture *picture, int x, int y, int width, int height, struct colour colour) {
    const int right = x + width < picture->width ? x + width : picture->width;
    const int bottom = y + height < picture->height ? y + height : picture->height;
    for (int row = y < 0 ? 0 : y; row < bottom; row++)
        for (int column = x < 0 ? 0 : x; column < right; column++)
            blend(picture, column, row, colour, 1);
}

void draw_frame(struct picture *picture, const affect_box *box, float width, struct colour colour) {
    const float x0 = box->x, y0 = box->y, x1 = box->x + box->width, y1 = box->y + box->height;
    const float arm = 0.25f * (box->width < box->height ? box->width : box->height);
    const float corners[4][4] = {
        {x0, y0, arm, arm}, {x1, y0, -arm, arm}, {x0, y1, arm, -arm}, {x1, y1, -arm, -arm}};
    for (int i = 0; i < 4; i++) {
        const float x = corners[i][0], y = corners[i][1];
        draw_line(picture, x, y, x + corners[i][2], y, width, colour);
        draw_line(picture, x, y, x, y + corners[i][3], width, colour);
    }
}

void draw_text(struct picture *picture, int x, int y, int scale, const char *string,
               struct colour colour) {
    for (; *string; string++, x += TEXT_ADVANCE * scale) {
        const unsigned char *const rows = font_glyph(*string);
        for (int row = 0; rows && row < 9; row++)
            for (int column = 0; column < 5; column++)
                if (rows[row] >> (4 - column) & 1)
                    draw_fill(picture, x + column * scale, y + row * scale, scale, scale, colour);
    }
}
