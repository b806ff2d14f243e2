#include "daemon/host/log.h"

#include <check.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct px_error error;
static struct log_line lines[LOG_TAIL_LINES + 8];

/* ---- what LOG gave to the sink ---------------------------------------------------------------------------------- */

static struct {
    sem_t came, go; /* a line came; the sink may return (only where `holds`) */
    bool holds;
    pthread_mutex_t lock;
    size_t count;
    struct log_line last;
} sunk = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void sink(void *argument, const struct log_line *line) {
    ck_assert_ptr_eq(argument, &sunk);
    pthread_mutex_lock(&sunk.lock);
    sunk.count++;
    sunk.last = *line;
    pthread_mutex_unlock(&sunk.lock);
    sem_post(&sunk.came);
    if (sunk.holds)
        sem_wait(&sunk.go);
}

/* ---- stderr in a file ------------------------------------------------------------------------------------------- */

static int real_stderr;
static FILE *captured;

static void capture(void) {
    sem_init(&sunk.came, 0, 0);
    sem_init(&sunk.go, 0, 0);
    captured = tmpfile();
    ck_assert_ptr_nonnull(captured);
    real_stderr = dup(STDERR_FILENO);
    dup2(fileno(captured), STDERR_FILENO);
    unsetenv("JOURNAL_STREAM");
}

static void give_back(void) {
    log_stop();
    dup2(real_stderr, STDERR_FILENO);
    close(real_stderr);
    fclose(captured);
}

static const char *captured_text(void) {
    static char text[1 << 20];
    ssize_t size = pread(fileno(captured), text, sizeof(text) - 1, 0);
    ck_assert_int_ge(size, 0);
    text[size] = 0;
    return text;
}

static void start(enum log_level level) {
    ck_assert_int_eq(log_start(level, sink, &sunk, &error), PX_OK);
}

/* ---- tests ------------------------------------------------------------------------------------------------------ */

START_TEST(before_the_start_a_line_goes_straight_to_stderr) {
    log_error("config", "no file %d", 7);
    ck_assert_ptr_nonnull(strstr(captured_text(), "error"));
    ck_assert_ptr_nonnull(strstr(captured_text(), "config: no file 7\n"));
}
END_TEST

START_TEST(a_line_reaches_stderr_sink_and_tail) {
    start(LOG_LEVEL_INFO);
    log_thread_name("pxd-test");
    log_info("rpc", "hello %s", "there");
    sem_wait(&sunk.came);
    log_stop();
    ck_assert_str_eq(sunk.last.text, "hello there");
    ck_assert_str_eq(sunk.last.thread, "test");
    ck_assert_str_eq(sunk.last.module, "rpc");
    ck_assert_int_eq(sunk.last.level, LOG_LEVEL_INFO);
    ck_assert_ptr_nonnull(strstr(captured_text(), "info    test        rpc: hello there\n"));
    ck_assert_uint_eq(log_tail(LOG_LEVEL_DEBUG, lines, 8), 1);
    ck_assert_str_eq(lines[0].text, "hello there");
    ck_assert_uint_eq(lines[0].number, 1);
}
END_TEST

START_TEST(a_sleeping_log_is_woken_by_every_single_line) {
    start(LOG_LEVEL_INFO);
    for (int i = 0; i < 300; i++) {
        log_write(i % 2 ? LOG_LEVEL_INFO : LOG_LEVEL_ERROR, "test", "line %d", i);
        sem_wait(&sunk.came); /* would wait for ever if a wake-up were lost */
    }
    ck_assert_uint_eq(sunk.count, 300);
}
END_TEST

START_TEST(lines_below_the_level_are_not_written) {
    start(LOG_LEVEL_WARNING);
    log_info("test", "quiet");
    log_warning("test", "loud");
    log_stop();
    ck_assert_uint_eq(sunk.count, 1);
    ck_assert_str_eq(sunk.last.text, "loud");
    ck_assert_ptr_null(strstr(captured_text(), "quiet"));
}
END_TEST

START_TEST(stop_drains_what_was_logged) {
    start(LOG_LEVEL_INFO);
    for (int i = 0; i < 200; i++)
        log_info("test", "line %d", i);
    log_stop();
    ck_assert_uint_eq(sunk.count, 200);
    ck_assert_ptr_nonnull(strstr(captured_text(), "line 199\n"));
}
END_TEST

START_TEST(a_full_ring_drops_and_counts_and_says_so) {
    sunk.holds = true;
    start(LOG_LEVEL_INFO);
    log_info("test", "the one that LOG holds");
    sem_wait(&sunk.came); /* LOG is in the sink now and takes nothing */
    enum { WAITING = LOG_RING_LINES };
    for (int i = 0; i < WAITING + 10; i++)
        log_info("test", "line %d", i);
    struct log_stats stats;
    log_stats(&stats);
    ck_assert_uint_eq(stats.dropped, 10);
    for (int i = 0; i < WAITING + 2; i++)
        sem_post(&sunk.go);
    log_stop();
    log_stats(&stats);
    ck_assert_uint_eq(stats.dropped, 10);
    ck_assert_uint_eq(stats.written, 1 + WAITING + 1);
    ck_assert_ptr_nonnull(strstr(captured_text(), "log: 10 lines were dropped"));
}
END_TEST

START_TEST(the_tail_gives_the_newest_of_a_level_oldest_first) {
    start(LOG_LEVEL_DEBUG);
    for (int i = 0; i < 6; i++)
        log_write(i % 2 ? LOG_LEVEL_ERROR : LOG_LEVEL_DEBUG, "test", "line %d", i);
    log_stop();
    ck_assert_uint_eq(log_tail(LOG_LEVEL_DEBUG, lines, 3), 3);
    ck_assert_str_eq(lines[0].text, "line 3");
    ck_assert_str_eq(lines[2].text, "line 5");
    ck_assert_uint_eq(log_tail(LOG_LEVEL_ERROR, lines, 2), 2);
    ck_assert_str_eq(lines[0].text, "line 3");
    ck_assert_str_eq(lines[1].text, "line 5");
    ck_assert_uint_eq(log_tail(LOG_LEVEL_INFO, lines, 100), 3);
    ck_assert_str_eq(lines[0].text, "line 1");
    ck_assert_uint_eq(log_tail(LOG_LEVEL_INFO, lines, 0), 0);
}
END_TEST

START_TEST(the_tail_keeps_its_stated_number_of_lines) {
    start(LOG_LEVEL_INFO);
    for (int i = 0; i < LOG_TAIL_LINES + 20; i++) {
        log_error("test", "line %d", i);
        sem_wait(&sunk.came);
    }
    log_stop();
    ck_assert_uint_eq(log_tail(LOG_LEVEL_INFO, lines, LOG_TAIL_LINES + 8), LOG_TAIL_LINES);
    ck_assert_str_eq(lines[0].text, "line 20");
}
END_TEST

START_TEST(a_long_line_is_cut_at_a_character_and_stays_one_line) {
    start(LOG_LEVEL_INFO);
    char text[2 * LOG_LINE_BYTES];
    memset(text, 'a', sizeof(text));
    text[0] = '\n';
    text[1] = 27;
    memcpy(text + LOG_LINE_BYTES - 3, "\xe2\x82\xac", 3); /* its last byte does not fit */
    text[sizeof(text) - 1] = 0;
    log_info("a_long_module_name", "%s", text);
    log_stop();
    ck_assert_uint_eq(strlen(sunk.last.text), LOG_LINE_BYTES - 3);
    ck_assert_int_eq(sunk.last.text[0], ' ');
    ck_assert_int_eq(sunk.last.text[1], ' ');
    ck_assert_int_eq(sunk.last.text[LOG_LINE_BYTES - 4], 'a');
    ck_assert_str_eq(sunk.last.module, "a_long_modu");
}
END_TEST

START_TEST(under_the_journal_a_line_begins_with_its_priority) {
    struct stat status;
    ck_assert_int_eq(fstat(STDERR_FILENO, &status), 0);
    char stream[64];
    snprintf(stream, sizeof(stream), "%llu:%llu", (unsigned long long)status.st_dev, (unsigned long long)status.st_ino);
    setenv("JOURNAL_STREAM", stream, 1);
    start(LOG_LEVEL_DEBUG);
    for (int level = LOG_LEVEL_ERROR; level <= LOG_LEVEL_DEBUG; level++)
        log_write((enum log_level)level, "test", "%s", log_level_name((enum log_level)level));
    log_stop();
    ck_assert_str_eq(captured_text(), "<3>test: error\n<4>test: warning\n<6>test: info\n<7>test: debug\n");
}
END_TEST

START_TEST(a_journal_stream_that_is_not_stderr_changes_nothing) {
    struct stat status;
    ck_assert_int_eq(fstat(STDERR_FILENO, &status), 0);
    unsigned long long device = status.st_dev, inode = status.st_ino;
    const unsigned long long streams[][2] = {{device + 1, inode}, {device, inode + 1}};
    for (int i = 0; i < 2; i++) {
        char stream[64];
        snprintf(stream, sizeof(stream), "%llu:%llu", streams[i][0], streams[i][1]);
        setenv("JOURNAL_STREAM", stream, 1);
        start(LOG_LEVEL_INFO);
        log_info("test", "plain");
        log_stop();
    }
    ck_assert_ptr_null(strstr(captured_text(), "<6>"));
}
END_TEST

static void *log_ten(void *argument) {
    (void)argument;
    for (int i = 0; i < 10; i++)
        log_info("thread", "line %d", i);
    return NULL;
}

START_TEST(rings_of_ended_threads_are_used_again) {
    start(LOG_LEVEL_INFO);
    for (int i = 0; i < 2 * LOG_THREADS_MAX; i++) {
        pthread_t thread;
        ck_assert_int_eq(pthread_create(&thread, NULL, log_ten, NULL), 0);
        pthread_join(thread, NULL);
        for (int line = 0; line < 10; line++)
            sem_wait(&sunk.came);
    }
    struct log_stats stats;
    log_stats(&stats);
    ck_assert_uint_eq(stats.dropped, 0);
    ck_assert_uint_eq(stats.written, 2 * LOG_THREADS_MAX * 10);
}
END_TEST

START_TEST(lines_of_several_threads_all_come) {
    start(LOG_LEVEL_INFO);
    pthread_t threads[8];
    for (int i = 0; i < 8; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, log_ten, NULL), 0);
    for (int i = 0; i < 8; i++)
        pthread_join(threads[i], NULL);
    log_stop();
    ck_assert_uint_eq(sunk.count, 80);
}
END_TEST

START_TEST(the_log_can_be_started_again) {
    for (int i = 0; i < 3; i++) {
        start(LOG_LEVEL_INFO);
        log_info("test", "run %d", i);
        log_stop();
    }
    ck_assert_uint_eq(sunk.count, 3);
    ck_assert_int_eq(log_level_named("warning"), LOG_LEVEL_WARNING);
    ck_assert_int_eq(log_level_named("loud"), -1);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("host/log");
    TCase *tests = tcase_create("log");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, capture, give_back);
    tcase_add_test(tests, before_the_start_a_line_goes_straight_to_stderr);
    tcase_add_test(tests, a_line_reaches_stderr_sink_and_tail);
    tcase_add_test(tests, a_sleeping_log_is_woken_by_every_single_line);
    tcase_add_test(tests, lines_below_the_level_are_not_written);
    tcase_add_test(tests, stop_drains_what_was_logged);
    tcase_add_test(tests, a_full_ring_drops_and_counts_and_says_so);
    tcase_add_test(tests, the_tail_gives_the_newest_of_a_level_oldest_first);
    tcase_add_test(tests, the_tail_keeps_its_stated_number_of_lines);
    tcase_add_test(tests, a_long_line_is_cut_at_a_character_and_stays_one_line);
    tcase_add_test(tests, under_the_journal_a_line_begins_with_its_priority);
    tcase_add_test(tests, a_journal_stream_that_is_not_stderr_changes_nothing);
    tcase_add_test(tests, rings_of_ended_threads_are_used_again);
    tcase_add_test(tests, lines_of_several_threads_all_come);
    tcase_add_test(tests, the_log_can_be_started_again);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
