/* Evaluations through a real loop, pool, slab store and cache. */
#include "tests/unit/plan/plan_text.h"

#include "daemon/pipeline/evaluation.h"
#include "daemon/slab/geometry_slab.h"

#include <sched.h>
#include <stdio.h>

/* A daemon's worth of parts, without a daemon. */
struct rig {
    struct loop *loop;
    struct pool *pool;
    struct slab_store *store;
    struct cache *cache;
    struct resources *resources;
    struct pipeline *pipeline;
    struct history *history;
    int awaited;
};

static struct rig rig_open(int workers, size_t vertices_max) {
    struct rig rig = {0};
    struct slab_store_config store = {.first_arena_bytes = 8 << 20, .arena_bytes = 8 << 20, .budget_bytes = 64 << 20};
    ck_assert_int_eq(loop_create(&rig.loop, NULL), 0);
    ck_assert_int_eq(pool_create(workers, 64, 64 << 20, &rig.pool, NULL), 0);
    ck_assert_int_eq(slab_store_create(&store, &rig.store, NULL), 0);
    ck_assert_int_eq(cache_create(32 << 20, 1024, &rig.cache, NULL), 0);
    ck_assert_int_eq(resources_create(&rig.resources, NULL), 0);
    struct pipeline_config config = {.loop = rig.loop,
                                     .pool = rig.pool,
                                     .store = rig.store,
                                     .cache = rig.cache,
                                     .resources = rig.resources,
                                     .vertices_max = vertices_max,
                                     .evaluations_max = 8};
    ck_assert_int_eq(pipeline_create(&config, &rig.pipeline, NULL), 0);
    rig.history = history_create();
    return rig;
}

static void rig_close(struct rig *rig) {
    pool_stop(rig->pool);
    pipeline_destroy(rig->pipeline);
    pool_destroy(rig->pool);
    cache_destroy(rig->cache);
    history_unref(rig->history);
    struct slab_stats stats;
    slab_store_stats(rig->store, &stats);
    ck_assert_uint_eq(stats.used_bytes, 0); /* nobody kept a reference */
    slab_store_destroy(rig->store);
    resources_destroy(rig->resources);
    loop_destroy(rig->loop);
}

static void done(void *owner, struct evaluation *evaluation) {
    struct rig *rig = owner;
    (void)evaluation;
    if (--rig->awaited == 0)
        loop_stop(rig->loop);
}

static struct evaluation *start(struct rig *rig, const struct plan_text *plan, struct history *history) {
    struct evaluation_request request = {.value = &plan->document.root,
                                         .path = "plan",
                                         .history = history,
                                         .priority = POOL_FRAME,
                                         .done = done,
                                         .owner = rig};
    struct evaluation *evaluation = NULL;
    struct px_error error = {0};
    int code = evaluation_start(rig->pipeline, &request, &evaluation, &error);
    ck_assert_msg(code == 0, "%s", error.message);
    rig->awaited++;
    return evaluation;
}

static struct evaluation *evaluate(struct rig *rig, const char *text, struct history *history) {
    struct plan_text plan = plan_text_parse(text);
    struct evaluation *evaluation = start(rig, &plan, history);
    loop_run(rig->loop);
    plan_text_free(&plan);
    return evaluation;
}

static void assert_fine(const struct evaluation *evaluation) {
    const struct px_error *error = evaluation_error(evaluation);
    ck_assert_msg(error == NULL, "%s", error != NULL ? error->message : "");
}

static void assert_work(struct rig *rig, const char *text, struct history *history, uint64_t hits, uint64_t computed) {
    struct evaluation *evaluation = evaluate(rig, text, history);
    assert_fine(evaluation);
    struct evaluation_timings timings = evaluation_timings(evaluation);
    ck_assert_msg(timings.hits == hits && timings.computed == computed, "%d hits, %d computed", (int)timings.hits,
                  (int)timings.computed);
    evaluation_destroy(evaluation);
}

static const char *moving(char *out, size_t size, double t) {
    snprintf(out, size,
             "{\"layers\":[{\"shape\":\"sphere\",\"effects\":[[\"scale\",{\"scale\":80}],[\"displace\",{\"t_sec\":%.3f}"
             "]]}]}",
             t);
    return out;
}

START_TEST(a_plan_without_layers_is_an_empty_picture) {
    struct rig rig = rig_open(1, 1000000);
    for (int with_history = 0; with_history < 2; with_history++) {
        struct evaluation *evaluation = evaluate(&rig, "{\"layers\":[]}", with_history ? rig.history : NULL);
        assert_fine(evaluation);
        size_t count = 1;
        evaluation_layers(evaluation, &count);
        ck_assert_uint_eq(count, 0);
        evaluation_destroy(evaluation);
    }
    rig_close(&rig);
}
END_TEST

START_TEST(a_static_prefix_is_computed_once_and_then_a_hit) {
    struct rig rig = rig_open(1, 1000000);
    char text[256];
    assert_work(&rig, moving(text, sizeof text, 1), rig.history, 0, 1);
    assert_work(&rig, moving(text, sizeof text, 2), rig.history, 0, 2); /* the prefix by itself, and the rest */
    assert_work(&rig, moving(text, sizeof text, 3), rig.history, 1, 1);
    assert_work(&rig, moving(text, sizeof text, 4), rig.history, 1, 1);
    struct cache_stats stats;
    cache_stats(rig.cache, &stats);
    ck_assert_uint_eq(stats.entries, 1); /* what moves does not enter */
    rig_close(&rig);
}
END_TEST

START_TEST(a_static_layer_is_a_hit_on_the_third_frame) {
    static const char text[] = "{\"layers\":[{\"shape\":\"sphere\",\"effects\":[[\"twist\"],[\"scale\"]]}]}";
    struct rig rig = rig_open(1, 1000000);
    assert_work(&rig, text, rig.history, 0, 1);
    assert_work(&rig, text, rig.history, 0, 1);
    assert_work(&rig, text, rig.history, 1, 0);
    rig_close(&rig);
}
END_TEST

START_TEST(a_plan_without_layers_gives_none) {
    struct rig rig = rig_open(1, 1000000);
    assert_work(&rig, "{\"layers\":[]}", rig.history, 0, 0);
    assert_work(&rig, "{\"layers\":[]}", NULL, 0, 0);
    rig_close(&rig);
}
END_TEST

START_TEST(equal_nodes_of_one_plan_are_computed_once) {
    static const char text[] = "{\"layers\":[{\"shape\":\"sphere\"},{\"shape\":\"sphere\"},"
                               "{\"concat\":[{\"shape\":\"sphere\"},{\"shape\":\"sphere\"}]},"
                               "{\"shape\":\"sphere\",\"params\":{\"subdivisions\":1}}]}";
    for (int workers = 1; workers <= 3; workers++) {
        struct rig rig = rig_open(workers, 1000000);
        struct evaluation *evaluation = evaluate(&rig, text, NULL);
        assert_fine(evaluation);
        size_t count;
        const struct evaluation_layer *layers = evaluation_layers(evaluation, &count);
        ck_assert_uint_eq(count, 4);
        ck_assert_ptr_eq(layers[0].slab, layers[1].slab);
        ck_assert_ptr_eq(layers[0].slab, layers[3].slab);
        ck_assert_uint_eq(slab_geometry(layers[2].slab).vertex_count, 2 * slab_geometry(layers[0].slab).vertex_count);
        ck_assert_uint_eq(evaluation_timings(evaluation).computed, 2); /* the sphere, and the concat */
        evaluation_destroy(evaluation);
        rig_close(&rig);
    }
}
END_TEST

/* A second maker of the same geometry, played by the test. */
struct rival {
    struct rig *rig;
    struct px_signature signature;
    struct slab *slab; /* NULL: fails */
    struct px_error error;
    struct loop_message message;
};

/* LOOP: once the evaluation waits for us, we give it what it waits for. */
static void rival_answers(struct loop_message *message) {
    struct rival *rival = (struct rival *)((char *)message - offsetof(struct rival, message));
    struct cache_stats stats;
    do {
        sched_yield();
        cache_stats(rival->rig->cache, &stats);
    } while (stats.waits == 0);
    if (rival->slab != NULL)
        cache_fill(rival->rig->cache, rival->signature, rival->slab, false);
    else
        cache_fail(rival->rig->cache, rival->signature, &rival->error);
}

static struct evaluation *evaluate_against(struct rig *rig, struct rival *rival, const char *text) {
    struct plan_text parsed = plan_text_parse(text);
    struct plan_options options = plan_text_options(rig->resources);
    struct plan *plan = NULL;
    struct slab *slab;
    bool duplicate;
    ck_assert_int_eq(plan_decode(&parsed.document.root, &options, &plan, NULL), 0);
    rival->rig = rig;
    rival->signature = plan->layers[0].node->signatures[0];
    ck_assert_int_eq(cache_ask(rig->cache, rival->signature, NULL, &slab, &duplicate), CACHE_FILL);
    struct evaluation *evaluation = start(rig, &parsed, NULL);
    rival->message.handle = rival_answers;
    loop_post(rig->loop, &rival->message);
    loop_run(rig->loop);
    plan_unref(plan);
    plan_text_free(&parsed);
    return evaluation;
}

static const char nested_sphere[] = "{\"layers\":[{\"shape\":\"sphere\"},{\"concat\":[{\"shape\":\"sphere\"}]}]}";

START_TEST(what_somebody_makes_is_waited_for_without_blocking_a_worker) {
    struct rig rig = rig_open(1, 1000000);
    static const float coords[6] = {1, 2, 3, 4, 5, 6};
    static const int32_t offsets[2] = {0, 2};
    const struct px_geometry line = {coords, offsets, 2, 1};
    struct rival rival = {0};
    struct plan_text parsed = plan_text_parse(nested_sphere);
    struct plan_options options = plan_text_options(rig.resources);
    struct plan *plan = NULL;
    ck_assert_int_eq(plan_decode(&parsed.document.root, &options, &plan, NULL), 0);
    ck_assert_int_eq(geometry_slab_copy(rig.store, &line, plan->layers[0].node->signatures[0], &rival.slab, NULL), 0);
    struct evaluation *evaluation = evaluate_against(&rig, &rival, nested_sphere);
    assert_fine(evaluation);
    size_t count;
    const struct evaluation_layer *layers = evaluation_layers(evaluation, &count);
    ck_assert_ptr_eq(layers[0].slab, rival.slab);
    ck_assert_uint_eq(slab_geometry(layers[1].slab).vertex_count, 2);
    ck_assert_uint_eq(evaluation_timings(evaluation).computed, 1); /* the concat */
    evaluation_destroy(evaluation);
    slab_unref(rival.slab);
    plan_unref(plan);
    plan_text_free(&parsed);
    rig_close(&rig);
}
END_TEST

START_TEST(when_its_maker_is_cancelled_a_waiter_makes_it_itself) {
    struct rig rig = rig_open(2, 1000000);
    struct rival rival = {.error = {.code = PX_E_CANCELLED, .message = "cancelled"}};
    struct evaluation *evaluation = evaluate_against(&rig, &rival, nested_sphere);
    assert_fine(evaluation);
    ck_assert_uint_eq(evaluation_timings(evaluation).computed, 2);
    evaluation_destroy(evaluation);
    rig_close(&rig);
}
END_TEST

START_TEST(the_failure_of_its_maker_is_a_waiters_failure_too) {
    struct rig rig = rig_open(2, 1000000);
    struct rival rival = {.error = {.code = PX_E_LIMIT, .message = "shape (sphere): too much"}};
    struct evaluation *evaluation = evaluate_against(&rig, &rival, nested_sphere);
    ck_assert_int_eq(evaluation_error(evaluation)->code, PX_E_LIMIT);
    ck_assert_str_eq(evaluation_error(evaluation)->message, "layer \"layer0\", shape (sphere): too much");
    evaluation_destroy(evaluation);
    rig_close(&rig);
}
END_TEST

START_TEST(a_cancelled_evaluation_says_so) {
    struct rig rig = rig_open(2, 1000000);
    struct plan_text plan = plan_text_parse("{\"shape\":\"sphere\",\"params\":{\"subdivisions\":7},\"effects\":"
                                            "[[\"subdivide\",{\"subdivisions\":2}],[\"displace\"]]}");
    struct evaluation *evaluation = start(&rig, &plan, NULL);
    evaluation_cancel(evaluation);
    loop_run(rig.loop);
    ck_assert_int_eq(evaluation_error(evaluation)->code, PX_E_CANCELLED);
    size_t count;
    evaluation_layers(evaluation, &count);
    ck_assert_uint_eq(count, 0);
    evaluation_destroy(evaluation);
    plan_text_free(&plan);
    rig_close(&rig);
}
END_TEST

static void assert_failure(size_t vertices_max, const char *text, int code, const char *begins) {
    struct rig rig = rig_open(2, vertices_max);
    struct evaluation *evaluation = evaluate(&rig, text, NULL);
    const struct px_error *error = evaluation_error(evaluation);
    ck_assert_ptr_nonnull(error);
    ck_assert_msg(error->code == code && strncmp(error->message, begins, strlen(begins)) == 0, "%s", error->message);
    evaluation_destroy(evaluation);
    rig_close(&rig);
}

START_TEST(a_failure_names_layer_step_and_kernel) {
    assert_failure(1000,
                   "{\"layers\":[{\"shape\":\"line\"},{\"name\":\"big\",\"shape\":\"grid\",\"params\":{\"nx\":600}}]}",
                   PX_E_LIMIT, "layer \"big\", shape (grid): ");
    assert_failure(
        1000,
        "{\"layers\":[{\"name\":\"many\",\"shape\":\"polygon\",\"effects\":[[\"scale\"],[\"twist\",{\"bypass\":true}],"
        "[\"repeat\",{\"count\":9000}]]}]}",
        PX_E_LIMIT, "layer \"many\", effect 2 (repeat): ");
    assert_failure(1000,
                   "{\"layers\":[{\"name\":\"both\",\"concat\":[{\"label\":\"inner\",\"shape\":\"sphere\",\"params\":"
                   "{\"subdivisions\":5}}]}]}",
                   PX_E_LIMIT, "layer \"both\", node \"inner\", shape (sphere): ");
    assert_failure(1000, "{\"layers\":[{\"shape\":\"spere\"}]}", PX_E_PARAM, "plan.layers[0].shape: ");
}
END_TEST

START_TEST(a_step_with_nothing_to_do_gives_its_input) {
    struct rig rig = rig_open(1, 1000000);
    struct evaluation *evaluation =
        evaluate(&rig, "{\"layers\":[{\"lines\":[[[1,2],[3,4]]],\"effects\":[[\"translate\"]]},{\"lines\":[]}]}", NULL);
    assert_fine(evaluation);
    size_t count;
    const struct evaluation_layer *layers = evaluation_layers(evaluation, &count);
    struct px_geometry geometry = slab_geometry(layers[0].slab);
    ck_assert_uint_eq(geometry.vertex_count, 2);
    ck_assert(geometry.coords[4] == 4.0f);
    ck_assert_uint_eq(slab_geometry(layers[1].slab).vertex_count, 0);
    evaluation_destroy(evaluation);
    rig_close(&rig);
}
END_TEST

/* Everything a plan can hold, without anything random. */
static const char mixed[] =
    "{\"seed\":7,\"layers\":["
    "{\"shape\":\"sphere\",\"effects\":[[\"scale\",{\"scale\":[50,40,30]}],[\"displace\"],[\"rotate\",{\"rotation\":[1,"
    "2,3]}]]},"
    "{\"shape\":\"torus\",\"effects\":[[\"dash\"],[\"twist\"]]},"
    "{\"concat\":[{\"shape\":\"polygon\",\"effects\":[[\"fill\",{\"density\":[5,20]}]]},{\"lines\":[[[1,2,3],[4,5]]]},"
    "{\"shape\":\"polygon\"}],\"effects\":[[\"repeat\",{\"count\":5,\"offset\":3}],[\"wobble\"]]},"
    "{\"shape\":\"grid\",\"effects\":[[\"subdivide\",{\"subdivisions\":3}],[\"displace\"]]},"
    "{\"shape\":\"lissajous\"},{\"shape\":\"capsule\",\"effects\":[[\"affine\"],[\"trim\"]]}]}";

static void assert_equal_bytes(struct slab *a, struct slab *b) {
    struct px_geometry x = slab_geometry(a), y = slab_geometry(b);
    ck_assert_uint_eq(x.vertex_count, y.vertex_count);
    ck_assert_uint_eq(x.line_count, y.line_count);
    ck_assert_int_eq(memcmp(x.coords, y.coords, x.vertex_count * 3 * sizeof(float)), 0);
    ck_assert_int_eq(memcmp(x.offsets, y.offsets, (x.line_count + 1) * sizeof(int32_t)), 0);
    ck_assert(px_signature_equal(slab_signature(a), slab_signature(b)));
}

START_TEST(any_number_of_workers_gives_the_same_bytes) {
    struct rig one = rig_open(1, 1000000), three = rig_open(3, 1000000);
    struct evaluation *a = evaluate(&one, mixed, NULL);
    assert_fine(a);
    for (int frame = 0; frame < 4; frame++) { /* whole chains, then prefixes, then hits */
        struct evaluation *b = evaluate(&three, mixed, three.history);
        assert_fine(b);
        size_t count_a, count_b;
        const struct evaluation_layer *x = evaluation_layers(a, &count_a), *y = evaluation_layers(b, &count_b);
        ck_assert_uint_eq(count_a, count_b);
        for (size_t i = 0; i < count_a; i++)
            assert_equal_bytes(x[i].slab, y[i].slab);
        evaluation_destroy(b);
    }
    evaluation_destroy(a);
    rig_close(&one);
    rig_close(&three);
}
END_TEST

START_TEST(a_plan_with_expressions_asks_for_their_values) {
    struct rig rig = rig_open(1, 1000000);
    struct evaluation *first = evaluate(&rig, "{\"shape\":\"line\",\"params\":{\"length\":\"=t*2\"}}", NULL);
    assert_fine(first);
    size_t count;
    evaluation_layers(first, &count);
    ck_assert(evaluation_wants_values(first));
    ck_assert_uint_eq(count, 0);
    double value = 4;
    struct evaluation_request request = {.plan = evaluation_plan(first),
                                         .values = &value,
                                         .value_count = 1,
                                         .priority = POOL_CONTROL,
                                         .done = done,
                                         .owner = &rig};
    struct evaluation *second;
    ck_assert_int_eq(evaluation_start(rig.pipeline, &request, &second, NULL), 0);
    rig.awaited++;
    evaluation_destroy(first); /* the plan is counted */
    loop_run(rig.loop);
    assert_fine(second);
    const struct evaluation_layer *layers = evaluation_layers(second, &count);
    ck_assert(slab_geometry(layers[0].slab).coords[3] == 2.0f);
    evaluation_destroy(second);
    rig_close(&rig);
}
END_TEST

START_TEST(warnings_come_again_with_a_cached_geometry) {
    static const char text[] =
        "{\"layers\":[{\"name\":\"title\",\"shape\":\"text\",\"params\":{\"font\":\"no such font\"}}]}";
    struct rig rig = rig_open(1, 1000000);
    for (int frame = 0; frame < 4; frame++) {
        struct evaluation *evaluation = evaluate(&rig, text, rig.history);
        assert_fine(evaluation);
        const char *const *texts;
        ck_assert_uint_eq(evaluation_warnings(evaluation, &texts), 1);
        ck_assert_msg(strncmp(texts[0], "layer \"title\": ", 15) == 0, "%s", texts[0]);
        evaluation_destroy(evaluation);
    }
    rig_close(&rig);
}
END_TEST

START_TEST(more_than_evaluations_max_are_refused) {
    struct rig rig = rig_open(1, 1000000);
    struct plan_text plan = plan_text_parse("{\"shape\":\"line\"}");
    struct evaluation *evaluations[9];
    for (int i = 0; i < 8; i++)
        evaluations[i] = start(&rig, &plan, NULL);
    struct evaluation_request request = {.value = &plan.document.root, .done = done, .owner = &rig};
    ck_assert_int_eq(evaluation_start(rig.pipeline, &request, &evaluations[8], NULL), PX_E_BUSY);
    loop_run(rig.loop);
    for (int i = 0; i < 8; i++)
        evaluation_destroy(evaluations[i]);
    plan_text_free(&plan);
    rig_close(&rig);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("evaluation");
    TCase *tests = tcase_create("evaluation");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, a_plan_without_layers_is_an_empty_picture);
    tcase_add_test(tests, a_static_prefix_is_computed_once_and_then_a_hit);
    tcase_add_test(tests, a_static_layer_is_a_hit_on_the_third_frame);
    tcase_add_test(tests, a_plan_without_layers_gives_none);
    tcase_add_test(tests, equal_nodes_of_one_plan_are_computed_once);
    tcase_add_test(tests, what_somebody_makes_is_waited_for_without_blocking_a_worker);
    tcase_add_test(tests, when_its_maker_is_cancelled_a_waiter_makes_it_itself);
    tcase_add_test(tests, the_failure_of_its_maker_is_a_waiters_failure_too);
    tcase_add_test(tests, a_cancelled_evaluation_says_so);
    tcase_add_test(tests, a_failure_names_layer_step_and_kernel);
    tcase_add_test(tests, a_step_with_nothing_to_do_gives_its_input);
    tcase_add_test(tests, any_number_of_workers_gives_the_same_bytes);
    tcase_add_test(tests, a_plan_with_expressions_asks_for_their_values);
    tcase_add_test(tests, warnings_come_again_with_a_cached_geometry);
    tcase_add_test(tests, more_than_evaluations_max_are_refused);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
