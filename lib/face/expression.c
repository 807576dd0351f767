#include "face/expression.h"

#include "face/emotion.h"
#include "face/geometry.h"
#include "maths.h"

enum { HEAD_EMOTIONS = 0, HEAD_EXPRESSIONS = 1, HEAD_QUALITY = 2 };

/* Full trust to 50 degrees of yaw, none from 80. */
static float trust_of_yaw(const affect_face *face) {
    if (!(face->measured & AFFECT_POSE))
        return 1;
    const float yaw = face->yaw < 0 ? -face->yaw : face->yaw;
    return af_clampf((80 - yaw) / 30, 0, 1);
}

enum { LOOKS = 2 };

/* The heads' real values, means of both looks. */
typedef struct means {
    float emotions[AFFECT_EMOTION_COUNT], expressions[AFFECT_EXPRESSION_COUNT], quality;
} means;

static void add_head(const af_net *net, int which, float *mean, int count) {
    const af_head head = af_net_head(net, which);
    for (int i = 0; i < count; i++)
        mean[i] += (float)head.values[i] * head.scales[i] / LOOKS;
}

/* One look at the face, as it is or mirrored; 0 when the crop fails. */
static int look(af_net *net, const af_view *view, void *scratch, const af_similarity *map,
                int mirror, means *mean) {
    uint8_t *input = af_net_input(net, AF_EXPRESSION_SIDE, AF_EXPRESSION_SIDE);
    if (!af_crop(view, map, AF_EXPRESSION_SIDE, mirror, input, scratch, NULL))
        return 0;
    af_net_run(net);
    add_head(net, HEAD_EMOTIONS, mean->emotions, AFFECT_EMOTION_COUNT);
    add_head(net, HEAD_EXPRESSIONS, mean->expressions, AFFECT_EXPRESSION_COUNT);
    add_head(net, HEAD_QUALITY, &mean->quality, 1);
    return 1;
}

uint32_t af_expression_read(af_net *net, const af_view *view, void *scratch, affect_face *face,
                            uint32_t wanted, float temperature) {
    affect_point five[5];
    af_similarity map;
    means mean = {{0}, {0}, 0};
    af_geometry_five_of_68(face->landmarks, five);
    /* None of what is read has a side, so the mirrored face says the same: two looks err less than
     * one (training/expression/LOG.md). */
    if (!af_geometry_align(&map, af_template_expression, five, AF_EXPRESSION_SIDE) ||
        !look(net, view, scratch, &map, 0, &mean) || !look(net, view, scratch, &map, 1, &mean))
        return 0;

    float expressions[AFFECT_EXPRESSION_COUNT];
    for (int i = 0; i < AFFECT_EXPRESSION_COUNT; i++)
        expressions[i] = af_sigmoid(mean.expressions[i]);
    if (wanted & AFFECT_EXPRESSIONS)
        for (int i = 0; i < AFFECT_EXPRESSION_COUNT; i++)
            face->expressions[i] = expressions[i];
#ifndef AF_NO_EMOTIONS
    if (wanted & AFFECT_EMOTIONS)
        af_emotion_read(mean.emotions, temperature, expressions, face);
#else
    (void)temperature;
#endif
    face->confidence = af_sigmoid(mean.quality) * face->presence * trust_of_yaw(face);
    return wanted;
}
