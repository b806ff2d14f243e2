/* power.h: x to the y in double, with the logarithm and the exponential in pairs of doubles.
 *
 * Below 0.52 ulp, so results that a double can hold exactly (10^2, 2^-3) are exact. Special cases as in annex F of C17.
 * For single values, not for inner loops: it branches.
 *
 * Sources  sums and products with their error after Dekker, "A floating-point technique for extending the available
 *          precision", 1971; log by 2 atanh(f / (2 + f)), exp by its series.
 */
#ifndef KERNEL_MATH_POWER_H
#define KERNEL_MATH_POWER_H

#include "daemon/kernel/math/elementary.h"

#include <stdbool.h>

/* high + low, unevaluated, |low| <= ulp(high) / 2 or a little more. */
struct math_pair {
    double high;
    double low;
};

/* math_pair_sum: a + b exactly. */
MATH_INLINE struct math_pair math_pair_sum(double a, double b) {
    const double sum = a + b;
    const double b_part = sum - a;
    return (struct math_pair){sum, (a - (sum - b_part)) + (b - b_part)};
}

/* math_pair_product: a * b exactly, while both are below 2^990 and the product is above 2^-960. */
MATH_INLINE struct math_pair math_pair_product(double a, double b) {
    const double a_wide = a * 0x1.0000002p27;
    const double b_wide = b * 0x1.0000002p27;
    const double a_high = a_wide - (a_wide - a);
    const double b_high = b_wide - (b_wide - b);
    const double a_low = a - a_high;
    const double b_low = b - b_high;
    const double product = a * b;
    return (struct math_pair){product,
                              a_low * b_low - (((product - a_high * b_high) - a_low * b_high) - a_high * b_low)};
}

/* math_pair_log: of a positive finite x, to about 2^-64 of the result. */
static inline struct math_pair math_pair_log(double x) {
    const struct math_parts parts = math_split(x);
    const double f = parts.fraction;
    const double k = parts.exponent;
    /* s = f / (2 + f) */
    const struct math_pair below = math_pair_sum(2.0, f);
    const double s = f / below.high;
    const struct math_pair back = math_pair_product(s, below.high);
    const double s_low = ((f - back.high) - back.low - s * below.low) / below.high;
    /* 2 s (1 + z/3 + z^2/5 + ...), z = s^2: z/3 in a pair, the rest is small */
    const struct math_pair z = math_pair_product(s, s);
    const double z_low = z.low + 2.0 * s * s_low;
    const struct math_pair third = math_pair_product(z.high, 0x1.5555555555555p-2);
    double rest = 0.0;
    for (int n = 27; n >= 5; n -= 2)
        rest = (rest + 1.0 / n) * z.high;
    rest = rest * z.high + (third.low + z.high * 0x1.5555555555555p-56 + z_low * 0x1.5555555555555p-2);
    const struct math_pair bend = math_pair_sum(third.high, rest);
    const struct math_pair more = math_pair_product(s, bend.high);
    const struct math_pair sum = math_pair_sum(s, more.high);
    const double sum_low = sum.low + (more.low + s * bend.low + s_low * (1.0 + bend.high));
    /* + k ln 2, in parts whose products with k are exact */
    const struct math_pair first = math_pair_sum(k * 0x1.62e42fefa3800p-1, 2.0 * sum.high);
    const struct math_pair second = math_pair_sum(first.low, k * 0x1.ef35793c76000p-45);
    const double low = second.low + (2.0 * sum_low + k * 0x1.cc01f97b57a08p-87);
    const struct math_pair all = math_pair_sum(first.high, second.high);
    return math_pair_sum(all.high, all.low + low);
}

/* math_pair_exp: of a pair within -746..710, rounded once. */
static inline double math_pair_exp(struct math_pair x) {
    const double n = (x.high * 0x1.71547652b82fep+0 + MATH_TO_WHOLE) - MATH_TO_WHOLE;
    const struct math_pair cut = math_pair_sum(x.high - n * 0x1.62e42fefa3800p-1, -(n * 0x1.ef35793c76000p-45));
    const struct math_pair r = math_pair_sum(cut.high, cut.low + (x.low - n * 0x1.cc01f97b57a08p-87));
    const struct math_pair square = math_pair_product(r.high, r.high);
    double series = 0.0; /* r^3/6 + r^4/24 + ... */
    for (int i = 15; i >= 3; i--)
        series = (series + 1.0) * (r.high / i);
    series *= 0.5 * square.high;
    const struct math_pair one = math_pair_sum(1.0, r.high);
    const struct math_pair two = math_pair_sum(one.high, 0.5 * square.high);
    const double low = two.low + (one.low + (series + (r.low + r.high * r.low + 0.5 * square.low)));
    return math_scale(two.high + low, n);
}

static inline bool math_is_whole(double y) {
    return math_rint(y) == y;
}

static inline bool math_is_odd(double y) {
    return math_is_whole(y) && !math_is_whole(0.5 * y);
}

/* math_pow_beyond: the power where x or y is 0 or infinite (y not 0, neither NaN). */
static inline double math_pow_beyond(double x, double y) {
    const double size = math_abs(x);
    const bool infinite_y = math_abs(y) > 0x1.fffffffffffffp1023;
    if (infinite_y && size == 1.0)
        return 1.0;
    const bool grows = (size > 1.0) == (y > 0.0);
    const double result = grows ? INFINITY : 0.0;
    return !infinite_y && math_is_odd(y) ? math_copysign(result, x) : result;
}

static inline double math_pow(double x, double y) {
    if (y == 0.0 || x == 1.0)
        return 1.0;
    if (x != x || y != y)
        return x + y;
    const double size = math_abs(x);
    if (size == 0.0 || size > 0x1.fffffffffffffp1023 || math_abs(y) > 0x1.fffffffffffffp1023)
        return math_pow_beyond(x, y);
    if (x < 0.0 && !math_is_whole(y))
        return NAN;
    /* Beyond 2^64 every base but 1 overflows or vanishes; the smallest exponents give 1. */
    double exponent = math_abs(y) > 0x1p64 ? math_copysign(0x1p64, y) : y;
    exponent = math_abs(y) < 0x1p-70 ? math_copysign(0x1p-70, y) : exponent;
    const struct math_pair logarithm = math_pair_log(size);
    const struct math_pair product = math_pair_product(exponent, logarithm.high);
    const double high = product.high;
    double result;
    if (high > 710.0)
        result = INFINITY;
    else if (high < -746.0)
        result = 0.0;
    else
        result = math_pair_exp(math_pair_sum(high, product.low + exponent * logarithm.low));
    return x < 0.0 && math_is_odd(y) ? -result : result;
}

#endif
