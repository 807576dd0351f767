#include "face/emotion.h"

#include "maths.h"

static const float valence_of[AFFECT_EMOTION_COUNT] = {0,     .80f,  .15f,  -.65f,
                                                       -.50f, -.60f, -.60f, -.45f};
static const float arousal_of[AFFECT_EMOTION_COUNT] = {-.05f, .50f, .80f, -.25f,
                                                       .60f,  .35f, .65f, .25f};

static float largest(const float *values, const int *indices, int count) {
    float most = values[indices[0]];
    for (int i = 1; i < count; i++)
        if (values[indices[i]] > most)
            most = values[indices[i]];
    return most;
}

static void softmax(const float logits[AFFECT_EMOTION_COUNT], float temperature,
                    float p[AFFECT_EMOTION_COUNT]) {
    float most = -1e30f, sum = 0;
    for (int i = 0; i < AFFECT_EMOTION_COUNT; i++) {
        p[i] = logits[i] / temperature;
        if (p[i] > most)
            most = p[i];
    }
    for (int i = 0; i < AFFECT_EMOTION_COUNT; i++) {
        p[i] = af_exp(p[i] - most);
        sum += p[i];
    }
    for (int i = 0; i < AFFECT_EMOTION_COUNT; i++)
        p[i] /= sum;
}

void af_emotion_read(const float logits[AFFECT_EMOTION_COUNT], float temperature,
                     const float expressions[AFFECT_EXPRESSION_COUNT], affect_face *face) {
    static const int unpleasant[] = {AFFECT_BROW_FURROW, AFFECT_LIP_CORNER_DEPRESSOR,
                                     AFFECT_NOSE_WRINKLE, AFFECT_UPPER_LIP_RAISE};
    static const int excited[] = {AFFECT_JAW_DROP, AFFECT_MOUTH_OPEN, AFFECT_EYE_WIDEN,
                                  AFFECT_BROW_RAISE};
    softmax(logits, temperature, face->emotions);
    float v = 0.20f * (expressions[AFFECT_SMILE] - largest(expressions, unpleasant, 4));
    float a = 0.20f * largest(expressions, excited, 4) - 0.30f * expressions[AFFECT_EYE_CLOSURE];
    for (int i = 0; i < AFFECT_EMOTION_COUNT; i++) {
        v += valence_of[i] * face->emotions[i];
        a += arousal_of[i] * face->emotions[i];
    }
    face->valence = af_clampf(v, -1, 1);
    face->arousal = af_clampf(a, -1, 1);
}
