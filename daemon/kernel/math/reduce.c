/* reduce.c: argument reduction with as many bits of 2/pi as the argument asks for.
 *
 * Source  Payne and Hanek, "Radian reduction for trigonometric functions", 1983: of 2/pi only the 256 bits matter whose
 *         products with the argument are not multiples of 4 quadrants.
 */
#include "daemon/kernel/math/reduce.h"

#include "daemon/kernel/math/power.h"

/* 2/pi, 1280 bits after the point, highest first. */
static const uint64_t two_over_pi[] = {
    0xa2f9836e4e441529, 0xfc2757d1f534ddc0, 0xdb6295993c439041, 0xfe5163abdebbc561, 0xb7246e3a424dd2e0,
    0x06492eea09d1921c, 0xfe1deb1cb129a73e, 0xe88235f52ebb4484, 0xe99c7026b45f7e41, 0x3991d639835339f4,
    0x9c845f8bbdf9283b, 0x1ff897ffde05980f, 0xef2f118b5a0a6d1f, 0x6d367ecf27cb09b7, 0x4f463f669e5fea2d,
    0x7527bac7ebe5f17b, 0x3d0739f78a5292ea, 0x6bfb5fb11f8d5d08, 0x56033046fc7b6bab, 0xf0cfbc209af4361d,
};

static uint64_t word_at(long index) {
    return index < 0 ? 0 : two_over_pi[index];
}

/* 64 bits of 2/pi from the given bit after the point on; bits before the point are 0. */
static uint64_t bits_from(long position) {
    const long index = (position + 64) / 64 - 1; /* position >= -64 */
    const unsigned shift = (unsigned)((position + 64) % 64);
    const uint64_t head = word_at(index) << shift;
    return shift == 0 ? head : head | word_at(index + 1) >> (64 - shift);
}

/* words = mantissa * window modulo 2^256, highest first. */
static void multiply(uint64_t mantissa, long position, uint64_t words[4]) {
    unsigned __int128 carry = 0;
    for (int i = 3; i >= 0; i--) {
        carry += (unsigned __int128)mantissa * bits_from(position + 64L * i);
        words[i] = (uint64_t)carry;
        carry >>= 64;
    }
}

static void negate(uint64_t words[4]) {
    uint64_t carry = 1;
    for (int i = 3; i >= 0; i--) {
        words[i] = ~words[i] + carry;
        carry = carry != 0 && words[i] == 0;
    }
}

static struct math_angle reduce_far(double x) {
    const uint64_t bits = math_bits(x);
    const long exponent = (long)((bits >> 52) & 0x7ff) - 1075; /* x = mantissa 2^exponent, exponent >= -26 */
    const uint64_t mantissa = (bits & 0x000fffffffffffffu) | 0x0010000000000000u;
    uint64_t words[4]; /* x 2/pi modulo 4, in units of 2^-254 */
    multiply(mantissa, exponent - 2, words);
    uint64_t quadrant = words[0] >> 62;
    const bool upper = (words[0] >> 61 & 1) != 0; /* nearer to the next quadrant */
    words[0] = words[0] << 2 >> 2;
    if (upper) {
        quadrant += 1;
        words[0] |= 0xc000000000000000u;
        negate(words);
    }
    /* At most 2^253, and never below about 2^192: three words say enough. */
    const struct math_pair upper_words =
        math_pair_sum((double)(words[0] >> 32) * 0x1p-30, (double)(words[0] & 0xffffffffu) * 0x1p-62);
    const struct math_pair middle = math_pair_sum(upper_words.high, (double)(words[1] >> 11) * 0x1p-115);
    const struct math_pair part = math_pair_sum(
        middle.high, middle.low + upper_words.low + (double)((words[1] & 0x7ffu) << 42 | words[2] >> 22) * 0x1p-168);
    const struct math_pair product = math_pair_product(part.high, 0x1.921fb54442d18p+0);
    const struct math_pair angle = math_pair_sum(
        product.high, product.low + (part.high * 0x1.1a62633145c07p-54 + part.low * 0x1.921fb54442d18p+0));
    const double sign = upper ? -1.0 : 1.0;
    const bool negative = bits >> 63 != 0;
    return (struct math_angle){
        .quadrant = negative ? 0u - quadrant : quadrant,
        .high = negative ? -sign * angle.high : sign * angle.high,
        .low = negative ? -sign * angle.low : sign * angle.low,
    };
}

struct math_angle math_reduce_any(double x) {
    const double size = math_abs(x);
    return size > MATH_ANGLE_MAX && size <= 0x1.fffffffffffffp1023 ? reduce_far(x) : math_reduce(x);
}
