/* command_line_test.c: what pxctl makes of its arguments, and that the completion in the tree is the table's. */
#include "client/ctl/completion.h"
#include "client/ctl/ctl.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

enum { ARGUMENTS = 8 };

static int read_words(struct ctl *ctl, const char *const *words) {
    char *argv[ARGUMENTS + 2] = {(char[]){"pxctl"}};
    int argc = 1;
    for (; words[argc - 1]; argc++)
        argv[argc] = (char *)(uintptr_t)words[argc - 1];
    *ctl = (struct ctl){.timeout_ms = CTL_TIMEOUT_MS};
    return ctl_read(ctl, argc, argv);
}

static const struct {
    const char *words[ARGUMENTS];
    int code;
} lines[] = {
    {{"ls"}, CTL_DONE},
    {{"ls", "--json"}, CTL_DONE},
    {{"--json", "ls"}, CTL_DONE},
    {{"--connect", "unix:/x", "ls"}, CTL_DONE},
    {{"--connect=unix:/x", "ls"}, CTL_DONE},
    {{"--help"}, CTL_DONE},
    {{"run", "--help"}, CTL_DONE},
    {{"--version"}, CTL_DONE},
    {{"export", "a", "--t", "-1.5"}, CTL_DONE},
    {{"export", "a", "--t=-1.5", "--out", "-"}, CTL_DONE},
    {{"eval", "-"}, CTL_DONE},
    {{"eval", "--", "--strange.json"}, CTL_DONE},
    {{"cc", "1=-0.5"}, CTL_DONE},
    {{"log", "-f"}, CTL_DONE},
    {{NULL}, CTL_USAGE},
    {{"--json"}, CTL_USAGE},
    {{"nonsense"}, CTL_USAGE},
    {{"ls", "more"}, CTL_USAGE},
    {{"run"}, CTL_USAGE},
    {{"ls", "--connect"}, CTL_USAGE},
    {{"ls", "--frames", "1"}, CTL_USAGE},
    {{"--frames", "1", "render"}, CTL_USAGE},
    {{"ls", "--json=1"}, CTL_USAGE},
    {{"ls", "--timeout", "soon"}, CTL_USAGE},
    {{"ls", "--timeout", "-1"}, CTL_USAGE},
    {{"ls", "-x"}, CTL_USAGE},
};

START_TEST(a_command_line_is_taken_or_refused) {
    struct ctl ctl;
    ck_assert_int_eq(read_words(&ctl, lines[_i].words), lines[_i].code);
}
END_TEST

START_TEST(options_are_found_by_name_wherever_they_stand) {
    struct ctl ctl;
    const char *const words[] = {"--timeout", "2.5", "render", "--fps=30", "name", "--frames", "1:3", NULL};
    double fps;
    ck_assert_int_eq(read_words(&ctl, words), CTL_DONE);
    ck_assert_int_eq(ctl.timeout_ms, 2500);
    ck_assert_str_eq(ctl.arguments[0], "name");
    ck_assert_str_eq(ctl_option(&ctl, "--frames"), "1:3");
    ck_assert_ptr_null(ctl_option(&ctl, "--out"));
    ck_assert(ctl_number(&ctl, "--fps", 60, &fps) && fps == 30);
    ck_assert(!ctl_number(&ctl, "--frames", 60, &fps));
}
END_TEST

START_TEST(a_number_is_a_whole_finite_one) {
    static const char *const wrong[] = {"", "x", "1x", "nan", "inf", "1,5", "1e999"};
    double number;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        ck_assert_msg(!ctl_number_read(wrong[i], &number), "%s", wrong[i]);
    ck_assert(ctl_number_read("-1.5e2", &number) && number == -150);
}
END_TEST

START_TEST(every_verb_says_what_it_does) {
    for (size_t i = 0; i < verb_count; i++) {
        ck_assert_ptr_nonnull(verbs[i]->arguments);
        ck_assert_uint_gt(strlen(verbs[i]->summary), 0);
        ck_assert_uint_le(verbs[i]->option_count, CTL_OPTIONS_MAX);
        ck_assert_uint_le(verbs[i]->most, CTL_ARGUMENTS_MAX);
        ck_assert_ptr_eq(verb_named(verbs[i]->name), verbs[i]);
    }
}
END_TEST

START_TEST(the_completion_in_the_tree_is_that_of_the_table) {
    char *made = NULL, stored[16384];
    size_t size;
    FILE *out = open_memstream(&made, &size);
    completion_bash(out);
    fclose(out);
    FILE *file = fopen(TEST_DATA "/../deploy/completions/pxctl", "re");
    ck_assert_ptr_nonnull(file);
    stored[fread(stored, 1, sizeof stored - 1, file)] = '\0';
    fclose(file);
    ck_assert_str_eq(made, stored);
    free(made);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("command line");
    TCase *tests = tcase_create("command line");
    tcase_add_loop_test(tests, a_command_line_is_taken_or_refused, 0, sizeof lines / sizeof lines[0]);
    tcase_add_test(tests, options_are_found_by_name_wherever_they_stand);
    tcase_add_test(tests, a_number_is_a_whole_finite_one);
    tcase_add_test(tests, every_verb_says_what_it_does);
    tcase_add_test(tests, the_completion_in_the_tree_is_that_of_the_table);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
