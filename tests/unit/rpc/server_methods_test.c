#include "daemon/host/config.h"
#include "daemon/host/log.h"
#include "daemon/rpc/log_feed.h"
#include "tests/unit/rpc/fixture.h"

static struct fixture fixture;
static struct client client;
static bool shut_down;
static struct log_feed *feed;

static uint32_t more_info(struct daemon *daemon, struct px_writer *writer) {
    ck_assert_ptr_eq(daemon, &fixture.daemon);
    px_key(writer, "mode");
    px_write_string(writer, "threads");
    px_key(writer, "mode_why");
    px_write_string(writer, "default");
    return 2;
}
static uint32_t more_stats(struct daemon *daemon, struct px_writer *writer) {
    (void)daemon;
    px_key(writer, "pipeline");
    px_write_map(writer, 0);
    return 1;
}
static void more_metrics(struct daemon *daemon, struct metrics *metrics) {
    (void)daemon;
    const struct histogram_summary times = {.count = 2, .mean_ms = 1.5, .p50_ms = 1, .p95_ms = 2, .p99_ms = 2};
    metrics_times(metrics, "pxd_stage", "stage=\"plan\"", "Time in a stage.", &times);
    metrics_times(metrics, "pxd_stage", "stage=\"draw\"", "Time in a stage.", &times);
    metrics_gauge(metrics, "pxd_slab_bytes", "", "Memory in slabs.", 1024);
}
static void shutdown_asked(struct daemon *daemon) {
    (void)daemon;
    shut_down = true;
}
static int reload_asked(struct daemon *daemon, struct px_error *error) {
    (void)daemon;
    return px_fail(error, PX_E_PARAM, "pxd.conf:3: unknown setting wrokers");
}

static const struct server_hooks hooks = {.info = more_info,
                                          .stats = more_stats,
                                          .metrics = more_metrics,
                                          .shutdown = shutdown_asked,
                                          .reload = reload_asked};
static struct config config;

static void set_up(void) {
    fixture_init(&fixture);
    snprintf(config.runtime_dir, sizeof config.runtime_dir, "%s", fixture.directory);
    fixture.daemon.config = &config;
    fixture.config.hooks = &hooks;
    ck_assert_int_eq(log_feed_create(&feed, NULL), 0);
    fixture.config.log_feed = feed;
    fixture_run(&fixture);
    client = client_open(&fixture);
}
static void tear_down(void) {
    client_close(&client);
    fixture_fini(&fixture);
    log_feed_destroy(feed);
}

static const struct px_value *ask(const char *method) {
    client_request(&client, 1, method, NULL, 0);
    ck_assert(client_read(&client));
    return reply_result(&client);
}

START_TEST(info_tells_what_it_is_with_what_the_rest_of_the_daemon_adds) {
    const struct px_value *info = ask("server.info");
    ck_assert(px_value_is_string(px_value_get(info, "version"), "0.1.0"));
    ck_assert_uint_eq(px_value_get(info, "session")->uinteger, 42);
    ck_assert_uint_eq(px_value_get(info, "api")->uinteger, SERVER_API);
    ck_assert(px_value_is_string(px_value_get(info, "role"), "control"));
    ck_assert(px_value_is_string(px_value_get(info, "mode"), "threads"));
    ck_assert_int_eq(px_value_get(info, "uptime")->type, PX_REAL);
    ck_assert_uint_eq(px_value_get(px_value_get(info, "limits"), "message_max_bytes")->uinteger, 1u << 20);
    ck_assert(px_value_is_string(px_value_get(px_value_get(info, "endpoints"), "rpc"), fixture.stream_path));
    ck_assert_uint_eq(px_value_get(px_value_get(info, "clients"), "stream")->uinteger, 1);
}
END_TEST

static const struct px_value *named(const struct px_value *list, const char *name) {
    for (uint32_t i = 0; i < list->count; i++)
        if (px_value_is_string(px_value_get(&list->items[i], "name"), name))
            return &list->items[i];
    ck_abort_msg("%s is not described", name);
}

START_TEST(describe_lists_every_method_kernel_and_field_of_a_plan) {
    const struct px_value *all = ask("server.describe");
    const struct px_value *methods = px_value_get(all, "methods");
    for (uint32_t i = 1; i < methods->count; i++) { /* sorted by name */
        const struct px_value *before = px_value_get(&methods->items[i - 1], "name");
        const struct px_value *name = px_value_get(&methods->items[i], "name");
        uint32_t length = before->count < name->count ? before->count : name->count;
        ck_assert_int_le(memcmp(before->text, name->text, length), 0);
    }
    const struct px_value *tail = named(methods, "log.tail");
    ck_assert(px_value_get(tail, "idempotent")->boolean);
    ck_assert(px_value_is_string(px_value_get(tail, "role"), "control"));
    ck_assert_uint_eq(px_value_get(named(px_value_get(tail, "params"), "level"), "choices")->count, 4);
    const struct px_value *sphere = named(px_value_get(all, "kernels"), "sphere");
    ck_assert(px_value_is_string(px_value_get(sphere, "role"), "shape"));
    ck_assert_uint_gt(px_value_get(sphere, "params")->count, 0);
    ck_assert_int_eq(px_value_get(&px_value_get(sphere, "params")->items[0], "step")->type, PX_REAL);
    const struct px_value *layer = named(px_value_get(all, "plan"), "layer");
    named(px_value_get(layer, "fields"), "thickness");
}
END_TEST

START_TEST(stats_come_as_maps_and_as_prometheus_text) {
    const struct px_value *stats = ask("stats.get");
    ck_assert_uint_eq(stats->count, 4);
    ck_assert_uint_eq(px_value_get(px_value_get(stats, "rpc"), "requests")->uinteger, 1);
    ck_assert_ptr_nonnull(px_value_get(stats, "pipeline"));
    const struct px_value *text = ask("stats.prometheus");
    ck_assert_int_eq(text->type, PX_STR);
    char *copy = strndup(text->text, text->count);
    ck_assert_ptr_nonnull(strstr(copy, "# TYPE pxd_rpc_requests_total counter\npxd_rpc_requests_total 2\n"));
    ck_assert_ptr_nonnull(strstr(copy, "pxd_stage_seconds{stage=\"plan\",quantile=\"0.5\"} 0.001\n"));
    ck_assert_ptr_nonnull(strstr(copy, "pxd_stage_seconds_sum{stage=\"draw\"} 0.003"));
    const char *head = strstr(copy, "# TYPE pxd_stage_seconds summary");
    ck_assert_ptr_nonnull(head);
    ck_assert_ptr_null(strstr(head + 1, "# TYPE pxd_stage_seconds "));
    ck_assert_ptr_nonnull(strstr(copy, "pxd_slab_bytes 1024\n"));
    free(copy);
}
END_TEST

START_TEST(the_tail_of_the_log_has_the_newest_lines_of_a_level) {
    ck_assert_int_eq(log_start(LOG_LEVEL_INFO, NULL, NULL, NULL), 0);
    log_warning("test", "first");
    log_info("test", "second");
    log_stop(); /* drains */
    client_request(&client, 1, "log.tail", "count", 1);
    ck_assert(client_read(&client));
    const struct px_value *lines = px_value_get(reply_result(&client), "lines");
    ck_assert_uint_eq(lines->count, 1);
    ck_assert(px_value_is_string(px_value_get(&lines->items[0], "text"), "second"));
    ck_assert(px_value_is_string(px_value_get(&lines->items[0], "level"), "info"));
}
END_TEST

START_TEST(a_subscriber_of_the_log_gets_its_lines) {
    static const char subscribe[] = "\x94\x00\x01\xa9subscribe\x91\x81\xa6topics\x91\xa3log";
    ck_assert_int_eq(log_start(LOG_LEVEL_INFO, log_feed_sink, feed, NULL), 0);
    log_warning("test", "nobody listens");
    client_send(&client, subscribe, sizeof subscribe - 1);
    ck_assert(client_read(&client));
    ck_assert_uint_eq(px_value_get(reply_result(&client), "topics")->count, 1);
    log_warning("test", "somebody does");
    const struct px_value *line;
    do { /* the first may come as well: LOG is a thread of its own */
        ck_assert(client_read(&client));
        ck_assert(px_value_is_string(&client.reply.root.items[1], "log"));
        line = &client.reply.root.items[2].items[0];
    } while (!px_value_is_string(px_value_get(line, "text"), "somebody does"));
    ck_assert(px_value_is_string(px_value_get(line, "module"), "test"));
    log_stop();
}
END_TEST

START_TEST(shutdown_is_answered_before_it_begins_and_a_failed_reload_says_why) {
    ask("server.shutdown");
    client_request(&client, 2, "server.reload", NULL, 0);
    ck_assert(client_read(&client));
    assert_error(&client.reply.root, "E_PARAM", "pxd.conf:3");
    fixture_stop(&fixture);
    ck_assert(shut_down);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("server_methods");
    TCase *cases = tcase_create("server_methods");
    tcase_set_timeout(cases, 60);
    tcase_add_checked_fixture(cases, set_up, tear_down);
    tcase_add_test(cases, info_tells_what_it_is_with_what_the_rest_of_the_daemon_adds);
    tcase_add_test(cases, describe_lists_every_method_kernel_and_field_of_a_plan);
    tcase_add_test(cases, stats_come_as_maps_and_as_prometheus_text);
    tcase_add_test(cases, the_tail_of_the_log_has_the_newest_lines_of_a_level);
    tcase_add_test(cases, a_subscriber_of_the_log_gets_its_lines);
    tcase_add_test(cases, shutdown_is_answered_before_it_begins_and_a_failed_reload_says_why);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
