/* elementary.h: sin, cos, atan2, acos, exp, log and rint in double, as fixed sequences of IEEE operations.
 *
 * The C library picks other code on other CPUs and then gives other bits; these give the same bits everywhere, as long
 * as nothing is contracted or reassociated (-ffp-contract=off, no -ffast-math). Every function is inlined and free of
 * branches, tables and integer operations that SSE2 lacks, so a loop over them vectorises for any instruction set.
 * Choices are made by arithmetic on bits or by selections that the compiler turns into blends.
 *
 *     sin, cos   |x| <= MATH_ANGLE_MAX; a finite x beyond counts as 0. For the whole range see reduce.h.
 *     others     the whole range, special cases as in annex F of C17.
 *
 * Accuracy is below 1 ulp for sin, cos, exp, log and 2.5 ulp for atan2, acos (tests/unit/math). math_pow is in power.h.
 *
 * Units    radians.
 * Sources  the polynomials of fdlibm (Sun Microsystems, 1993: k_sin, k_cos, s_atan, e_exp, e_log); argument reduction
 * in parts of few bits after Cody and Waite, "Software Manual for the Elementary Functions", 1980.
 */
#ifndef KERNEL_MATH_ELEMENTARY_H
#define KERNEL_MATH_ELEMENTARY_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#define MATH_INLINE static inline __attribute__((always_inline))

#define MATH_PI        0x1.921fb54442d18p+1
#define MATH_PI_LOW    0x1.1a62633145c07p-53 /* pi = MATH_PI + MATH_PI_LOW, to 107 bits */
#define MATH_DEGREE    (MATH_PI / 180.0)
#define MATH_ANGLE_MAX 1e8

/* Added to a double of less than 2^51, this leaves its nearest whole number (half to even) in the low bits. */
#define MATH_TO_WHOLE 0x1.8p52

MATH_INLINE uint64_t math_bits(double x) {
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

MATH_INLINE double math_from_bits(uint64_t bits) {
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* math_abs, math_copysign: by bits, so that NaN and -0 pass as they should. */
MATH_INLINE double math_abs(double x) {
    return math_from_bits(math_bits(x) & 0x7fffffffffffffffu);
}

MATH_INLINE double math_copysign(double x, double sign) {
    return math_from_bits((math_bits(x) & 0x7fffffffffffffffu) | (math_bits(sign) & 0x8000000000000000u));
}

/* math_rint: the nearest whole number, half to even. */
MATH_INLINE double math_rint(double x) {
    const double shift = math_copysign(0x1p52, x);
    const double whole = math_copysign((x + shift) - shift, x);
    return math_abs(x) < 0x1p52 ? whole : x;
}

/* math_floor: the greatest whole number not above x. */
MATH_INLINE double math_floor(double x) {
    const double whole = math_rint(x);
    return whole - (whole > x ? 1.0 : 0.0);
}

/* math_sqrt: correctly rounded by IEEE 754; one instruction. */
MATH_INLINE double math_sqrt(double x) {
    return sqrt(x);
}

/* An angle as quadrant * pi/2 + high + low, |high| <= pi/4, |low| <= ulp(high). */
struct math_angle {
    uint64_t quadrant; /* modulo 4: only the low two bits count */
    double high;
    double low;
};

/* math_reduce: pi/2 in three parts of 27 bits or less, whose products with the quadrant are exact, and a rest. */
MATH_INLINE struct math_angle math_reduce(double x) {
    const double shifted = x * 0x1.45f306dc9c883p-1 + MATH_TO_WHOLE;
    const double n = shifted - MATH_TO_WHOLE;
    const double first = (x - n * 0x1.921fb54000000p+0) - n * 0x1.10b4600000000p-30;
    const double third = n * 0x1.1a62630000000p-54;
    const double second = first - third;
    const double rest = ((first - second) - third) - n * 0x1.8a2e03707344ap-81;
    const double high = second + rest;
    /* Beyond the range: 0 for a number, NaN for an infinity and NaN. */
    const int inside = math_abs(x) <= MATH_ANGLE_MAX;
    return (struct math_angle){
        .quadrant = math_bits(shifted),
        .high = inside ? high : x - x,
        .low = inside ? (second - high) + rest : 0.0,
    };
}

/* math_sin_part, math_cos_part: of high + low within a quadrant. */
MATH_INLINE double math_sin_part(double high, double low) {
    const double z = high * high;
    const double cube = z * high;
    const double tail =
        8.33333333332248946124e-03 +
        z * (-1.98412698298579493134e-04 +
             z * (2.75573137070700676789e-06 + z * (-2.50507602534068634195e-08 + z * 1.58969099521155010221e-10)));
    return high - ((z * (0.5 * low - cube * tail) - low) + cube * 1.66666666666666324348e-01);
}

MATH_INLINE double math_cos_part(double high, double low) {
    const double z = high * high;
    const double half = 0.5 * z;
    const double tail = z * (4.16666666666666019037e-02 +
                             z * (-1.38888888888741095749e-03 +
                                  z * (2.48015872894767294178e-05 +
                                       z * (-2.75573143513906633035e-07 +
                                            z * (2.08757232129817482790e-09 + z * -1.13596475577881948265e-11)))));
    const double whole = 1.0 - half;
    return whole + (((1.0 - whole) - half) + (z * tail - high * low));
}

/* math_sin_of, math_cos_of: of a reduced angle. */
MATH_INLINE double math_turned(struct math_angle angle, uint64_t quadrant) {
    const uint64_t sine = math_bits(math_sin_part(angle.high, angle.low));
    const uint64_t cosine = math_bits(math_cos_part(angle.high, angle.low));
    const uint64_t odd = 0u - (quadrant & 1u);
    return math_from_bits(((sine & ~odd) | (cosine & odd)) ^ ((quadrant & 2u) << 62));
}

MATH_INLINE double math_sin_of(struct math_angle angle) {
    return math_turned(angle, angle.quadrant);
}

MATH_INLINE double math_cos_of(struct math_angle angle) {
    return math_turned(angle, angle.quadrant + 1u);
}

MATH_INLINE double math_sin(double x) {
    return math_sin_of(math_reduce(x));
}

MATH_INLINE double math_cos(double x) {
    return math_cos_of(math_reduce(x));
}

/* math_sincos: both for little more than the price of one. */
MATH_INLINE void math_sincos(double x, double *sine, double *cosine) {
    const struct math_angle angle = math_reduce(x);
    *sine = math_sin_of(angle);
    *cosine = math_cos_of(angle);
}

/* math_atan_part: arctangent of |x| <= 7/16. */
MATH_INLINE double math_atan_part(double x) {
    const double z = x * x;
    const double w = z * z;
    const double even = z * (3.33333333333329318027e-01 +
                             w * (1.42857142725034663711e-01 +
                                  w * (9.09088713343650656196e-02 +
                                       w * (6.66107313738753120669e-02 +
                                            w * (4.97687799461593236017e-02 + w * 1.62858201153657823623e-02)))));
    const double odd =
        w *
        (-1.99999999998764832476e-01 +
         w * (-1.11111104054623557880e-01 +
              w * (-7.69187620504482999495e-02 + w * (-5.83357013379057348645e-02 + w * -3.65315727442169155270e-02))));
    return x - x * (even + odd);
}

/* math_atan2: the angle of (x, y), -pi..pi. In the first octant by the quotient; then unfolded. */
MATH_INLINE double math_atan2(double y, double x) {
    const double ay = math_abs(y);
    const double ax = math_abs(x);
    const int steep = ay > ax;
    double large = steep ? ay : ax;
    double small = steep ? ax : ay;
    /* Infinities count as 1 against 0; the very large and very small are brought near 1 so that sums stay in range. */
    small = large > 0x1.fffffffffffffp1023 ? (small > 0x1.fffffffffffffp1023 ? 1.0 : 0.0) : small;
    large = large > 0x1.fffffffffffffp1023 ? 1.0 : large;
    const double scale = large > 0x1p900 ? 0x1p-200 : (large < 0x1p-900 ? 0x1p200 : 1.0);
    large *= scale;
    small *= scale;
    /* The quotient stays if it is small, else it is taken about atan(1/2) or atan(1). */
    const int middle = small > 0.4375 * large;
    const int upper = small > 0.6875 * large;
    const double twice = upper ? small : small + small;
    const double numerator = middle ? twice - large : small;
    const double denominator = middle ? (upper ? large : large + large) + small : large;
    const double ratio = numerator / (denominator == 0.0 ? 1.0 : denominator);
    const double base = middle ? (upper ? 0x1.921fb54442d18p-1 : 4.63647609000806093515e-01) : 0.0;
    const double base_low = middle ? (upper ? 0x1.1a62633145c07p-55 : 2.26987774529616870924e-17) : 0.0;
    const double octant = base + (math_atan_part(ratio) + base_low);
    const double quarter = steep ? 0x1.921fb54442d18p+0 - (octant - 0x1.1a62633145c07p-54) : octant;
    const int left = math_bits(x) >> 63 != 0;
    const double half = left ? MATH_PI - (quarter - MATH_PI_LOW) : quarter;
    return x != x || y != y ? x + y : math_copysign(half, y);
}

/* math_leg: sqrt(1 - x^2). 1 - x is exact where it matters. */
MATH_INLINE double math_leg(double x) {
    return math_sqrt((1.0 - x) * (1.0 + x));
}

/* math_acos: 0..pi; NaN outside -1..1. */
MATH_INLINE double math_acos(double x) {
    return math_atan2(math_leg(x), x);
}

/* math_two_to: 2^n for a whole n in -1022..1023, given n + MATH_TO_WHOLE. */
MATH_INLINE double math_two_to(double shifted) {
    return math_from_bits((math_bits(shifted) << 52) + 0x3ff0000000000000u);
}

/* math_scale: x 2^n for a whole |n| < 2000, with one rounding where the result is normal. */
MATH_INLINE double math_scale(double x, double n) {
    const double half = n * 0.5 + MATH_TO_WHOLE;
    const double rest = (n - (half - MATH_TO_WHOLE)) + MATH_TO_WHOLE;
    return x * math_two_to(half) * math_two_to(rest);
}

MATH_INLINE double math_exp(double x) {
    double in = x > 710.0 ? 710.0 : x;
    in = in < -746.0 ? -746.0 : in;
    const double n = (in * 0x1.71547652b82fep+0 + MATH_TO_WHOLE) - MATH_TO_WHOLE;
    const double high = in - n * 0x1.62e42fee00000p-1;
    const double low = n * 0x1.a39ef35793c76p-33;
    const double r = high - low;
    const double z = r * r;
    const double c = r - z * (1.66666666666666019037e-01 +
                              z * (-2.77777777770155933842e-03 +
                                   z * (6.61375632143793436117e-05 +
                                        z * (-1.65339022054652515390e-06 + z * 4.13813679705723846039e-08))));
    return math_scale(1.0 + (r * c / (2.0 - c) - low + high), n);
}

/* A positive x as 2^exponent * (1 + fraction), sqrt(1/2) <= 1 + fraction < sqrt(2). */
struct math_parts {
    double exponent;
    double fraction;
};

MATH_INLINE struct math_parts math_split(double x) {
    const int subnormal = x < 0x1p-1022;
    const uint64_t bits = math_bits(subnormal ? x * 0x1p54 : x) + (0x3ff0000000000000u - 0x3fe6a09e667f3bcdu);
    const double biased = math_from_bits((bits >> 52) | 0x4330000000000000u) - 0x1p52;
    return (struct math_parts){
        .exponent = biased - (subnormal ? 1077.0 : 1023.0),
        .fraction = math_from_bits((bits & 0x000fffffffffffffu) + 0x3fe6a09e667f3bcdu) - 1.0,
    };
}

MATH_INLINE double math_log(double x) {
    const struct math_parts parts = math_split(x);
    const double f = parts.fraction;
    const double k = parts.exponent;
    const double s = f / (2.0 + f);
    const double z = s * s;
    const double w = z * z;
    const double odd = w * (3.999999999940941908e-01 + w * (2.222219843214978396e-01 + w * 1.531383769920937332e-01));
    const double even =
        z * (6.666666666666735130e-01 +
             w * (2.857142874366239149e-01 + w * (1.818357216161805012e-01 + w * 1.479819860511658591e-01)));
    const double half = 0.5 * f * f;
    const double result =
        k * 0x1.62e42fee00000p-1 - ((half - (s * (half + (even + odd)) + k * 0x1.a39ef35793c76p-33)) - f);
    const double beyond = x > 0.0 ? x + x : (x == 0.0 ? -INFINITY : NAN); /* infinity; 0; negative and NaN */
    return x > 0.0 && x <= 0x1.fffffffffffffp1023 ? result : beyond;
}

#endif
