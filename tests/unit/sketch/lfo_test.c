#include "daemon/sketch/lfo.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>

static struct lfo make(enum lfo_wave wave) {
    struct lfo lfo;
    lfo_defaults(&lfo);
    lfo.wave = wave;
    ck_assert_int_eq(lfo_init(&lfo, NULL), 0);
    return lfo;
}

static const struct {
    enum lfo_wave wave;
    double t, value;
} waves[] = {
    {LFO_SINE, 0, 0.5},          {LFO_SINE, 0.25, 1},          {LFO_SINE, 0.75, 0},
    {LFO_TRIANGLE, 0, 0},        {LFO_TRIANGLE, 0.25, 0.5},    {LFO_TRIANGLE, 0.5, 1},
    {LFO_TRIANGLE, 0.75, 0.5},   {LFO_SAW_UP, 0, 0},           {LFO_SAW_UP, 0.25, 0.25},
    {LFO_SAW_DOWN, 0, 1},        {LFO_SAW_DOWN, 0.25, 0.75},   {LFO_SQUARE, 0, 1},
    {LFO_SQUARE, 0.49, 1},       {LFO_SQUARE, 0.5, 0},         {LFO_PULSE, 0.49, 1},
    {LFO_PULSE, 0.5, 0},         {LFO_TRIANGLE, -0.75, 0.5},   {LFO_SAW_UP, -0.25, 0.75},
    {LFO_SAMPLE_HOLD, 0.5, 0.8833108082136426}, {LFO_SAMPLE_HOLD, 1.5, 0.5665615751722809},
    {LFO_SAMPLE_HOLD, -0.5, 0.8939429202831845}, {LFO_PERLIN, 0, 0.5}, {LFO_PERLIN, 0.5, 0.5},
    {LFO_PERLIN, 1.25, 0.5418526785714286},
};

START_TEST(each_wave_has_the_values_of_its_definition) {
    struct lfo lfo = make(waves[_i].wave);
    ck_assert_double_eq_tol(lfo_value(&lfo, waves[_i].t), waves[_i].value, 1e-15);
}
END_TEST

START_TEST(sample_and_hold_draws_by_its_seed) {
    struct lfo lfo = make(LFO_SAMPLE_HOLD);
    lfo.seed = 7;
    ck_assert_double_eq(lfo_value(&lfo, 0), 0.3898297483912715);
    ck_assert_double_eq(lfo_value(&lfo, 1), 0.7398170143550824);
}
END_TEST

START_TEST(the_noise_table_is_shuffled_by_its_seed) {
    static const uint8_t zero[] = {146, 30, 16, 50, 22, 82, 2, 26};
    static const uint8_t seven[] = {1, 221, 75, 23, 158, 93, 147, 63};
    struct lfo lfo = make(LFO_PERLIN);
    for (size_t i = 0; i < sizeof zero; i++)
        ck_assert_uint_eq(lfo.table[i], zero[i]);
    lfo.seed = 7;
    ck_assert_int_eq(lfo_init(&lfo, NULL), 0);
    for (size_t i = 0; i < sizeof seven; i++)
        ck_assert_uint_eq(lfo.table[i], seven[i]);
}
END_TEST

START_TEST(skew_keeps_both_ends_and_does_nothing_at_zero) {
    struct lfo plain = make(LFO_SAW_UP);
    struct lfo bent = plain;
    bent.skew = 0.5; /* gamma = 4^.5 = 2 */
    ck_assert_double_eq(lfo_value(&bent, 0), lfo_value(&plain, 0));
    ck_assert_double_eq_tol(lfo_value(&bent, 0.5), 0.25, 1e-15);
    bent.skew = -7; /* clamped to -1: gamma = 1/4 */
    ck_assert_double_eq_tol(lfo_value(&bent, 0.0625), 0.5, 1e-12);
}
END_TEST

START_TEST(values_stay_within_lo_and_hi_at_any_time) {
    for (int wave = 0; wave < LFO_WAVES; wave++) {
        struct lfo lfo = make((enum lfo_wave)wave);
        lfo.lo = -3;
        lfo.hi = 11;
        lfo.phase = 0.3;
        static const double times[] = {0, 1e-9, 0.1, 1e6, -1e6, 1e18, -1e18, 1e300, -1e300, INFINITY, NAN};
        for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
            double value = lfo_value(&lfo, times[i]);
            ck_assert(value >= -3 && value <= 11);
        }
    }
}
END_TEST

START_TEST(settings_without_meaning_are_refused) {
    struct lfo lfo;
#define REFUSED(wave_, ...)                                                                                            \
    do {                                                                                                               \
        struct px_error error = {0};                                                                                   \
        lfo_defaults(&lfo);                                                                                            \
        lfo.wave = wave_;                                                                                              \
        __VA_ARGS__;                                                                                                   \
        ck_assert_int_eq(lfo_init(&lfo, &error), PX_E_RANGE);                                                          \
    } while (0)
    REFUSED(LFO_SINE, lfo.freq = 0);
    REFUSED(LFO_SINE, lfo.freq = -1);
    REFUSED(LFO_SINE, lfo.freq = NAN);
    REFUSED(LFO_SINE, lfo.hi = lfo.lo);
    REFUSED(LFO_SINE, lfo.phase = INFINITY);
    REFUSED(LFO_PULSE, lfo.pulse_width = 1);
    REFUSED(LFO_PERLIN, lfo.octaves = 0);
    REFUSED(LFO_PERLIN, lfo.lacunarity = 0.5);
    REFUSED(LFO_PERLIN, lfo.persistence = 1.5);
    lfo_defaults(&lfo);
    lfo.pulse_width = 2; /* means nothing to a sine */
    ck_assert_int_eq(lfo_init(&lfo, NULL), 0);
}
END_TEST

START_TEST(waves_are_named_in_any_case) {
    ck_assert_int_eq(lfo_wave_named("SINE"), LFO_SINE);
    ck_assert_int_eq(lfo_wave_named("Saw_Up"), LFO_SAW_UP);
    ck_assert_int_eq(lfo_wave_named("sinus"), -1);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("lfo");
    TCase *tests = tcase_create("lfo");
    tcase_add_loop_test(tests, each_wave_has_the_values_of_its_definition, 0, sizeof waves / sizeof waves[0]);
    tcase_add_test(tests, sample_and_hold_draws_by_its_seed);
    tcase_add_test(tests, the_noise_table_is_shuffled_by_its_seed);
    tcase_add_test(tests, skew_keeps_both_ends_and_does_nothing_at_zero);
    tcase_add_test(tests, values_stay_within_lo_and_hi_at_any_time);
    tcase_add_test(tests, settings_without_meaning_are_refused);
    tcase_add_test(tests, waves_are_named_in_any_case);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
