#include "daemon/host/config.h"
#include "daemon/host/setting.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MEGABYTE = 1024 * 1024 };

static struct px_error error;
static struct config config;
static char root[64], conf[128];

static void set_up(void) {
    clearenv();
    strcpy(root, "/tmp/pxd-config-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(root));
    setenv("XDG_CONFIG_HOME", root, 1); /* whatever this machine has below /home and /etc stays out of it */
    char directory[96];
    snprintf(directory, sizeof(directory), "%s/pxd", root);
    ck_assert_int_eq(mkdir(directory, 0700), 0);
    snprintf(conf, sizeof(conf), "%s/pxd.conf", directory);
}

static void tear_down(void) {
    char command[128];
    snprintf(command, sizeof(command), "rm -rf '%s'", root);
    ck_assert_int_eq(system(command), 0);
}

static void write_conf(const char *text) {
    FILE *file = fopen(conf, "w");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
}

/* Reads with a command line given as words. */
static int read_with(const char *words) {
    static char line[1024];
    static char *argv[32];
    int argc = 1;
    argv[0] = (char[]){"pxd"};
    snprintf(line, sizeof(line), "%s", words);
    char *rest = line;
    for (char *word; (word = strtok_r(rest, " ", &rest)) != NULL;)
        argv[argc++] = word;
    argv[argc] = NULL;
    return config_read(argc, argv, &config, &error);
}

static void assert_reads(const char *words) {
    int code = read_with(words);
    ck_assert_msg(code == PX_OK, "%s", error.message);
}

/* ---- what is asked for is what comes ---------------------------------------------------------------------------- */

START_TEST(without_anything_the_defaults_hold) {
    write_conf("# empty\n");
    setenv("HOME", "/home/somebody", 1);
    assert_reads("");
    ck_assert_int_eq(config.mode, CONFIG_MODE_AUTO);
    ck_assert_str_eq(config.mode_why, "default");
    ck_assert_int_eq(config.workers, config_workers_default());
    ck_assert_int_ge(config.workers, 1);
    ck_assert_uint_eq(config.slab_budget_bytes, (size_t)1024 * MEGABYTE);
    ck_assert_uint_eq(config.cache_budget_bytes, (size_t)512 * MEGABYTE);
    ck_assert_uint_eq(config.vertices_max, 16 * MEGABYTE);
    ck_assert_uint_eq(config.message_max_bytes, 64 * MEGABYTE);
    ck_assert_uint_eq(config.connections_max, 64);
    ck_assert_uint_eq(config.requests_max, 64);
    ck_assert_uint_eq(config.queue_max_bytes, 64 * MEGABYTE);
    ck_assert_uint_eq(config.sketch_memory_bytes, 256 * MEGABYTE);
    ck_assert_int_eq(config.sketch_time_ms, 1000);
    ck_assert_int_eq(config.frames_in_flight, 3);
    ck_assert_str_eq(config.log_level, "info");
    ck_assert_str_eq(config.runtime_dir, "");
    ck_assert_str_eq(config.state_dir, "/home/somebody/.local/state/pxd");
    ck_assert_str_eq(config.export_dir, "");
    ck_assert_uint_eq(config.warning_count, 0);
    ck_assert(!config.help && !config.version && !config.end_with_last_client);
}
END_TEST

START_TEST(the_command_line_is_read) {
    assert_reads("--mode threads one.lua --workers=3 --listen tcp://127.0.0.1:7000 --listen=ws://127.0.0.1:7001/x "
                 "--end-with-last-client -- --two.lua");
    ck_assert_int_eq(config.mode, CONFIG_MODE_THREADS);
    ck_assert_str_eq(config.mode_why, "--mode");
    ck_assert_int_eq(config.workers, 3);
    ck_assert_uint_eq(config.listen_count, 2);
    ck_assert_str_eq(config.listen[1], "ws://127.0.0.1:7001/x");
    ck_assert_uint_eq(config.sketch_count, 2);
    ck_assert_str_eq(config.sketches[0], "one.lua");
    ck_assert_str_eq(config.sketches[1], "--two.lua");
    ck_assert(config.end_with_last_client);
    ck_assert_ptr_null(config.config_file);
}
END_TEST

START_TEST(a_file_is_read_with_lists_and_comments) {
    write_conf("; a comment\nmode = mixed\nslab_mb = 128 ; inline\n\nlisten = tcp://127.0.0.1:1\n"
               "listen = tcp://127.0.0.1:2\nsketch = /a sketch.lua\nexport_dir = /srv/plots\ncontrol_group = plotters\n"
               "log_level = debug\n");
    assert_reads("");
    ck_assert_str_eq(config.config_file, conf);
    ck_assert_int_eq(config.mode, CONFIG_MODE_MIXED);
    ck_assert_str_eq(config.mode_why, "pxd.conf:2");
    ck_assert_uint_eq(config.slab_budget_bytes, 128 * MEGABYTE);
    ck_assert_uint_eq(config.listen_count, 2);
    ck_assert_str_eq(config.sketches[0], "/a sketch.lua");
    ck_assert_str_eq(config.export_dir, "/srv/plots");
    ck_assert_str_eq(config.control_group, "plotters");
    ck_assert_str_eq(config.log_level, "debug");
}
END_TEST

START_TEST(the_command_line_goes_before_variables_and_these_before_the_file) {
    write_conf("workers = 2\nlisten = tcp://127.0.0.1:1\nlisten = tcp://127.0.0.1:2\ncache_mb = 2\n");
    assert_reads("");
    ck_assert_int_eq(config.workers, 2);
    setenv("PXD_WORKERS", "3", 1);
    setenv("PXD_LISTEN", "tcp://127.0.0.1:3, tcp://127.0.0.1:4 tcp://127.0.0.1:5", 1);
    assert_reads("");
    ck_assert_int_eq(config.workers, 3);
    ck_assert_uint_eq(config.listen_count, 3);
    ck_assert_str_eq(config.listen[2], "tcp://127.0.0.1:5");
    ck_assert_uint_eq(config.cache_budget_bytes, 2 * MEGABYTE);
    assert_reads("--workers 4 --listen tcp://127.0.0.1:6");
    ck_assert_int_eq(config.workers, 4);
    ck_assert_uint_eq(config.listen_count, 1);
    ck_assert_str_eq(config.listen[0], "tcp://127.0.0.1:6");
}
END_TEST

START_TEST(the_mode_has_its_stated_order) {
    write_conf("mode = mixed\n");
    setenv("PXD_FREE_THREADED", "1", 1);
    assert_reads("");
    ck_assert_int_eq(config.mode, CONFIG_MODE_THREADS);
    ck_assert_str_eq(config.mode_why, "PXD_FREE_THREADED=1");
    setenv("PXD_FORCE_MP", "1", 1);
    assert_reads("");
    ck_assert_int_eq(config.mode, CONFIG_MODE_FORK);
    ck_assert_str_eq(config.mode_why, "PXD_FORCE_MP=1");
    assert_reads("--mode auto");
    ck_assert_int_eq(config.mode, CONFIG_MODE_AUTO);
    ck_assert_str_eq(config.mode_why, "--mode");
    setenv("PXD_FORCE_MP", "0", 1);
    setenv("PXD_FREE_THREADED", "", 1);
    assert_reads("");
    ck_assert_str_eq(config.mode_why, "pxd.conf:1");
}
END_TEST

START_TEST(a_variable_that_is_empty_or_zero_is_unset) {
    setenv("PXD_WORKERS", "0", 1);
    setenv("PXD_LOG_LEVEL", "", 1);
    assert_reads("");
    ck_assert_int_eq(config.workers, config_workers_default());
    ck_assert_str_eq(config.log_level, "info");
}
END_TEST

START_TEST(variables_without_a_meaning_are_named_in_warnings) {
    static const char *const legacy[] = {"PXD_PIPELINE_QUANT_STEP",
                                         "PXD_COMPILED_CACHE_MAXSIZE",
                                         "PXD_SHAPE_CACHE_MAXSIZE",
                                         "PXD_PREFIX_CACHE_ENABLED",
                                         "PXD_PREFIX_CACHE_MAXSIZE",
                                         "PXD_INDICES_CACHE_ENABLED",
                                         "PXD_WORKER"};
    for (size_t i = 0; i < 7; i++) {
        setenv(legacy[i], "0", 1);
        assert_reads("");
        ck_assert_uint_eq(config.warning_count, 1);
        ck_assert_ptr_nonnull(strstr(config.warnings[0], legacy[i]));
        unsetenv(legacy[i]);
    }
    setenv("PXD_ISA", "base", 1);
    setenv("PXD_PREFIX_CACHE_MAXSIZE", "", 1);
    assert_reads("");
    ck_assert_uint_eq(config.warning_count, 0);
}
END_TEST

START_TEST(the_state_directory_has_its_stated_order) {
    setenv("HOME", "/home/somebody", 1);
    setenv("XDG_STATE_HOME", "not/from/the/root", 1);
    assert_reads("");
    ck_assert_str_eq(config.state_dir, "/home/somebody/.local/state/pxd");
    setenv("XDG_STATE_HOME", "/xdg", 1);
    assert_reads("");
    ck_assert_str_eq(config.state_dir, "/xdg/pxd");
    setenv("STATE_DIRECTORY", "/var/lib/pxd:/var/lib/other", 1);
    assert_reads("");
    ck_assert_str_eq(config.state_dir, "/var/lib/pxd");
    setenv("PXD_STATE_DIR", "/own", 1);
    assert_reads("");
    ck_assert_str_eq(config.state_dir, "/own");
}
END_TEST

START_TEST(a_file_given_by_option_is_the_only_one_read) {
    write_conf("workers = 2\n");
    char other[128], words[160];
    snprintf(other, sizeof(other), "%s/other.conf", root);
    FILE *file = fopen(other, "w");
    fputs("workers = 5\n", file);
    fclose(file);
    snprintf(words, sizeof(words), "--config %s", other);
    assert_reads(words);
    ck_assert_int_eq(config.workers, 5);
    ck_assert_str_eq(config.config_file, other);
}
END_TEST

START_TEST(help_and_version_work_whatever_else_is_wrong) {
    write_conf("nonsense\n");
    assert_reads("--workers --help --versoin --help");
    ck_assert(config.help);
    assert_reads("--version");
    ck_assert(config.version);
}
END_TEST

START_TEST(help_names_every_option_and_setting) {
    FILE *captured = tmpfile();
    fflush(stdout);
    int real = dup(STDOUT_FILENO);
    dup2(fileno(captured), STDOUT_FILENO);
    config_help();
    fflush(stdout);
    dup2(real, STDOUT_FILENO);
    static char text[16384];
    ssize_t size = pread(fileno(captured), text, sizeof(text) - 1, 0);
    ck_assert_int_gt(size, 0);
    for (size_t i = 0; i < setting_count; i++) {
        ck_assert(!settings[i].option || strstr(text, settings[i].option));
        ck_assert(!settings[i].name || strstr(text, settings[i].name));
        ck_assert(!settings[i].variable || strstr(text, settings[i].variable));
    }
    fclose(captured);
}
END_TEST

/* ---- bad values ------------------------------------------------------------------------------------------------- */

struct bad {
    const char *words;        /* of the command line */
    const char *name, *value; /* a variable */
    const char *conf;
    int code;
    const char *says[3];
};

static const struct bad bad_values[] = {
    {"--mode fast", .code = PX_E_RANGE, .says = {"--mode", "fast", "auto, threads, fork or mixed"}},
    {"--workers 0", .code = PX_E_RANGE, .says = {"--workers", "1 to 256"}},
    {"--workers 257", .code = PX_E_RANGE, .says = {"--workers", "1 to 256"}},
    {"--workers two", .code = PX_E_RANGE, .says = {"--workers", "two"}},
    {"--workers 2x", .code = PX_E_RANGE, .says = {"--workers", "2x"}},
    {"--workers 99999999999999999999", .code = PX_E_RANGE, .says = {"--workers"}},
    {"--workers=", .code = PX_E_RANGE, .says = {"--workers"}},
    {"--workers", .code = PX_E_RANGE, .says = {"--workers", "needs a value", "N"}},
    {"--listen localhost:80", .code = PX_E_RANGE, .says = {"--listen", "localhost:80", "tls+tcp://"}},
    {"--listen tcp://", .code = PX_E_RANGE, .says = {"--listen"}},
    {"--help=yes", .code = PX_E_RANGE, .says = {"--help", "no value"}},
    {"--worker 2", .code = PX_E_PARAM, .says = {"--worker", "did you mean --workers"}},
    {"--zzzzzzzzzzz", .code = PX_E_PARAM, .says = {"--zzzzzzzzzzz", "pxd --help"}},
    {"-w 2", .code = PX_E_PARAM, .says = {"-w"}},
    {"--config /nowhere/pxd.conf", .code = PX_E_IO, .says = {"--config", "/nowhere/pxd.conf"}},
    {"--config /", .code = PX_E_IO, .says = {"/"}},
    {.name = "PXD_WORKERS", .value = "many", .code = PX_E_RANGE, .says = {"PXD_WORKERS", "many", "1 to 256"}},
    {.name = "PXD_FORCE_MP", .value = "maybe", .code = PX_E_RANGE, .says = {"PXD_FORCE_MP", "maybe", "1"}},
    {.name = "PXD_FREE_THREADED", .value = "2", .code = PX_E_RANGE, .says = {"PXD_FREE_THREADED", "1"}},
    {.name = "PXD_LOG_LEVEL", .value = "loud", .code = PX_E_RANGE, .says = {"PXD_LOG_LEVEL", "debug"}},
    {.name = "PXD_LISTEN", .value = "tcp://a:1 b", .code = PX_E_RANGE, .says = {"PXD_LISTEN", "\"b\""}},
    {.name = "PXD_RUNTIME_DIR",
     .value = "/12345678901234567890123456789012345678901234567890123456789012345678901234567890"
              "1234567890123456789012345678",
     .code = PX_E_RANGE,
     .says = {"PXD_RUNTIME_DIR", "107"}},
    {.name = "PXD_EXPORT_DIR", .value = "plots", .code = PX_E_RANGE, .says = {"PXD_EXPORT_DIR", "plots"}},
    {.conf = "# one\nmode = fast\n", .code = PX_E_RANGE, .says = {"/pxd/pxd.conf:2", "fast", "mixed"}},
    {.conf = "slab_mb = 1\n", .code = PX_E_RANGE, .says = {"pxd.conf:1", "64"}},
    {.conf = "vertices_max = 1e6\n", .code = PX_E_RANGE, .says = {"pxd.conf:1", "1e6"}},
    {.conf = "\n\nslabmb = 128\n", .code = PX_E_PARAM, .says = {"pxd.conf:3", "slabmb", "slab_mb"}},
    {.conf = "zzzzzzzzzzzz = 128\n", .code = PX_E_PARAM, .says = {"pxd.conf:1", "zzzzzzzzzzzz", "--help"}},
    {.conf = "help = 1\n", .code = PX_E_PARAM, .says = {"pxd.conf:1", "help"}},
    {.conf = "[daemon]\nworkers = 1\n", .code = PX_E_PARAM, .says = {"pxd.conf:2", "daemon", "sections"}},
    {.conf = "workers = 1\nnonsense\n", .code = PX_E_PARAM, .says = {"pxd.conf:2", "name = value"}},
    {.conf = "listen = a\n", .code = PX_E_RANGE, .says = {"pxd.conf:1", "tcp://"}},
    {.conf = "listen=tcp://a\nlisten=tcp://a\nlisten=tcp://a\nlisten=tcp://a\nlisten=tcp://a\nlisten=tcp://a\n"
             "listen=tcp://a\nlisten=tcp://a\nlisten=tcp://a\n",
     .code = PX_E_RANGE,
     .says = {"pxd.conf:9", "more than 8"}},
};
enum { BAD_VALUES = sizeof(bad_values) / sizeof(bad_values[0]) };

START_TEST(a_bad_value_is_an_error_that_names_its_place_and_what_is_accepted) {
    const struct bad *bad = &bad_values[_i];
    if (bad->conf)
        write_conf(bad->conf);
    if (bad->name)
        setenv(bad->name, bad->value, 1);
    int code = read_with(bad->words ? bad->words : "");
    ck_assert_msg(code == bad->code, "row %d: %s: %s", _i, px_error_name(code), error.message);
    for (int i = 0; i < 3 && bad->says[i]; i++)
        ck_assert_msg(strstr(error.message, bad->says[i]) != NULL, "row %d: %s", _i, error.message);
}
END_TEST

START_TEST(a_line_too_long_is_an_error_with_its_number) {
    char text[1024] = "# one\nexport_dir = /";
    size_t length = strlen(text);
    memset(text + length, 'x', 600);
    strcpy(text + length + 600, "\n");
    write_conf(text);
    ck_assert_int_eq(read_with(""), PX_E_RANGE);
    ck_assert_ptr_nonnull(strstr(error.message, "pxd.conf:2: the line is too long"));
}
END_TEST

int main(void) {
    Suite *suite = suite_create("host/config");
    TCase *tests = tcase_create("config");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, without_anything_the_defaults_hold);
    tcase_add_test(tests, the_command_line_is_read);
    tcase_add_test(tests, a_file_is_read_with_lists_and_comments);
    tcase_add_test(tests, the_command_line_goes_before_variables_and_these_before_the_file);
    tcase_add_test(tests, the_mode_has_its_stated_order);
    tcase_add_test(tests, a_variable_that_is_empty_or_zero_is_unset);
    tcase_add_test(tests, variables_without_a_meaning_are_named_in_warnings);
    tcase_add_test(tests, the_state_directory_has_its_stated_order);
    tcase_add_test(tests, a_file_given_by_option_is_the_only_one_read);
    tcase_add_test(tests, help_and_version_work_whatever_else_is_wrong);
    tcase_add_test(tests, help_names_every_option_and_setting);
    tcase_add_loop_test(tests, a_bad_value_is_an_error_that_names_its_place_and_what_is_accepted, 0, BAD_VALUES);
    tcase_add_test(tests, a_line_too_long_is_an_error_with_its_number);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
