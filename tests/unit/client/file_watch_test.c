/* file_watch_test.c: which saves are seen, and that several events are one. Time is what the test says it is. */
#include "client/ctl/file_watch.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MS = 1000000 };

struct place {
    char directory[64], path[96];
    struct file_watch watch;
};

static void write_file(const struct place *place, const char *name) {
    char path[160];
    snprintf(path, sizeof path, "%s/%s", place->directory, name);
    FILE *file = fopen(path, "we");
    ck_assert_ptr_nonnull(file);
    fputs("x", file);
    fclose(file);
}

static void rename_file(const struct place *place, const char *from, const char *to) {
    char old[160], new[160];
    snprintf(old, sizeof old, "%s/%s", place->directory, from);
    snprintf(new, sizeof new, "%s/%s", place->directory, to);
    ck_assert_int_eq(rename(old, new), 0);
}

static void place_make(struct place *place) {
    strcpy(place->directory, "/tmp/px-test-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(place->directory));
    snprintf(place->path, sizeof place->path, "%s/a.lua", place->directory);
    write_file(place, "a.lua");
    ck_assert_int_eq(file_watch_open(place->path, &place->watch, NULL), 0);
}

static void place_remove(struct place *place) {
    static const char *const names[] = {"a.lua", "b.lua", "a.lua~", "notes.txt", "link.lua", ".a.lua.swp"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char path[160];
        snprintf(path, sizeof path, "%s/%s", place->directory, names[i]);
        unlink(path);
    }
    rmdir(place->directory);
    file_watch_close(&place->watch);
}

/* Whether there is a save once it has been quiet. */
static bool saved(struct place *place) {
    int wait_ms;
    file_watch_take(&place->watch, 1000 * MS);
    return file_watch_due(&place->watch, 2000 * MS, &wait_ms);
}

START_TEST(a_file_written_in_place_is_a_save) {
    struct place place;
    place_make(&place);
    ck_assert(!saved(&place));
    write_file(&place, "a.lua");
    ck_assert(saved(&place));
    ck_assert(!saved(&place));
    place_remove(&place);
}
END_TEST

START_TEST(a_file_renamed_over_the_old_one_is_a_save) {
    struct place place;
    place_make(&place);
    write_file(&place, "a.lua~");
    ck_assert(!saved(&place));
    rename_file(&place, "a.lua~", "a.lua");
    ck_assert(saved(&place));
    place_remove(&place);
}
END_TEST

START_TEST(a_file_that_may_be_required_counts_and_others_do_not) {
    struct place place;
    place_make(&place);
    write_file(&place, "notes.txt");
    write_file(&place, ".a.lua.swp");
    ck_assert(!saved(&place));
    write_file(&place, "b.lua");
    ck_assert(saved(&place));
    place_remove(&place);
}
END_TEST

START_TEST(several_writes_in_quick_succession_are_one_save) {
    struct place place;
    int wait_ms;
    place_make(&place);
    for (uint64_t ms = 100; ms < 160; ms += 10) {
        write_file(&place, "a.lua");
        file_watch_take(&place.watch, ms * MS);
        ck_assert(!file_watch_due(&place.watch, (ms + 9) * MS, &wait_ms));
        ck_assert_int_ge(wait_ms, 11);
        ck_assert_int_le(wait_ms, 12);
    }
    ck_assert(file_watch_due(&place.watch, 170 * MS, &wait_ms));
    ck_assert(!file_watch_due(&place.watch, 200 * MS, &wait_ms));
    ck_assert_int_eq(wait_ms, -1);
    place_remove(&place);
}
END_TEST

START_TEST(a_link_is_watched_where_it_leads) {
    struct place place, links;
    char path[160];
    place_make(&place);
    place_make(&links);
    file_watch_close(&links.watch);
    snprintf(path, sizeof path, "%s/link.lua", links.directory);
    ck_assert_int_eq(symlink(place.path, path), 0);
    ck_assert_int_eq(file_watch_open(path, &links.watch, NULL), 0);
    write_file(&place, "a.lua");
    ck_assert(saved(&links));
    place_remove(&place);
    place_remove(&links);
}
END_TEST

START_TEST(a_directory_that_is_not_there_is_an_error) {
    struct file_watch watch;
    struct px_error error;
    ck_assert_int_eq(file_watch_open("/nonexistent/a.lua", &watch, &error), PX_E_IO);
    ck_assert_ptr_nonnull(strstr(error.message, "/nonexistent/a.lua"));
}
END_TEST

int main(void) {
    Suite *suite = suite_create("file watch");
    TCase *tests = tcase_create("file watch");
    tcase_add_test(tests, a_file_written_in_place_is_a_save);
    tcase_add_test(tests, a_file_renamed_over_the_old_one_is_a_save);
    tcase_add_test(tests, a_file_that_may_be_required_counts_and_others_do_not);
    tcase_add_test(tests, several_writes_in_quick_succession_are_one_save);
    tcase_add_test(tests, a_link_is_watched_where_it_leads);
    tcase_add_test(tests, a_directory_that_is_not_there_is_an_error);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
