/* Live sketches through a real nursery, loop, pool and board. */
#include "tests/unit/plan/plan_text.h"

#include "daemon/sketch/clock.h"
#include "daemon/sketch/sketch.h"
#include "shared/clock.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct loop *loop;
static struct nursery *nursery;
static struct pool *pool;
static struct slab_store *store;
static struct cache *cache;
static struct resources *resources;
static struct pipeline *pipeline;
static struct board *board;
static struct sketches *sketches;
static struct px_error error;
static char state_dir[64];

/* What came. */
static int events[5];
static char event_message[500];
static uint64_t frames[256];
static double times[256];
static float colors[256];
static size_t frame_count, frames_awaited;
static int done_code;
static bool done_came;

static void on_event(void *argument, enum sketch_event event, const char *name, const struct px_error *reason) {
    (void)argument, (void)name;
    events[event]++;
    if (reason != NULL)
        snprintf(event_message, sizeof event_message, "%s", reason->message);
}

static void on_frame(void *argument, const struct frame *frame) {
    (void)argument;
    size_t layers;
    const struct frame_layer *list = frame_layers(frame, &layers);
    if (frame_count < 256) {
        frames[frame_count] = frame_info(frame)->frame;
        times[frame_count] = frame_info(frame)->t;
        colors[frame_count] = layers > 0 ? list[0].color[0] : -1;
    }
    frame_count++;
    if (frames_awaited != 0 && frame_count >= frames_awaited)
        loop_stop(loop);
}

static void open_sketches(void) {
    const struct sketches_config config = {.loop = loop,
                                           .nursery = nursery,
                                           .pipeline = pipeline,
                                           .store = store,
                                           .board = board,
                                           .state_dir = state_dir,
                                           .time_ms = 400,
                                           .memory_bytes = 64u << 20,
                                           .frames_in_flight = 3,
                                           .event = on_event,
                                           .frame = on_frame};
    ck_assert_int_eq(sketches_create(&config, &sketches, &error), 0);
}

static void set_up(void) {
    strcpy(state_dir, "/tmp/px-sketches-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(state_dir));
    ck_assert_int_eq(nursery_start(&sketch_process_entry, 1, &nursery, &error), 0);
    const struct slab_store_config slabs = {
        .first_arena_bytes = 32 << 20, .arena_bytes = 32 << 20, .budget_bytes = 256 << 20};
    ck_assert_int_eq(loop_create(&loop, NULL), 0);
    ck_assert_int_eq(nursery_attach(nursery, loop, NULL, NULL, &error), 0);
    ck_assert_int_eq(pool_create(2, 64, 64 << 20, &pool, NULL), 0);
    ck_assert_int_eq(slab_store_create(&slabs, &store, NULL), 0);
    ck_assert_int_eq(cache_create(64 << 20, 1024, &cache, NULL), 0);
    ck_assert_int_eq(resources_create(&resources, NULL), 0);
    const struct pipeline_config config = {.loop = loop,
                                           .pool = pool,
                                           .store = store,
                                           .cache = cache,
                                           .resources = resources,
                                           .vertices_max = 4000000,
                                           .evaluations_max = 16};
    ck_assert_int_eq(pipeline_create(&config, &pipeline, NULL), 0);
    ck_assert_int_eq(board_create(1, 1000000000u, &board, &error), 0);
    open_sketches();
}

static void stopped(void *argument) {
    (void)argument;
    done_came = true;
    loop_stop(loop);
}

static void close_sketches(void) {
    done_came = false;
    frames_awaited = 0;
    sketches_stop(sketches, stopped, NULL);
    if (!done_came)
        loop_run(loop);
    sketches_destroy(sketches);
}

static void tear_down(void) {
    close_sketches();
    nursery_stop(nursery);
    pool_stop(pool);
    pipeline_destroy(pipeline);
    pool_destroy(pool);
    board_destroy(board);
    cache_destroy(cache);
    slab_store_destroy(store);
    resources_destroy(resources);
    loop_destroy(loop);
    char command[100];
    snprintf(command, sizeof command, "rm -rf %s", state_dir);
    ck_assert_int_eq(system(command), 0);
}

static void on_done(void *argument, const struct px_error *reason) {
    (void)argument;
    done_came = true;
    done_code = reason != NULL ? reason->code : 0;
    if (reason != NULL)
        error = *reason;
    loop_stop(loop);
}

static void run_until_done(void) {
    size_t awaited = frames_awaited;
    frames_awaited = 0;
    while (!done_came)
        loop_run(loop);
    done_came = false;
    frames_awaited = awaited;
}

static int load(const char *source) {
    done_came = false;
    sketch_load(sketches, "one", source, strlen(source), NULL, NULL, on_done, NULL);
    run_until_done();
    return done_code;
}

static int set(const char *text) {
    struct plan_text plan = plan_text_parse(text);
    done_came = false;
    sketch_set(sketches, "one", &plan.document.root, on_done, NULL);
    plan_text_free(&plan);
    run_until_done();
    return done_code;
}

static void await_frames(size_t more) {
    frames_awaited = frame_count + more;
    while (frame_count < frames_awaited) /* a stop from before may wait still */
        loop_run(loop);
    frames_awaited = 0;
}

static struct sketch_clock_state clock_now(void) {
    struct sketch_clock_state state;
    ck_assert_int_eq(sketch_clock_get(sketches, NULL, &state, &error), 0);
    return state;
}

static void pause_at(double t) {
    struct sketch_clock_change change = SKETCH_CLOCK_NO_CHANGE;
    change.playing = 0;
    change.t = t;
    ck_assert_int_eq(sketch_clock_set(sketches, NULL, &change, &error), 0);
}

static const char moving[] = "function draw(t) return E.rotate{rotation = {0, 0, t}}(G.polygon{}) end";

START_TEST(frames_flow_in_order_while_somebody_watches) {
    ck_assert_msg(load(moving) == 0, "%s", error.message);
    sketches_watch(sketches, true);
    await_frames(5);
    for (size_t i = 1; i < 5; i++) {
        ck_assert_uint_gt(frames[i], frames[i - 1]);
        ck_assert(times[i] > times[i - 1]);
    }
    ck_assert_ptr_nonnull(board_latest(board, "one"));
}
END_TEST

static void stop_loop(void *argument) {
    (void)argument;
    loop_stop(loop);
}

/* Runs the loop for some turns of work that would make frames if anything did. */
static void let_pass(uint64_t ms) {
    struct loop_timer *timer;
    ck_assert_int_eq(loop_timer_create(loop, stop_loop, NULL, &timer, &error), 0);
    loop_timer_start(timer, px_clock_ns() + ms * 1000000u);
    loop_run(loop);
    loop_timer_destroy(timer);
}

START_TEST(unwatched_sketches_compute_nothing) {
    ck_assert_int_eq(load(moving), 0);
    let_pass(80);
    ck_assert_uint_eq(frame_count, 0);
    ck_assert_int_eq(events[SKETCH_LOADED], 1);
    ck_assert_str_eq(sketches_focused(sketches), "one");
}
END_TEST

START_TEST(a_still_sketch_makes_one_frame_and_sleeps) {
    ck_assert_int_eq(load("function draw() return G.polygon{} end"), 0);
    sketches_watch(sketches, true);
    await_frames(1);
    let_pass(20);
    uint64_t wakeups = loop_wakeups(loop);
    let_pass(100);
    ck_assert_uint_eq(frame_count, 1);
    ck_assert_uint_le(loop_wakeups(loop) - wakeups, 4); /* those of let_pass itself; frames would be 6 and more */
}
END_TEST

START_TEST(a_plan_that_comes_out_the_same_makes_no_frame) {
    ck_assert_int_eq(load("function draw(t) return G.polygon{n_sides = 3} end"), 0);
    sketches_watch(sketches, true);
    await_frames(1);
    let_pass(80);
    ck_assert_uint_eq(frame_count, 1);
}
END_TEST

START_TEST(a_bad_reload_keeps_the_last_good_sketch_running) {
    ck_assert_int_eq(load(moving), 0);
    sketches_watch(sketches, true);
    await_frames(2);
    ck_assert_int_eq(load("function draw(t)\n  return G.polygon{\nend"), PX_E_SKETCH);
    ck_assert_msg(strstr(error.message, "one.lua:3:") != NULL, "%s", error.message);
    ck_assert_int_eq(events[SKETCH_FAILED], 1);
    ck_assert_str_eq(event_message, error.message);
    ck_assert_int_eq(load("function draw(t) return G.text{font_index = 1, text_align = 'x'} + G.line{length = 'x'} end"),
                     PX_E_SKETCH);
    ck_assert_int_eq(load("canvas{size = 'A77'} function draw(t) return G.line{} end"), PX_E_SKETCH);
    ck_assert_msg(strstr(error.message, "one.lua: draw(t).canvas.size") != NULL, "%s", error.message);
    await_frames(3);
}
END_TEST

static const char too_large[] = "function draw(t) return E['repeat']{count = 1e9}(G.grid{}) end";

START_TEST(a_version_that_cannot_be_evaluated_does_not_take_over) {
    ck_assert_int_eq(load(too_large), PX_E_LIMIT); /* nobody watches: the check is made all the same */
    ck_assert_ptr_null(sketches_focused(sketches));
    ck_assert_int_eq(load(moving), 0);
    sketches_watch(sketches, true);
    await_frames(2);
    ck_assert_int_eq(load(too_large), PX_E_LIMIT);
    ck_assert_msg(strstr(error.message, "one.lua: layer \"layer0\", effect 0 (repeat)") != NULL, "%s", error.message);
    ck_assert_int_eq(set("{\"shape\": \"grid\", \"effects\": [[\"repeat\", {\"count\": 1000000000}]]}"), PX_E_LIMIT);
    ck_assert_int_eq(events[SKETCH_LOADED], 1);
    ck_assert_int_eq(events[SKETCH_FAILED], 3);
    await_frames(3);
    ck_assert_int_eq(events[SKETCH_RECOVERED], 0); /* it never failed */
}
END_TEST

START_TEST(the_first_frame_of_a_new_version_is_found_in_the_cache) {
    struct cache_stats before, after;
    ck_assert_int_eq(load("function draw() return E.fill{}(G.polygon{}) end"), 0);
    cache_stats(cache, &before);
    sketches_watch(sketches, true);
    await_frames(1);
    cache_stats(cache, &after);
    ck_assert_uint_eq(after.hits, before.hits + 1);
    ck_assert_uint_eq(after.fills, before.fills);
}
END_TEST

START_TEST(a_good_reload_keeps_the_time) {
    ck_assert_int_eq(load(moving), 0);
    pause_at(42);
    sketches_watch(sketches, true);
    await_frames(1);
    ck_assert_double_eq(times[0], 42);
    ck_assert_int_eq(load("function draw(t) return L(G.line{angle = t}, {color = {t / 84, 0, 0}}) end"), 0);
    await_frames(1);
    ck_assert_double_eq(times[1], 42);
    ck_assert_float_eq(colors[1], 0.5f);
    ck_assert_uint_gt(frames[1], frames[0]);
}
END_TEST

START_TEST(a_draw_that_fails_later_leaves_the_last_picture_and_recovers) {
    ck_assert_int_eq(load("n = 0 function draw(t) n = n + 1 if n == 4 then error('hiccup') end return G.line{angle = n} end"),
                     0);
    sketches_watch(sketches, true);
    await_frames(5);
    ck_assert_int_eq(events[SKETCH_FAILED], 1);
    ck_assert_int_eq(events[SKETCH_RECOVERED], 1);
    ck_assert_ptr_nonnull(strstr(event_message, "one.lua:1: hiccup"));
}
END_TEST

START_TEST(a_draw_that_hangs_is_killed_and_the_sketch_starts_again) {
    ck_assert_int_eq(load("n = 0 function draw(t) n = n + 1 if n == 4 then string.find(('a'):rep(40), ('a?'):rep(40) .. "
                          "('a'):rep(40) .. 'b') end return G.line{angle = t} end"),
                     0);
    sketches_watch(sketches, true);
    await_frames(5);
    ck_assert_int_ge(events[SKETCH_FAILED], 1);
    ck_assert_int_ge(events[SKETCH_RECOVERED], 1);
    ck_assert_msg(strstr(event_message, "took longer than 400 ms") != NULL, "%s", event_message);
}
END_TEST

/* ---- parameters --------------------------------------------------------------------------------------------------- */

static struct plan *asked_plan;
static void on_plan(void *argument, struct plan *plan, const struct px_error *reason) {
    asked_plan = plan;
    on_done(argument, reason);
}

static const char sided[] = "local r = param('red', 0, 0, 1)\n"
                            "function draw() return L(G.label('p').polygon{n_sides = 5}, {color = {param('red', 0, 0, 1), 0, 0}}) end";

static int set_param(const char *text) {
    struct plan_text values = plan_text_parse(text);
    int status = sketch_params_set(sketches, "one", &values.document.root, &error);
    plan_text_free(&values);
    return status;
}

static struct px_writer params_listed;
static void on_params(void *argument, const struct px_writer *list, const struct px_error *reason) {
    if (list != NULL)
        px_write_raw(&params_listed, list->bytes, list->size);
    on_done(argument, reason);
}

/* The map of one parameter out of param.get. */
static double param_number(const char *name, const char *key, char *from) {
    struct px_document document;
    double number = NAN;
    px_writer_init(&params_listed, 0);
    done_came = false;
    sketch_params_get(sketches, "one", on_params, NULL);
    run_until_done();
    ck_assert_int_eq(done_code, 0);
    ck_assert_int_eq(
        px_value_decode(params_listed.bytes, params_listed.size, &PX_LIMITS_DEFAULT, &document, &error), 0);
    for (uint32_t i = 0; i < document.root.count; i++) {
        const struct px_value *map = &document.root.items[i];
        if (!px_value_is_string(px_value_get(map, "name"), name))
            continue;
        px_value_number(px_value_get(map, key), &number);
        const struct px_value *text = px_value_get(map, "from");
        snprintf(from, 16, "%.*s", (int)text->count, text->text);
    }
    px_document_free(&document);
    px_writer_free(&params_listed);
    return number;
}

START_TEST(the_value_in_force_is_cc_over_override_over_explicit_over_default) {
    char from[16] = "";
    ck_assert_int_eq(load(sided), 0);
    sketches_watch(sketches, true);
    await_frames(1);
    ck_assert_double_eq(param_number("p/polygon.phase", "value", from), 0);
    ck_assert_str_eq(from, "default");
    ck_assert_double_eq(param_number("p/polygon.n_sides", "value", from), 5);
    ck_assert_str_eq(from, "explicit");
    ck_assert_int_eq(set_param("{\"p/polygon.n_sides\": 7, \"red\": 0.5}"), 0);
    await_frames(1);
    ck_assert_float_eq(colors[1], 0.5f);
    ck_assert_double_eq(param_number("p/polygon.n_sides", "value", from), 7);
    ck_assert_str_eq(from, "override");
    ck_assert_double_eq(param_number("red", "value", from), 0.5);
    ck_assert_str_eq(from, "override");
    ck_assert_int_eq(sketch_cc_bind(sketches, "one", "p/polygon.n_sides", 3, 10, 20, &error), 0);
    ck_assert_int_eq(sketch_cc_bind(sketches, "one", "red", 3, NAN, NAN, &error), 0);
    struct plan_text cc = plan_text_parse("{\"3\": 1}");
    ck_assert_int_eq(sketches_cc_set(sketches, &cc.document.root, &error), 0);
    plan_text_free(&cc);
    await_frames(1);
    ck_assert_double_eq(param_number("p/polygon.n_sides", "value", from), 20);
    ck_assert_str_eq(from, "cc");
    ck_assert_double_eq(param_number("red", "value", from), 1);
    ck_assert_str_eq(from, "cc");
    size_t count;
    ck_assert_int_eq(sketch_cc_unbind(sketches, "one", "p/polygon.n_sides", &error), 0);
    ck_assert_int_eq(sketch_params_reset(sketches, "one", NULL, &count, &error), 0);
    await_frames(1);
    ck_assert_double_eq(param_number("p/polygon.n_sides", "value", from), 5);
    ck_assert_str_eq(from, "explicit");
}
END_TEST

START_TEST(a_value_just_set_is_listed_while_nobody_watches) {
    char from[16] = "";
    ck_assert_int_eq(load(sided), 0);
    ck_assert_int_eq(set_param("{\"red\": 0.5, \"p/polygon.n_sides\": 7, \"seed\": 9}"), 0);
    ck_assert_double_eq(param_number("red", "value", from), 0.5);
    ck_assert_str_eq(from, "override");
    ck_assert_double_eq(param_number("p/polygon.n_sides", "value", from), 7);
    ck_assert_double_eq(param_number("seed", "value", from), 9);
    size_t count;
    ck_assert_int_eq(sketch_params_reset(sketches, "one", NULL, &count, &error), 0);
    ck_assert_double_eq(param_number("p/polygon.n_sides", "value", from), 5);
    ck_assert_str_eq(from, "explicit");
    ck_assert_double_eq(param_number("red", "value", from), 0);
    ck_assert_uint_eq(frame_count, 0);
}
END_TEST

START_TEST(a_plan_given_as_data_has_a_seed_to_set) {
    char from[16] = "";
    ck_assert_int_eq(set("{\"seed\": 4, \"layers\": [{\"shape\": \"line\", \"thickness\": \"=seed + 1\"}]}"), 0);
    ck_assert_double_eq(param_number("seed", "value", from), 4);
    ck_assert_str_eq(from, "explicit");
    ck_assert_int_eq(set_param("{\"seed\": 6}"), 0);
    ck_assert_double_eq(param_number("seed", "value", from), 6);
    ck_assert_str_eq(from, "override");
    sketch_plan_at(sketches, "one", 0, on_plan, NULL);
    run_until_done();
    ck_assert_uint_eq(asked_plan->seed, 6);
    ck_assert_float_eq(asked_plan->layers[0].thickness, 7);
    plan_unref(asked_plan);
    ck_assert_int_eq(set("{\"seed\": 4, \"layers\": [{\"shape\": \"line\"}]}"), 0); /* kept for the name */
    sketch_plan_at(sketches, "one", 0, on_plan, NULL);
    run_until_done();
    ck_assert_uint_eq(asked_plan->seed, 6);
    plan_unref(asked_plan);
    ck_assert_int_eq(set_param("{\"seed\": -6}"), PX_E_RANGE);
}
END_TEST

START_TEST(values_that_do_not_fit_are_refused_and_none_is_set) {
    char from[16] = "";
    ck_assert_int_eq(load(sided), 0);
    ck_assert_int_eq(set_param("{\"red\": 0.5, \"p/polygon.n_side\": 7}"), PX_E_PARAM);
    ck_assert_msg(strstr(error.message, "values[\"p/polygon.n_side\"]") != NULL, "%s", error.message);
    ck_assert_ptr_nonnull(strstr(error.message, "p/polygon.n_sides"));
    ck_assert_int_eq(set_param("{\"p/polygon.n_sides\": \"x\"}"), PX_E_TYPE);
    ck_assert_int_eq(set_param("{\"red\": \"x\"}"), PX_E_TYPE);
    ck_assert_int_eq(set_param("{\"seed\": -1}"), PX_E_RANGE);
    ck_assert_double_eq(param_number("red", "value", from), 0);
    ck_assert_int_eq(sketch_cc_bind(sketches, "one", "nothing", 3, 0, 1, &error), PX_E_PARAM);
    sketch_params_get(sketches, "two", on_params, NULL);
    ck_assert_int_eq(done_code, PX_E_NOT_FOUND);
}
END_TEST

START_TEST(values_outlive_removal_and_restart) {
    char from[16] = "";
    ck_assert_int_eq(load(sided), 0);
    ck_assert_int_eq(set_param("{\"red\": 0.25}"), 0);
    ck_assert_int_eq(sketch_remove(sketches, "one", &error), 0);
    ck_assert_int_eq(load(sided), 0);
    ck_assert_double_eq(param_number("red", "value", from), 0.25);
    close_sketches();
    open_sketches();
    ck_assert_int_eq(load(sided), 0);
    ck_assert_double_eq(param_number("red", "value", from), 0.25);
    ck_assert_str_eq(from, "override");
}
END_TEST

/* ---- plans given as data ------------------------------------------------------------------------------------------ */

START_TEST(expressions_move_a_plan_given_as_data) {
    ck_assert_msg(set("{\"layers\": [{\"shape\": \"line\", \"params\": {\"angle\": \"=t * 90\"}}]}") == 0, "%s",
                  error.message);
    sketches_watch(sketches, true);
    await_frames(4);
    ck_assert(times[3] > times[0]);
    ck_assert_int_eq(set("{\"layers\": [{\"shape\": \"line\", \"params\": {\"angle\": \"=t *\"}}]}"), PX_E_SKETCH);
    ck_assert_msg(strstr(error.message, "plan.layers[0].params.angle") != NULL, "%s", error.message);
    ck_assert_int_eq(set("{\"layers\": [{\"shape\": \"lin\"}]}"), PX_E_PARAM);
    await_frames(2);
}
END_TEST

START_TEST(one_endless_expression_fails_alone) {
    ck_assert_int_eq(set("{\"layers\": [{\"shape\": \"line\", \"params\": {\"angle\": \"=t * 90\"}}]}"), 0);
    sketches_watch(sketches, true);
    await_frames(1);
    struct plan_text plan = plan_text_parse(
        "{\"layers\": [{\"shape\": \"line\", \"params\": {\"angle\": \"=(function() while true do end end)()\"}}]}");
    done_came = false;
    sketch_set(sketches, "two", &plan.document.root, on_done, NULL);
    plan_text_free(&plan);
    run_until_done();
    ck_assert_int_eq(done_code, PX_E_SKETCH);
    ck_assert_ptr_nonnull(strstr(error.message, "took longer than 400 ms"));
    await_frames(3);
}
END_TEST

START_TEST(a_plan_at_any_time_can_be_asked_for) {
    ck_assert_int_eq(load("function draw(t) return L(G.line{angle = t}, {thickness = t}) end"), 0);
    sketch_plan_at(sketches, "one", 7, on_plan, NULL);
    run_until_done();
    ck_assert_int_eq(done_code, 0);
    ck_assert_float_eq(asked_plan->layers[0].thickness, 7);
    plan_unref(asked_plan);
    ck_assert_int_eq(set("{\"layers\": [{\"shape\": \"line\", \"thickness\": \"=t + 1\"}]}"), 0);
    sketch_plan_at(sketches, "one", 7, on_plan, NULL);
    run_until_done();
    ck_assert_int_eq(done_code, 0);
    ck_assert_float_eq(asked_plan->layers[0].thickness, 8);
    ck_assert_uint_eq(asked_plan->expression_count, 0);
    plan_unref(asked_plan);
    sketch_plan_at(sketches, "two", 7, on_plan, NULL);
    ck_assert_int_eq(done_code, PX_E_NOT_FOUND);
}
END_TEST

/* ---- submitted ---------------------------------------------------------------------------------------------------- */

static int submit_codes[32];
static uint64_t submit_credits[32];
static size_t submit_count;

static void on_accepted(void *argument, uint64_t credit, const struct px_error *reason) {
    size_t index = (size_t)(uintptr_t)argument;
    submit_codes[index] = reason != NULL ? reason->code : 0;
    submit_credits[index] = credit;
    submit_count++;
}

static void submit(size_t index, uint64_t frame, const char *text) {
    struct plan_text plan = plan_text_parse(text);
    sketch_submit(sketches, "one", frame, (double)frame / 10, &plan.document.root, on_accepted, (void *)(uintptr_t)index);
    plan_text_free(&plan);
}

START_TEST(submitted_frames_come_in_order_and_none_is_dropped_within_credit) {
    static const char plan[] = "{\"layers\": [{\"shape\": \"line\", \"params\": {\"angle\": \"=frame\"}}]}";
    for (size_t i = 0; i < 5; i++)
        submit(i, 10 + i, plan);
    submit(5, 15, plan);
    ck_assert_int_eq(submit_codes[5], PX_E_BUSY); /* past the credit of 3 + 2 */
    await_frames(5);
    for (size_t i = 0; i < 5; i++) {
        ck_assert_int_eq(submit_codes[i], 0);
        ck_assert_uint_eq(frames[i], 10 + i);
        ck_assert_double_eq(times[i], (double)(10 + i) / 10);
    }
    submit(6, 13, plan);
    ck_assert_int_eq(submit_codes[6], PX_E_STALE);
    submit(7, 14, plan);
    ck_assert_int_eq(submit_codes[7], 0);
    ck_assert_uint_eq(submit_credits[7], submit_credits[4]); /* the first answer again */
    submit(8, 16, "{\"layers\": [{\"shape\": \"nothing\"}]}");
    while (submit_count < 9)
        let_pass(5);
    ck_assert_int_eq(submit_codes[8], PX_E_PARAM);
    submit(9, 16, plan);
    await_frames(1);
    ck_assert_int_eq(submit_codes[9], 0);
    ck_assert_uint_eq(frame_count, 6);
    ck_assert_int_eq(load(moving), 0); /* a sketch may take the name over */
    submit(10, 17, plan);
    ck_assert_int_eq(submit_codes[10], PX_E_EXISTS);
}
END_TEST

/* ---- all together ------------------------------------------------------------------------------------------------- */

START_TEST(the_clock_without_a_name_is_that_of_all_sketches_and_those_to_come) {
    struct sketch_clock_state state;
    pause_at(3);
    ck_assert_double_eq(clock_now().t, 3);
    ck_assert_int_eq(load(moving), 0);
    ck_assert(!clock_now().playing);
    ck_assert_double_eq(clock_now().t, 3);
    ck_assert_int_eq(sketch_clock_move(sketches, NULL, 6, "a key", &state, &error), 0);
    ck_assert_double_eq_tol(state.t, 3.1, 1e-12);
    ck_assert_int_eq(sketch_clock_move(sketches, NULL, 6, "a key", &state, &error), 0);
    ck_assert_double_eq_tol(state.t, 3.1, 1e-12);
    ck_assert_int_eq(sketch_clock_get(sketches, "two", &state, &error), PX_E_NOT_FOUND);
}
END_TEST

START_TEST(names_without_meaning_are_refused) {
    static const char *const bad[] = {"", "a/b", "a\nb", "\x7f",
                                      "0123456789012345678901234567890123456789012345678901234567890123"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_int_eq(sketch_name_check(bad[i], &error), PX_E_RANGE);
    ck_assert_int_eq(sketch_name_check("\xc3\xa9t\xc3\xa9 1.0", &error), 0);
}
END_TEST

START_TEST(a_sketch_that_never_was_good_does_not_stay) {
    ck_assert_int_eq(load("nonsense"), PX_E_SKETCH);
    ck_assert_ptr_null(sketches_focused(sketches));
    ck_assert_int_eq(sketch_remove(sketches, "one", &error), PX_E_NOT_FOUND);
}
END_TEST

START_TEST(every_demo_sketch_makes_a_frame) {
    DIR *demos = opendir(TEST_DATA "/../client/sketches");
    ck_assert_ptr_nonnull(demos);
    sketches_watch(sketches, true);
    pause_at(1.25);
    size_t count = 0;
    for (struct dirent *entry = readdir(demos); entry != NULL; entry = readdir(demos)) {
        char path[600];
        size_t length = strlen(entry->d_name);
        if (length < 4 || strcmp(entry->d_name + length - 4, ".lua") != 0)
            continue;
        snprintf(path, sizeof path, TEST_DATA "/../client/sketches/%s", entry->d_name);
        done_came = false;
        sketch_load_file(sketches, NULL, path, on_done, NULL);
        run_until_done();
        ck_assert_msg(done_code == 0, "%s: %s", entry->d_name, error.message);
        await_frames(1);
        ck_assert_int_eq(events[SKETCH_FAILED], 0);
        count++;
    }
    closedir(demos);
    ck_assert_uint_ge(count, 6);
}
END_TEST

int main(int argc, char **argv) {
    int status = nursery_main(argc, argv, &sketch_process_entry, 1);
    if (status >= 0)
        return status;
    Suite *suite = suite_create("sketches");
    TCase *tests = tcase_create("sketches");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, frames_flow_in_order_while_somebody_watches);
    tcase_add_test(tests, unwatched_sketches_compute_nothing);
    tcase_add_test(tests, a_still_sketch_makes_one_frame_and_sleeps);
    tcase_add_test(tests, a_plan_that_comes_out_the_same_makes_no_frame);
    tcase_add_test(tests, a_bad_reload_keeps_the_last_good_sketch_running);
    tcase_add_test(tests, a_version_that_cannot_be_evaluated_does_not_take_over);
    tcase_add_test(tests, the_first_frame_of_a_new_version_is_found_in_the_cache);
    tcase_add_test(tests, a_good_reload_keeps_the_time);
    tcase_add_test(tests, a_draw_that_fails_later_leaves_the_last_picture_and_recovers);
    tcase_add_test(tests, a_draw_that_hangs_is_killed_and_the_sketch_starts_again);
    tcase_add_test(tests, the_value_in_force_is_cc_over_override_over_explicit_over_default);
    tcase_add_test(tests, values_that_do_not_fit_are_refused_and_none_is_set);
    tcase_add_test(tests, a_value_just_set_is_listed_while_nobody_watches);
    tcase_add_test(tests, a_plan_given_as_data_has_a_seed_to_set);
    tcase_add_test(tests, values_outlive_removal_and_restart);
    tcase_add_test(tests, expressions_move_a_plan_given_as_data);
    tcase_add_test(tests, one_endless_expression_fails_alone);
    tcase_add_test(tests, a_plan_at_any_time_can_be_asked_for);
    tcase_add_test(tests, submitted_frames_come_in_order_and_none_is_dropped_within_credit);
    tcase_add_test(tests, the_clock_without_a_name_is_that_of_all_sketches_and_those_to_come);
    tcase_add_test(tests, names_without_meaning_are_refused);
    tcase_add_test(tests, a_sketch_that_never_was_good_does_not_stay);
    tcase_add_test(tests, every_demo_sketch_makes_a_frame);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
