/* effects_test.c: the laws that every effect keeps, and the edges of those that move, cut and copy. */
#include "tests/unit/kernel/run.h"

/* An effect with parameters that make it do something, or nothing. */
struct setting {
    const char *effect;
    struct {
        const char *param;
        double value;
    } set[4];
};

static const struct setting active[] = {
    {"translate", {{"delta", 0.1}}},
    {"translate", {{"delta", 8}}},
    {"scale", {{0}}},
    {"scale", {{"auto_center", 0}, {"pivot", 3}}},
    {"rotate", {{"rotation", 33}}},
    {"affine", {{"rotation", -70}, {"scale", 1.7}, {"delta", 9}}},
    {"affine", {{"delta", 9.3}}},
    {"twist", {{0}}},
    {"wobble", {{"phase", 20}}},
    {"displace", {{0}}},
    {"displace", {{"amplitude_gradient", 1.5}, {"frequency_gradient", -2}, {"t_sec", 0.37}}},
    {"subdivide", {{"subdivisions", 3}}},
    {"dash", {{0}}},
    {"dash", {{"dash_length", 0.7}, {"gap_length", 0.2}, {"offset", 1.1}}},
    {"trim", {{0}}},
    {"repeat", {{"offset", 10}, {"rotation_step", 30}, {"scale", 0.5}}},
    {"repeat", {{"curve", 2}, {"cumulative_scale", 1}, {"scale", 3}}},
    {"mirror", {{"cx", 10}}},
    {"mirror", {{"n_mirror", 2}, {"cx", 10}, {"cy", 20}}},
    {"mirror", {{"n_mirror", 5}, {"cx", 10}, {"cy", 20}, {"show_planes", 1}}},
    {"mirror3d", {{"n_azimuth", 3}, {"mirror_equator", 1}, {"cx", 10}, {"cy", 20}}},
    {"mirror3d", {{"n_azimuth", 2}, {"phi0", 40}, {"show_planes", 1}}},
};
enum { ACTIVE = sizeof active / sizeof active[0] };

static const struct setting idle[] = {
    {"translate", {{0}}},
    {"scale", {{"scale", 1}}},
    {"rotate", {{0}}},
    {"affine", {{0}}},
    {"twist", {{"angle", 0}}},
    {"wobble", {{"amplitude", 0}}},
    {"wobble", {{"frequency", 0}}},
    {"displace", {{"amplitude_mm", 0}}},
    {"subdivide", {{0}}},
    {"subdivide", {{"subdivisions", -3}}},
    {"dash", {{"dash_length", 0}, {"gap_length", 0}}},
    {"dash", {{"dash_length", -5}, {"gap_length", 3}}},
    {"trim", {{"start_param", 0.5}}},
    {"trim", {{"start_param", 7}, {"end_param", 9}}},
    {"repeat", {{"count", 0}}},
    {"mirror", {{"cx", 1e6}}},
    {"mirror3d", {{"n_azimuth", 2}, {"cx", 1e6}, {"cy", 1e6}}},
};
enum { IDLE = sizeof idle / sizeof idle[0] };

static void apply(struct run_state *run, const struct setting *setting) {
    run_add(run, KERNEL_EFFECT, setting->effect);
    for (size_t i = 0; i < 4 && setting->set[i].param != NULL; i++)
        run_set(run, setting->set[i].param, setting->set[i].value);
}

static void setup(struct run_state *run, const struct setting *setting) {
    run_open(run);
    apply(run, setting);
}

START_TEST(an_effect_leaves_its_input_alone_and_gives_a_sound_geometry) {
    struct run_state run;
    struct variety in = variety_make(), copy = variety_make();
    setup(&run, &active[_i]);
    struct ran ran = run_it(&run, &in.geometry);
    ck_assert_msg(ran.code == 0, "%s %d: %s", active[_i].effect, ran.code, ran.error.message);
    ck_assert_mem_eq(in.coords, copy.coords, in.geometry.vertex_count * 3 * sizeof(float));
    ck_assert_mem_eq(in.offsets, copy.offsets, (in.geometry.line_count + 1) * sizeof(int32_t));
    const struct px_geometry result = ran_geometry(&ran);
    struct px_error error = {0};
    ck_assert_msg(px_geometry_check(&result, NULL, &error) == 0, "%s: %s", active[_i].effect, error.message);
    ran_free(&ran);
    run_close(&run);
    variety_free(&in);
    variety_free(&copy);
}
END_TEST

START_TEST(nothing_to_do_gives_the_input) {
    struct run_state run;
    struct variety in = variety_make();
    setup(&run, &idle[_i]);
    struct ran ran = run_it(&run, &in.geometry);
    ck_assert_msg(ran.code == KERNEL_SAME, "%s: %d", idle[_i].effect, ran.code);
    ran_free(&ran);
    run_close(&run);
    variety_free(&in);
}
END_TEST

START_TEST(empty_input_gives_empty_output_but_planes) {
    static const int32_t zero[] = {0};
    const struct px_geometry nothing = {NULL, zero, 0, 0};
    struct run_state run;
    setup(&run, &active[_i]);
    struct ran ran = {.output = {.reserve = ran_reserve}};
    ran.code = chain_run(run.steps, run.count, &nothing, &ran.output, &run.context, NULL, &ran.error);
    const bool planes = strcmp(active[_i].set[3].param != NULL ? active[_i].set[3].param : "", "show_planes") == 0 ||
                        strcmp(active[_i].set[2].param != NULL ? active[_i].set[2].param : "", "show_planes") == 0;
    if (planes)
        ck_assert(ran.code == 0 && ran.output.line_count > 0);
    else
        ck_assert_msg(ran.code == KERNEL_SAME || (ran.code == 0 && ran.output.line_count == 0), "%s",
                      active[_i].effect);
    ran_free(&ran);
    run_close(&run);
}
END_TEST

START_TEST(lines_without_vertices_alone_do_no_harm) {
    static const int32_t zeros[] = {0, 0, 0};
    const struct px_geometry nothing = {NULL, zeros, 0, 2};
    struct run_state run;
    setup(&run, &active[_i]);
    struct ran ran = {.output = {.reserve = ran_reserve}};
    ran.code = chain_run(run.steps, run.count, &nothing, &ran.output, &run.context, NULL, &ran.error);
    ck_assert_int_ge(ran.code, 0);
    ran_free(&ran);
    run_close(&run);
}
END_TEST

START_TEST(every_instruction_set_gives_the_same_bytes) {
    struct variety in = variety_make();
    static const char *const isas[] = {"base", "v3", "v4"};
    struct ran results[3];
    for (size_t i = 0; i < 3; i++) {
        if (!kernel_use_isa(isas[i]))
            ck_assert_uint_gt(i, 0); /* a machine without it runs the one before once more */
        struct run_state run;
        setup(&run, &active[_i]);
        results[i] = run_it(&run, &in.geometry);
        run_close(&run);
    }
    for (size_t i = 1; i < 3; i++) {
        ran_equal(&results[0], &results[i], active[_i].effect);
        ran_free(&results[i]);
    }
    ran_free(&results[0]);
    variety_free(&in);
}
END_TEST

/* Runs lines begin..end of a LINES kernel alone and adds what it gives, or the lines themselves, to `all`. */
static void run_range(struct run_state *run, const struct px_geometry *in, size_t begin, size_t end, struct ran *all) {
    struct ran part = {.output = {.reserve = ran_reserve}};
    const struct kernel_job job = {.params = run->steps[0].params,
                                   .inputs = in,
                                   .input_count = 1,
                                   .line_begin = begin,
                                   .line_end = end,
                                   .output = &part.output,
                                   .context = &run->context};
    scratch_reset(run->context.scratch);
    part.code = run->steps[0].kernel->run(&job, &part.error);
    ck_assert_int_ge(part.code, 0);
    if (part.code == KERNEL_SAME) {
        const size_t first = (size_t)in->offsets[begin];
        ran_reserve(&part.output, (size_t)in->offsets[end] - first, end - begin, NULL);
        part.output.vertex_count = (size_t)in->offsets[end] - first;
        part.output.line_count = end - begin;
        memcpy(part.output.coords, in->coords + 3 * first, part.output.vertex_count * 3 * sizeof(float));
        for (size_t i = begin; i <= end; i++)
            part.output.offsets[i - begin] = in->offsets[i] - in->offsets[begin];
    }
    const size_t vertices = all->output.vertex_count, lines = all->output.line_count;
    ran_reserve(&all->output, vertices + part.output.vertex_count, lines + part.output.line_count, NULL);
    memcpy(all->output.coords + 3 * vertices, part.output.coords, part.output.vertex_count * 3 * sizeof(float));
    for (size_t i = 0; i <= part.output.line_count; i++)
        all->output.offsets[lines + i] = (int32_t)vertices + part.output.offsets[i];
    all->output.vertex_count += part.output.vertex_count;
    all->output.line_count += part.output.line_count;
    ran_free(&part);
}

/* Moves the input's points in blocks of some size, as one may split a POINTS kernel. */
static void run_blocks(struct run_state *run, const struct px_geometry *in, const struct measure *measure, size_t size,
                       struct ran *all) {
    static _Alignas(64) unsigned char state[KERNEL_STATE_MAX];
    static _Alignas(64) float x[POINTS_BLOCK], y[POINTS_BLOCK], z[POINTS_BLOCK];
    const struct kernel *kernel = run->steps[0].kernel;
    ck_assert_int_eq(kernel->prepare(run->steps[0].params, measure, &run->context, state, NULL), 0);
    ran_reserve(&all->output, in->vertex_count, in->line_count, NULL);
    for (size_t first = 0; first < in->vertex_count; first += size) {
        const size_t n = in->vertex_count - first < size ? in->vertex_count - first : size;
        for (size_t i = 0; i < n; i++) {
            x[i] = in->coords[3 * (first + i)];
            y[i] = in->coords[3 * (first + i) + 1];
            z[i] = in->coords[3 * (first + i) + 2];
        }
        kernel->points(state, x, y, z, n);
        for (size_t i = 0; i < n; i++) {
            all->output.coords[3 * (first + i)] = x[i];
            all->output.coords[3 * (first + i) + 1] = y[i];
            all->output.coords[3 * (first + i) + 2] = z[i];
        }
    }
    memcpy(all->output.offsets, in->offsets, (in->line_count + 1) * sizeof(int32_t));
    all->output.vertex_count = in->vertex_count;
    all->output.line_count = in->line_count;
}

/* As the chain defines it: sums over blocks of 1024, here with a tolerance of rounding to float32 of nothing at all. */
static struct measure measure_plainly(const struct px_geometry *in) {
    struct measure measure = {.vertex_count = in->vertex_count};
    for (size_t axis = 0; axis < 3; axis++) {
        measure.min[axis] = INFINITY;
        measure.max[axis] = -INFINITY;
        for (size_t first = 0; first < in->vertex_count; first += POINTS_BLOCK) {
            double lanes[8] = {0};
            for (size_t i = first; i < in->vertex_count && i < first + POINTS_BLOCK; i++) {
                const float value = in->coords[3 * i + axis];
                lanes[(i - first) % 8] += (double)value;
                measure.min[axis] = value < measure.min[axis] ? value : measure.min[axis];
                measure.max[axis] = value > measure.max[axis] ? value : measure.max[axis];
            }
            measure.centre[axis] +=
                ((lanes[0] + lanes[4]) + (lanes[2] + lanes[6])) + ((lanes[1] + lanes[5]) + (lanes[3] + lanes[7]));
        }
        measure.centre[axis] /= (double)in->vertex_count;
    }
    return measure;
}

START_TEST(any_split_gives_the_same_bytes) {
    struct run_state run;
    struct variety in = variety_make();
    setup(&run, &active[_i]);
    const enum kernel_kind kind = run.steps[0].kernel->kind;
    struct ran whole = run_it(&run, &in.geometry);
    const struct measure measure = measure_plainly(&in.geometry);
    for (size_t size = 1; size <= POINTS_BLOCK && kind != KERNEL_WHOLE; size = 3 * size + 1) {
        struct ran split = {.output = {.reserve = ran_reserve}};
        if (kind == KERNEL_POINTS) {
            run_blocks(&run, &in.geometry, &measure, size, &split);
        } else {
            for (size_t begin = 0; begin < in.geometry.line_count; begin += size) {
                const size_t left = in.geometry.line_count - begin;
                run_range(&run, &in.geometry, begin, begin + (left < size ? left : size), &split);
            }
        }
        ran_equal(&whole, &split, active[_i].effect);
        ran_free(&split);
    }
    ran_free(&whole);
    run_close(&run);
    variety_free(&in);
}
END_TEST

START_TEST(every_parameter_says_what_it_is) {
    size_t count;
    const struct kernel *const *kernels = kernel_list(&count);
    for (size_t i = 0; i < count; i++) {
        ck_assert_msg(kernels[i]->help != NULL && kernels[i]->version >= 1, "%s", kernels[i]->name);
        for (size_t p = 0; p < kernels[i]->param_count; p++) {
            const struct param *param = &kernels[i]->params[p];
            const bool measured = param->type == PARAM_NUMBER || param->type == PARAM_VECTOR;
            ck_assert_msg(param->help != NULL && param->help[strlen(param->help) - 1] == '.', "%s.%s", kernels[i]->name,
                          param->name);
            ck_assert_msg(!measured || param->unit != NULL, "%s.%s", kernels[i]->name, param->name);
            ck_assert_msg(param->def >= param->min || param->min == param->max || param->optional, "%s.%s",
                          kernels[i]->name, param->name);
        }
    }
}
END_TEST

static const struct setting immense[] = {
    {"repeat", {{"count", 1e15}}},
    {"repeat", {{"count", 9007199254740992.0}}},
    {"dash", {{"dash_length", 1e-9}, {"gap_length", 0}}},
    {"dash", {{"dash_length", 1e-300}, {"gap_length", 1e-300}}},
    {"dash", {{"offset", 1e300}}},
    {"mirror", {{"n_mirror", 1e12}, {"show_planes", 1}}},
    {"mirror3d", {{"n_azimuth", 9007199254740992.0}}},
    {"subdivide", {{"subdivisions", 10}}},
};
enum { IMMENSE = sizeof immense / sizeof immense[0] };

START_TEST(results_past_the_budget_are_refused_before_room_is_asked_for) {
    struct run_state run;
    struct variety in = variety_make();
    setup(&run, &immense[_i]);
    run.context.vertex_budget = 5000;
    struct ran ran = run_it(&run, &in.geometry);
    ck_assert_msg(ran.code == PX_E_LIMIT, "%s %g: %d", immense[_i].effect, immense[_i].set[0].value, ran.code);
    ck_assert_msg(strstr(ran.error.message, immense[_i].effect) != NULL, "%s", ran.error.message);
    ck_assert_uint_eq(ran.reservations, 0);
    ran_free(&ran);
    run_close(&run);
    variety_free(&in);
}
END_TEST

/* One line of the given vertices. */
static struct px_geometry one_line(const float *coords, size_t n) {
    static int32_t offsets[2];
    offsets[1] = (int32_t)n;
    return (struct px_geometry){coords, offsets, n, 1};
}

START_TEST(subdividing_stops_below_a_hundredth_of_a_millimetre) {
    const float coords[] = {0, 0, 0, 0.04f, 0, 0};
    const struct px_geometry in = one_line(coords, 2);
    struct run_state run;
    run_open(&run);
    run_add(&run, KERNEL_EFFECT, "subdivide");
    run_set(&run, "subdivisions", 10);
    struct ran ran = run_it(&run, &in);
    /* .04, .02, .01 (a little less in float32) */
    ck_assert_uint_eq(ran.output.vertex_count, 5);
    ck_assert_float_eq(ran.output.coords[3 * 2], 0.02f);
    ran_free(&ran);
    run_close(&run);
}
END_TEST

START_TEST(a_dash_that_starts_at_a_vertex_repeats_it) {
    const float coords[] = {0, 0, 0, 10, 0, 0, 10, 10, 0};
    const struct px_geometry in = one_line(coords, 3);
    struct run_state run;
    run_open(&run);
    run_add(&run, KERNEL_EFFECT, "dash");
    run_set(&run, "dash_length", 5);
    run_set(&run, "gap_length", 5);
    struct ran ran = run_it(&run, &in);
    ck_assert_uint_eq(ran.output.line_count, 2);
    ck_assert_int_eq(ran.output.offsets[1], 3);
    ck_assert_int_eq(ran.output.offsets[2], 6);
    ck_assert_float_eq(ran.output.coords[3 * 3], 10.0f);
    ck_assert_mem_eq(&ran.output.coords[3 * 3], &ran.output.coords[3 * 4], 3 * sizeof(float));
    ck_assert_float_eq(ran.output.coords[3 * 5 + 1], 5.0f);
    ran_free(&ran);
    run_close(&run);
}
END_TEST

START_TEST(a_pattern_that_would_go_backwards_ends) {
    const float coords[] = {0, 0, 0, 100, 0, 0};
    const struct px_geometry in = one_line(coords, 2);
    static const double dashes[] = {1, 5}, gaps[] = {0.5, -2, 3};
    struct run_state run;
    run_open(&run);
    unsigned char *params = run_add(&run, KERNEL_EFFECT, "dash");
    const struct kernel *kernel = run.steps[0].kernel;
    *(struct param_numbers *)(void *)(params + params_find(kernel->params, 3, "dash_length", 11)->offset) =
        (struct param_numbers){dashes, 2};
    *(struct param_numbers *)(void *)(params + params_find(kernel->params, 3, "gap_length", 10)->offset) =
        (struct param_numbers){gaps, 3};
    struct ran ran = run_it(&run, &in);
    ck_assert_int_eq(ran.code, 0);
    ck_assert_uint_gt(ran.output.line_count, 20);
    ran_free(&ran);
    run_close(&run);
}
END_TEST

START_TEST(an_unknown_axis_twists_about_y) {
    struct variety in = variety_make();
    struct ran results[2];
    for (size_t i = 0; i < 2; i++) {
        struct run_state run;
        run_open(&run);
        struct param_string *axis =
            (struct param_string *)(void *)((unsigned char *)run_add(&run, KERNEL_EFFECT, "twist") +
                                            run.steps[0].kernel->params[1].offset);
        *axis = i == 0 ? (struct param_string){"Y", 1} : (struct param_string){"slanted", 7};
        results[i] = run_it(&run, &in.geometry);
        run_close(&run);
    }
    ran_equal(&results[0], &results[1], "twist");
    ran_free(&results[0]);
    ran_free(&results[1]);
    variety_free(&in);
}
END_TEST

START_TEST(lines_on_a_mirror_plane_stay_single) {
    const float coords[] = {5, 0, 0, 5, 7, 0};
    const struct px_geometry in = one_line(coords, 2);
    struct run_state run;
    run_open(&run);
    run_add(&run, KERNEL_EFFECT, "mirror");
    run_set(&run, "cx", 5);
    struct ran ran = run_it(&run, &in);
    ck_assert_uint_eq(ran.output.line_count, 1);
    ran_free(&ran);
    run_close(&run);
}
END_TEST

START_TEST(the_groups_have_12_24_and_60_turns) {
    const float coords[] = {1, 2, 3, 1.5f, 2, 4};
    const struct px_geometry in = one_line(coords, 2);
    static const size_t turns[] = {12, 24, 60};
    for (int32_t group = 0; group < 3; group++) {
        struct run_state run;
        run_open(&run);
        unsigned char *params = run_add(&run, KERNEL_EFFECT, "mirror3d");
        const struct kernel *kernel = run.steps[0].kernel;
        *(int32_t *)(void *)(params + params_find(kernel->params, kernel->param_count, "mode", 4)->offset) = 1;
        *(int32_t *)(void *)(params + params_find(kernel->params, kernel->param_count, "group", 5)->offset) = group;
        struct ran ran = run_it(&run, &in);
        ck_assert_uint_eq(ran.output.line_count, turns[group]);
        ran_free(&ran);
        run_set(&run, "use_reflection", 1);
        ran = run_it(&run, &in);
        ck_assert_uint_eq(ran.output.line_count, 2 * turns[group]);
        ran_free(&ran);
        run_close(&run);
    }
}
END_TEST

START_TEST(no_copies_and_no_direction_are_errors_that_name_the_parameter) {
    struct run_state run;
    run_open(&run);
    const char *param = NULL;
    struct px_error error;
    run_add(&run, KERNEL_EFFECT, "mirror");
    run_set(&run, "n_mirror", 0);
    ck_assert_int_eq(run.steps[0].kernel->check(run.steps[0].params, &param, &error), PX_E_RANGE);
    ck_assert_str_eq(param, "n_mirror");
    run_add(&run, KERNEL_EFFECT, "mirror3d");
    ck_assert_int_eq(run.steps[1].kernel->check(run.steps[1].params, &param, &error), 0);
    run_set(&run, "axis", 0);
    ck_assert_int_eq(run.steps[1].kernel->check(run.steps[1].params, &param, &error), PX_E_RANGE);
    ck_assert_str_eq(param, "axis");
    run_close(&run);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("effects");
    TCase *tests = tcase_create("effects");
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, an_effect_leaves_its_input_alone_and_gives_a_sound_geometry, 0, ACTIVE);
    tcase_add_loop_test(tests, nothing_to_do_gives_the_input, 0, IDLE);
    tcase_add_loop_test(tests, empty_input_gives_empty_output_but_planes, 0, ACTIVE);
    tcase_add_loop_test(tests, lines_without_vertices_alone_do_no_harm, 0, ACTIVE);
    tcase_add_loop_test(tests, every_instruction_set_gives_the_same_bytes, 0, ACTIVE);
    tcase_add_loop_test(tests, any_split_gives_the_same_bytes, 0, ACTIVE);
    tcase_add_loop_test(tests, results_past_the_budget_are_refused_before_room_is_asked_for, 0, IMMENSE);
    tcase_add_test(tests, every_parameter_says_what_it_is);
    tcase_add_test(tests, subdividing_stops_below_a_hundredth_of_a_millimetre);
    tcase_add_test(tests, a_dash_that_starts_at_a_vertex_repeats_it);
    tcase_add_test(tests, a_pattern_that_would_go_backwards_ends);
    tcase_add_test(tests, an_unknown_axis_twists_about_y);
    tcase_add_test(tests, lines_on_a_mirror_plane_stay_single);
    tcase_add_test(tests, the_groups_have_12_24_and_60_turns);
    tcase_add_test(tests, no_copies_and_no_direction_are_errors_that_name_the_parameter);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
