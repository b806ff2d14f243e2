/* The elementary functions against the C library's in long double, over many arguments, special cases and instruction
 * sets. */
#include "daemon/kernel/math/elementary.h"
#include "daemon/kernel/math/power.h"

#include <check.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

enum { SAMPLES = 200000 };

/* SplitMix64: the same arguments in every run. */
static uint64_t random_bits(uint64_t *state) {
    uint64_t z = *state += 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

static double random_between(uint64_t *state, double low, double high) {
    return low + (high - low) * ((double)(random_bits(state) >> 11) * 0x1p-53);
}

/* Error of got in units of the last place of what it should be. */
static double ulps(double got, long double exact) {
    const double nearest = (double)exact;
    if (got == nearest || (got != got && nearest != nearest))
        return 0.0;
    int exponent;
    frexp(nearest, &exponent);
    const double unit = ldexp(1.0, exponent - 53 < -1074 ? -1074 : exponent - 53);
    return (double)(fabsl((long double)got - exact) / (long double)unit);
}

static double worst_of(double (*ours)(double), long double (*exact)(long double), double low, double high) {
    uint64_t state = 1;
    double worst = 0.0;
    for (int i = 0; i < SAMPLES; i++) {
        const double x = random_between(&state, low, high);
        const double error = ulps(ours(x), exact((long double)x));
        worst = error > worst ? error : worst;
    }
    return worst;
}

static double inlined_sin(double x) {
    return math_sin(x);
}
static double inlined_cos(double x) {
    return math_cos(x);
}
static double inlined_acos(double x) {
    return math_acos(x);
}
static double inlined_exp(double x) {
    return math_exp(x);
}
static double inlined_log(double x) {
    return math_log(x);
}

START_TEST(sine_and_cosine_are_within_one_ulp_up_to_a_hundred_million) {
    const double ranges[] = {1e-3, 0.8, 7.0, 1e3, 1e6, 1e8};
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++) {
        ck_assert_double_lt(worst_of(inlined_sin, sinl, -ranges[i], ranges[i]), 1.0);
        ck_assert_double_lt(worst_of(inlined_cos, cosl, -ranges[i], ranges[i]), 1.0);
    }
}
END_TEST

START_TEST(sine_keeps_its_accuracy_next_to_multiples_of_pi) {
    for (int i = -1000; i <= 1000; i++) {
        const double x = i * 31830.0 * MATH_PI; /* up to 1e8 */
        ck_assert_double_lt(ulps(math_sin(x), sinl((long double)x)), 1.0);
        ck_assert_double_lt(ulps(math_cos(x + MATH_PI / 2), cosl((long double)(x + MATH_PI / 2))), 1.0);
    }
}
END_TEST

START_TEST(the_exported_sine_takes_angles_of_any_size) {
    uint64_t state = 2;
    for (int i = 0; i < SAMPLES; i++) {
        const double x = math_from_bits(random_bits(&state) & 0xbfffffffffffffffu) * 0x1p520; /* up to 2^521 */
        ck_assert_double_lt(fabs(sin(x) * sin(x) + cos(x) * cos(x) - 1.0), 1e-15);
        if (fabs(x) < 0x1p62) { /* what the x87 reduction of sinl is good for */
            ck_assert_double_lt(ulps(sin(x), sinl((long double)x)), 1.0);
            ck_assert_double_lt(ulps(cos(x), cosl((long double)x)), 1.0);
        }
    }
    /* Known to many digits (Muller et al., Handbook of Floating-Point Arithmetic): the hardest double of all. */
    const double hardest = 6381956970095103.0 * 0x1p797;
    ck_assert_double_lt(ulps(cos(hardest), -4.68716592425462761112e-19L), 1.0);
    ck_assert_double_lt(ulps(sin(1e22), -0.852200849767188801772705893753L), 1.0);
}
END_TEST

START_TEST(arctangent_of_two_is_within_two_ulps_in_every_direction) {
    uint64_t state = 3;
    for (int i = 0; i < SAMPLES; i++) {
        const double scale = ldexp(1.0, (int)(random_bits(&state) % 600) - 300);
        const double y = scale * random_between(&state, -1, 1);
        const double x = scale * random_between(&state, -1, 1);
        ck_assert_double_lt(ulps(math_atan2(y, x), atan2l((long double)y, (long double)x)), 2.0);
        ck_assert_double_lt(ulps(math_atan2(y * 1e-9, x), atan2l((long double)(y * 1e-9), (long double)x)), 2.0);
    }
}
END_TEST

START_TEST(arccosine_is_within_two_and_a_half_ulps) {
    ck_assert_double_lt(worst_of(inlined_acos, acosl, -1, 1), 2.5);
    ck_assert_double_lt(worst_of(inlined_acos, acosl, 0.999999, 1), 2.5);
    ck_assert_double_eq(math_acos(1.0), 0.0);
    ck_assert_double_eq(math_acos(-1.0), MATH_PI);
    ck_assert(isnan(math_acos(1.5)));
}
END_TEST

START_TEST(exponential_and_logarithm_are_within_one_ulp) {
    ck_assert_double_lt(worst_of(inlined_exp, expl, -1, 1), 1.0);
    ck_assert_double_lt(worst_of(inlined_exp, expl, -745, 709.7), 1.0);
    ck_assert_double_lt(worst_of(inlined_log, logl, 0.5, 2), 1.0);
    ck_assert_double_lt(worst_of(inlined_log, logl, 0, 1e300), 1.0);
    ck_assert_double_lt(worst_of(inlined_log, logl, 0, 1e-307), 1.0);
}
END_TEST

START_TEST(powers_are_nearest_and_exact_where_a_double_can_be) {
    uint64_t state = 4;
    for (int i = 0; i < SAMPLES; i++) {
        const double x = math_exp(random_between(&state, -40, 40));
        const double y = random_between(&state, -17, 17);
        ck_assert_double_lt(ulps(math_pow(x, y), powl((long double)x, (long double)y)), 0.6);
    }
    for (int i = 0; i <= 22; i++) {
        char text[32];
        snprintf(text, sizeof text, "1e%d", i);
        ck_assert_double_eq(math_pow(10.0, i), strtod(text, NULL));
        ck_assert_double_eq(math_pow(-3.0, i), (i % 2 ? -1 : 1) * (double)powl(3.0L, i));
        ck_assert_double_eq(math_pow(i * i, 0.5), i);
    }
    ck_assert_double_eq(math_pow(2.0, -1074.0), 0x1p-1074);
    ck_assert_double_eq(math_pow(2.0, 1023.0), 0x1p1023);
}
END_TEST

/* Equal, or both NaN; and of the same sign. */
static void same(double a, double b) {
    ck_assert_msg((a != a && b != b) || (a == b && signbit(a) == signbit(b)), "%a is not %a", a, b);
}

static const double specials[] = {0.0,  -0.0,  1.0,   -1.0,   0.5,      -0.5,      2.0, -2.0,      3.0,        -3.0,
                                  1e17, -1e17, 1e300, -1e300, INFINITY, -INFINITY, NAN, 0x1p-1074, -0x1p-1074, 1e-310};
enum { SPECIALS = sizeof specials / sizeof specials[0] };

START_TEST(special_values_are_those_of_the_standard) {
    for (int i = 0; i < SPECIALS; i++) {
        const double x = specials[i];
        ck_assert_double_lt(isfinite(expl(x)) && isfinite(exp(x)) ? ulps(exp(x), expl(x)) : 0, 1.0);
        same(isfinite(exp(x)) ? 0 : exp(x), isfinite((double)expl(x)) ? 0 : (double)expl(x));
        ck_assert_double_lt(isfinite(logl(x)) ? ulps(log(x), logl(x)) : 0, 1.0);
        same(isfinite(logl(x)) ? 0 : log(x), isfinite(logl(x)) ? 0 : (double)logl(x));
        same(isinf(x) ? sin(x) : 0, isinf(x) ? (double)NAN : 0);
        for (int j = 0; j < SPECIALS; j++) {
            const double y = specials[j];
            if (isnan(x) || isnan(y)) {
                ck_assert(isnan(atan2(x, y)));
            } else {
                ck_assert_double_lt(ulps(atan2(x, y), atan2l(x, y)), 2.0);
                ck_assert_int_eq(!!signbit(atan2(x, y)), !!signbit(atan2l(x, y)));
            }
            same(pow(x, y), (double)powl(x, y));
        }
    }
    same(sin(-0.0), -0.0);
    same(log(-1.0), NAN);
    same(log(0.0), -INFINITY);
    same(math_rint(-0.2), -0.0);
    same(math_rint(2.5), 2.0);
    same(math_rint(-3.5), -4.0);
    same(math_rint(0x1p53), 0x1p53);
    same(math_floor(-2.5), -3.0);
    same(math_floor(7.0), 7.0);
}
END_TEST

START_TEST(libraries_that_call_the_c_librarys_names_get_these) {
    static const char *const names[] = {"sin", "cos", "sincos", "atan2", "pow", "exp", "log"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const void *found = dlsym(RTLD_DEFAULT, names[i]), *other = dlsym(RTLD_NEXT, names[i]);
        ck_assert_msg(found != NULL && found != other, "%s", names[i]);
    }
}
END_TEST

START_TEST(sine_and_cosine_stay_finite_beyond_their_range) {
    for (double x = 1e8; x < 1e308; x *= 7.0) {
        ck_assert_double_le(math_abs(math_sin(x)), 1.0);
        ck_assert_double_le(math_abs(math_cos(x)), 1.0);
    }
}
END_TEST

enum { VECTOR = 4096 };
static double arguments[VECTOR];

#define VECTOR_LOOP(name, attributes)                                                                                  \
    attributes static void name(double out[7][VECTOR]) {                                                               \
        for (int i = 0; i < VECTOR; i++) {                                                                             \
            const double x = arguments[i];                                                                             \
            math_sincos(x, &out[0][i], &out[1][i]);                                                                    \
            out[2][i] = math_atan2(x, 30.0);                                                                           \
            out[3][i] = math_acos(x * 1e-3);                                                                           \
            out[4][i] = math_exp(x);                                                                                   \
            out[5][i] = math_log(x);                                                                                   \
            out[6][i] = math_floor(x);                                                                                 \
        }                                                                                                              \
    }
VECTOR_LOOP(loop_base, __attribute__((noinline)))
#ifdef __x86_64__
VECTOR_LOOP(loop_v3, __attribute__((noinline, target("avx,avx2,fma,bmi,bmi2"))))

START_TEST(every_instruction_set_gives_the_same_bits) {
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma"))
        return;
    static double base[7][VECTOR], v3[7][VECTOR];
    uint64_t state = 5;
    for (int i = 0; i < VECTOR; i++)
        arguments[i] = random_between(&state, -1000, 1000);
    loop_base(base);
    loop_v3(v3);
    ck_assert_mem_eq(base, v3, sizeof base);
}
END_TEST
#endif

int main(void) {
    Suite *suite = suite_create("elementary");
    TCase *tests = tcase_create("elementary");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, sine_and_cosine_are_within_one_ulp_up_to_a_hundred_million);
    tcase_add_test(tests, sine_keeps_its_accuracy_next_to_multiples_of_pi);
    tcase_add_test(tests, the_exported_sine_takes_angles_of_any_size);
    tcase_add_test(tests, arctangent_of_two_is_within_two_ulps_in_every_direction);
    tcase_add_test(tests, arccosine_is_within_two_and_a_half_ulps);
    tcase_add_test(tests, exponential_and_logarithm_are_within_one_ulp);
    tcase_add_test(tests, powers_are_nearest_and_exact_where_a_double_can_be);
    tcase_add_test(tests, special_values_are_those_of_the_standard);
    tcase_add_test(tests, libraries_that_call_the_c_librarys_names_get_these);
    tcase_add_test(tests, sine_and_cosine_stay_finite_beyond_their_range);
#ifdef __x86_64__
    tcase_add_test(tests, every_instruction_set_gives_the_same_bits);
#endif
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
