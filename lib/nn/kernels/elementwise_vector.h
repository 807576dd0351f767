/*
 * Additions, pooling and upsampling with registers of 16 bytes: a template, included by
 * kernels_<isa>.c after that back end's operations and AF_VECTOR(name). No include guard.
 */

/* min(127, a + b): a + b <= 254 fits a byte. */
AF_VECTOR_INLINE v_bytes saturated(v_bytes a, v_bytes b) {
    return v_min_127(v_add(a, b));
}

AF_VECTOR_TARGET static void AF_VECTOR(add)(uint8_t *out, const uint8_t *a, const uint8_t *b,
                                            size_t bytes) {
    for (size_t i = 0; i < bytes; i += 16)
        v_store(out + i, saturated(v_load(a + i), v_load(b + i)));
}

AF_VECTOR_TARGET static void AF_VECTOR(upsample)(uint8_t *out, const uint8_t *in, const uint8_t *b,
                                                 int32_t width, int32_t pixel) {
    for (int32_t x = 0; x < width; x++, in += pixel, out += 2 * pixel) {
        for (int32_t c = 0; c < pixel; c += 16) {
            const v_bytes v = v_load(in + c);
            v_store(out + c, b ? saturated(v, v_load(b + c)) : v);
            v_store(out + pixel + c, b ? saturated(v, v_load(b + pixel + c)) : v);
        }
        if (b)
            b += 2 * pixel;
    }
}

AF_VECTOR_TARGET static void AF_VECTOR(maxpool)(uint8_t *out, const uint8_t *row0,
                                                const uint8_t *row1, int32_t width, int32_t pixel) {
    for (int32_t x = 0; x < width; x++, row0 += 2 * pixel, row1 += 2 * pixel, out += pixel)
        for (int32_t c = 0; c < pixel; c += 16)
            v_store(out + c, v_max(v_max(v_load(row0 + c), v_load(row0 + pixel + c)),
                                   v_max(v_load(row1 + c), v_load(row1 + pixel + c))));
}
