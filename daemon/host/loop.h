/* loop.h: LOOP, the thread that owns sketches, sessions, frames and timers. It never computes and never blocks.
 *
 * A thin face of libuv for modules that must not see it: post a message from any thread, watch a descriptor, run a
 * timer. rpc/ gets the uv_loop_t itself.
 *
 * Threads  loop_post and loop_stop: any. The rest: LOOP (or before it runs).
 */
#ifndef HOST_LOOP_H
#define HOST_LOOP_H

#include "shared/error.h"

#include <stdbool.h>
#include <stdint.h>

struct loop;
struct loop_watch;
struct loop_timer;

/* One message to LOOP; intrusive, lives in what it is about until `handle` was called. */
struct loop_message {
    void (*handle)(struct loop_message *message); /* LOOP */
    struct loop_message *next;                    /* the loop's while it is queued */
};

enum { LOOP_READABLE = 1, LOOP_WRITABLE = 2, LOOP_HANGUP = 4 };

int loop_create(struct loop **loop, struct px_error *error);
void loop_destroy(struct loop *loop); /* NULL is fine; closes watches and timers that are left; posted messages are not
                                        * handled any more. uv handles made by others must be closing already */
void loop_run(struct loop *loop);     /* until loop_stop; handles messages in the order they were posted */
void loop_stop(struct loop *loop);    /* what was posted before is still handled; before loop_run: it returns at once */
void loop_drain(struct loop *loop);   /* LOOP, after loop_run: handles what is posted or ready until nothing is, never waits */
struct uv_loop_s *loop_uv(struct loop *loop);

/* loop_post: never blocks, no allocation, lock-free (a stack that LOOP turns round); wakes LOOP if needed. */
void loop_post(struct loop *loop, struct loop_message *message);

/* loop_watch: calls `ready` on LOOP while the descriptor (the caller's, made non-blocking, in one watch only) is ready
 * for any of `events`. An error on it (POLLERR) is told once, as all of `events` and LOOP_HANGUP, and then no more.
 * LOOP_HANGUP also comes when a peer only shut down its writing side. */
int loop_watch(struct loop *loop, int fd, int events, void (*ready)(void *argument, int events), void *argument,
               struct loop_watch **watch, struct px_error *error);
void loop_watch_change(struct loop_watch *watch, int events);
void loop_unwatch(struct loop_watch *watch); /* NULL is fine; no call comes after it; the descriptor stays open */

/* loop_timer: fires at a time of px_clock_ns (or at once if it is past). One shot: start it again. Better than 1 ms
 * (a timerfd), for frame clocks. */
int loop_timer_create(struct loop *loop, void (*fired)(void *argument), void *argument, struct loop_timer **timer,
                      struct px_error *error);
void loop_timer_start(struct loop_timer *timer, uint64_t at_ns);
void loop_timer_stop(struct loop_timer *timer);
void loop_timer_destroy(struct loop_timer *timer); /* NULL is fine; no call comes after it */

/* loop_wakeups: how often LOOP woke, for the idle figure. */
uint64_t loop_wakeups(const struct loop *loop);

#endif
