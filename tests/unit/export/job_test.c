#include "daemon/export/job.h"
#include "daemon/export/save.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const stages[] = {"one", "two"};
static int changes;

static void changed(void *argument, const struct job *job) {
    (void)argument;
    (void)job;
    changes++;
}

static struct jobs *jobs_of(size_t running_max, size_t kept_max, size_t bytes_max) {
    const struct jobs_config config = {
        .running_max = running_max, .kept_max = kept_max, .bytes_max = bytes_max, .changed = changed};
    struct jobs *jobs;
    changes = 0;
    ck_assert_int_eq(jobs_create(&config, &jobs, NULL), 0);
    return jobs;
}

static struct job *add(struct jobs *jobs, const char *key) {
    struct job *job = NULL;
    bool known;
    ck_assert_int_eq(jobs_add(jobs, "export", stages, 2, key, &job, &known, NULL), 0);
    return job;
}

static double fraction(const struct job *job) {
    struct px_writer writer;
    struct px_document document;
    px_writer_init(&writer, 0);
    job_write(job, &writer);
    ck_assert_int_eq(px_value_decode(writer.bytes, writer.size, &PX_LIMITS_DEFAULT, &document, NULL), 0);
    double number = -1;
    px_value_number(px_value_get(px_value_get(&document.root, "progress"), "fraction"), &number);
    px_document_free(&document);
    px_writer_free(&writer);
    return number;
}

START_TEST(progress_never_goes_back) {
    struct jobs *jobs = jobs_of(4, 4, 1000);
    struct job *job = add(jobs, "");
    double last = fraction(job);
    ck_assert(last == 0);
    for (unsigned stage = 0; stage < 2; stage++) {
        job_stage(jobs, job, stage);
        for (unsigned part = 0; part <= JOB_PART_WHOLE; part += 2500) {
            atomic_store(&job->part, part);
            ck_assert(fraction(job) >= last);
            last = fraction(job);
        }
    }
    job_done(jobs, job, strdup("x"), 1, NULL);
    ck_assert(fraction(job) == 1);
    ck_assert_int_eq(changes, 4);
    jobs_destroy(jobs);
}
END_TEST

START_TEST(the_same_key_is_the_same_job) {
    struct jobs *jobs = jobs_of(4, 4, 1000);
    struct job *first = add(jobs, "k"), *again = NULL;
    bool known = false;
    ck_assert_int_eq(jobs_add(jobs, "export", stages, 2, "k", &again, &known, NULL), 0);
    ck_assert(known);
    ck_assert_ptr_eq(first, again);
    ck_assert_ptr_ne(add(jobs, ""), add(jobs, "")); /* no key is no key */
    jobs_destroy(jobs);
}
END_TEST

START_TEST(the_oldest_finished_jobs_make_room) {
    struct jobs *jobs = jobs_of(8, 3, 100);
    struct job *running = add(jobs, "");
    int64_t done = add(jobs, "")->id;
    job_done(jobs, jobs_find(jobs, done), calloc(1, 60), 60, NULL);
    int64_t larger = add(jobs, "")->id;
    job_done(jobs, jobs_find(jobs, larger), calloc(1, 60), 60, NULL); /* 120 bytes: over */
    ck_assert_ptr_null(jobs_find(jobs, done));
    ck_assert_ptr_nonnull(jobs_find(jobs, larger));
    add(jobs, "");
    add(jobs, ""); /* four jobs: over */
    ck_assert_ptr_null(jobs_find(jobs, larger));
    ck_assert_ptr_eq(jobs_find(jobs, running->id), running);
    ck_assert_uint_eq(jobs_running(jobs), 3);
    jobs_destroy(jobs);
}
END_TEST

START_TEST(a_result_larger_than_all_is_kept_until_the_next) {
    struct jobs *jobs = jobs_of(8, 3, 100);
    int64_t id = add(jobs, "")->id;
    job_done(jobs, jobs_find(jobs, id), calloc(1, 500), 500, NULL);
    ck_assert_ptr_nonnull(jobs_find(jobs, id));
    jobs_destroy(jobs);
}
END_TEST

START_TEST(too_many_running_jobs_are_refused) {
    struct jobs *jobs = jobs_of(1, 3, 100);
    struct job *job = add(jobs, ""), *second;
    bool known;
    ck_assert_int_eq(jobs_add(jobs, "export", stages, 2, "", &second, &known, NULL), PX_E_BUSY);
    const struct px_error error = {.code = PX_E_CANCELLED, .message = "cancelled"};
    job_failed(jobs, job, &error);
    ck_assert_int_eq(job->state, JOB_CANCELLED);
    add(jobs, "");
    jobs_destroy(jobs);
}
END_TEST

START_TEST(a_refused_job_stays_only_for_its_key) {
    struct jobs *jobs = jobs_of(4, 8, 100);
    const struct px_error error = {.code = PX_E_PARAM, .message = "no"};
    int64_t ids[2];
    for (int i = 0; i < 2; i++) {
        struct job *job = add(jobs, i == 0 ? "" : "k");
        ids[i] = job->id;
        job->refused = true;
        job_failed(jobs, job, &error);
    }
    ck_assert_ptr_null(jobs_find(jobs, ids[0]));
    ck_assert_str_eq(jobs_find(jobs, ids[1])->error.message, "no");
    jobs_destroy(jobs);
}
END_TEST

/* ---- save -------------------------------------------------------------------------------------------------------- */

static char directory[64];

static void make_directory(void) {
    strcpy(directory, "/tmp/pxd-save-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(directory));
}

static void remove_directory(void) {
    char command[128];
    snprintf(command, sizeof command, "rm -r %s", directory);
    ck_assert_int_eq(system(command), 0);
}

static const char *in_directory(const char *name) {
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    return path;
}

START_TEST(a_file_is_replaced_as_a_whole) {
    char text[8] = "";
    ck_assert_int_eq(save_bytes(in_directory("a.svg"), NULL, "first", 5, NULL), 0);
    ck_assert_int_eq(save_bytes(in_directory("a.svg"), directory, "2nd", 3, NULL), 0);
    FILE *file = fopen(in_directory("a.svg"), "r");
    ck_assert_uint_eq(fread(text, 1, sizeof text, file), 3);
    fclose(file);
    ck_assert_int_eq(memcmp(text, "2nd", 3), 0);
    char command[160];
    snprintf(command, sizeof command, "test $(ls -A %s | wc -l) = 1", directory); /* nothing else is left */
    ck_assert_int_eq(system(command), 0);
}
END_TEST

START_TEST(nothing_leads_out_of_the_directory) {
    struct px_error error;
    ck_assert_int_eq(symlink("/tmp", in_directory("out")), 0);
    ck_assert_int_eq(mkdir(in_directory("in"), 0700), 0);
    ck_assert_int_eq(save_check(in_directory("../x.svg"), directory, &error), PX_E_ACCESS);
    ck_assert_int_eq(save_check(in_directory("out/x.svg"), directory, &error), PX_E_ACCESS);
    ck_assert_int_eq(save_bytes(in_directory("out/x.svg"), directory, "x", 1, &error), PX_E_ACCESS);
    ck_assert_int_eq(save_check("/etc/x.svg", directory, &error), PX_E_ACCESS);
    ck_assert_int_eq(save_check(in_directory("in/x.svg"), directory, &error), 0);
    ck_assert_int_eq(save_check(in_directory("in/../in/x.svg"), directory, &error), 0);
    ck_assert_int_eq(save_check(in_directory("none/x.svg"), directory, &error), PX_E_NOT_FOUND);
    ck_assert_int_eq(save_check("x.svg", NULL, &error), PX_E_RANGE);
    ck_assert_int_eq(save_check(in_directory("in/.."), NULL, &error), PX_E_RANGE);
    ck_assert_int_eq(save_bytes(in_directory("in"), NULL, "x", 1, &error), PX_E_IO); /* a directory stands there */
}
END_TEST

int main(void) {
    Suite *suite = suite_create("job");
    TCase *tests = tcase_create("job");
    tcase_add_test(tests, progress_never_goes_back);
    tcase_add_test(tests, the_same_key_is_the_same_job);
    tcase_add_test(tests, the_oldest_finished_jobs_make_room);
    tcase_add_test(tests, a_result_larger_than_all_is_kept_until_the_next);
    tcase_add_test(tests, too_many_running_jobs_are_refused);
    tcase_add_test(tests, a_refused_job_stays_only_for_its_key);
    TCase *saving = tcase_create("save");
    tcase_add_checked_fixture(saving, make_directory, remove_directory);
    tcase_add_test(saving, a_file_is_replaced_as_a_whole);
    tcase_add_test(saving, nothing_leads_out_of_the_directory);
    suite_add_tcase(suite, tests);
    suite_add_tcase(suite, saving);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
