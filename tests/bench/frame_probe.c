/* frame_probe.c: follows frames and prints one JSON line a frame: what was published when, and when it was here.
 *
 *     frame_probe DIRECTORY SKETCH COUNT [nng]
 *
 * received_ns is taken when px_follower_next has given a mapped, leased frame. With `nng` a second thread listens to
 * the announcements on frames.nng; announced_ns is when the one of that frame was here (0: it was overtaken).
 * bytes: what crossed this process's sockets so far: the announcement and the descriptors' socket.
 */
#include "px/px.h"
#include "shared/clock.h"

#include <inttypes.h>
#include <nng/nng.h>
#include <nng/protocol/pubsub0/sub.h>
#include <nng/supplemental/util/platform.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ANNOUNCED_MAX = 65536 };

/* Written by the listener; the main thread reads what `count` says is there. */
struct listener {
    char url[256];
    nng_socket socket;
    pthread_t thread;
    _Atomic size_t count;
    _Atomic size_t bytes;
    struct {
        uint64_t frame, at_ns;
    } heard[ANNOUNCED_MAX];
};

/* The value behind the key "frame" (the second occurrence: the first is the method): 0xcf and 8 bytes. */
static uint64_t frame_number(const unsigned char *message, size_t size) {
    static const unsigned char key[] = {0xa5, 'f', 'r', 'a', 'm', 'e', 0xcf};
    for (size_t i = 0; i + sizeof key + 8 <= size; i++) {
        if (memcmp(message + i, key, sizeof key) != 0)
            continue;
        uint64_t number = 0;
        for (size_t k = 0; k < 8; k++)
            number = number << 8 | message[i + sizeof key + k];
        return number;
    }
    return 0;
}

static void *listen_to_announcements(void *argument) {
    struct listener *listener = argument;
    for (size_t i = 0; i < ANNOUNCED_MAX; i++) {
        void *message;
        size_t size;
        if (nng_recv(listener->socket, &message, &size, NNG_FLAG_ALLOC) != 0)
            break;
        uint64_t now_ns = px_clock_ns();
        listener->heard[i].frame = frame_number(message, size);
        listener->heard[i].at_ns = now_ns;
        atomic_fetch_add_explicit(&listener->bytes, size, memory_order_relaxed);
        atomic_store_explicit(&listener->count, i + 1, memory_order_release); /* what was heard is seen with it */
        nng_free(message, size);
    }
    return NULL;
}

static int listener_start(struct listener *listener, const char *directory) {
    snprintf(listener->url, sizeof listener->url, "ipc://%s/frames.nng", directory);
    if (nng_sub0_open(&listener->socket) != 0 || nng_socket_set(listener->socket, NNG_OPT_SUB_SUBSCRIBE, "", 0) != 0 ||
        nng_dial(listener->socket, listener->url, NULL, 0) != 0)
        return -1;
    return pthread_create(&listener->thread, NULL, listen_to_announcements, listener);
}

struct seen {
    uint64_t frame, serial, planned_ns, published_ns, received_ns, stage_ns[PX_STAGE_COUNT], hits, computed;
    size_t layers, vertices, lines;
};

static void print_seen(const struct seen *seen, const struct listener *listener) {
    uint64_t announced_ns = 0;
    size_t heard = listener == NULL ? 0 : atomic_load_explicit(&listener->count, memory_order_acquire);
    for (size_t i = 0; i < heard; i++) {
        if (listener->heard[i].frame == seen->frame)
            announced_ns = listener->heard[i].at_ns;
    }
    printf("{\"frame\": %" PRIu64 ", \"serial\": %" PRIu64 ", \"planned_ns\": %" PRIu64 ", \"published_ns\": %" PRIu64
           ", \"received_ns\": %" PRIu64 ", \"announced_ns\": %" PRIu64 ", \"stage_ns\": [",
           seen->frame, seen->serial, seen->planned_ns, seen->published_ns, seen->received_ns, announced_ns);
    for (int stage = 0; stage < PX_STAGE_COUNT; stage++)
        printf("%s%" PRIu64, stage == 0 ? "" : ", ", seen->stage_ns[stage]);
    printf("], \"layers\": %zu, \"vertices\": %zu, \"lines\": %zu, \"hits\": %" PRIu64 ", \"computed\": %" PRIu64 "}\n",
           seen->layers, seen->vertices, seen->lines, seen->hits, seen->computed);
}

static struct seen look(const struct px_frame *frame, uint64_t now_ns) {
    struct seen seen = {.frame = frame->frame,
                        .serial = frame->serial,
                        .planned_ns = frame->planned_ns,
                        .published_ns = frame->published_ns,
                        .received_ns = now_ns,
                        .hits = frame->cache_hits,
                        .computed = frame->computed,
                        .layers = frame->layer_count};
    memcpy(seen.stage_ns, frame->stage_ns, sizeof seen.stage_ns);
    for (size_t i = 0; i < frame->layer_count; i++) {
        seen.vertices += frame->layers[i].geometry.vertex_count;
        seen.lines += frame->layers[i].geometry.line_count;
    }
    return seen;
}

int main(int argc, char **argv) {
    if (argc < 4) {
        fprintf(stderr, "usage: frame_probe DIRECTORY SKETCH COUNT [nng]\n");
        return 2;
    }
    size_t count = strtoul(argv[3], NULL, 10);
    struct listener *listener = NULL;
    if (argc > 4) {
        listener = calloc(1, sizeof *listener);
        if (listener == NULL || listener_start(listener, argv[1]) != 0)
            return 1;
    }
    struct px_error error;
    struct px_follower *follower;
    if (px_follow(argv[1], argv[2], &follower, &error) < 0) {
        fprintf(stderr, "frame_probe: %s\n", error.message);
        return 1;
    }
    px_follower_every(follower, true);
    struct seen *all = calloc(count, sizeof *all);
    size_t got = 0;
    setvbuf(stdout, NULL, _IOLBF, 0);
    while (all != NULL && got < count) {
        const struct px_frame *frame;
        int code = px_follower_next(follower, 20000, &frame, &error);
        if (code == 0 || code == PX_E_IO)
            break;
        if (code < 0)
            continue;
        all[got] = look(frame, px_clock_ns());
        px_frame_release(follower, frame);
        if (listener == NULL)
            print_seen(&all[got], NULL);
        else
            printf("{\"frame\": %" PRIu64 "}\n", all[got].frame);
        got++;
    }
    struct px_follower_stats stats = px_follower_stats(follower);
    px_follower_close(follower);
    if (listener != NULL) {
        nng_msleep(200);
        for (size_t i = 0; i < got; i++)
            print_seen(&all[i], listener);
    }
    printf("{\"frames\": %" PRIu64 ", \"skipped\": %" PRIu64 ", \"board_socket_bytes\": %" PRIu64
           ", \"announced\": %zu, \"announcement_bytes\": %zu}\n",
           stats.frames, stats.skipped, stats.bytes_received,
           listener == NULL ? 0 : atomic_load_explicit(&listener->count, memory_order_relaxed),
           listener == NULL ? 0 : atomic_load_explicit(&listener->bytes, memory_order_relaxed));
    fflush(stdout);
    /* Without closing the SUB socket: while messages stream in, nng 1.5.2 may wait in nng_close for ever. */
    _exit(got == count ? 0 : 1);
}
