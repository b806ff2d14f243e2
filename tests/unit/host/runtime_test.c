#include "daemon/host/runtime.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static struct px_error error;
static struct runtime runtime;
static char root[64];

static void set_up(void) {
    strcpy(root, "/tmp/pxd-test-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(root));
    runtime.lock_fd = -1;
    unsetenv("PXD_RUNTIME_DIR");
    unsetenv("RUNTIME_DIRECTORY");
    unsetenv("XDG_RUNTIME_DIR");
}

static void tear_down(void) {
    runtime_close(&runtime);
    char command[128];
    snprintf(command, sizeof(command), "rm -rf '%s'", root);
    ck_assert_int_eq(system(command), 0);
}

static const char *below(const char *name) {
    static char path[4][512];
    static int next;
    next = (next + 1) % 4;
    snprintf(path[next], sizeof(path[next]), "%s/%s", root, name);
    return path[next];
}

static void assert_opens(const char *chosen, const char *path) {
    int code = runtime_open(chosen, &runtime, &error);
    ck_assert_msg(code == PX_OK, "%s", error.message);
    ck_assert_str_eq(runtime.path, path);
    runtime_close(&runtime);
}

START_TEST(the_directory_is_made_for_this_user_alone) {
    struct stat status;
    assert_opens(below("a/run"), below("a/run"));
    ck_assert_int_eq(stat(below("a/run"), &status), 0);
    ck_assert_int_eq(status.st_mode & 07777, 0700);
}
END_TEST

START_TEST(the_places_are_looked_up_in_their_order) {
    setenv("XDG_RUNTIME_DIR", below("xdg"), 1);
    assert_opens("", below("xdg/pxd"));
    char two[1100];
    snprintf(two, sizeof(two), "%s:%s", below("first"), below("second"));
    setenv("RUNTIME_DIRECTORY", two, 1);
    assert_opens("", below("first"));
    setenv("PXD_RUNTIME_DIR", below("own"), 1);
    assert_opens("", below("own"));
    assert_opens(below("chosen"), below("chosen"));
}
END_TEST

START_TEST(a_second_daemon_on_the_directory_is_refused_until_the_first_is_gone) {
    struct runtime second = {.lock_fd = -1};
    ck_assert_int_eq(runtime_open(below("run"), &runtime, &error), PX_OK);
    ck_assert_int_eq(runtime_open(below("run"), &second, &error), PX_E_EXISTS);
    ck_assert_ptr_nonnull(strstr(error.message, below("run")));
    pid_t other = fork(); /* as another process, too */
    if (other == 0)
        _exit(runtime_open(below("run"), &second, NULL) == PX_E_EXISTS ? 0 : 1);
    int status;
    ck_assert_int_eq(waitpid(other, &status, 0), other);
    ck_assert_int_eq(status, 0);
    runtime_close(&runtime);
    assert_opens(below("run"), below("run"));
}
END_TEST

START_TEST(the_lock_of_a_killed_daemon_is_free) {
    int ready[2];
    ck_assert_int_eq(pipe(ready), 0);
    pid_t daemon = fork();
    if (daemon == 0) {
        if (runtime_open(below("run"), &runtime, NULL) == PX_OK && write(ready[1], "x", 1) == 1)
            pause();
        _exit(1);
    }
    char byte;
    ck_assert_int_eq(read(ready[0], &byte, 1), 1);
    ck_assert_int_eq(runtime_open(below("run"), &runtime, &error), PX_E_EXISTS);
    kill(daemon, 9);
    waitpid(daemon, NULL, 0);
    assert_opens(below("run"), below("run"));
    close(ready[0]);
    close(ready[1]);
}
END_TEST

START_TEST(a_directory_that_everybody_may_write_is_refused) {
    ck_assert_int_eq(mkdir(below("open"), 0700), 0);
    ck_assert_int_eq(chmod(below("open"), 0777), 0);
    ck_assert_int_eq(runtime_open(below("open"), &runtime, &error), PX_E_ACCESS);
    ck_assert_ptr_nonnull(strstr(error.message, "0777"));
}
END_TEST

START_TEST(a_directory_of_another_user_is_refused) {
    if (geteuid() == 0) {
        ck_assert_int_eq(mkdir(below("other"), 0700), 0);
        ck_assert_int_eq(chown(below("other"), 12345, 12345), 0);
        ck_assert_int_eq(runtime_open(below("other"), &runtime, &error), PX_E_ACCESS);
    } else {
        ck_assert_int_eq(runtime_open("/", &runtime, &error), PX_E_ACCESS);
    }
}
END_TEST

START_TEST(what_is_no_directory_is_refused) {
    FILE *file = fopen(below("file"), "w");
    fclose(file);
    ck_assert_int_eq(runtime_open(below("file"), &runtime, &error), PX_E_ACCESS);
    ck_assert_int_eq(runtime_open(below("file/run"), &runtime, &error), PX_E_IO);
}
END_TEST

START_TEST(a_path_too_long_for_a_socket_is_refused) {
    char name[128];
    memset(name, 'x', sizeof(name));
    name[96 - strlen(root) - 1] = 0; /* 96 + 1 + strlen("arena.sock") = 107 */
    assert_opens(below(name), below(name));
    name[96 - strlen(root) - 1] = 'x';
    name[97 - strlen(root) - 1] = 0;
    ck_assert_int_eq(runtime_open(below(name), &runtime, &error), PX_E_RANGE);
    ck_assert_ptr_nonnull(strstr(error.message, "107"));
}
END_TEST

START_TEST(a_socket_has_its_path_in_the_directory) {
    char path[108], name[128];
    ck_assert_int_eq(runtime_open(below("run"), &runtime, &error), PX_OK);
    ck_assert_int_eq(runtime_socket(&runtime, "rpc.sock", path, &error), PX_OK);
    ck_assert_str_eq(path, below("run/rpc.sock"));
    memset(name, 'x', sizeof(name));
    name[127] = 0;
    ck_assert_int_eq(runtime_socket(&runtime, name, path, &error), PX_E_RANGE);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("host/runtime");
    TCase *tests = tcase_create("runtime");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, the_directory_is_made_for_this_user_alone);
    tcase_add_test(tests, the_places_are_looked_up_in_their_order);
    tcase_add_test(tests, a_second_daemon_on_the_directory_is_refused_until_the_first_is_gone);
    tcase_add_test(tests, the_lock_of_a_killed_daemon_is_free);
    tcase_add_test(tests, a_directory_that_everybody_may_write_is_refused);
    tcase_add_test(tests, a_directory_of_another_user_is_refused);
    tcase_add_test(tests, what_is_no_directory_is_refused);
    tcase_add_test(tests, a_path_too_long_for_a_socket_is_refused);
    tcase_add_test(tests, a_socket_has_its_path_in_the_directory);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
