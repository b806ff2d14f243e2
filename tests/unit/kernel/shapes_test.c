/* shapes_test.c: laws that hold for every shape, and the edges of each. */
#include "tests/unit/kernel/stand.h"

static const char *const shapes[] = {"line",  "polygon",  "grid", "lissajous", "sphere",
                                     "torus", "cylinder", "cone", "capsule",   "polyhedron"};
enum { SHAPES = sizeof shapes / sizeof shapes[0] };

START_TEST(the_same_parameters_give_the_same_bytes) {
    struct stand a, b;
    stand_open(&a, KERNEL_SHAPE, shapes[_i]);
    stand_open(&b, KERNEL_SHAPE, shapes[_i]);
    unsigned char before[sizeof a.params];
    memcpy(before, a.params, sizeof before);
    stand_runs_well(&a, NULL);
    stand_runs_well(&b, NULL);
    ck_assert_uint_gt(a.output.vertex_count, 0);
    ck_assert_uint_eq(a.output.vertex_count, b.output.vertex_count);
    ck_assert_mem_eq(a.output.coords, b.output.coords, a.output.vertex_count * 3 * sizeof(float));
    ck_assert_mem_eq(a.output.offsets, b.output.offsets, (a.output.line_count + 1) * sizeof(int32_t));
    ck_assert_mem_eq(before, a.params, sizeof before);
    stand_close(&a);
    stand_close(&b);
}
END_TEST

START_TEST(a_shape_asks_once_for_exactly_the_room_it_fills) {
    struct stand stand;
    stand_open(&stand, KERNEL_SHAPE, shapes[_i]);
    stand_runs_well(&stand, NULL);
    ck_assert_uint_eq(stand.reservations, 1);
    ck_assert_uint_eq(stand.output.reserved_vertices, stand.output.vertex_count);
    ck_assert_uint_eq(stand.output.reserved_lines, stand.output.line_count);
    stand_close(&stand);
}
END_TEST

START_TEST(a_shape_without_extent_is_still_sound) {
    struct stand stand;
    stand_open(&stand, KERNEL_SHAPE, shapes[_i]);
    const double values[] = {0, -1, -7.5};
    for (size_t v = 0; v < 3; v++) {
        for (size_t p = 0; p < stand.kernel->param_count; p++) {
            const struct param *param = &stand.kernel->params[p];
            if (param->type == PARAM_NUMBER)
                stand_number(&stand, param->name, values[v]);
            if (param->type == PARAM_INTEGER)
                stand_integer(&stand, param->name, (int64_t)values[v]);
            stand_runs_well(&stand, NULL);
        }
    }
    stand_close(&stand);
}
END_TEST

struct huge {
    const char *shape;
    const char *params[3]; /* set to `value` */
    int64_t value;
    int64_t sphere_type;
};
static const struct huge huges[] = {
    {"grid", {"nx", "ny"}, 1000000000, 0},
    {"grid", {"nx"}, INT64_C(9007199254740992), 0},
    {"lissajous", {"points"}, 1000000000, 0},
    {"lissajous", {"points"}, INT64_C(9007199254740992), 0},
    {"torus", {"major_segments", "minor_segments"}, 1000000000, 0},
    {"torus", {"major_segments", "minor_segments"}, INT64_C(9007199254740992), 0},
    {"cylinder", {"segments"}, 1000000000, 0},
    {"cone", {"segments"}, INT64_C(9007199254740992), 0},
    {"capsule", {"segments", "latitude_segments"}, 1000000000, 0},
    {"capsule", {"segments", "latitude_segments"}, INT64_C(9007199254740992), 0},
    {"sphere", {"subdivisions"}, 1000000000, 0},
    {"sphere", {"subdivisions"}, 20000, 0},
    {"sphere", {"subdivisions"}, INT64_C(9007199254740992), 0},
    {"sphere", {"subdivisions"}, INT64_C(9007199254740992), 1},
    {"sphere", {"subdivisions"}, 12, 2},
    {"sphere", {"subdivisions"}, 31, 2},
    {"sphere", {"subdivisions"}, INT64_C(9007199254740992), 2},
    {"sphere", {"subdivisions"}, 20000, 3},
    {"sphere", {"subdivisions"}, INT64_C(9007199254740992), 3},
};

START_TEST(counts_past_the_budget_are_refused_before_any_memory_is_asked_for) {
    const struct huge *huge = &huges[_i];
    struct stand stand;
    stand_open(&stand, KERNEL_SHAPE, huge->shape);
    for (int p = 0; p < 3 && huge->params[p] != NULL; p++)
        stand_integer(&stand, huge->params[p], huge->value);
    if (strcmp(huge->shape, "sphere") == 0)
        stand_integer(&stand, "sphere_type", huge->sphere_type);
    ck_assert_int_eq(stand_run(&stand, NULL), PX_E_LIMIT);
    ck_assert_uint_eq(stand.reservations, 0);
    ck_assert_uint_eq(scratch_grown(stand.context.scratch), 0);
    ck_assert_msg(strstr(stand.error.message, "8388608") != NULL, "no budget in: %s", stand.error.message);
    stand_close(&stand);
}
END_TEST

START_TEST(a_cancelled_shape_stops) {
    struct stand stand;
    _Atomic bool cancel = true;
    stand_open(&stand, KERNEL_SHAPE, "torus");
    stand.context.cancel = &cancel;
    stand_integer(&stand, "major_segments", 1000);
    stand_integer(&stand, "minor_segments", 1000);
    ck_assert_int_eq(stand_run(&stand, NULL), PX_E_CANCELLED);
    ck_assert_uint_eq(stand.output.vertex_count, 0);
    stand_close(&stand);
}
END_TEST

START_TEST(a_line_of_no_length_is_empty) {
    struct stand stand;
    stand_open(&stand, KERNEL_SHAPE, "line");
    stand_number(&stand, "length", 0);
    stand_runs_well(&stand, NULL);
    ck_assert_uint_eq(stand.output.line_count, 0);
    stand_number(&stand, "length", -2);
    stand_runs_well(&stand, NULL);
    ck_assert_uint_eq(stand.output.line_count, 0);
    stand_number(&stand, "length", 3);
    stand_number(&stand, "angle", 450);
    stand_runs_well(&stand, NULL);
    ck_assert_double_eq_tol(stand_coord(&stand, 1, 1), 1.5, 1e-6);
    stand_close(&stand);
}
END_TEST

START_TEST(sides_of_a_polygon_are_clamped) {
    struct stand stand;
    stand_open(&stand, KERNEL_SHAPE, "polygon");
    stand_integer(&stand, "n_sides", -5);
    stand_runs_well(&stand, NULL);
    ck_assert_uint_eq(stand.output.vertex_count, 4);
    stand_integer(&stand, "n_sides", 1000000000);
    stand_runs_well(&stand, NULL);
    ck_assert_uint_eq(stand.output.vertex_count, 121);
    stand_close(&stand);
}
END_TEST

START_TEST(a_grid_of_one_line_stands_at_the_low_end) {
    struct stand stand;
    stand_open(&stand, KERNEL_SHAPE, "grid");
    stand_integer(&stand, "nx", 1);
    stand_integer(&stand, "ny", -3);
    stand_runs_well(&stand, NULL);
    ck_assert_uint_eq(stand.output.line_count, 1);
    ck_assert_double_eq(stand_coord(&stand, 0, 0), -0.5);
    ck_assert_double_eq(stand_coord(&stand, 1, 1), 0.5);
    stand_integer(&stand, "nx", 0);
    stand_runs_well(&stand, NULL);
    ck_assert_uint_eq(stand.output.line_count, 0);
    stand_close(&stand);
}
END_TEST

START_TEST(a_curve_of_one_sample_is_its_start) {
    struct stand stand;
    stand_open(&stand, KERNEL_SHAPE, "lissajous");
    stand_integer(&stand, "points", 1);
    stand_number(&stand, "phase", 90);
    stand_runs_well(&stand, NULL);
    ck_assert_uint_eq(stand.output.vertex_count, 1);
    ck_assert_double_eq_tol(stand_coord(&stand, 0, 0), 0.5, 1e-7);
    stand_integer(&stand, "points", 0);
    stand_runs_well(&stand, NULL);
    ck_assert_uint_eq(stand.output.line_count, 0);
    stand_close(&stand);
}
END_TEST

static bool line_is_closed(const struct stand *stand, size_t line) {
    size_t first = (size_t)stand->output.offsets[line], last = (size_t)stand->output.offsets[line + 1] - 1;
    return memcmp(stand->output.coords + 3 * first, stand->output.coords + 3 * last, 3 * sizeof(float)) == 0;
}

START_TEST(closed_lines_end_bit_for_bit_where_they_begin) {
    static const char *const closed[] = {"polygon", "torus", "polyhedron"};
    for (size_t i = 0; i < 3; i++) {
        struct stand stand;
        stand_open(&stand, KERNEL_SHAPE, closed[i]);
        stand_runs_well(&stand, NULL);
        for (size_t line = 0; line < stand.output.line_count; line++)
            ck_assert_msg(line_is_closed(&stand, line), "%s, line %zu", closed[i], line);
        stand_close(&stand);
    }
}
END_TEST

START_TEST(every_solid_has_its_faces_on_the_sphere) {
    static const size_t faces[5] = {4, 6, 8, 12, 20};
    struct stand stand;
    stand_open(&stand, KERNEL_SHAPE, "polyhedron");
    for (int64_t index = -1; index <= 5; index++) {
        stand_integer(&stand, "polygon_index", index);
        stand_runs_well(&stand, NULL);
        ck_assert_uint_eq(stand.output.line_count, faces[index < 0 ? 0 : index > 4 ? 4 : index]);
        for (size_t i = 0; i < stand.output.vertex_count; i++) {
            double x = stand_coord(&stand, i, 0), y = stand_coord(&stand, i, 1), z = stand_coord(&stand, i, 2);
            ck_assert_double_eq_tol(sqrt(x * x + y * y + z * z), 0.5, 1e-6);
        }
    }
    stand_close(&stand);
}
END_TEST

START_TEST(every_vertex_of_a_sphere_is_on_it) {
    struct stand stand;
    stand_open(&stand, KERNEL_SHAPE, "sphere");
    stand_integer(&stand, "sphere_type", _i);
    for (int64_t fine = -1; fine <= 3; fine++) {
        stand_integer(&stand, "subdivisions", fine);
        stand_runs_well(&stand, NULL);
        ck_assert_uint_gt(stand.output.line_count, 0);
        for (size_t i = 0; i < stand.output.vertex_count; i++) {
            double x = stand_coord(&stand, i, 0), y = stand_coord(&stand, i, 1), z = stand_coord(&stand, i, 2);
            ck_assert_double_eq_tol(sqrt(x * x + y * y + z * z), 0.5, 1e-6);
        }
    }
    stand_close(&stand);
}
END_TEST

static int segment_order(const void *a, const void *b) {
    return memcmp(a, b, 6 * sizeof(float));
}

START_TEST(an_icosphere_has_each_edge_once) {
    struct stand stand;
    stand_open(&stand, KERNEL_SHAPE, "sphere");
    stand_integer(&stand, "sphere_type", 2);
    for (int64_t level = 0; level <= 4; level++) {
        stand_integer(&stand, "subdivisions", level);
        stand_runs_well(&stand, NULL);
        size_t count = stand.output.line_count;
        ck_assert_uint_eq(count, 30u << (2 * level));
        float(*edges)[6] = malloc(count * sizeof *edges);
        ck_assert_ptr_nonnull(edges);
        for (size_t i = 0; i < count; i++) {
            const float *a = stand.output.coords + 6 * i, *b = a + 3;
            bool swap = memcmp(a, b, 3 * sizeof(float)) > 0;
            memcpy(edges[i], swap ? b : a, 3 * sizeof(float));
            memcpy(edges[i] + 3, swap ? a : b, 3 * sizeof(float));
        }
        qsort(edges, count, sizeof *edges, segment_order);
        for (size_t i = 1; i < count; i++)
            ck_assert_int_ne(segment_order(edges[i - 1], edges[i]), 0);
        free(edges);
    }
    stand_close(&stand);
}
END_TEST

START_TEST(the_modes_of_a_sphere_add_up) {
    for (int64_t type = 0; type <= 3; type += 3) {
        struct stand stand;
        size_t lines[5];
        stand_open(&stand, KERNEL_SHAPE, "sphere");
        stand_integer(&stand, "sphere_type", type);
        for (int64_t mode = -1; mode <= 3; mode++) {
            stand_integer(&stand, "mode", mode);
            stand_runs_well(&stand, NULL);
            lines[mode + 1] = stand.output.line_count;
        }
        ck_assert_uint_eq(lines[0], lines[1]); /* clamped */
        ck_assert_uint_eq(lines[4], lines[3]);
        ck_assert_uint_eq(lines[1] + lines[2], lines[3]);
        stand_close(&stand);
    }
}
END_TEST

START_TEST(a_capsule_is_as_wide_and_long_as_asked) {
    struct stand stand;
    stand_open(&stand, KERNEL_SHAPE, "capsule");
    stand_number(&stand, "radius", 3);
    stand_number(&stand, "height", 7);
    stand_runs_well(&stand, NULL);
    struct px_geometry result = stand_result(&stand);
    struct px_bounds box = px_geometry_bounds(&result);
    ck_assert_double_eq_tol((double)box.max[0] - (double)box.min[0], 3, 1e-5);
    ck_assert_double_eq_tol((double)box.max[2] - (double)box.min[2], 7, 1e-5);
    stand_close(&stand);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("shapes");
    TCase *laws = tcase_create("laws");
    tcase_add_loop_test(laws, the_same_parameters_give_the_same_bytes, 0, SHAPES);
    tcase_add_loop_test(laws, a_shape_asks_once_for_exactly_the_room_it_fills, 0, SHAPES);
    tcase_add_loop_test(laws, a_shape_without_extent_is_still_sound, 0, SHAPES);
    tcase_add_loop_test(laws, counts_past_the_budget_are_refused_before_any_memory_is_asked_for, 0,
                        (int)(sizeof huges / sizeof huges[0]));
    tcase_add_test(laws, a_cancelled_shape_stops);
    suite_add_tcase(suite, laws);
    TCase *edges = tcase_create("edges");
    tcase_add_test(edges, a_line_of_no_length_is_empty);
    tcase_add_test(edges, sides_of_a_polygon_are_clamped);
    tcase_add_test(edges, a_grid_of_one_line_stands_at_the_low_end);
    tcase_add_test(edges, a_curve_of_one_sample_is_its_start);
    tcase_add_test(edges, closed_lines_end_bit_for_bit_where_they_begin);
    tcase_add_test(edges, every_solid_has_its_faces_on_the_sphere);
    tcase_add_loop_test(edges, every_vertex_of_a_sphere_is_on_it, 0, 4);
    tcase_add_test(edges, an_icosphere_has_each_edge_once);
    tcase_add_test(edges, the_modes_of_a_sphere_add_up);
    tcase_add_test(edges, a_capsule_is_as_wide_and_long_as_asked);
    suite_add_tcase(suite, edges);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
