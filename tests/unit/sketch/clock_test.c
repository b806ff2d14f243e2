#include "daemon/sketch/clock.h"

#include <check.h>
#include <stdlib.h>

static const uint64_t second = 1000000000u;
static const uint64_t start_ns = 77000000123u;
static struct sketch_clock sketch_clock_;

static void set_up(void) {
    sketch_clock_init(&sketch_clock_, start_ns);
}

START_TEST(time_goes_in_steps_of_a_frame) {
    ck_assert_double_eq(sketch_clock_time(&sketch_clock_, start_ns), 0);
    ck_assert_double_eq(sketch_clock_time(&sketch_clock_, start_ns + second / 60 - 100000), 0);
    ck_assert_double_eq(sketch_clock_time(&sketch_clock_, start_ns + second), 1);
    ck_assert_double_eq(sketch_clock_time(&sketch_clock_, start_ns + second / 2 + 1000), 0.5);
}
END_TEST

START_TEST(an_hour_of_ticks_does_not_drift) {
    uint64_t now = start_ns;
    for (uint64_t k = 1; k <= 60 * 3600; k++) {
        now = sketch_clock_next_ns(&sketch_clock_, now);
        ck_assert_uint_eq(sketch_clock_tick(&sketch_clock_, now), k);
    }
    ck_assert_uint_eq(now, start_ns + 3600 * second);
    ck_assert_double_eq(sketch_clock_time(&sketch_clock_, now), 3600);
}
END_TEST

START_TEST(a_late_look_skips_ticks_and_keeps_their_numbers) {
    ck_assert_uint_eq(sketch_clock_tick(&sketch_clock_, start_ns + 10 * second + 5), 600);
    ck_assert_uint_eq(sketch_clock_next_ns(&sketch_clock_, start_ns + second + 5), start_ns + second + 16666667);
}
END_TEST

START_TEST(a_change_goes_on_from_the_present_time) {
    struct sketch_clock_change slower = SKETCH_CLOCK_NO_CHANGE;
    slower.rate = 0.5;
    sketch_clock_change(&sketch_clock_, &slower, start_ns + 2 * second);
    ck_assert_double_eq(sketch_clock_time(&sketch_clock_, start_ns + 2 * second), 2);
    ck_assert_double_eq(sketch_clock_time(&sketch_clock_, start_ns + 4 * second), 3);
    struct sketch_clock_change pause = SKETCH_CLOCK_NO_CHANGE;
    pause.playing = 0;
    sketch_clock_change(&sketch_clock_, &pause, start_ns + 4 * second);
    ck_assert_double_eq(sketch_clock_time(&sketch_clock_, start_ns + 9 * second), 3);
    struct sketch_clock_change jump = SKETCH_CLOCK_NO_CHANGE;
    jump.t = 100;
    jump.playing = 1;
    jump.fps = 10;
    sketch_clock_change(&sketch_clock_, &jump, start_ns + 9 * second);
    ck_assert_double_eq(sketch_clock_time(&sketch_clock_, start_ns + 9 * second + second / 10), 100.05);
}
END_TEST

START_TEST(a_step_pauses_and_moves_by_whole_frames_but_not_before_zero) {
    sketch_clock_step(&sketch_clock_, 3, start_ns + second);
    ck_assert(!sketch_clock_.playing);
    ck_assert_double_eq_tol(sketch_clock_time(&sketch_clock_, start_ns + 5 * second), 1 + 3.0 / 60, 1e-12);
    sketch_clock_step(&sketch_clock_, -1, start_ns + 6 * second);
    ck_assert_double_eq_tol(sketch_clock_time(&sketch_clock_, start_ns + 6 * second), 1 + 2.0 / 60, 1e-12);
    sketch_clock_step(&sketch_clock_, -1000, start_ns + 7 * second);
    ck_assert_double_eq(sketch_clock_time(&sketch_clock_, start_ns + 8 * second), 0);
}
END_TEST

START_TEST(any_rate_of_frames_falls_on_its_own_ticks) {
    static const double rates[] = {1, 7, 24, 29.97, 50, 59.94, 60, 144, 240, 1000};
    struct sketch_clock_change change = SKETCH_CLOCK_NO_CHANGE;
    change.fps = rates[_i];
    sketch_clock_change(&sketch_clock_, &change, start_ns);
    uint64_t now = start_ns;
    for (uint64_t k = 1; k <= 5000; k++) {
        now = sketch_clock_next_ns(&sketch_clock_, now);
        ck_assert_uint_eq(sketch_clock_tick(&sketch_clock_, now), k);
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("clock");
    TCase *tests = tcase_create("clock");
    tcase_add_checked_fixture(tests, set_up, NULL);
    tcase_add_test(tests, time_goes_in_steps_of_a_frame);
    tcase_add_test(tests, an_hour_of_ticks_does_not_drift);
    tcase_add_test(tests, a_late_look_skips_ticks_and_keeps_their_numbers);
    tcase_add_test(tests, a_change_goes_on_from_the_present_time);
    tcase_add_test(tests, a_step_pauses_and_moves_by_whole_frames_but_not_before_zero);
    tcase_add_loop_test(tests, any_rate_of_frames_falls_on_its_own_ticks, 0, 10);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
