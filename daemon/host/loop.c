#include "daemon/host/loop.h"

#include <assert.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>
#include <uv.h>

/* What both watches and timers are: a polled descriptor in a list of its loop. Freed when libuv has let go of it. */
struct poll_handle {
    uv_poll_t poll;
    struct loop *loop;
    struct poll_handle *next, **link;
};

struct loop_watch {
    struct poll_handle handle; /* first: the close callback frees by it */
    void (*ready)(void *argument, int events);
    void *argument;
    int events;
};

struct loop_timer {
    struct poll_handle handle; /* first: the close callback frees by it */
    void (*fired)(void *argument);
    void *argument;
    int fd;
};

struct loop {
    /* LOOP */
    uv_loop_t uv;
    uv_check_t check;
    struct poll_handle *watches, *timers;
    /* any thread */
    uv_async_t async;
    _Atomic(struct loop_message *) posted; /* a stack, the newest first */
    _Atomic bool stopping;
    _Atomic uint64_t wakeups;
};

/* ---- the loop --------------------------------------------------------------------------------------------------- */

static struct loop_message *turn_round(struct loop_message *newest) {
    struct loop_message *oldest = NULL;
    while (newest) {
        struct loop_message *next = newest->next;
        newest->next = oldest;
        oldest = newest;
        newest = next;
    }
    return oldest;
}

/* Handles one batch; what its handlers post comes in the next, so that descriptors get their turn. */
static bool handle_posted(struct loop *loop) {
    /* acquire: pairs with the release in loop_post; the message is whole */
    struct loop_message *message = turn_round(atomic_exchange_explicit(&loop->posted, NULL, memory_order_acquire));
    if (!message)
        return false;
    while (message) {
        struct loop_message *next = message->next; /* the handler may free or post the message again */
        message->handle(message);
        message = next;
    }
    return true;
}

static void on_async(uv_async_t *async) {
    struct loop *loop = async->data;
    /* acquire, and before the messages: what was posted before loop_stop is in the batch */
    bool stopping = atomic_load_explicit(&loop->stopping, memory_order_acquire);
    handle_posted(loop);
    if (stopping)
        uv_stop(&loop->uv);
}

static void on_check(uv_check_t *check) {
    struct loop *loop = check->data;
    atomic_fetch_add_explicit(&loop->wakeups, 1, memory_order_relaxed);
}

static int fail_uv(struct px_error *error, const char *what, int code) {
    return px_fail(error, PX_E_INTERNAL, "cannot make %s: %s", what, uv_strerror(code));
}

int loop_create(struct loop **out, struct px_error *error) {
    struct loop *loop = calloc(1, sizeof(*loop));
    if (!loop)
        return px_fail(error, PX_E_NO_MEMORY, "no memory for the loop");
    int code = uv_loop_init(&loop->uv);
    if (code != 0) {
        free(loop);
        return fail_uv(error, "the loop", code);
    }
    code = uv_async_init(&loop->uv, &loop->async, on_async);
    if (code != 0) {
        uv_loop_close(&loop->uv);
        free(loop);
        return fail_uv(error, "the loop's wake-up", code);
    }
    loop->async.data = loop;
    uv_check_init(&loop->uv, &loop->check); /* cannot fail */
    loop->check.data = loop;
    uv_check_start(&loop->check, on_check);
    *out = loop;
    return PX_OK;
}

void loop_destroy(struct loop *loop) {
    if (!loop)
        return;
    while (loop->watches)
        loop_unwatch((struct loop_watch *)loop->watches);
    while (loop->timers)
        loop_timer_destroy((struct loop_timer *)loop->timers);
    uv_close((uv_handle_t *)&loop->async, NULL);
    uv_close((uv_handle_t *)&loop->check, NULL);
    uv_run(&loop->uv, UV_RUN_DEFAULT); /* until every close callback has run */
    int code = uv_loop_close(&loop->uv);
    assert(code == 0); /* else a uv handle of somebody is still open */
    (void)code;
    free(loop);
}

void loop_run(struct loop *loop) {
    /* acquire: pairs with loop_stop */
    if (!atomic_load_explicit(&loop->stopping, memory_order_acquire))
        uv_run(&loop->uv, UV_RUN_DEFAULT);
    handle_posted(loop);
    atomic_store_explicit(&loop->stopping, false, memory_order_relaxed);
}

void loop_drain(struct loop *loop) {
    do
        uv_run(&loop->uv, UV_RUN_NOWAIT);
    while (handle_posted(loop));
    atomic_store_explicit(&loop->stopping, false, memory_order_relaxed);
}

void loop_stop(struct loop *loop) {
    /* release: what this thread posted before is seen by the LOOP that sees the flag */
    atomic_store_explicit(&loop->stopping, true, memory_order_release);
    uv_async_send(&loop->async);
}

struct uv_loop_s *loop_uv(struct loop *loop) {
    return &loop->uv;
}

void loop_post(struct loop *loop, struct loop_message *message) {
    struct loop_message *top = atomic_load_explicit(&loop->posted, memory_order_relaxed);
    do
        message->next = top;
    /* release: the message is whole before LOOP sees it */
    while (!atomic_compare_exchange_weak_explicit(&loop->posted, &top, message, memory_order_release,
                                                  memory_order_relaxed));
    if (!top) /* else whoever posted first has woken LOOP, which has not looked yet */
        uv_async_send(&loop->async);
}

uint64_t loop_wakeups(const struct loop *loop) {
    return atomic_load_explicit(&loop->wakeups, memory_order_relaxed);
}

/* ---- polled descriptors ----------------------------------------------------------------------------------------- */

static void list_push(struct poll_handle **list, struct poll_handle *handle) {
    handle->next = *list;
    handle->link = list;
    if (*list)
        (*list)->link = &handle->next;
    *list = handle;
}

static void list_remove(struct poll_handle *handle) {
    *handle->link = handle->next;
    if (handle->next)
        handle->next->link = handle->link;
}

static int poll_open(struct loop *loop, struct poll_handle **list, struct poll_handle *handle, int fd,
                     struct px_error *error) {
    int code = uv_poll_init(&loop->uv, &handle->poll, fd);
    if (code != 0)
        return px_fail(error, PX_E_IO, "cannot watch descriptor %d: %s", fd, uv_strerror(code));
    handle->loop = loop;
    handle->poll.data = handle;
    list_push(list, handle);
    return PX_OK;
}

static void on_closed(uv_handle_t *poll) {
    free(poll->data);
}

static void poll_close(struct poll_handle *handle) {
    list_remove(handle);
    uv_close((uv_handle_t *)&handle->poll, on_closed); /* leaves epoll at once; no callback but on_closed follows */
}

/* ---- watches ---------------------------------------------------------------------------------------------------- */

static int events_to_uv(int events) {
    return (events & LOOP_READABLE ? UV_READABLE : 0) | (events & LOOP_WRITABLE ? UV_WRITABLE : 0) |
           (events & LOOP_HANGUP ? UV_DISCONNECT : 0);
}

static int events_from_uv(int events) {
    return (events & UV_READABLE ? LOOP_READABLE : 0) | (events & UV_WRITABLE ? LOOP_WRITABLE : 0) |
           (events & UV_DISCONNECT ? LOOP_HANGUP : 0);
}

static void on_watch(uv_poll_t *poll, int status, int events) {
    struct loop_watch *watch = poll->data;
    watch->ready(watch->argument, status < 0 ? watch->events | LOOP_HANGUP : events_from_uv(events));
}

int loop_watch(struct loop *loop, int fd, int events, void (*ready)(void *argument, int events), void *argument,
               struct loop_watch **out, struct px_error *error) {
    struct loop_watch *watch = calloc(1, sizeof(*watch));
    if (!watch)
        return px_fail(error, PX_E_NO_MEMORY, "no memory to watch descriptor %d", fd);
    int code = poll_open(loop, &loop->watches, &watch->handle, fd, error);
    if (code != PX_OK) {
        free(watch);
        return code;
    }
    watch->ready = ready;
    watch->argument = argument;
    loop_watch_change(watch, events);
    *out = watch;
    return PX_OK;
}

void loop_watch_change(struct loop_watch *watch, int events) {
    watch->events = events;
    if (events == 0)
        uv_poll_stop(&watch->handle.poll);
    else
        uv_poll_start(&watch->handle.poll, events_to_uv(events), on_watch); /* fails only for a closing handle */
}

void loop_unwatch(struct loop_watch *watch) {
    if (watch)
        poll_close(&watch->handle);
}

/* ---- timers ----------------------------------------------------------------------------------------------------- */

static void timer_set(struct loop_timer *timer, uint64_t at_ns) {
    struct itimerspec when = {
        .it_value = {.tv_sec = (time_t)(at_ns / 1000000000u), .tv_nsec = (long)(at_ns % 1000000000u)}};
    /* Also takes back an expiry that was not read yet: on_timer then reads nothing and calls nobody. */
    int code = timerfd_settime(timer->fd, TFD_TIMER_ABSTIME, &when, NULL);
    assert(code == 0);
    (void)code;
}

static void on_timer(uv_poll_t *poll, int status, int events) {
    (void)status, (void)events;
    struct loop_timer *timer = poll->data;
    uint64_t expiries;
    if (read(timer->fd, &expiries, sizeof(expiries)) == (ssize_t)sizeof(expiries))
        timer->fired(timer->argument);
}

int loop_timer_create(struct loop *loop, void (*fired)(void *argument), void *argument, struct loop_timer **out,
                      struct px_error *error) {
    struct loop_timer *timer = calloc(1, sizeof(*timer));
    if (!timer)
        return px_fail(error, PX_E_NO_MEMORY, "no memory for a timer");
    timer->fired = fired;
    timer->argument = argument;
    timer->fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (timer->fd < 0) {
        int number = errno;
        free(timer);
        return px_fail(error, PX_E_IO, "cannot make a timer: %s", strerror(number));
    }
    int code = poll_open(loop, &loop->timers, &timer->handle, timer->fd, error);
    if (code != PX_OK) {
        close(timer->fd);
        free(timer);
        return code;
    }
    uv_poll_start(&timer->handle.poll, UV_READABLE, on_timer);
    *out = timer;
    return PX_OK;
}

void loop_timer_start(struct loop_timer *timer, uint64_t at_ns) {
    timer_set(timer, at_ns > 0 ? at_ns : 1); /* 0 would disarm */
}

void loop_timer_stop(struct loop_timer *timer) {
    timer_set(timer, 0);
}

void loop_timer_destroy(struct loop_timer *timer) {
    if (!timer)
        return;
    int fd = timer->fd;
    poll_close(&timer->handle);
    close(fd);
}
