#include "daemon/host/loop.h"
#include "shared/clock.h"

#include <check.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum { POSTERS = 4, POSTS = 2000 };
static const uint64_t an_hour_ns = UINT64_C(3600) * 1000000000u;

static struct loop *loop;
static struct px_error error;

static void make_loop(void) {
    ck_assert_int_eq(loop_create(&loop, &error), PX_OK);
}

static void destroy_loop(void) {
    loop_destroy(loop);
}

/* ---- messages --------------------------------------------------------------------------------------------------- */

struct numbered {
    struct loop_message message; /* first */
    int poster, number;
};

static int expected[POSTERS], handled;

static void handle_numbered(struct loop_message *message) {
    struct numbered *numbered = (struct numbered *)message;
    ck_assert_int_eq(numbered->number, expected[numbered->poster]);
    expected[numbered->poster]++;
    free(numbered); /* the handler owns the message */
    if (++handled == POSTERS * POSTS)
        loop_stop(loop);
}

static void *post_many(void *argument) {
    for (int i = 0; i < POSTS; i++) {
        struct numbered *numbered = malloc(sizeof(*numbered));
        *numbered = (struct numbered){.message.handle = handle_numbered, .poster = *(int *)argument, .number = i};
        loop_post(loop, &numbered->message);
    }
    return NULL;
}

START_TEST(messages_of_each_thread_are_handled_in_the_order_they_were_posted) {
    pthread_t threads[POSTERS];
    int numbers[POSTERS];
    for (int i = 0; i < POSTERS; i++) {
        numbers[i] = i;
        ck_assert_int_eq(pthread_create(&threads[i], NULL, post_many, &numbers[i]), 0);
    }
    loop_run(loop);
    for (int i = 0; i < POSTERS; i++) {
        pthread_join(threads[i], NULL);
        ck_assert_int_eq(expected[i], POSTS);
    }
}
END_TEST

static int posted_again;

static void handle_and_post_again(struct loop_message *message) {
    if (++posted_again < 5)
        loop_post(loop, message);
    else
        loop_stop(loop);
}

START_TEST(a_handler_may_post_its_message_again) {
    struct loop_message message = {.handle = handle_and_post_again};
    loop_post(loop, &message);
    loop_run(loop);
    ck_assert_int_eq(posted_again, 5);
}
END_TEST

static int counted;

static void count_message(struct loop_message *message) {
    (void)message;
    counted++;
}

START_TEST(what_was_posted_before_a_stop_is_handled) {
    struct loop_message message = {.handle = count_message};
    loop_post(loop, &message);
    loop_stop(loop);
    loop_run(loop);
    ck_assert_int_eq(counted, 1);
}
END_TEST

START_TEST(drain_handles_what_is_posted_and_does_not_wait) {
    posted_again = 0;
    struct loop_message first = {.handle = handle_and_post_again}, second = {.handle = count_message};
    loop_post(loop, &first);
    loop_post(loop, &second);
    loop_drain(loop);
    ck_assert_int_eq(posted_again, 5);
    ck_assert_int_eq(counted, 1);
    loop_drain(loop);
    ck_assert_int_eq(counted, 1);
}
END_TEST

START_TEST(wake_ups_are_counted) {
    uint64_t before = loop_wakeups(loop);
    struct loop_message message = {.handle = handle_and_post_again};
    posted_again = 0;
    loop_post(loop, &message);
    loop_run(loop);
    ck_assert_uint_ge(loop_wakeups(loop), before + 5);
}
END_TEST

/* ---- watches ---------------------------------------------------------------------------------------------------- */

struct watched {
    int fd;
    int calls;
    int events; /* of the last call */
    struct loop_watch *watch;
};

static void stop_when_ready(void *argument, int events) {
    struct watched *watched = argument;
    watched->calls++;
    watched->events = events;
    loop_stop(loop);
}

static void unwatch_when_ready(void *argument, int events) {
    struct watched *watched = argument;
    watched->calls++;
    watched->events = events;
    loop_unwatch(watched->watch);
    close(watched->fd);
}

static void watch(struct watched *watched, int events, void (*ready)(void *, int)) {
    ck_assert_int_eq(loop_watch(loop, watched->fd, events, ready, watched, &watched->watch, &error), PX_OK);
}

START_TEST(a_watch_tells_of_readable_writable_and_hang_up) {
    int pair[2];
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    struct watched watched = {.fd = pair[0]};
    watch(&watched, LOOP_WRITABLE, stop_when_ready);
    loop_run(loop);
    ck_assert_int_eq(watched.events, LOOP_WRITABLE);
    loop_watch_change(watched.watch, LOOP_READABLE);
    ck_assert_int_eq(write(pair[1], "x", 1), 1);
    loop_run(loop);
    ck_assert_int_eq(watched.events, LOOP_READABLE);
    loop_watch_change(watched.watch, LOOP_HANGUP);
    close(pair[1]);
    loop_run(loop);
    ck_assert_int_eq(watched.events, LOOP_HANGUP);
    loop_unwatch(watched.watch);
    close(pair[0]);
}
END_TEST

START_TEST(a_watch_of_no_events_is_silent) {
    struct watched watched = {.fd = eventfd(1, EFD_CLOEXEC)};
    watch(&watched, LOOP_READABLE, stop_when_ready);
    loop_watch_change(watched.watch, 0);
    loop_drain(loop);
    ck_assert_int_eq(watched.calls, 0);
    close(watched.fd); /* the watch is left to loop_destroy */
}
END_TEST

START_TEST(a_watch_may_end_itself_and_close_its_descriptor) {
    struct watched watched = {.fd = eventfd(1, EFD_CLOEXEC)};
    watch(&watched, LOOP_READABLE, unwatch_when_ready);
    loop_drain(loop);
    loop_drain(loop);
    ck_assert_int_eq(watched.calls, 1);
}
END_TEST

static struct watched *other_of[2];

static void unwatch_the_other(void *argument, int events) {
    struct watched *self = argument;
    self->calls++;
    self->events = events;
    struct watched *other = other_of[0] == self ? other_of[1] : other_of[0];
    loop_unwatch(other->watch);
}

START_TEST(no_call_comes_after_unwatch_even_for_an_event_of_the_same_turn) {
    struct watched one = {.fd = eventfd(1, EFD_CLOEXEC)}, two = {.fd = eventfd(1, EFD_CLOEXEC)};
    other_of[0] = &one, other_of[1] = &two;
    watch(&one, LOOP_READABLE, unwatch_the_other);
    watch(&two, LOOP_READABLE, unwatch_the_other);
    loop_drain(loop);
    ck_assert_int_eq(one.calls + two.calls, 1);
    close(one.fd);
    close(two.fd);
}
END_TEST

START_TEST(a_descriptor_that_cannot_be_watched_is_an_error) {
    struct loop_watch *none = NULL;
    ck_assert_int_eq(loop_watch(loop, -1, LOOP_READABLE, stop_when_ready, NULL, &none, &error), PX_E_IO);
    ck_assert_ptr_null(none);
}
END_TEST

/* ---- timers ----------------------------------------------------------------------------------------------------- */

static int fired_order[4], fired_count;

static void fire_and_stop_at_two(void *argument) {
    fired_order[fired_count++] = *(int *)argument;
    if (fired_count == 2)
        loop_stop(loop);
}

static void fire(void *argument) {
    fired_order[fired_count++] = *(int *)argument;
}

START_TEST(timers_fire_in_the_order_of_their_times) {
    int one = 1, two = 2;
    struct loop_timer *late, *early;
    ck_assert_int_eq(loop_timer_create(loop, fire_and_stop_at_two, &two, &late, &error), PX_OK);
    ck_assert_int_eq(loop_timer_create(loop, fire_and_stop_at_two, &one, &early, &error), PX_OK);
    uint64_t now = px_clock_ns();
    loop_timer_start(late, now + 40000000);
    loop_timer_start(early, now + 300000);
    loop_run(loop);
    ck_assert_uint_ge(px_clock_ns(), now + 40000000);
    ck_assert_int_eq(fired_order[0], 1);
    ck_assert_int_eq(fired_order[1], 2);
    loop_timer_destroy(late);
    loop_timer_destroy(early);
}
END_TEST

START_TEST(a_time_that_is_past_fires_at_once_and_once) {
    int one = 1;
    struct loop_timer *timer;
    ck_assert_int_eq(loop_timer_create(loop, fire, &one, &timer, &error), PX_OK);
    loop_timer_start(timer, 0);
    loop_drain(loop);
    loop_drain(loop);
    ck_assert_int_eq(fired_count, 1);
    loop_timer_start(timer, px_clock_ns() - 1);
    loop_drain(loop);
    ck_assert_int_eq(fired_count, 2);
    loop_timer_destroy(timer);
}
END_TEST

START_TEST(a_timer_started_again_later_does_not_fire_for_its_old_time) {
    int one = 1;
    struct loop_timer *timer;
    ck_assert_int_eq(loop_timer_create(loop, fire, &one, &timer, &error), PX_OK);
    loop_timer_start(timer, 0);
    loop_timer_start(timer, px_clock_ns() + an_hour_ns);
    loop_drain(loop);
    ck_assert_int_eq(fired_count, 0);
    loop_timer_start(timer, 0);
    loop_timer_stop(timer);
    loop_drain(loop);
    ck_assert_int_eq(fired_count, 0);
    /* the timer is left to loop_destroy */
}
END_TEST

static struct loop_timer *rivals[2];

static void fire_and_stop_the_other(void *argument) {
    fired_count++;
    loop_timer_stop(*(struct loop_timer **)argument == rivals[0] ? rivals[1] : rivals[0]);
}

START_TEST(a_stopped_timer_does_not_fire_even_if_it_expired_in_the_same_turn) {
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(loop_timer_create(loop, fire_and_stop_the_other, &rivals[i], &rivals[i], &error), PX_OK);
        loop_timer_start(rivals[i], 0);
    }
    loop_drain(loop);
    ck_assert_int_eq(fired_count, 1);
}
END_TEST

static void fire_and_destroy(void *argument) {
    fired_count++;
    loop_timer_destroy(*(struct loop_timer **)argument);
}

START_TEST(a_timer_may_destroy_itself) {
    struct loop_timer *timer;
    ck_assert_int_eq(loop_timer_create(loop, fire_and_destroy, &timer, &timer, &error), PX_OK);
    loop_timer_start(timer, 0);
    loop_drain(loop);
    loop_drain(loop);
    ck_assert_int_eq(fired_count, 1);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("host/loop");
    TCase *tests = tcase_create("loop");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, make_loop, destroy_loop);
    tcase_add_test(tests, messages_of_each_thread_are_handled_in_the_order_they_were_posted);
    tcase_add_test(tests, a_handler_may_post_its_message_again);
    tcase_add_test(tests, what_was_posted_before_a_stop_is_handled);
    tcase_add_test(tests, drain_handles_what_is_posted_and_does_not_wait);
    tcase_add_test(tests, wake_ups_are_counted);
    tcase_add_test(tests, a_watch_tells_of_readable_writable_and_hang_up);
    tcase_add_test(tests, a_watch_of_no_events_is_silent);
    tcase_add_test(tests, a_watch_may_end_itself_and_close_its_descriptor);
    tcase_add_test(tests, no_call_comes_after_unwatch_even_for_an_event_of_the_same_turn);
    tcase_add_test(tests, a_descriptor_that_cannot_be_watched_is_an_error);
    tcase_add_test(tests, timers_fire_in_the_order_of_their_times);
    tcase_add_test(tests, a_time_that_is_past_fires_at_once_and_once);
    tcase_add_test(tests, a_timer_started_again_later_does_not_fire_for_its_old_time);
    tcase_add_test(tests, a_stopped_timer_does_not_fire_even_if_it_expired_in_the_same_turn);
    tcase_add_test(tests, a_timer_may_destroy_itself);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
