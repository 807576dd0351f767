/*
 * The few functions beyond + - x / that the library needs, in our own arithmetic, so that no libm
 * decides a bit: IEEE float and double operations only, compiled without contraction
 * (-ffp-contract=off), give the same bits everywhere. Inside they compute in double and round once,
 * so results are within one unit in the last place of a float (relative error < 1.2e-7).
 *
 * Not a number in, not a number out, unless said otherwise.
 */
#ifndef AF_MATHS_H
#define AF_MATHS_H

#include <stdint.h>

#define AF_PI 3.14159265358979323846

/* A quiet NaN: "not measured". */
float af_nan(void);
/* 1 if neither infinite nor NaN; also right under -ffast-math, since it looks at the bits. */
int af_is_finite(float x);
int af_is_nan(float x);

/* Correctly rounded, as IEEE 754 demands. sqrt(-0) = -0, sqrt(x < 0) = NaN, sqrt(inf) = inf. */
float af_sqrt(float x);
/* The same without a square root instruction; for processors that have none, and for the tests. */
float af_sqrt_plain(float x);

/* Overflow gives infinity (x > 88.72), underflow denormals, then 0 (x < -103.97). */
float af_exp(float x);

/* Natural logarithm. log(0) = -inf, log(x < 0) = NaN, log(inf) = inf. */
float af_log(float x);

/* 1 / (1 + exp(-x)); 0 and 1 at the infinities. */
float af_sigmoid(float x);

/* Angle of (x, y) in -pi..pi; atan2(0, 0) = 0, the sign of zeros is not looked at (atan2(-0, -1) is
 * pi). Infinities as in C. */
float af_atan2(float y, float x);
/* The same in degrees, -180..180. */
float af_atan2_degrees(float y, float x);

/* In -pi/2..pi/2; arguments beyond -1..1 are taken as -1 or 1, for sines that rounding pushed out.
 */
float af_asin(float x);
float af_asin_degrees(float x);

/* Of radians; |x| > 2^20 or infinite gives NaN. Absolute error < 1e-7. */
float af_sin(float x);
float af_cos(float x);

#endif
