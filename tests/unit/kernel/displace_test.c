/* displace_test.c: the noise is continuous, centred and of a stated size, near the origin and far from it. */
#include "tests/unit/kernel/run.h"

#include <math.h>

enum { COUNT = 200000 };

/* Vertices on a line from a to b in one polyline. */
static struct px_geometry along(const double a[3], const double b[3], size_t n) {
    static float coords[3 * COUNT];
    static int32_t offsets[2];
    for (size_t i = 0; i < n; i++) {
        for (size_t axis = 0; axis < 3; axis++)
            coords[3 * i + axis] = (float)(a[axis] + (b[axis] - a[axis]) * (double)i / (double)(n - 1));
    }
    offsets[1] = (int32_t)n;
    return (struct px_geometry){coords, offsets, n, 1};
}

static struct ran displaced(const struct px_geometry *in, double amplitude, double frequency, double t_sec) {
    struct run_state run;
    run_open(&run);
    run_add(&run, KERNEL_EFFECT, "displace");
    run_set(&run, "amplitude_mm", amplitude);
    run_set(&run, "spatial_freq", frequency);
    run_set(&run, "t_sec", t_sec);
    struct ran ran = run_it(&run, in);
    ck_assert_int_eq(ran.code, 0);
    run_close(&run);
    return ran;
}

START_TEST(neighbours_stay_neighbours_across_cells) {
    static const double ends[][2][3] = {{{-3, -2, 1}, {3, 5, -2}},
                                        {{-1e-3, 0, 0}, {1e-3, 0, 0}},
                                        {{-2, -2, -2}, {2, 2, 2}},
                                        {{7, -9, 0.5}, {9, -7, 0.5}}};
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        const struct px_geometry in = along(ends[i][0], ends[i][1], COUNT);
        struct ran ran = displaced(&in, 1, 1, 0.123);
        for (size_t v = 1; v < COUNT; v++) {
            double step = 0, moved = 0;
            for (size_t axis = 0; axis < 3; axis++) {
                const double before = (double)in.coords[3 * v + axis] - (double)in.coords[3 * v - 3 + axis];
                const double after =
                    (double)ran.output.coords[3 * v + axis] - (double)ran.output.coords[3 * v - 3 + axis];
                step += before * before;
                moved += (after - before) * (after - before);
            }
            /* The gradient of the noise is below 5 per component; 1e-5 is what float32 leaves. */
            ck_assert_double_lt(sqrt(moved), 9 * sqrt(step) + 1e-5);
        }
        ran_free(&ran);
    }
}
END_TEST

START_TEST(noise_is_centred_and_of_the_recorded_size) {
    static float coords[3 * COUNT];
    int32_t offsets[2] = {0, COUNT};
    uint64_t state = 3;
    for (size_t i = 0; i < 3 * COUNT; i++)
        coords[i] = (float)run_between(&state, -2000, 2000);
    const struct px_geometry in = {coords, offsets, COUNT, 1};
    struct ran ran = displaced(&in, 8, 0.04, 0);
    for (size_t axis = 0; axis < 3; axis++) {
        double sum = 0, square = 0, greatest = 0;
        for (size_t i = axis; i < 3 * COUNT; i += 3) {
            const double shift = (double)ran.output.coords[i] - (double)coords[i];
            sum += shift;
            square += shift * shift;
            greatest = fabs(shift) > greatest ? fabs(shift) : greatest;
        }
        ck_assert_double_lt(fabs(sum / COUNT), 0.05);
        const double deviation = sqrt(square / COUNT);
        ck_assert_msg(deviation > 1.5 && deviation < 2.6, "deviation %g", deviation);
        ck_assert_msg(greatest > 5.0 && greatest < 8.4, "greatest %g", greatest);
    }
    ran_free(&ran);
}
END_TEST

START_TEST(the_three_axes_move_independently) {
    const struct px_geometry in = along((const double[3]){0, 0, 0}, (const double[3]){900, 700, 500}, COUNT);
    struct ran ran = displaced(&in, 1, 0.3, 0);
    double dot[3] = {0}, square[3] = {0};
    for (size_t i = 0; i < COUNT; i++) {
        double shift[3];
        for (size_t axis = 0; axis < 3; axis++)
            shift[axis] = (double)ran.output.coords[3 * i + axis] - (double)in.coords[3 * i + axis];
        for (size_t axis = 0; axis < 3; axis++) {
            dot[axis] += shift[axis] * shift[(axis + 1) % 3];
            square[axis] += shift[axis] * shift[axis];
        }
    }
    for (size_t axis = 0; axis < 3; axis++)
        ck_assert_double_lt(fabs(dot[axis]) / sqrt(square[axis] * square[(axis + 1) % 3]), 0.25);
    ran_free(&ran);
}
END_TEST

START_TEST(time_moves_the_noise_smoothly) {
    const struct px_geometry in = along((const double[3]){0, 0, 0}, (const double[3]){100, 80, 60}, 1000);
    struct ran a = displaced(&in, 8, 0.04, 3.0), b = displaced(&in, 8, 0.04, 3.0005);
    double greatest = 0;
    for (size_t i = 0; i < 3000; i++)
        greatest = fmax(greatest, fabs((double)a.output.coords[i] - (double)b.output.coords[i]));
    ck_assert_msg(greatest > 1e-4 && greatest < 0.3, "%g", greatest);
    ran_free(&a);
    ran_free(&b);
}
END_TEST

START_TEST(far_and_extreme_arguments_stay_finite) {
    static float coords[] = {3e38f, -3e38f, 1e30f, 1e9f, -1e12f, 5, 0, -0.0f, 1e-40f};
    static int32_t offsets[] = {0, 3};
    const struct px_geometry in = {coords, offsets, 3, 1};
    const double frequencies[] = {1e-3, 1, 1e9, 1e300};
    for (size_t i = 0; i < 4; i++) {
        struct ran ran = displaced(&in, 8, frequencies[i], 1e6);
        const struct px_geometry result = ran_geometry(&ran);
        ck_assert_int_eq(px_geometry_check(&result, NULL, NULL), 0);
        ran_free(&ran);
    }
}
END_TEST

/* Greatest shift in x of the vertices with x below or above the middle. */
static double greatest_shift(const struct px_geometry *in, const struct ran *ran, size_t begin, size_t end) {
    double greatest = 0;
    for (size_t i = begin; i < end; i++)
        greatest = fmax(greatest, fabs((double)ran->output.coords[3 * i] - (double)in->coords[3 * i]));
    return greatest;
}

START_TEST(an_amplitude_gradient_grows_along_the_box_between_its_floor_and_ceiling) {
    const struct px_geometry in = along((const double[3]){0, 0, 0}, (const double[3]){5000, 300, 700}, 20000);
    struct run_state run;
    run_open(&run);
    run_add(&run, KERNEL_EFFECT, "displace");
    run_set(&run, "amplitude_gradient", 4);
    struct ran ran = run_it(&run, &in), even = displaced(&in, 8, 0.04, 0);
    /* F = .1 at the low end (1 + 4 (t - 1/2) < 0 up to t = 1/4), 1 in the middle, 2 from about t = .78 on. */
    ck_assert_double_eq_tol(greatest_shift(&in, &ran, 0, 5000), 0.1 * greatest_shift(&in, &even, 0, 5000), 2e-3);
    ck_assert_double_eq_tol(greatest_shift(&in, &ran, 16000, 20000), 2 * greatest_shift(&in, &even, 16000, 20000),
                            2e-3);
    ran_free(&ran);
    ran_free(&even);
    run_close(&run);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("displace");
    TCase *tests = tcase_create("displace");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, neighbours_stay_neighbours_across_cells);
    tcase_add_test(tests, noise_is_centred_and_of_the_recorded_size);
    tcase_add_test(tests, the_three_axes_move_independently);
    tcase_add_test(tests, time_moves_the_noise_smoothly);
    tcase_add_test(tests, far_and_extreme_arguments_stay_finite);
    tcase_add_test(tests, an_amplitude_gradient_grows_along_the_box_between_its_floor_and_ceiling);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
