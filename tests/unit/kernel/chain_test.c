/* chain_test.c: fused runs equal unfused ones, memory settles, and nothing is written where nothing is to do. */
#include "shared/slab_layout.h"
#include "tests/unit/kernel/run.h"

/* Effects that need nothing but their input. */
static size_t usable_effects(const struct kernel **out, size_t room) {
    size_t count, used = 0;
    const struct kernel *const *kernels = kernel_list(&count);
    for (size_t i = 0; i < count && used < room; i++) {
        bool usable = kernels[i]->role == KERNEL_EFFECT;
        for (size_t p = 0; p < kernels[i]->param_count; p++)
            usable = usable && kernels[i]->params[p].type != PARAM_NODE;
        /* POINTS twice as often: they are what is fused. */
        if (usable)
            out[used++] = kernels[i];
        if (usable && kernels[i]->kind == KERNEL_POINTS && used < room)
            out[used++] = kernels[i];
    }
    return used;
}

/* A value within the slider, half of the time the default. */
static void randomise(struct run_state *run, uint64_t *state) {
    const struct kernel *kernel = run->steps[run->count - 1].kernel;
    for (size_t p = 0; p < kernel->param_count; p++) {
        const struct param *param = &kernel->params[p];
        const double high = param->type == PARAM_INTEGER && param->max > 4 ? 4 : param->max;
        if (run_random(state) % 2 == 0 || param->min >= high)
            continue;
        if (param->type == PARAM_NUMBER || param->type == PARAM_VECTOR || param->type == PARAM_INTEGER)
            run_set(run, param->name, run_between(state, param->min, high));
    }
}

START_TEST(fused_and_unfused_give_the_same_bytes) {
    const struct kernel *effects[64];
    const size_t count = usable_effects(effects, 64);
    struct variety in = variety_make();
    uint64_t state = 100 + (uint64_t)_i;
    for (int i = 0; i < 40; i++) {
        struct run_state run;
        run_open(&run);
        run.context.vertex_budget = 300000;
        const size_t steps = 1 + run_random(&state) % RUN_STEPS_MAX;
        while (run.count < steps) {
            run_add(&run, KERNEL_EFFECT, effects[run_random(&state) % count]->name);
            randomise(&run, &state);
        }
        struct ran fused = run_chain_with(&run, &in.geometry, true);
        struct ran unfused = run_chain_with(&run, &in.geometry, false);
        ran_equal(&fused, &unfused, "a random chain");
        ran_free(&fused);
        ran_free(&unfused);
        run_close(&run);
    }
    variety_free(&in);
}
END_TEST

static void add_long_chain(struct run_state *run) {
    run_add(run, KERNEL_EFFECT, "displace");
    run_add(run, KERNEL_EFFECT, "subdivide");
    run_set(run, "subdivisions", 1);
    run_add(run, KERNEL_EFFECT, "rotate");
    run_set(run, "rotation", 10);
    run_add(run, KERNEL_EFFECT, "twist");
    run_add(run, KERNEL_EFFECT, "dash");
    run_add(run, KERNEL_EFFECT, "wobble");
    run_add(run, KERNEL_EFFECT, "scale");
}

START_TEST(the_same_chain_again_asks_for_no_more_memory) {
    struct variety in = variety_make();
    struct run_state run;
    run_open(&run);
    add_long_chain(&run);
    uint64_t grown = 0;
    for (int i = 0; i < 4; i++) {
        struct ran ran = run_it(&run, &in.geometry);
        ck_assert_int_eq(ran.code, 0);
        ran_free(&ran);
        scratch_reset(run.context.scratch);
        if (i == 1)
            grown = scratch_grown(run.context.scratch);
    }
    ck_assert_uint_eq(scratch_grown(run.context.scratch), grown);
    run_close(&run);
    variety_free(&in);
}
END_TEST

START_TEST(the_callers_output_is_reserved_once_whatever_the_chain) {
    struct variety in = variety_make();
    struct run_state run;
    run_open(&run);
    add_long_chain(&run);
    struct ran ran = run_it(&run, &in.geometry);
    ck_assert_int_eq(ran.code, 0);
    ck_assert_uint_eq(ran.reservations, 1);
    ran_free(&ran);
    run_close(&run);
    variety_free(&in);
}
END_TEST

START_TEST(a_chain_of_idle_steps_writes_nothing) {
    struct variety in = variety_make();
    struct run_state run;
    run_open(&run);
    run_add(&run, KERNEL_EFFECT, "rotate");
    run_add(&run, KERNEL_EFFECT, "subdivide");
    run_add(&run, KERNEL_EFFECT, "translate");
    struct ran ran = {.output = {.reserve = ran_reserve}};
    ck_assert_int_eq(chain_run(run.steps, run.count, &in.geometry, &ran.output, &run.context, NULL, NULL), KERNEL_SAME);
    ck_assert_uint_eq(ran.reservations, 0);
    ck_assert_int_eq(chain_run(NULL, 0, &in.geometry, &ran.output, &run.context, NULL, NULL), KERNEL_SAME);
    run_close(&run);
    variety_free(&in);
}
END_TEST

START_TEST(idle_steps_after_one_that_wrote_keep_its_result) {
    struct variety in = variety_make();
    struct run_state run;
    run_open(&run);
    run_add(&run, KERNEL_EFFECT, "translate");
    run_set(&run, "delta", 5);
    struct ran alone = run_it(&run, &in.geometry);
    run_add(&run, KERNEL_EFFECT, "subdivide");
    run_add(&run, KERNEL_EFFECT, "rotate");
    run_add(&run, KERNEL_EFFECT, "repeat");
    run_set(&run, "count", 0);
    struct ran ran = run_it(&run, &in.geometry);
    ran_equal(&alone, &ran, "translate and idle steps");
    ran_free(&alone);
    ran_free(&ran);
    run_close(&run);
    variety_free(&in);
}
END_TEST

START_TEST(a_shape_starts_a_chain) {
    struct run_state run;
    run_open(&run);
    run_add(&run, KERNEL_SHAPE, "polygon");
    run_add(&run, KERNEL_EFFECT, "scale");
    run_set(&run, "scale", 100);
    struct ran ran = run_it(&run, NULL);
    ck_assert_int_eq(ran.code, 0);
    ck_assert_uint_eq(ran.output.vertex_count, 7);
    ck_assert_float_eq_tol(ran.output.coords[0], 50.0f, 8.0f); /* about the mean, which counts the first vertex twice */
    ran_free(&ran);
    run_close(&run);
}
END_TEST

START_TEST(the_step_that_fails_is_named) {
    struct variety in = variety_make();
    struct run_state run;
    run_open(&run);
    run.context.vertex_budget = in.geometry.vertex_count;
    run_add(&run, KERNEL_EFFECT, "scale");
    run_add(&run, KERNEL_EFFECT, "repeat");
    run_add(&run, KERNEL_EFFECT, "rotate");
    struct ran ran = run_it(&run, &in.geometry);
    ck_assert_int_eq(ran.code, PX_E_LIMIT);
    ck_assert_uint_eq(ran.failed, 1);
    ran_free(&ran);
    run_close(&run);
    variety_free(&in);
}
END_TEST

START_TEST(a_cancelled_chain_stops) {
    struct variety in = variety_make();
    struct run_state run;
    const _Atomic bool cancel = true;
    run_open(&run);
    run.context.cancel = &cancel;
    run_add(&run, KERNEL_EFFECT, "displace");
    struct ran ran = run_it(&run, &in.geometry);
    ck_assert_int_eq(ran.code, PX_E_CANCELLED);
    ran_free(&ran);
    run_close(&run);
    variety_free(&in);
}
END_TEST

START_TEST(vertex_flags_say_where_lines_begin_end_and_close) {
    const float coords[] = {0, 0, 0, 1, 0, 0, 0, 0, 0, 5, 5, 5, 7, 7, 7, 7, 7, 7};
    const int32_t offsets[] = {0, 3, 3, 4, 6};
    const struct px_geometry geometry = {coords, offsets, 6, 4};
    uint8_t flags[6];
    chain_vertex_flags(&geometry, flags);
    ck_assert_uint_eq(flags[0], PX_VERTEX_STARTS | PX_VERTEX_CLOSED);
    ck_assert_uint_eq(flags[1], 0);
    ck_assert_uint_eq(flags[2], PX_VERTEX_ENDS | PX_VERTEX_CLOSED);
    ck_assert_uint_eq(flags[3], PX_VERTEX_STARTS | PX_VERTEX_ENDS);
    ck_assert_uint_eq(flags[4], PX_VERTEX_STARTS);
    ck_assert_uint_eq(flags[5], PX_VERTEX_ENDS);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("chain");
    TCase *tests = tcase_create("chain");
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, fused_and_unfused_give_the_same_bytes, 0, 5);
    tcase_add_test(tests, the_same_chain_again_asks_for_no_more_memory);
    tcase_add_test(tests, the_callers_output_is_reserved_once_whatever_the_chain);
    tcase_add_test(tests, a_chain_of_idle_steps_writes_nothing);
    tcase_add_test(tests, idle_steps_after_one_that_wrote_keep_its_result);
    tcase_add_test(tests, a_shape_starts_a_chain);
    tcase_add_test(tests, the_step_that_fails_is_named);
    tcase_add_test(tests, a_cancelled_chain_stops);
    tcase_add_test(tests, vertex_flags_say_where_lines_begin_end_and_close);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
