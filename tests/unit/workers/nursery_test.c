#include "daemon/workers/nursery.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static struct px_error error;
static struct loop *loop;
static struct nursery *nursery;

/* ---- what the children are -------------------------------------------------------------------------------------- */

/* What a child says of itself. */
struct self {
    pid_t pid, nursery;
    int descriptors; /* open ones */
    int death_signal;
    bool interrupt_ignored, terminate_default, unblocked;
    char name[16];
};

static int exit_with(int socket, const void *argument, size_t size) {
    (void)socket;
    return size == sizeof(int) ? *(const int *)argument : 99;
}

static int count_descriptors(void) {
    int count = 0;
    for (int i = 0; i < 1024; i++)
        count += fcntl(i, F_GETFD) >= 0;
    return count;
}

static void wait_for_hang_up(int socket) {
    char ignored;
    while (recv(socket, &ignored, 1, 0) > 0)
        continue;
}

static int describe_self(int socket, const void *argument, size_t size) {
    (void)argument, (void)size;
    struct self self = {.pid = getpid(), .nursery = getppid(), .descriptors = count_descriptors()};
    struct sigaction interrupt, terminate;
    sigset_t mask;
    sigaction(SIGINT, NULL, &interrupt);
    sigaction(SIGTERM, NULL, &terminate);
    sigprocmask(SIG_SETMASK, NULL, &mask);
    self.interrupt_ignored = interrupt.sa_handler == SIG_IGN;
    self.terminate_default = terminate.sa_handler == SIG_DFL;
    self.unblocked = !sigismember(&mask, SIGCHLD);
    prctl(PR_GET_PDEATHSIG, &self.death_signal);
    prctl(PR_GET_NAME, self.name);
    if (send(socket, &self, sizeof(self), MSG_NOSIGNAL) < 0)
        return 1;
    wait_for_hang_up(socket);
    return 0;
}

static int echo(int socket, const void *argument, size_t size) {
    (void)argument, (void)size;
    char byte;
    while (recv(socket, &byte, 1, 0) == 1)
        send(socket, &byte, 1, MSG_NOSIGNAL);
    return 0;
}

/* Says a byte on standard output, then stays whatever happens to its socket. */
static int stay(int socket, const void *argument, size_t size) {
    (void)socket, (void)argument, (void)size;
    if (write(STDOUT_FILENO, "x", 1) != 1)
        return 1;
    for (;;)
        pause();
}

static const struct nursery_entry entries[] = {
    {"exit", exit_with}, {"describe", describe_self}, {"echo", echo}, {"stay", stay}};
enum { ENTRIES = sizeof(entries) / sizeof(entries[0]) };

/* ---- what came of them ------------------------------------------------------------------------------------------ */

struct outcome {
    int calls, status;
};

static int awaited; /* ends until the loop stops */

static void on_ended(void *owner, int status) {
    struct outcome *outcome = owner;
    outcome->calls++;
    outcome->status = status;
    if (--awaited == 0)
        loop_stop(loop);
}

static int losses;

static void on_lost(void *argument) {
    ck_assert_ptr_eq(argument, &losses);
    losses++;
    loop_stop(loop);
}

static void set_up(void) {
    ck_assert_int_eq(nursery_start(entries, ENTRIES, &nursery, &error), PX_OK);
    ck_assert_int_eq(loop_create(&loop, &error), PX_OK);
    ck_assert_int_eq(nursery_attach(nursery, loop, on_lost, &losses, &error), PX_OK);
}

static void tear_down(void) {
    nursery_stop(nursery);
    loop_destroy(loop);
}

static struct nursery_child *spawn(const char *entry, const void *argument, size_t size, struct outcome *outcome,
                                   int *socket) {
    struct nursery_child *child;
    ck_assert_int_eq(
        nursery_spawn(nursery, entry, SOCK_SEQPACKET, argument, size, on_ended, outcome, socket, &child, &error),
        PX_OK);
    return child;
}

/* Reads what must come, from a non-blocking socket. */
static ssize_t await_bytes(int socket, void *bytes, size_t size) {
    ssize_t got;
    while ((got = recv(socket, bytes, size, 0)) < 0 && (errno == EAGAIN || errno == EINTR))
        poll(&(struct pollfd){.fd = socket, .events = POLLIN}, 1, -1);
    return got;
}

static void run_until_ended(int count) {
    awaited = count;
    loop_run(loop);
}

/* ---- tests ------------------------------------------------------------------------------------------------------ */

START_TEST(the_exit_status_of_a_child_is_reported) {
    struct outcome outcomes[3] = {0};
    int sockets[3];
    for (int i = 0; i < 3; i++)
        spawn("exit", &(int){10 + i}, sizeof(int), &outcomes[i], &sockets[i]);
    run_until_ended(3);
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(outcomes[i].calls, 1);
        ck_assert(WIFEXITED(outcomes[i].status));
        ck_assert_int_eq(WEXITSTATUS(outcomes[i].status), 10 + i);
        close(sockets[i]);
    }
}
END_TEST

START_TEST(a_killed_child_is_reported_with_its_signal) {
    struct outcome outcome = {0};
    int socket;
    struct nursery_child *child = spawn("stay", NULL, 0, &outcome, &socket);
    nursery_kill(child, SIGKILL);
    run_until_ended(1);
    ck_assert(WIFSIGNALED(outcome.status));
    ck_assert_int_eq(WTERMSIG(outcome.status), SIGKILL);
    close(socket);
}
END_TEST

START_TEST(a_child_has_its_socket_and_nothing_else_of_the_daemon) {
    struct outcome outcome = {0};
    struct self self;
    int socket;
    int stray = dup2(STDERR_FILENO, 77); /* descriptors without close-on-exec do not matter either */
    struct nursery_child *child = spawn("describe", NULL, 0, &outcome, &socket);
    ck_assert_int_eq(await_bytes(socket, &self, sizeof(self)), sizeof(self));
    ck_assert_int_le(self.descriptors, 4);
    ck_assert_str_eq(self.name, "describe");
    ck_assert_int_eq(self.death_signal, SIGKILL);
    ck_assert(self.interrupt_ignored && self.terminate_default && self.unblocked);
    ck_assert(fcntl(socket, F_GETFL) & O_NONBLOCK);
    while (nursery_child_pid(child) == 0) /* the nursery says it after the fork, the child may be faster */
        loop_drain(loop);
    ck_assert_int_eq(nursery_child_pid(child), self.pid);
    close(socket); /* all that ties it */
    run_until_ended(1);
    ck_assert_int_eq(outcome.status, 0);
    close(stray);
}
END_TEST

START_TEST(a_stream_socket_can_be_asked_for) {
    struct outcome outcome = {0};
    struct nursery_child *child;
    int socket, type = 0;
    char bytes[4];
    ck_assert_int_eq(nursery_spawn(nursery, "echo", SOCK_STREAM, NULL, 0, on_ended, &outcome, &socket, &child, &error),
                     PX_OK);
    ck_assert_int_eq(getsockopt(socket, SOL_SOCKET, SO_TYPE, &type, &(socklen_t){sizeof(type)}), 0);
    ck_assert_int_eq(type, SOCK_STREAM);
    ck_assert_int_eq(send(socket, "a", 1, 0), 1);
    ck_assert_int_eq(await_bytes(socket, bytes, sizeof(bytes)), 1);
    close(socket);
    run_until_ended(1);
    ck_assert_int_eq(outcome.status, 0);
}
END_TEST

START_TEST(a_child_that_ends_hangs_up_its_socket) {
    struct outcome outcome = {0};
    int socket;
    char byte;
    spawn("exit", NULL, 0, &outcome, &socket);
    ck_assert_int_eq(await_bytes(socket, &byte, 1), 0);
    run_until_ended(1);
    ck_assert_int_eq(WEXITSTATUS(outcome.status), 99);
    close(socket);
}
END_TEST

START_TEST(a_disowned_child_is_killed_and_its_owner_hears_nothing) {
    struct outcome gone = {0}, kept = {0};
    int socket, other;
    char byte;
    nursery_disown(spawn("stay", NULL, 0, &gone, &socket));
    ck_assert_int_eq(await_bytes(socket, &byte, 1), 0); /* hangs up: it is dead */
    spawn("exit", NULL, 0, &kept, &other);
    run_until_ended(1);
    ck_assert_int_eq(gone.calls, 0);
    ck_assert_int_eq(kept.calls, 1);
    close(socket);
    close(other);
}
END_TEST

START_TEST(what_cannot_be_spawned_is_an_error_that_says_why) {
    struct outcome outcome = {0};
    struct nursery_child *child;
    int socket;
    char large[NURSERY_ARGUMENT_BYTES + 1] = {0};
    ck_assert_int_eq(nursery_spawn(nursery, "cook", SOCK_STREAM, NULL, 0, on_ended, &outcome, &socket, &child, &error),
                     PX_E_NOT_FOUND);
    ck_assert_ptr_nonnull(strstr(error.message, "cook"));
    ck_assert_int_eq(
        nursery_spawn(nursery, "exit", SOCK_STREAM, large, sizeof(large), on_ended, &outcome, &socket, &child, &error),
        PX_E_LIMIT);
    ck_assert_int_eq(outcome.calls, 0);
}
END_TEST

START_TEST(children_beyond_the_limit_are_refused_until_one_ends) {
    static struct outcome outcomes[NURSERY_CHILDREN_MAX + 1];
    static int sockets[NURSERY_CHILDREN_MAX];
    struct nursery_child *child;
    int socket;
    for (int i = 0; i < NURSERY_CHILDREN_MAX; i++) {
        spawn("echo", NULL, 0, &outcomes[i], &sockets[i]);
        char byte = 'x';
        ck_assert_int_eq(send(sockets[i], &byte, 1, 0), 1);
        ck_assert_int_eq(await_bytes(sockets[i], &byte, 1), 1);
    }
    ck_assert_int_eq(nursery_spawn(nursery, "echo", SOCK_STREAM, NULL, 0, on_ended, outcomes, &socket, &child, &error),
                     PX_E_LIMIT);
    close(sockets[0]);
    run_until_ended(1);
    ck_assert_int_eq(outcomes[0].calls, 1);
    child = spawn("exit", NULL, 0, &outcomes[NURSERY_CHILDREN_MAX], &socket);
    close(socket);
    run_until_ended(1);
    ck_assert_int_eq(WEXITSTATUS(outcomes[NURSERY_CHILDREN_MAX].status), 99);
    for (int i = 1; i < NURSERY_CHILDREN_MAX; i++)
        close(sockets[i]);
    run_until_ended(NURSERY_CHILDREN_MAX - 1);
}
END_TEST

START_TEST(signals_to_the_whole_group_do_not_end_the_nursery) {
    struct outcome outcome = {0};
    struct self self;
    int socket, other;
    spawn("describe", NULL, 0, &outcome, &socket);
    ck_assert_int_eq(await_bytes(socket, &self, sizeof(self)), sizeof(self));
    kill(self.nursery, SIGINT);
    kill(self.nursery, SIGTERM);
    kill(self.nursery, SIGHUP);
    close(socket);
    run_until_ended(1);
    spawn("exit", NULL, 0, &outcome, &other);
    run_until_ended(1);
    ck_assert_int_eq(outcome.calls, 2);
    ck_assert_int_eq(losses, 0);
    close(other);
}
END_TEST

START_TEST(children_die_with_the_nursery_and_a_new_one_takes_its_place) {
    struct outcome outcome = {0}, second = {0};
    struct self self, again;
    int socket, other;
    spawn("describe", NULL, 0, &outcome, &socket);
    ck_assert_int_eq(await_bytes(socket, &self, sizeof(self)), sizeof(self));
    kill(self.nursery, SIGKILL);
    char byte;
    ck_assert_int_eq(await_bytes(socket, &byte, 1), 0); /* PR_SET_PDEATHSIG: our end was open all the time */
    awaited = -1;
    loop_run(loop);
    ck_assert_int_eq(losses, 1);
    ck_assert_int_eq(outcome.calls, 1);
    ck_assert_int_eq(outcome.status, -1);
    spawn("describe", NULL, 0, &second, &other);
    ck_assert_int_eq(await_bytes(other, &again, sizeof(again)), sizeof(again));
    ck_assert_int_ne(again.nursery, self.nursery);
    ck_assert_int_le(again.descriptors, 4);
    close(socket);
    close(other);
    run_until_ended(1);
    ck_assert_int_eq(second.status, 0);
}
END_TEST

START_TEST(a_nursery_that_keeps_dying_is_not_replaced_for_ever) {
    struct outcome outcome = {0};
    struct nursery_child *child;
    int socket;
    for (int i = 0; i < NURSERY_REPLACEMENTS + 1; i++) {
        struct self self;
        spawn("describe", NULL, 0, &outcome, &socket);
        ck_assert_int_eq(await_bytes(socket, &self, sizeof(self)), sizeof(self));
        kill(self.nursery, SIGKILL);
        awaited = -1;
        loop_run(loop);
        close(socket);
    }
    ck_assert_int_eq(losses, NURSERY_REPLACEMENTS + 1);
    ck_assert_int_eq(nursery_spawn(nursery, "exit", SOCK_STREAM, NULL, 0, on_ended, &outcome, &socket, &child, &error),
                     PX_E_INTERNAL);
    ck_assert_ptr_nonnull(strstr(error.message, "too often"));
}
END_TEST

START_TEST(stop_kills_children_and_tells_their_owners) {
    struct outcome outcome = {0};
    int socket;
    char byte;
    spawn("stay", NULL, 0, &outcome, &socket);
    awaited = -1;
    nursery_stop(nursery);
    nursery = NULL;
    ck_assert_int_eq(outcome.calls, 1);
    ck_assert_int_eq(outcome.status, -1);
    ck_assert_int_eq(await_bytes(socket, &byte, 1), 0);
    close(socket);
}
END_TEST

/* A daemon that has a child that stays, and holds the pipe as its standard output as all below it do. */
_Noreturn static void be_a_daemon(int output) {
    dup2(output, STDOUT_FILENO);
    close(output);
    struct nursery_child *child;
    int socket;
    if (nursery_start(entries, ENTRIES, &nursery, &error) != PX_OK ||
        nursery_spawn(nursery, "stay", SOCK_STREAM, NULL, 0, on_ended, NULL, &socket, &child, &error) != PX_OK)
        _exit(1);
    for (;;)
        pause();
}

START_TEST(a_killed_daemon_leaves_no_process) {
    int output[2];
    ck_assert_int_eq(pipe(output), 0);
    pid_t daemon = fork();
    if (daemon == 0) {
        close(output[0]);
        be_a_daemon(output[1]);
    }
    close(output[1]);
    char byte;
    ck_assert_int_eq(read(output[0], &byte, 1), 1); /* the child is there */
    kill(daemon, SIGKILL);
    ck_assert_int_eq(waitpid(daemon, NULL, 0), daemon);
    ck_assert_int_eq(read(output[0], &byte, 1), 0); /* the end: daemon, nursery and child are gone */
    close(output[0]);
}
END_TEST

static Suite *nursery_suite(void) {
    Suite *suite = suite_create("workers/nursery");
    TCase *tests = tcase_create("nursery");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, the_exit_status_of_a_child_is_reported);
    tcase_add_test(tests, a_killed_child_is_reported_with_its_signal);
    tcase_add_test(tests, a_child_has_its_socket_and_nothing_else_of_the_daemon);
    tcase_add_test(tests, a_stream_socket_can_be_asked_for);
    tcase_add_test(tests, a_child_that_ends_hangs_up_its_socket);
    tcase_add_test(tests, a_disowned_child_is_killed_and_its_owner_hears_nothing);
    tcase_add_test(tests, what_cannot_be_spawned_is_an_error_that_says_why);
    tcase_add_test(tests, children_beyond_the_limit_are_refused_until_one_ends);
    tcase_add_test(tests, signals_to_the_whole_group_do_not_end_the_nursery);
    tcase_add_test(tests, children_die_with_the_nursery_and_a_new_one_takes_its_place);
    tcase_add_test(tests, a_nursery_that_keeps_dying_is_not_replaced_for_ever);
    tcase_add_test(tests, stop_kills_children_and_tells_their_owners);
    suite_add_tcase(suite, tests);
    TCase *alone = tcase_create("daemon");
    tcase_set_timeout(alone, 60);
    tcase_add_test(alone, a_killed_daemon_leaves_no_process);
    suite_add_tcase(suite, alone);
    return suite;
}

int main(int argc, char **argv) {
    int status = nursery_main(argc, argv, entries, ENTRIES); /* a replacement is this program, too */
    if (status >= 0)
        return status;
    SRunner *runner = srunner_create(nursery_suite());
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
