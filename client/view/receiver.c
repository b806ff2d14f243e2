#include "client/view/receiver.h"

#include "shared/ring.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { RING_ITEMS = 2 };

struct receiver {
    struct px_follower *follower; /* the thread's, and the main thread's while it has a frame in hand */
    void (*wake)(void *argument);
    void *argument;
    struct px_ring ring; /* const struct px_frame *: thread -> main */
    const struct px_frame *items[RING_ITEMS];
    int given_back; /* eventfd that counts: main -> thread: the frame was given back; the next is wanted; it is to end */
    _Atomic bool ending;
    _Atomic bool connected;
    _Atomic uint64_t frames, skipped, torn, revoked, reconnects, bytes;
    pthread_t thread;
};

static void note_state(struct receiver *receiver) {
    struct px_follower_stats stats = px_follower_stats(receiver->follower);
    atomic_store_explicit(&receiver->frames, stats.frames, memory_order_relaxed);
    atomic_store_explicit(&receiver->skipped, stats.skipped, memory_order_relaxed);
    atomic_store_explicit(&receiver->torn, stats.torn, memory_order_relaxed);
    atomic_store_explicit(&receiver->revoked, stats.revoked, memory_order_relaxed);
    atomic_store_explicit(&receiver->reconnects, stats.reconnects, memory_order_relaxed);
    atomic_store_explicit(&receiver->bytes, stats.bytes_received, memory_order_relaxed);
    bool connected = px_follower_state(receiver->follower) == PX_FOLLOWER_CONNECTED;
    if (atomic_exchange_explicit(&receiver->connected, connected, memory_order_relaxed) != connected)
        receiver->wake(receiver->argument);
}

static void wait_for_main(const struct receiver *receiver) {
    uint64_t count;
    while (read(receiver->given_back, &count, sizeof count) < 0 && errno == EINTR)
        continue;
}

/* Sleeps until the follower has something to do or the main thread wants the end. */
static void sleep_until_due(const struct receiver *receiver) {
    struct pollfd due[] = {{.fd = px_follower_fd(receiver->follower), .events = POLLIN},
                           {.fd = receiver->given_back, .events = POLLIN}};
    poll(due, 2, -1);
}

static void *receive(void *argument) {
    struct receiver *receiver = argument;
    while (!atomic_load_explicit(&receiver->ending, memory_order_acquire)) {
        const struct px_frame *frame;
        int got = px_follower_next(receiver->follower, 0, &frame, NULL);
        note_state(receiver);
        if (got == 1) {
            px_ring_push(&receiver->ring, &frame); /* never full: one is in hand at a time */
            receiver->wake(receiver->argument);
            wait_for_main(receiver);
            px_frame_release(receiver->follower, frame);
            wait_for_main(receiver); /* what is taken while main draws would be old when it is drawn */
        } else {
            sleep_until_due(receiver);
        }
    }
    return NULL;
}

int receiver_create(const char *directory, const char *sketch, void (*wake)(void *argument), void *argument,
                    struct receiver **receiver, struct px_error *error) {
    struct receiver *made = calloc(1, sizeof *made);
    if (made == NULL)
        return px_fail(error, PX_E_NO_MEMORY, "out of memory");
    made->wake = wake;
    made->argument = argument;
    px_ring_init(&made->ring, made->items, sizeof made->items[0], RING_ITEMS);
    made->given_back = eventfd(0, EFD_CLOEXEC | EFD_SEMAPHORE);
    int code = made->given_back < 0 ? px_fail(error, PX_E_IO, "no eventfd")
                                    : px_follow(directory, sketch, &made->follower, error);
    if (code == 0 && pthread_create(&made->thread, NULL, receive, made) != 0)
        code = px_fail(error, PX_E_NO_MEMORY, "the receiving thread does not start");
    if (code < 0) {
        px_follower_close(made->follower);
        if (made->given_back >= 0)
            close(made->given_back);
        free(made);
        return code;
    }
    *receiver = made;
    return 0;
}

static void poke(const struct receiver *receiver) {
    uint64_t one = 1;
    while (write(receiver->given_back, &one, sizeof one) < 0 && errno == EINTR)
        continue;
}

void receiver_destroy(struct receiver *receiver) {
    if (receiver == NULL)
        return;
    /* release: what main read of a frame was read before the thread lets it go */
    atomic_store_explicit(&receiver->ending, true, memory_order_release);
    poke(receiver);
    poke(receiver); /* it may wait twice for one frame */
    pthread_join(receiver->thread, NULL);
    px_follower_close(receiver->follower);
    close(receiver->given_back);
    free(receiver);
}

const struct px_frame *receiver_take(struct receiver *receiver) {
    const struct px_frame *frame;
    return px_ring_pop(&receiver->ring, &frame) ? frame : NULL;
}

bool receiver_intact(const struct receiver *receiver, const struct px_frame *frame) {
    return px_frame_intact(receiver->follower, frame, -1);
}

void receiver_give_back(struct receiver *receiver, const struct px_frame *frame) {
    (void)frame;
    poke(receiver);
}

void receiver_ready(struct receiver *receiver) {
    poke(receiver);
}

bool receiver_connected(const struct receiver *receiver) {
    return atomic_load_explicit(&receiver->connected, memory_order_relaxed);
}

struct px_follower_stats receiver_stats(const struct receiver *receiver) {
    return (struct px_follower_stats){
        .frames = atomic_load_explicit(&receiver->frames, memory_order_relaxed),
        .skipped = atomic_load_explicit(&receiver->skipped, memory_order_relaxed),
        .torn = atomic_load_explicit(&receiver->torn, memory_order_relaxed),
        .revoked = atomic_load_explicit(&receiver->revoked, memory_order_relaxed),
        .reconnects = atomic_load_explicit(&receiver->reconnects, memory_order_relaxed),
        .bytes_received = atomic_load_explicit(&receiver->bytes, memory_order_relaxed),
    };
}
