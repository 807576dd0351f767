/* Our own functions against libm, in double. */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "maths.h"

static uint32_t seed = 1;

static uint32_t random_bits(void) {
    seed ^= seed << 13;
    seed ^= seed >> 17;
    seed ^= seed << 5;
    return seed;
}

static float float_of(uint32_t bits) {
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static uint32_t bits_of(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static float between(float low, float high) {
    return low + (high - low) * ((float)(random_bits() >> 8) / 16777216.0f);
}

static void same(float got, float want) {
    if (isnan(want))
        assert_true(isnan(got));
    else
        assert_true(got == want);
}

/* Within 0.51 units in the last place: correctly rounded but for rare cases. `least`: results below
 * are only held to its unit. */
static void close_to(float got, double want, double least) {
    const double unit = ldexp(1.0, ilogb(fmax(fabs(want), least)) - 23);
    if (!(fabs((double)got - want) <= 0.51 * unit))
        fail_msg("%.9g is not %.17g", (double)got, want);
}

static void kinds(void **state) {
    (void)state;
    assert_true(isnan(af_nan()));
    assert_int_equal(bits_of(af_nan()), 0x7FC00000u);
    const float finite[] = {0, -0.0f, 1, -FLT_MAX, FLT_MAX, FLT_MIN, 1e-45f};
    for (size_t i = 0; i < sizeof finite / sizeof finite[0]; i++) {
        assert_true(af_is_finite(finite[i]));
        assert_false(af_is_nan(finite[i]));
    }
    assert_false(af_is_finite(INFINITY) || af_is_finite(-INFINITY) || af_is_finite(NAN));
    assert_false(af_is_nan(INFINITY) || af_is_nan(-INFINITY));
    assert_true(af_is_nan(NAN) && af_is_nan(-NAN) && af_is_nan(float_of(0x7F800001)));
}

/* Exactly libm's bits, which IEEE demands. */
static void roots(void **state) {
    (void)state;
    for (int i = 0; i < 2000000; i++) {
        const float x = float_of(random_bits() & (i & 1 ? 0x7FFFFFFFu : 0x00FFFFFFu));
        if (isnan(x))
            continue;
        assert_int_equal(bits_of(af_sqrt_plain(x)), bits_of(sqrtf(x)));
        assert_int_equal(bits_of(af_sqrt(x)), bits_of(sqrtf(x)));
    }
    for (uint32_t i = 1; i < 5000; i++) { /* squares and their neighbours, the closest calls */
        const float square = (float)i * (float)i;
        const float near[3] = {square, nextafterf(square, 0), nextafterf(square, INFINITY)};
        for (int k = 0; k < 3; k++)
            assert_int_equal(bits_of(af_sqrt_plain(near[k])), bits_of(sqrtf(near[k])));
    }
    const float special[] = {0, -0.0f, -1, -FLT_MIN, 1e-45f, FLT_MAX, INFINITY, -INFINITY, NAN};
    for (size_t i = 0; i < sizeof special / sizeof special[0]; i++) {
        same(af_sqrt(special[i]), sqrtf(special[i]));
        same(af_sqrt_plain(special[i]), sqrtf(special[i]));
        if (special[i] < 0 || isnan(special[i])) /* always the same NaN */
            assert_int_equal(bits_of(af_sqrt(special[i])), bits_of(af_sqrt_plain(special[i])));
    }
    assert_true(signbit(af_sqrt(-0.0f)) && signbit(af_sqrt_plain(-0.0f)));
}

static void exponentials(void **state) {
    (void)state;
    for (int i = 0; i < 1000000; i++) {
        const float x = i & 1 ? between(-104, 88.7228f) : between(-2, 2);
        close_to(af_exp(x), exp((double)x), FLT_MIN);
    }
    same(af_exp(0), 1);
    same(af_exp(-0.0f), 1);
    same(af_exp(1e-45f), 1);
    same(af_exp(88.7228394f), (float)exp((double)88.7228394f));
    same(af_exp(88.73f), INFINITY);
    same(af_exp(FLT_MAX), INFINITY);
    same(af_exp(INFINITY), INFINITY);
    same(af_exp(-103.5f), 1e-45f);
    same(af_exp(-104.5f), 0);
    same(af_exp(-FLT_MAX), 0);
    same(af_exp(-INFINITY), 0);
    same(af_exp(NAN), NAN);
    for (float x = 88.5f; x < 89; x = nextafterf(x, 90)) /* never undefined, never beyond */
        same(af_exp(x), (float)fmin(exp((double)x), (double)INFINITY));
}

static void sigmoids(void **state) {
    (void)state;
    for (int i = 0; i < 1000000; i++) {
        const float x = i & 1 ? between(-103, 103) : between(-6, 6);
        close_to(af_sigmoid(x), 1 / (1 + exp(-(double)x)), FLT_MIN);
    }
    same(af_sigmoid(0), 0.5f);
    same(af_sigmoid(INFINITY), 1);
    same(af_sigmoid(-INFINITY), 0);
    same(af_sigmoid(-FLT_MAX), 0);
    same(af_sigmoid(NAN), NAN);
}

static void logarithms(void **state) {
    (void)state;
    for (int i = 0; i < 1000000; i++) {
        const float x = i & 1 ? float_of(random_bits() % 0x7F800000u) : between(0.5f, 2);
        if (x > 0)
            close_to(af_log(x), log((double)x), 1e-7);
    }
    for (uint32_t d = 1; d < 1000; d++) { /* around 1 */
        const float x = float_of(0x3F800000u + d), y = float_of(0x3F800000u - d);
        close_to(af_log(x), log((double)x), FLT_MIN);
        close_to(af_log(y), log((double)y), FLT_MIN);
    }
    same(af_log(1), 0);
    same(af_log(0), -INFINITY);
    same(af_log(-0.0f), -INFINITY);
    same(af_log(-1), NAN);
    same(af_log(-INFINITY), NAN);
    same(af_log(INFINITY), INFINITY);
    same(af_log(NAN), NAN);
    close_to(af_log(1e-45f), log((double)1e-45f), 1);
    close_to(af_log(FLT_MAX), log((double)FLT_MAX), 1);
}

static void angles(void **state) {
    (void)state;
    const double degree = 180 / acos(-1);
    for (int i = 0; i < 1000000; i++) {
        const float x = between(-1, 1), y = i & 1 ? between(-1, 1) : between(-0.01f, 0.01f);
        close_to(af_atan2(y, x), atan2((double)y, (double)x), FLT_MIN);
        close_to(af_atan2_degrees(y, x), atan2((double)y, (double)x) * degree, FLT_MIN);
        close_to(af_asin(x), asin((double)x), FLT_MIN);
        close_to(af_asin_degrees(y), asin((double)y) * degree, FLT_MIN);
    }
    for (int i = 0; i < 100000; i++) { /* any size */
        const float x = float_of(random_bits()), y = float_of(random_bits());
        if (!isnan(x) && !isnan(y))
            close_to(af_atan2(y, x), atan2((double)y, (double)x), FLT_MIN);
    }
    const float values[] = {0, 1, -1, FLT_MAX, -FLT_MAX, 1e-45f, -1e-45f, INFINITY, -INFINITY};
    for (int i = 0; i < 9; i++)
        for (int j = 0; j < 9; j++)
            close_to(af_atan2(values[i], values[j]), atan2((double)values[i], (double)values[j]),
                     FLT_MIN);
    same(af_atan2(0, 0), 0);
    same(af_atan2(-0.0f, -1), (float)AF_PI);
    same(af_atan2_degrees(1, 1), 45);
    same(af_atan2_degrees(1, 0), 90);
    same(af_atan2_degrees(0, -1), 180);
    same(af_atan2(NAN, 1), NAN);
    same(af_atan2(1, NAN), NAN);
    same(af_atan2_degrees(NAN, NAN), NAN);
    same(af_asin(2), (float)(AF_PI / 2));
    same(af_asin(-INFINITY), (float)(-AF_PI / 2));
    same(af_asin_degrees(1), 90);
    same(af_asin_degrees(-1.0000001f), -90);
    same(af_asin_degrees(0.5f), 30);
    same(af_asin(NAN), NAN);
    for (int i = 1; i < 1000; i++) { /* towards 1, where the slope is steep */
        const float x = 1 - (float)i * FLT_EPSILON / 2;
        close_to(af_asin(x), asin((double)x), FLT_MIN);
    }
}

static void sines(void **state) {
    (void)state;
    for (int i = 0; i < 1000000; i++) {
        const float x = i & 1 ? between(-7, 7) : between(-1048576, 1048576);
        const double error = fmax(fabs((double)af_sin(x) - sin((double)x)),
                                  fabs((double)af_cos(x) - cos((double)x)));
        if (!(error < 1e-7))
            fail_msg("at %.9g: off by %g", (double)x, error);
    }
    same(af_sin(0), 0);
    same(af_cos(0), 1);
    same(af_sin(1e-40f), 1e-40f);
    same(af_sin(INFINITY), NAN);
    same(af_cos(-INFINITY), NAN);
    same(af_sin(2e6f), NAN);
    same(af_cos(FLT_MAX), NAN);
    same(af_sin(NAN), NAN);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kinds),    cmocka_unit_test(roots),      cmocka_unit_test(exponentials),
        cmocka_unit_test(sigmoids), cmocka_unit_test(logarithms), cmocka_unit_test(angles),
        cmocka_unit_test(sines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
