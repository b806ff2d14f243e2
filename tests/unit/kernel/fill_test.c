/* fill_test.c: hatching: groups, lists, holes, planes, and what stays as it is. */
#include "tests/unit/kernel/stand.h"

/* A square, a hole in it, and a square beside: 10 mm high together. */
static const float squares[] = {
    0,  0, 0, 10, 0, 0, 10, 10, 0, 0,  10, 0, 0,  0, 0, /* the outer one */
    2,  2, 0, 8,  2, 0, 8,  8,  0, 2,  8,  0, 2,  2, 0, /* its hole */
    20, 0, 0, 30, 0, 0, 30, 10, 0, 20, 10, 0, 20, 0, 0, /* beside */
};
static const int32_t squares_offsets[] = {0, 5, 10, 15};
static const struct px_geometry one_square = {squares, squares_offsets, 5, 1};
static const struct px_geometry square_with_hole = {squares, squares_offsets, 10, 2};
static const struct px_geometry three_squares = {squares, squares_offsets, 15, 3};

static void fill_open(struct stand *stand, const double *density, uint32_t count, double angle) {
    static double angles[1];
    angles[0] = angle;
    stand_open(stand, KERNEL_EFFECT, "fill");
    stand_numbers(stand, "density", density, count);
    stand_numbers(stand, "angle", angles, 1);
}

static double segment_length(const struct stand *stand, size_t line) {
    size_t first = (size_t)stand->output.offsets[line];
    double square = 0;
    for (int axis = 0; axis < 3; axis++) {
        double side = stand_coord(stand, first + 1, axis) - stand_coord(stand, first, axis);
        square += side * side;
    }
    return sqrt(square);
}

/* Length of the hatching that begins at output line `from`, per mm of spacing: about the area filled. */
static double hatched_area(const struct stand *stand, size_t from, double spacing) {
    double length = 0;
    for (size_t line = from; line < stand->output.line_count; line++)
        length += segment_length(stand, line);
    return length * spacing;
}

START_TEST(a_square_gets_as_many_lines_as_its_density) {
    static const double density[] = {10};
    struct stand stand;
    fill_open(&stand, density, 1, 0);
    stand_runs_well(&stand, &one_square);
    ck_assert_uint_eq(stand.output.line_count, 1 + 10);
    ck_assert_mem_eq(stand.output.coords, squares, 15 * sizeof(float)); /* the boundary first */
    for (size_t line = 1; line <= 10; line++) {
        ck_assert_double_eq_tol(stand_coord(&stand, 5 + 2 * (line - 1), 0), 0, 1e-5);
        ck_assert_double_eq_tol(stand_coord(&stand, 5 + 2 * (line - 1), 1), (double)line - 1, 1e-5);
        ck_assert_double_eq_tol(segment_length(&stand, line), 10, 1e-5);
    }
    stand_close(&stand);
}
END_TEST

START_TEST(holes_stay_empty) {
    static const double density[] = {100};
    struct stand stand;
    fill_open(&stand, density, 1, 30);
    stand_runs_well(&stand, &square_with_hole);
    ck_assert_double_eq_tol(hatched_area(&stand, 2, 0.1), 100 - 36, 1);
    stand_close(&stand);
}
END_TEST

START_TEST(lists_cycle_over_groups) {
    static const double density[] = {10, 20};
    static const double angles[] = {0, 90};
    static const double sets[] = {1, 2};
    struct stand stand;
    fill_open(&stand, density, 2, 0);
    stand_numbers(&stand, "angle", angles, 2);
    stand_runs_well(&stand, &three_squares);
    /* Group 0 is the square with its hole, group 1 the one beside: 10 upright lines of 20. */
    size_t last = stand.output.line_count - 1, beside = 0;
    for (size_t line = 3; line <= last; line++)
        beside += stand_coord(&stand, (size_t)stand.output.offsets[line], 0) >= 20 - 1e-4;
    ck_assert_uint_eq(beside, 20);
    size_t first = (size_t)stand.output.offsets[last];
    ck_assert_double_eq_tol(stand_coord(&stand, first, 0), stand_coord(&stand, first + 1, 0), 1e-5);
    size_t before = stand.output.line_count;
    stand_numbers(&stand, "angle_sets", sets, 2);
    stand_runs_well(&stand, &three_squares);
    ck_assert_uint_eq(stand.output.line_count, before + 20);
    stand_close(&stand);
}
END_TEST

START_TEST(a_group_of_no_density_is_left_out_but_counts) {
    static const double density[] = {0, 10};
    struct stand stand;
    fill_open(&stand, density, 2, 0);
    stand_runs_well(&stand, &three_squares);
    ck_assert_uint_eq(stand.output.line_count, 3 + 10);
    for (size_t vertex = 15; vertex < stand.output.vertex_count; vertex++)
        ck_assert_double_ge(stand_coord(&stand, vertex, 0), 20 - 1e-4);
    stand_close(&stand);
}
END_TEST

START_TEST(no_density_at_all_gives_the_input) {
    static const double density[] = {0, -3};
    struct stand stand;
    fill_open(&stand, density, 2, 0);
    stand_bool(&stand, "remove_boundary", true);
    ck_assert_int_eq(stand_run(&stand, &three_squares), KERNEL_SAME);
    ck_assert_uint_eq(stand.reservations, 0);
    stand_close(&stand);
}
END_TEST

START_TEST(empty_input_gives_the_input) {
    static const int32_t none[] = {0, 0, 0};
    static const struct px_geometry nothing = {NULL, none, 0, 0}, empty_lines = {NULL, none, 0, 2};
    static const double density[] = {10};
    struct stand stand;
    fill_open(&stand, density, 1, 0);
    ck_assert_int_eq(stand_run(&stand, &nothing), KERNEL_SAME);
    ck_assert_int_eq(stand_run(&stand, &empty_lines), KERNEL_SAME);
    stand_close(&stand);
}
END_TEST

START_TEST(the_boundary_can_be_left_out) {
    static const double density[] = {10};
    struct stand stand;
    fill_open(&stand, density, 1, 0);
    stand_bool(&stand, "remove_boundary", true);
    stand_runs_well(&stand, &one_square);
    ck_assert_uint_eq(stand.output.line_count, 10);
    ck_assert_uint_eq(stand.output.vertex_count, 20);
    stand_close(&stand);
}
END_TEST

START_TEST(density_is_clamped_to_2_and_400) {
    static const double densities[] = {0.1, 1e9};
    static const size_t lines[] = {2, 400};
    for (size_t i = 0; i < 2; i++) {
        struct stand stand;
        fill_open(&stand, &densities[i], 1, 0);
        stand_bool(&stand, "remove_boundary", true);
        stand_runs_well(&stand, &one_square);
        ck_assert_uint_eq(stand.output.line_count, lines[i]);
        stand_close(&stand);
    }
}
END_TEST

START_TEST(a_gradient_widens_the_spacing_and_keeps_to_the_inside) {
    static const double density[] = {50};
    for (int sign = -1; sign <= 1; sign += 2) {
        double gradient[] = {sign * 3.0};
        struct stand stand;
        fill_open(&stand, density, 1, 0);
        stand_numbers(&stand, "spacing_gradient", gradient, 1);
        stand_bool(&stand, "remove_boundary", true);
        stand_runs_well(&stand, &one_square);
        size_t count = stand.output.line_count;
        double first = stand_coord(&stand, 2, 1) - stand_coord(&stand, 0, 1);
        double last = stand_coord(&stand, 2 * count - 2, 1) - stand_coord(&stand, 2 * count - 4, 1);
        ck_assert(sign > 0 ? last > 5 * first : first > 5 * last);
        ck_assert_double_le(stand_coord(&stand, 2 * count - 2, 1), 10);
        stand_close(&stand);
    }
}
END_TEST

START_TEST(a_tilted_plane_is_hatched_in_itself) {
    static const double density[] = {100};
    float tilted[30];
    /* The square and its hole, turned out of the page: y = .6 v, z = 5 + .8 v. */
    for (size_t i = 0; i < 10; i++) {
        tilted[3 * i] = squares[3 * i];
        tilted[3 * i + 1] = squares[3 * i + 1] * 0.6f;
        tilted[3 * i + 2] = 5 + squares[3 * i + 1] * 0.8f;
    }
    const struct px_geometry input = {tilted, squares_offsets, 10, 2};
    struct stand stand;
    fill_open(&stand, density, 1, 30);
    stand_runs_well(&stand, &input);
    ck_assert_double_eq_tol(hatched_area(&stand, 2, 0.1), 100 - 36, 1);
    for (size_t i = 0; i < stand.output.vertex_count; i++)
        ck_assert_double_eq_tol(stand_coord(&stand, i, 2), 5 + stand_coord(&stand, i, 1) / 0.6 * 0.8, 1e-4);
    stand_close(&stand);
}
END_TEST

/* Two squares in planes across each other, a line of two points, a line out of any plane. */
static const float crossed[] = {
    0, 0, 0, 10, 0, 0, 10, 10, 0,  0, 10, 0,  0, 0, 0, /* in xy */
    0, 0, 0, 10, 0, 0, 10, 0,  10, 0, 0,  10, 0, 0, 0, /* in xz */
    0, 0, 0, 1,  2, 3,                                 /* two points */
    0, 0, 0, 10, 0, 0, 10, 10, 0,  0, 10, 7,           /* bent */
};
static const int32_t crossed_offsets[] = {0, 5, 10, 12, 16};
static const struct px_geometry not_flat = {crossed, crossed_offsets, 16, 4};

START_TEST(lines_in_several_planes_are_hatched_one_by_one) {
    static const double density[] = {10};
    struct stand stand;
    fill_open(&stand, density, 1, 0);
    stand_runs_well(&stand, &not_flat);
    ck_assert_uint_eq(stand.output.line_count, 4 + 2 * 10);
    ck_assert_int_eq(stand.output.offsets[1], 5);                             /* the first boundary, its hatching, */
    ck_assert_int_eq(stand.output.offsets[12], stand.output.offsets[11] + 5); /* then the second boundary */
    size_t lines = stand.output.line_count;
    ck_assert_mem_eq(stand.output.coords + 3 * stand.output.offsets[lines - 2], crossed + 30, 6 * sizeof(float));
    ck_assert_mem_eq(stand.output.coords + 3 * stand.output.offsets[lines - 1], crossed + 36, 12 * sizeof(float));
    stand_close(&stand);
}
END_TEST

START_TEST(lines_that_cannot_be_filled_stay_without_their_boundary_too) {
    static const double density[] = {10};
    struct stand stand;
    fill_open(&stand, density, 1, 0);
    stand_bool(&stand, "remove_boundary", true);
    stand_runs_well(&stand, &not_flat);
    ck_assert_uint_eq(stand.output.line_count, 2 + 2 * 10);
    stand_close(&stand);
}
END_TEST

START_TEST(more_lines_than_the_budget_are_refused) {
    /* A millimetre high, a hundred kilometres wide, hatched upright: 400 lines a millimetre. */
    static const float wide[] = {0, 0, 0, 1e8f, 0, 0, 1e8f, 1, 0, 0, 1, 0};
    static const int32_t offsets[] = {0, 4};
    static const struct px_geometry input = {wide, offsets, 4, 1};
    static const double density[] = {400};
    static const double gradient[] = {2};
    struct stand stand;
    fill_open(&stand, density, 1, 90);
    ck_assert_int_eq(stand_run(&stand, &input), PX_E_LIMIT);
    ck_assert_uint_eq(stand.reservations, 0);
    stand_numbers(&stand, "spacing_gradient", gradient, 1);
    ck_assert_int_eq(stand_run(&stand, &input), PX_E_LIMIT);
    stand_close(&stand);
}
END_TEST

START_TEST(more_angle_sets_than_the_budget_are_refused) {
    static const double density[] = {400};
    static const double sets[] = {1e9};
    struct stand stand;
    fill_open(&stand, density, 1, 0);
    stand_numbers(&stand, "angle_sets", sets, 1);
    stand.context.vertex_budget = 100000;
    ck_assert_int_eq(stand_run(&stand, &one_square), PX_E_LIMIT);
    stand_close(&stand);
}
END_TEST

/* Nothing to draw in any of them: no scan line says that it is enough. */
START_TEST(endless_angle_sets_over_nothing_are_refused_too) {
    static const float upright[] = {0, 0, 0, 0, 10, 0};
    static const int32_t offsets[] = {0, 2};
    static const struct px_geometry input = {upright, offsets, 2, 1};
    static const double density[] = {2}, sets[] = {1e300};
    struct stand stand;
    fill_open(&stand, density, 1, 90);
    stand_numbers(&stand, "angle_sets", sets, 1);
    ck_assert_int_eq(stand_run(&stand, &input), PX_E_LIMIT);
    stand_close(&stand);
}
END_TEST

START_TEST(any_number_of_turns_is_an_angle) {
    static const double density[] = {10};
    static const double angles[] = {1e300, -1e300, 3600, -270, 1e15};
    for (size_t i = 0; i < 5; i++) {
        struct stand stand;
        fill_open(&stand, density, 1, angles[i]);
        stand_runs_well(&stand, &one_square);
        ck_assert_uint_ge(stand.output.line_count, 1 + 10);
        stand_close(&stand);
    }
}
END_TEST

START_TEST(a_cancelled_fill_stops) {
    static const double density[] = {10};
    _Atomic bool cancel = true;
    struct stand stand;
    fill_open(&stand, density, 1, 0);
    stand.context.cancel = &cancel;
    ck_assert_int_eq(stand_run(&stand, &one_square), PX_E_CANCELLED);
    stand_close(&stand);
}
END_TEST

START_TEST(many_nested_rings_alternate) {
    enum { RINGS = 50 };
    static float coords[RINGS * 15];
    static int32_t offsets[RINGS + 1];
    for (int ring = 0; ring < RINGS; ring++) {
        float low = (float)ring, high = 100 - (float)ring;
        const float square[15] = {low, low, 0, high, low, 0, high, high, 0, low, high, 0, low, low, 0};
        memcpy(coords + 15 * ring, square, sizeof square);
        offsets[ring + 1] = 5 * (ring + 1);
    }
    const struct px_geometry input = {coords, offsets, RINGS * 5, RINGS};
    static const double density[] = {400};
    double area = 0;
    for (int ring = 0; ring < RINGS; ring++)
        area += (ring % 2 == 0 ? 1 : -1) * (100.0 - 2 * ring) * (100.0 - 2 * ring);
    struct stand stand;
    fill_open(&stand, density, 1, 20);
    stand_runs_well(&stand, &input);
    ck_assert_double_eq_tol(hatched_area(&stand, RINGS, 0.25), area, 0.01 * area);
    stand_close(&stand);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("fill");
    TCase *cases = tcase_create("fill");
    tcase_add_test(cases, a_square_gets_as_many_lines_as_its_density);
    tcase_add_test(cases, holes_stay_empty);
    tcase_add_test(cases, lists_cycle_over_groups);
    tcase_add_test(cases, a_group_of_no_density_is_left_out_but_counts);
    tcase_add_test(cases, no_density_at_all_gives_the_input);
    tcase_add_test(cases, empty_input_gives_the_input);
    tcase_add_test(cases, the_boundary_can_be_left_out);
    tcase_add_test(cases, density_is_clamped_to_2_and_400);
    tcase_add_test(cases, a_gradient_widens_the_spacing_and_keeps_to_the_inside);
    tcase_add_test(cases, a_tilted_plane_is_hatched_in_itself);
    tcase_add_test(cases, lines_in_several_planes_are_hatched_one_by_one);
    tcase_add_test(cases, lines_that_cannot_be_filled_stay_without_their_boundary_too);
    tcase_add_test(cases, more_lines_than_the_budget_are_refused);
    tcase_add_test(cases, more_angle_sets_than_the_budget_are_refused);
    tcase_add_test(cases, endless_angle_sets_over_nothing_are_refused_too);
    tcase_add_test(cases, any_number_of_turns_is_an_angle);
    tcase_add_test(cases, a_cancelled_fill_stops);
    tcase_add_test(cases, many_nested_rings_alternate);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
