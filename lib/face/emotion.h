/* Emotions, valence and arousal from what the expression network gives. */
#ifndef AF_FACE_EMOTION_H
#define AF_FACE_EMOTION_H

#include "common.h"

/* Softmax of the logits at a temperature; then valence and arousal by the formula of
 * docs/expressions.md. `expressions`: 20 values 0..1. */
void af_emotion_read(const float logits[AFFECT_EMOTION_COUNT], float temperature,
                     const float expressions[AFFECT_EXPRESSION_COUNT], affect_face *face);

#endif
