/* Similarity transforms: double inside, + - x / and one square root only. */
#include "image/image.h"
#include "maths.h"

static int all_finite(const af_similarity *s) {
    return af_is_finite(s->a) && af_is_finite(s->b) && af_is_finite(s->tx) && af_is_finite(s->ty);
}

static int fail(af_similarity *out) {
    *out = (af_similarity){1.0f, 0.0f, 0.0f, 0.0f};
    return 0;
}

/* Converting a double beyond the floats' range is undefined: those become infinite here. */
static float narrow(double x) {
    return x > 3.4e38 || x < -3.4e38 || x != x ? af_nan() : (float)x;
}

int af_similarity_fit(af_similarity *out, const affect_point *from, const affect_point *to,
                      int32_t count) {
    if (count < 2)
        return fail(out);
    double fx = 0, fy = 0, gx = 0, gy = 0;
    for (int32_t i = 0; i < count; i++) {
        fx += (double)from[i].x;
        fy += (double)from[i].y;
        gx += (double)to[i].x;
        gy += (double)to[i].y;
    }
    fx /= count;
    fy /= count;
    gx /= count;
    gy /= count;
    double norm = 0, dot = 0, cross = 0;
    for (int32_t i = 0; i < count; i++) {
        const double px = (double)from[i].x - fx, py = (double)from[i].y - fy;
        const double qx = (double)to[i].x - gx, qy = (double)to[i].y - gy;
        norm += px * px + py * py;
        dot += px * qx + py * qy;
        cross += px * qy - py * qx;
    }
    /* equal floats have an exact mean, so norm is 0 then; not-a-number fails here too */
    if (!(norm > 1e-30))
        return fail(out);
    const double a = dot / norm, b = cross / norm;
    out->a = narrow(a);
    out->b = narrow(b);
    out->tx = narrow(gx - (a * fx - b * fy));
    out->ty = narrow(gy - (b * fx + a * fy));
    if (!all_finite(out) || (out->a == 0.0f && out->b == 0.0f))
        return fail(out);
    return 1;
}

int af_similarity_invert(af_similarity *out, const af_similarity *in) {
    const double a = (double)in->a, b = (double)in->b, tx = (double)in->tx, ty = (double)in->ty;
    const double norm = a * a + b * b;
    if (!all_finite(in) || !(norm > 0))
        return fail(out);
    const double ia = a / norm, ib = -b / norm;
    out->a = narrow(ia);
    out->b = narrow(ib);
    out->tx = narrow(-(ia * tx - ib * ty));
    out->ty = narrow(-(ib * tx + ia * ty));
    if (!all_finite(out) || (out->a == 0.0f && out->b == 0.0f))
        return fail(out);
    return 1;
}

affect_point af_similarity_apply(const af_similarity *s, affect_point point) {
    affect_point out;
    out.x = s->a * point.x - s->b * point.y + s->tx;
    out.y = s->b * point.x + s->a * point.y + s->ty;
    return out;
}

float af_similarity_scale(const af_similarity *s) {
    return af_sqrt(s->a * s->a + s->b * s->b);
}
