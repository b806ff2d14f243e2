/* plane_test.c: the plane of a line, and of everything. */
#include "daemon/kernel/math/plane.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>

START_TEST(laying_flat_and_raising_gives_the_point_back) {
    static const float line[] = {1, 2, 3, 4, -2, 5, -3, 6, 1};
    struct plane plane = plane_of_line(line, 3);
    double xy[6];
    plane_flatten(&plane, line, 3, xy);
    for (int i = 0; i < 3; i++) {
        float back[3];
        plane_raise(&plane, xy[2 * i], xy[2 * i + 1], back);
        for (int axis = 0; axis < 3; axis++)
            ck_assert_double_eq_tol((double)back[axis], (double)line[3 * i + axis], 1e-5);
    }
    ck_assert_double_le(plane_height(&plane, line, 3), 1e-12);
}
END_TEST

START_TEST(distances_in_the_plane_are_those_in_space) {
    static const float line[] = {1, 2, 3, 4, -2, 5, -3, 6, 1};
    struct plane plane = plane_of_line(line, 3);
    double xy[6];
    plane_flatten(&plane, line, 3, xy);
    ck_assert_double_eq_tol(hypot(xy[2] - xy[0], xy[3] - xy[1]), sqrt(9 + 16 + 4), 1e-9);
}
END_TEST

START_TEST(a_level_line_is_not_turned_whichever_way_it_runs) {
    static const float up[] = {0, 0, 7, 1, 0, 7, 1, 1, 7}, down[] = {0, 0, 7, 0, 1, 7, 1, 1, 7};
    const float *lines[] = {up, down};
    for (int i = 0; i < 2; i++) {
        struct plane plane = plane_of_line(lines[i], 3);
        for (int row = 0; row < 3; row++)
            for (int column = 0; column < 3; column++)
                ck_assert_double_eq(plane.turn[row][column], row == column ? 1 : 0);
        ck_assert_double_eq(plane.shift, 7);
    }
}
END_TEST

START_TEST(three_points_on_a_straight_line_turn_nothing) {
    static const float straight[] = {0, 0, 7, 1, 1, 7, 2, 2, 7, 5, 0, 7};
    struct plane plane = plane_of_line(straight, 4);
    ck_assert_double_eq(plane.shift, 0);
    ck_assert_double_eq(plane.turn[2][2], 1);
}
END_TEST

/* 2-point lines scattered over the plane x + 2 y + 2 z = 9: no line has a plane of its own. */
static void scattered(float *coords, int32_t *offsets, int lines, float off) {
    for (int i = 0; i < 2 * lines; i++) {
        float x = (float)((i * 37) % 41), y = (float)((i * 23) % 29);
        coords[3 * i] = x;
        coords[3 * i + 1] = y;
        coords[3 * i + 2] = (9 - x - 2 * y) / 2 + (i % 2 == 0 ? off : 0);
    }
    for (int i = 0; i <= lines; i++)
        offsets[i] = 2 * i;
}

START_TEST(scattered_points_of_a_plane_are_found_by_least_squares) {
    float coords[120];
    int32_t offsets[21];
    scattered(coords, offsets, 20, 0);
    struct px_geometry geometry = {coords, offsets, 40, 20};
    struct plane plane;
    ck_assert(plane_of_whole(&geometry, 1, &plane));
    ck_assert_double_eq_tol(plane.turn[2][0], 1.0 / 3, 1e-6);
    ck_assert_double_eq_tol(plane.turn[2][1], 2.0 / 3, 1e-6);
    ck_assert_double_eq_tol(plane.turn[2][2], 2.0 / 3, 1e-6);
    scattered(coords, offsets, 20, 0.5f);
    ck_assert(!plane_of_whole(&geometry, 1, &plane));
}
END_TEST

START_TEST(parts_are_taken_together) {
    static const float level[] = {0, 0, 1, 9, 0, 1, 9, 9, 1}, higher[] = {0, 0, 2, 9, 0, 2, 9, 9, 2};
    static const int32_t offsets[] = {0, 3};
    struct px_geometry same[2] = {{level, offsets, 3, 1}, {level, offsets, 3, 1}};
    struct px_geometry apart[2] = {{level, offsets, 3, 1}, {higher, offsets, 3, 1}};
    struct plane plane;
    ck_assert(plane_of_whole(same, 2, &plane));
    ck_assert_double_eq(plane.shift, 1);
    ck_assert(!plane_of_whole(apart, 2, &plane));
}
END_TEST

START_TEST(nothing_is_flat) {
    struct px_geometry nothing = {0};
    struct plane plane;
    ck_assert(plane_of_whole(&nothing, 1, &plane));
    ck_assert_double_eq(plane.shift, 0);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("plane");
    TCase *cases = tcase_create("plane");
    tcase_add_test(cases, laying_flat_and_raising_gives_the_point_back);
    tcase_add_test(cases, distances_in_the_plane_are_those_in_space);
    tcase_add_test(cases, a_level_line_is_not_turned_whichever_way_it_runs);
    tcase_add_test(cases, three_points_on_a_straight_line_turn_nothing);
    tcase_add_test(cases, scattered_points_of_a_plane_are_found_by_least_squares);
    tcase_add_test(cases, parts_are_taken_together);
    tcase_add_test(cases, nothing_is_flat);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
