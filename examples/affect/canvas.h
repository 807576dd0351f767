/* Drawing on 8-bit RGB: smooth lines, dots, frames, bars and text. */
#ifndef CANVAS_H
#define CANVAS_H

#include "tool.h"

struct colour {
    unsigned char red, green, blue;
    float alpha; /* 0..1 */
};

void draw_line(struct picture *picture, float x0, float y0, float x1, float y1, float width,
               struct colour colour);
void draw_dot(struct picture *picture, float x, float y, float radius, struct colour colour);
void draw_fill(struct picture *picture, int x, int y, int width, int height, struct colour colour);
/* Corners only: a frame that hides little. */
void draw_frame(struct picture *picture, const affect_box *box, float width, struct colour colour);
/* Text of 6 x 10 cells, `scale` pixels a dot; (x, y) is the upper left corner. */
void draw_text(struct picture *picture, int x, int y, int scale, const char *string,
               struct colour colour);
enum { TEXT_ADVANCE = 6, TEXT_HEIGHT = 10 };

/* Nine rows of five dots, the leftmost dot in bit 4; null for a character without a shape. */
const unsigned char *font_glyph(char character);

#endif
