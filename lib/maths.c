#include "maths.h"

#include <string.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

static uint32_t bits_of(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static float float_of(uint32_t bits) {
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static uint64_t bits_of_double(double x) {
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static double double_of(uint64_t bits) {
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

#define INFINITE 0x7F800000u

float af_nan(void) {
    return float_of(0x7FC00000u);
}

int af_is_finite(float x) {
    return (bits_of(x) & INFINITE) != INFINITE;
}

int af_is_nan(float x) {
    return (bits_of(x) & 0x7FFFFFFFu) > INFINITE;
}

/* --------------------------------------------------------------------------------- square roots */

/* By integers: the root of the mantissa, bit by bit, rounded to nearest. A root is never halfway
 * between two floats, so there are no ties. */
float af_sqrt_plain(float x) {
    const uint32_t bits = bits_of(x);
    if (bits == 0 || bits == 0x80000000u || bits == INFINITE)
        return x;
    if (bits > INFINITE)
        return af_nan();
    int32_t exponent = (int32_t)(bits >> 23);
    uint64_t mantissa = bits & 0x7FFFFFu;
    if (exponent)
        mantissa |= 0x800000u;
    else
        for (exponent = 1; !(mantissa & 0x800000u); exponent--)
            mantissa <<= 1;
    /* x = mantissa 2^(exponent - 150). With an even power of two taken out, the radicand has 49 or
     * 50 bits and the root 25: 24 and one to round by. */
    const int32_t power = exponent - 150;
    const int odd = power % 2 != 0;
    const uint64_t radicand = mantissa << (odd ? 25 : 26);
    const int32_t half_power = (power - (odd ? 25 : 26)) / 2;
    uint64_t root = 0;
    for (uint64_t bit = (uint64_t)1 << 24; bit; bit >>= 1)
        if ((root | bit) * (root | bit) <= radicand)
            root |= bit;
    const uint32_t rounded =
        (uint32_t)((root + 1) >> 1); /* 2^23..2^24, in units 2^(half_power+1) */
    /* a carry to 2^24 moves into the exponent by itself */
    return float_of(((uint32_t)(half_power + 1 + 150 - 1) << 23) + rounded);
}

float af_sqrt(float x) {
#if defined(__SSE2__)
    const float root = _mm_cvtss_f32(_mm_sqrt_ss(_mm_set_ss(x)));
    return root != root ? af_nan() : root; /* the instruction's NaN has its sign set */
#elif defined(__aarch64__)
    return vget_lane_f32(vsqrt_f32(vdup_n_f32(x)), 0);
#elif defined(__wasm__)
    return __builtin_sqrtf(x);
#else
    return af_sqrt_plain(x);
#endif
}

/* Within an ulp or two of a double: a float's root as the start, then Newton, which doubles 24 bits
 * twice. x in 0..2^100, not between 0 and 2^-100. */
static double root(double x) {
    if (!(x > 0))
        return 0;
    double y = (double)af_sqrt((float)x);
    y = 0.5 * (y + x / y);
    return 0.5 * (y + x / y);
}

/* --------------------------------------------------------------------------- exponentials, logs */

#define LN2 0.693147180559945309417
#define LN2_HIGH 0.69314718055989033 /* the first 40 bits or so: n LN2_HIGH is exact */
#define LN2_LOW 5.4979230187083712e-14

/* Rounded to nearest; |x| < 2^31. */
static int32_t nearest(double x) {
    return (int32_t)(x < 0 ? x - 0.5 : x + 0.5);
}

/* exp(x) for |x| <= 745: 2^n exp(r), |r| <= ln 2 / 2, by Taylor to r^11 (error 0.347^12 / 12! =
 * 6e-15). n is at least -1075: multiplied in two halves, so that it never leaves the exponents. */
static double exp_double(double x) {
    const int32_t n = nearest(x * (1.0 / LN2));
    const double r = (x - n * LN2_HIGH) - n * LN2_LOW;
    double p = 1.0 / 39916800;
    p = p * r + 1.0 / 3628800;
    p = p * r + 1.0 / 362880;
    p = p * r + 1.0 / 40320;
    p = p * r + 1.0 / 5040;
    p = p * r + 1.0 / 720;
    p = p * r + 1.0 / 120;
    p = p * r + 1.0 / 24;
    p = p * r + 1.0 / 6;
    p = p * r + 0.5;
    p = p * r + 1.0;
    p = p * r + 1.0;
    const int32_t half = n / 2, rest = n - half;
    return p * double_of((uint64_t)(1023 + half) << 52) * double_of((uint64_t)(1023 + rest) << 52);
}

float af_exp(float x) {
    if (af_is_nan(x))
        return x;
    if (x > 88.73f)
        return float_of(INFINITE);
    if (x < -104.0f)
        return 0;
    const double y = exp_double((double)x);
    /* what would round beyond the largest float */
    return y >= 3.4028235677973366e38 ? float_of(INFINITE) : (float)y;
}

float af_sigmoid(float x) {
    if (af_is_nan(x))
        return x;
    if (x < -104.0f)
        return 0;
    if (x > 104.0f)
        return 1;
    return (float)(1.0 / (1.0 + exp_double(-(double)x)));
}

/* With m in sqrt(1/2)..sqrt(2): log m = 2 atanh s, s = (m - 1) / (m + 1), |s| <= 0.1716, by series
 * to s^15 (error 2 * 0.1716^17 / 17 = 1e-14). */
float af_log(float x) {
    const uint32_t bits = bits_of(x);
    if (af_is_nan(x) || bits == INFINITE)
        return x;
    if ((bits & 0x7FFFFFFFu) == 0)
        return float_of(INFINITE | 0x80000000u);
    if (bits > INFINITE)
        return af_nan();
    const uint64_t wide = bits_of_double((double)x); /* normal, even where x is not */
    int32_t n = (int32_t)(wide >> 52) - 1023;
    double m = double_of((wide & 0xFFFFFFFFFFFFFu) | (uint64_t)1023 << 52);
    if (m > 1.41421356237309505) {
        m *= 0.5;
        n++;
    }
    const double s = (m - 1.0) / (m + 1.0), z = s * s;
    double p = 1.0 / 15;
    p = p * z + 1.0 / 13;
    p = p * z + 1.0 / 11;
    p = p * z + 1.0 / 9;
    p = p * z + 1.0 / 7;
    p = p * z + 1.0 / 5;
    p = p * z + 1.0 / 3;
    p = p * z + 1.0;
    return (float)(n * LN2 + 2.0 * s * p);
}

/* --------------------------------------------------------------------------------------- angles */

/* For 0 <= t <= 1. Above tan(pi / 8) the angle is taken from 45 degrees; then |z| <= 0.4143 and the
 * series to z^25 leaves 0.4143^27 / 27 = 2e-12. */
static double atan_unit(double t) {
    const int far = t > 0.41421356237309503;
    const double z = far ? (t - 1.0) / (t + 1.0) : t, w = z * z;
    double p = 1.0 / 25;
    p = 1.0 / 23 - p * w;
    p = 1.0 / 21 - p * w;
    p = 1.0 / 19 - p * w;
    p = 1.0 / 17 - p * w;
    p = 1.0 / 15 - p * w;
    p = 1.0 / 13 - p * w;
    p = 1.0 / 11 - p * w;
    p = 1.0 / 9 - p * w;
    p = 1.0 / 7 - p * w;
    p = 1.0 / 5 - p * w;
    p = 1.0 / 3 - p * w;
    p = 1.0 - p * w;
    return (far ? AF_PI / 4 : 0.0) + z * p;
}

static double atan2_double(double y, double x) {
    const double ax = x < 0 ? -x : x, ay = y < 0 ? -y : y;
    double angle;
    if (ax == ay) /* also both zero or both infinite */
        angle = ax > 0 ? AF_PI / 4 : 0.0;
    else if (ay < ax)
        angle = atan_unit(ay / ax);
    else
        angle = AF_PI / 2 - atan_unit(ax / ay);
    if (x < 0)
        angle = AF_PI - angle;
    return y < 0 ? -angle : angle;
}

float af_atan2(float y, float x) {
    if (af_is_nan(y) || af_is_nan(x))
        return af_nan();
    return (float)atan2_double((double)y, (double)x);
}

float af_atan2_degrees(float y, float x) {
    if (af_is_nan(y) || af_is_nan(x))
        return af_nan();
    return (float)(atan2_double((double)y, (double)x) * (180.0 / AF_PI));
}

static double asin_double(double x) {
    if (x >= 1)
        return AF_PI / 2;
    if (x <= -1)
        return -(AF_PI / 2);
    return atan2_double(x, root((1.0 - x) * (1.0 + x))); /* the radicand is at least 2^-24 */
}

float af_asin(float x) {
    return af_is_nan(x) ? x : (float)asin_double((double)x);
}

float af_asin_degrees(float x) {
    return af_is_nan(x) ? x : (float)(asin_double((double)x) * (180.0 / AF_PI));
}

/* sin(x + quarters pi / 2) for |x| <= 2^20. pi / 2 is taken off in two parts, the first of 33 bits,
 * so that n times it is exact; then |r| <= 0.7854 + rounding and Taylor to r^13 leaves
 * 0.7854^15 / 15! = 2e-14. */
static float sine(float x, int32_t quarters) {
    if (!(x <= 1048576.0f && x >= -1048576.0f))
        return af_nan();
    const double high = 1.5707963267341256, low = 6.0771005065061922e-11;
    const int32_t n = nearest((double)x * (2.0 / AF_PI));
    const double r = ((double)x - n * high) - n * low, z = r * r;
    const int32_t quarter = (n + quarters) & 3;
    double p;
    if (quarter & 1) {
        p = 1.0 / 479001600;
        p = p * z - 1.0 / 3628800;
        p = p * z + 1.0 / 40320;
        p = p * z - 1.0 / 720;
        p = p * z + 1.0 / 24;
        p = p * z - 0.5;
        p = p * z + 1.0;
    } else {
        p = 1.0 / 6227020800;
        p = p * z - 1.0 / 39916800;
        p = p * z + 1.0 / 362880;
        p = p * z - 1.0 / 5040;
        p = p * z + 1.0 / 120;
        p = p * z - 1.0 / 6;
        p = (p * z + 1.0) * r;
    }
    return (float)(quarter & 2 ? -p : p);
}

float af_sin(float x) {
    return sine(x, 0);
}

float af_cos(float x) {
    return sine(x, 1);
}
