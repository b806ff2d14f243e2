#include "daemon/sketch/process.h"
#include "daemon/sketch/sketch.h"

#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct loop *loop;
static struct nursery *nursery;
static struct process *process;
static struct px_error error;
static char directory[] = "/tmp/px-process-XXXXXX";

/* The answer of the request under way. */
static int code;
static uint8_t *plan;
static size_t plan_size;
static double values[8];
static size_t value_count, failed_index;
static bool uses_time;

static void set_up(void) {
    ck_assert_int_eq(nursery_start(&sketch_process_entry, 1, &nursery, &error), 0);
    ck_assert_int_eq(loop_create(&loop, &error), 0);
    ck_assert_int_eq(nursery_attach(nursery, loop, NULL, NULL, &error), 0);
    strcpy(directory, "/tmp/px-process-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(directory));
    plan = NULL;
}

static void tear_down(void) {
    process_destroy(process);
    nursery_stop(nursery);
    loop_destroy(loop);
    free(plan);
    char command[80];
    snprintf(command, sizeof command, "rm -rf %s", directory);
    ck_assert_int_eq(system(command), 0);
}

static void start(int time_ms, bool expressions) {
    const struct process_config config = {.loop = loop,
                                          .nursery = nursery,
                                          .name = "test",
                                          .expressions = expressions,
                                          .directory = directory,
                                          .memory_bytes = 32u << 20,
                                          .time_ms = time_ms};
    process_destroy(process);
    process = NULL;
    ck_assert_int_eq(process_create(&config, &process, &error), 0);
}

static void keep(void *owner, struct process_reply *reply, const struct px_error *reason) {
    (void)owner;
    code = reason != NULL ? reason->code : 0;
    if (reason != NULL)
        error = *reason;
    failed_index = reply->failed;
    if (reply->plan != NULL) {
        free(plan);
        plan = reply->plan;
        plan_size = reply->plan_size;
        reply->plan = NULL;
        uses_time = reply->uses_time;
    }
    value_count = reply->value_count;
    if (reply->values != NULL)
        memcpy(values, reply->values, (value_count < 8 ? value_count : 8) * sizeof values[0]);
    loop_stop(loop);
}

static const struct process_moment moment = {.t = 2, .frame = 3};

static int load(const char *source) {
    process_load(process, &moment, "test.lua", source, strlen(source), keep, NULL);
    loop_run(loop);
    return code;
}

static int draw(void) {
    process_draw(process, &moment, keep, NULL);
    loop_run(loop);
    return code;
}

START_TEST(a_sketch_is_loaded_and_drawn_in_its_process) {
    start(5000, false);
    ck_assert_msg(load("function draw(t) return G.line{length = t} end") == 0, "%s", error.message);
    ck_assert_int_eq(draw(), 0);
    ck_assert(uses_time);
    struct px_document document;
    ck_assert_int_eq(px_value_decode(plan, plan_size, &PX_LIMITS_DEFAULT, &document, &error), 0);
    ck_assert_ptr_nonnull(px_value_get(&document.root, "layers"));
    px_document_free(&document);
}
END_TEST

START_TEST(two_processes_give_the_same_bytes) {
    static const char source[] = "local t = {} for i = 1, 40 do t['k' .. i] = {} end\n"
                                 "function draw(t2) local a = {} for k in pairs(t) do a[#a + 1] = G.polygon{n_sides = "
                                 "math.random(3, 9), phase = #k + math.sin(t2)} end return a end";
    start(5000, false);
    load(source);
    ck_assert_int_eq(draw(), 0);
    size_t size = plan_size;
    uint8_t *first = malloc(size);
    memcpy(first, plan, size);
    start(5000, false);
    load(source);
    ck_assert_int_eq(draw(), 0);
    ck_assert_uint_eq(plan_size, size);
    ck_assert_mem_eq(plan, first, size);
    free(first);
}
END_TEST

START_TEST(a_failed_draw_leaves_the_process_alive) {
    start(5000, false);
    ck_assert_int_eq(load("n = 0 function draw(t) n = n + 1 if n == 1 then error('once') end return {} end"), 0);
    ck_assert_int_eq(draw(), PX_E_SKETCH);
    ck_assert_ptr_nonnull(strstr(error.message, "test.lua:1: once"));
    ck_assert(!process_dead(process));
    ck_assert_int_eq(draw(), 0);
}
END_TEST

START_TEST(an_endless_loop_ends_with_its_line_and_the_process_lives) {
    start(150, false);
    ck_assert_int_eq(load("function draw(t)\n  while true do end\nend"), 0);
    ck_assert_int_eq(draw(), PX_E_SKETCH);
#ifndef __SANITIZE_THREAD__ /* it holds back signals while nothing but code runs: there the daemon ends the process */
    ck_assert_str_eq(error.message, "test.lua:2: draw(t) took longer than 150 ms");
    ck_assert(!process_dead(process));
#endif
}
END_TEST

/* Nothing inside the process ends these: the daemon does. */
static const char *const stubborn[] = {
    "return string.find(('a'):rep(40), ('a?'):rep(40) .. ('a'):rep(40) .. 'b')",
    "return string.find(('x'):rep(200000), '.-.-.-.-.-.-y')",
    "local co = coroutine.wrap(function() while true do end end) co()",
    "return (('x'):rep(300000):gsub(('.-'):rep(20) .. 'y', ''))",
    "local co = coroutine.wrap(function() while true do pcall(error) end end) co()",
};

START_TEST(what_does_not_stop_is_killed_and_says_so) {
    char source[400];
    snprintf(source, sizeof source, "function draw(t)\n  %s\nend", stubborn[_i]);
    start(100, false);
    ck_assert_int_eq(load(source), 0);
    ck_assert_int_eq(draw(), PX_E_SKETCH);
#ifndef __SANITIZE_THREAD__
    ck_assert_msg(strncmp(error.message, "test.lua:2: draw(t) took longer than 100 ms", 43) == 0, "%s", error.message);
#endif
    ck_assert(process_dead(process));
}
END_TEST

START_TEST(a_loop_of_protected_calls_ends_too) {
    start(150, false);
    ck_assert_int_eq(load("function draw(t)\n  while true do pcall(function() while true do end end) end\nend"), 0);
    ck_assert_int_eq(draw(), PX_E_SKETCH);
    ck_assert_ptr_nonnull(strstr(error.message, "took longer than 150 ms"));
}
END_TEST

START_TEST(memory_ends_with_an_error_and_the_process_lives) {
    start(5000, false);
    ck_assert_int_eq(load("function draw(t) local s = {} while true do s[#s + 1] = ('x'):rep(10000) .. #s end end"), 0);
    ck_assert_int_eq(draw(), PX_E_SKETCH);
    ck_assert_ptr_nonnull(strstr(error.message, "not enough memory"));
    ck_assert(!process_dead(process));
}
END_TEST

START_TEST(print_without_end_does_not_flood_the_daemon) {
    start(150, false);
    ck_assert_int_eq(load("function draw(t) while true do print('x') end end"), 0);
    ck_assert_int_eq(draw(), PX_E_SKETCH);
}
END_TEST

static void put_file(const char *name, const char *text) {
    char path[200];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
}

START_TEST(required_files_come_from_beside_the_sketch_only) {
    char path[200];
    snprintf(path, sizeof path, "%s/lib", directory);
    mkdir(path, 0700);
    put_file("lib/grid.lua", "return {step = 5}");
    put_file("inside.lua", "return 1");
    snprintf(path, sizeof path, "%s/out.lua", directory);
    ck_assert_int_eq(symlink("/etc/hostname", path), 0);
    snprintf(path, sizeof path, "%s/in.lua", directory);
    ck_assert_int_eq(symlink("inside.lua", path), 0);
    start(5000, false);
    ck_assert_msg(load("local g = require 'lib.grid' assert(g.step == 5) assert(require 'in' == 1)\n"
                       "function draw() return {} end") == 0, "%s", error.message);
    ck_assert_int_eq(load("require 'out'"), PX_E_SKETCH);
    ck_assert_msg(strstr(error.message, "test.lua:1: require: out.lua: outside") != NULL, "%s", error.message);
    ck_assert_int_eq(load("require 'lib'"), PX_E_SKETCH);
    ck_assert_ptr_nonnull(strstr(error.message, "lib.lua"));
}
END_TEST

START_TEST(a_process_lost_with_the_nursery_fails_its_request) {
    start(5000, false);
    ck_assert_int_eq(load("function draw(t) while true do end end"), 0);
    process_draw(process, &moment, keep, NULL);
    nursery_stop(nursery);
    nursery = NULL;
    loop_run(loop);
    ck_assert_int_eq(code, PX_E_SKETCH);
    ck_assert(process_dead(process));
}
END_TEST

/* ---- expressions -------------------------------------------------------------------------------------------------- */

static double cc[128];
static const struct process_moment at = {.t = 0.25, .frame = 15, .seed = 7, .cc = cc};

static int evaluate(const char *const *sources, size_t count) {
    process_evaluate(process, &at, sources, count, keep, NULL);
    loop_run(loop);
    return code;
}

static const struct {
    const char *source;
    double value;
} right[] = {
    {"1 + 2", 3},       {"t", 0.25},         {"frame", 15},          {"seed", 7},       {"pi", 3.141592653589793},
    {"cc[3]", 0.5},     {"cc['3']", 0.5},    {"math.floor(2.7)", 2}, {"math.pi", 3.141592653589793},
    {"lfo('saw_up')(t)", 0.25},              {"10 * lfo('sine', {freq = 1})(t)", 10},
    {"t < 1 and 5 or 6", 5},                 {"(function() local s = 0 for i = 1, 10 do s = s + i end return s end)()", 55},
    {"math.max(1, 2) -- a comment", 2},
};

START_TEST(an_expression_has_its_value) {
    cc[3] = 0.5;
    start(5000, true);
    ck_assert_msg(evaluate(&right[_i].source, 1) == 0, "%s", error.message);
    ck_assert_uint_eq(value_count, 1);
    ck_assert_double_eq(values[0], right[_i].value);
}
END_TEST

static const struct {
    const char *source, *words;
} wrong[] = {
    {"1 +", "unexpected symbol"},
    {"1, 2", "')' expected"},
    {"1) ; (2", "<eof> expected"},
    {"return 1", "unexpected symbol"},
    {"x + 1", "nil value (global 'x')"},
    {"print(1)", "global 'print'"},
    {"require('x')", "global 'require'"},
    {"('x'):rep(3)", "attempt to index a string value"},
    {"string.rep('x', 3)", "global 'string'"},
    {"getmetatable(cc)", "global 'getmetatable'"},
    {"'text'", "gives a string"},
    {"nil", "gives a nil"},
    {"0/0", "gives NaN"},
    {"1/0", "gives infinity"},
    {"(function() t = 5 return t end)()", "cannot set"},
    {"(function() y = 5 return y end)()", "cannot set"},
    {"(function() math.sin = nil return 1 end)()", "cannot set"},
    {"(function() while true do end end)()", "took longer than 150 ms"},
    {"math.randomseed(5)", "nil value (field 'randomseed')"},
    {"lfo('sinus')(t)", "unknown wave"},
};

START_TEST(a_bad_expression_fails_by_its_index_and_the_next_is_well) {
    const char *const sources[] = {"1", wrong[_i].source, "2"};
#ifdef __SANITIZE_THREAD__ /* as above */
    if (strstr(wrong[_i].source, "while true") != NULL)
        return;
#endif
    start(150, true);
    ck_assert_msg(evaluate(sources, 3) == PX_E_SKETCH, "passed: %s", wrong[_i].source);
    ck_assert_uint_eq(failed_index, 1);
    ck_assert_msg(strstr(error.message, wrong[_i].words) != NULL, "%s: %s", wrong[_i].source, error.message);
    ck_assert_int_eq(evaluate(&right[0].source, 1), 0);
    ck_assert_double_eq(values[0], 3);
}
END_TEST

int main(int argc, char **argv) {
    int status = nursery_main(argc, argv, &sketch_process_entry, 1);
    if (status >= 0)
        return status;
    Suite *suite = suite_create("process");
    TCase *tests = tcase_create("process");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, a_sketch_is_loaded_and_drawn_in_its_process);
    tcase_add_test(tests, two_processes_give_the_same_bytes);
    tcase_add_test(tests, a_failed_draw_leaves_the_process_alive);
    tcase_add_test(tests, an_endless_loop_ends_with_its_line_and_the_process_lives);
    tcase_add_loop_test(tests, what_does_not_stop_is_killed_and_says_so, 0, sizeof stubborn / sizeof stubborn[0]);
    tcase_add_test(tests, a_loop_of_protected_calls_ends_too);
    tcase_add_test(tests, memory_ends_with_an_error_and_the_process_lives);
    tcase_add_test(tests, print_without_end_does_not_flood_the_daemon);
    tcase_add_test(tests, required_files_come_from_beside_the_sketch_only);
    tcase_add_test(tests, a_process_lost_with_the_nursery_fails_its_request);
    tcase_add_loop_test(tests, an_expression_has_its_value, 0, sizeof right / sizeof right[0]);
    tcase_add_loop_test(tests, a_bad_expression_fails_by_its_index_and_the_next_is_well, 0,
                        sizeof wrong / sizeof wrong[0]);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
