/* 20 expressions and, apart from them, 8 emotions of one face. */
#ifndef AF_FACE_EXPRESSION_H
#define AF_FACE_EXPRESSION_H

#include "common.h"
#include "image/image.h"
#include "nn/nn.h"

enum { AF_EXPRESSION_SIDE = 64 };

/* Reads a face whose landmarks are known. `wanted`: AFFECT_EXPRESSIONS, AFFECT_EMOTIONS or both;
 * temperature: the softmax's, > 0. Returns the bits that were read. */
uint32_t af_expression_read(af_net *net, const af_view *view, void *scratch, affect_face *face,
                            uint32_t wanted, float temperature);

#endif
