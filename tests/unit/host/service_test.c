#include "daemon/host/service.h"

#include <check.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static struct px_error error;
static struct loop *loop;
static struct service *service;
static struct sockaddr_un address;
static int manager; /* what systemd listens on */

static void set_up(void) {
    unsetenv("WATCHDOG_USEC");
    unsetenv("WATCHDOG_PID");
    address = (struct sockaddr_un){.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof(address.sun_path), "/tmp/pxd-service-test-%d", (int)getpid());
    manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(manager, (struct sockaddr *)&address, sizeof(address)), 0);
    setenv("NOTIFY_SOCKET", address.sun_path, 1);
    ck_assert_int_eq(loop_create(&loop, &error), PX_OK);
}

static void tear_down(void) {
    service_stop(service);
    loop_destroy(loop);
    close(manager);
    unlink(address.sun_path);
}

static const char *told(void) {
    static char text[1024];
    ssize_t size = recv(manager, text, sizeof(text) - 1, 0);
    ck_assert_int_ge(size, 0);
    text[size] = 0;
    return text;
}

START_TEST(the_manager_is_told_each_state) {
    ck_assert_int_eq(service_start(loop, &service, &error), PX_OK);
    service_ready(service);
    ck_assert_str_eq(told(), "READY=1");
    service_status(service, "%d sketches\nSTOPPING=1", 3);
    ck_assert_str_eq(told(), "STATUS=3 sketches STOPPING=1");
    service_reloading(service);
    ck_assert_int_eq(strncmp(told(), "RELOADING=1\nMONOTONIC_USEC=", 27), 0);
    service_stopping(service);
    ck_assert_str_eq(told(), "STOPPING=1");
}
END_TEST

static int pings;

static void on_ping(void *argument, int events) {
    (void)argument, (void)events;
    ck_assert_str_eq(told(), "WATCHDOG=1");
    if (++pings == 3)
        loop_stop(loop);
}

START_TEST(the_watchdog_is_answered_for_as_long_as_the_loop_runs) {
    setenv("WATCHDOG_USEC", "2000", 1);
    ck_assert_int_eq(service_start(loop, &service, &error), PX_OK);
    struct loop_watch *watch;
    ck_assert_int_eq(loop_watch(loop, manager, LOOP_READABLE, on_ping, NULL, &watch, &error), PX_OK);
    loop_run(loop);
    ck_assert_int_eq(pings, 3);
    loop_unwatch(watch);
}
END_TEST

START_TEST(a_watchdog_of_another_process_is_not_ours) {
    setenv("WATCHDOG_USEC", "1", 1);
    setenv("WATCHDOG_PID", "1", 1);
    ck_assert_int_eq(service_start(loop, &service, &error), PX_OK);
    loop_drain(loop);
    service_ready(service);
    ck_assert_str_eq(told(), "READY=1");
}
END_TEST

START_TEST(without_a_manager_nothing_happens) {
    unsetenv("NOTIFY_SOCKET");
    ck_assert_int_eq(service_start(loop, &service, &error), PX_OK);
    service_ready(service);
    service_status(service, "quiet");
    char byte;
    ck_assert_int_eq(recv(manager, &byte, 1, MSG_DONTWAIT), -1);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("host/service");
    TCase *tests = tcase_create("service");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, the_manager_is_told_each_state);
    tcase_add_test(tests, the_watchdog_is_answered_for_as_long_as_the_loop_runs);
    tcase_add_test(tests, a_watchdog_of_another_process_is_not_ours);
    tcase_add_test(tests, without_a_manager_nothing_happens);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
