#include "daemon/host/stats.h"

#include <check.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>

static struct histogram histogram;

static void clear(void) {
    histogram_clear(&histogram);
}

static void assert_within(double got, double expected, double share) {
    ck_assert_msg(fabs(got - expected) <= share * expected, "%g is not within %g of %g", got, share, expected);
}

START_TEST(an_empty_histogram_has_only_zeros) {
    struct histogram_summary summary = histogram_summarise(&histogram);
    ck_assert_uint_eq(summary.count, 0);
    ck_assert_double_eq(summary.p99_ms, 0);
    ck_assert_double_eq(summary.max_ms, 0);
}
END_TEST

START_TEST(quantiles_of_even_times_are_within_five_percent) {
    for (uint64_t us = 1; us <= 10000; us++)
        histogram_add(&histogram, us * 1000);
    struct histogram_summary summary = histogram_summarise(&histogram);
    ck_assert_uint_eq(summary.count, 10000);
    assert_within(summary.mean_ms, 5.0005, 1e-9);
    assert_within(summary.p50_ms, 5.0, 0.05);
    assert_within(summary.p95_ms, 9.5, 0.05);
    assert_within(summary.p99_ms, 9.9, 0.05);
    ck_assert_double_eq(summary.max_ms, 10.0);
}
END_TEST

START_TEST(one_time_is_every_quantile_within_five_percent_at_any_scale) {
    for (double ns = 100; ns < 100e9; ns *= 1.037) {
        histogram_clear(&histogram);
        for (int i = 0; i < 3; i++)
            histogram_add(&histogram, (uint64_t)ns);
        struct histogram_summary summary = histogram_summarise(&histogram);
        assert_within(summary.p50_ms, floor(ns) / 1e6, 0.05);
        assert_within(summary.p99_ms, floor(ns) / 1e6, 0.07); /* the whole width of a bucket, at its beginning */
        ck_assert_double_le(summary.p99_ms, summary.max_ms);
    }
}
END_TEST

START_TEST(times_out_of_range_are_counted_at_the_ends) {
    histogram_add(&histogram, 0);
    histogram_add(&histogram, UINT64_MAX / 4);
    ck_assert_uint_eq(atomic_load(&histogram.bucket[0]), 1);
    ck_assert_uint_eq(atomic_load(&histogram.bucket[HISTOGRAM_BUCKETS - 1]), 1);
}
END_TEST

static void *add_many(void *argument) {
    (void)argument;
    for (uint64_t i = 0; i < 10000; i++)
        histogram_add(&histogram, 1000 + i);
    return NULL;
}

START_TEST(threads_add_without_losing_any) {
    pthread_t threads[3];
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, add_many, NULL), 0);
    histogram_summarise(&histogram);
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    ck_assert_uint_eq(histogram_summarise(&histogram).count, 30000);
    ck_assert_uint_eq(atomic_load(&histogram.max_ns), 10999);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("host/stats");
    TCase *tests = tcase_create("stats");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, clear, NULL);
    tcase_add_test(tests, an_empty_histogram_has_only_zeros);
    tcase_add_test(tests, quantiles_of_even_times_are_within_five_percent);
    tcase_add_test(tests, one_time_is_every_quantile_within_five_percent_at_any_scale);
    tcase_add_test(tests, times_out_of_range_are_counted_at_the_ends);
    tcase_add_test(tests, threads_add_without_losing_any);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
