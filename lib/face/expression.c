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

uint32_t af_expression_read(af_net *net, const af_view *view, void *scratch, affect_face *face,
                            uint32_t wanted, float temperature) {
    affect_point five[5];
    af_similarity map;
    af_geometry_five_of_68(face->landmarks, five);
    uint8_t *input = af_net_input(net, AF_EXPRESSION_SIDE, AF_EXPRESSION_SIDE);
    if (!af_geometry_align(&map, af_template_expression, five, AF_EXPRESSION_SIDE) ||
        !af_crop(view, &map, AF_EXPRESSION_SIDE, 0, input, scratch, NULL))
        return 0;
    af_net_run(net);

    float expressions[AFFECT_EXPRESSION_COUNT];
    const af_head head = af_net_head(net, HEAD_EXPRESSIONS);
    for (int i = 0; i < AFFECT_EXPRESSION_COUNT; i++)
        expressions[i] = af_sigmoid((float)head.values[i] * head.scales[i]);
    if (wanted & AFFECT_EXPRESSIONS)
        for (int i = 0; i < AFFECT_EXPRESSION_COUNT; i++)
            face->expressions[i] = expressions[i];
#ifndef AF_NO_EMOTIONS
    if (wanted & AFFECT_EMOTIONS) {
        const af_head emotions = af_net_head(net, HEAD_EMOTIONS);
        af_emotion_read(&emotions, temperature, expressions, face);
    }
#else
    (void)temperature;
#endif
    const af_head quality = af_net_head(net, HEAD_QUALITY);
    face->confidence = af_sigmoid((float)quality.values[0] * quality.scales[0]) * face->presence *
                       trust_of_yaw(face);
    return wanted;
}
