#include "daemon/frame/announce.h"
#include "proto/writer.h"

#include <nng/nng.h>
#include <nng/protocol/pubsub0/pub.h>
#include <nng/transport/ipc/ipc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

enum { URL_BYTES = 160, SOCKET_MODE = 0660, RECEIVE_MAX = 64 };

struct announce {
    nng_socket socket;
    uint64_t session;
    void (*subscribers)(void *argument, size_t count);
    void *argument;
    uint64_t bytes;          /* LOOP */
    struct px_writer writer; /* LOOP; its buffer is kept */
    /* Pipes that were added; nng tells of the removal of others too (refused ones, foreign protocols). */
    pthread_mutex_t lock;
    int pipes[ANNOUNCE_SUBSCRIBERS_MAX]; /* lock; the first `count` */
    _Atomic size_t count;                /* written under lock, read without */
};

static int fail_nng(struct px_error *error, const char *path, const char *what, int number) {
    int code = number == NNG_EADDRINUSE ? PX_E_EXISTS : number == NNG_ENOMEM ? PX_E_NO_MEMORY : PX_E_IO;
    return px_fail(error, code, "%s: %s: %s", path, what, nng_strerror(number));
}

/* A connection past the limit goes before it is one. */
static void on_pipe_before(nng_pipe pipe, nng_pipe_ev event, void *argument) {
    (void)event;
    if (announce_subscribers(argument) >= ANNOUNCE_SUBSCRIBERS_MAX)
        nng_pipe_close(pipe);
}

/* Both under the lock; false when there was nothing to do. */
static bool pipe_add(struct announce *announce, int id) {
    size_t count = atomic_load_explicit(&announce->count, memory_order_relaxed);
    if (count == ANNOUNCE_SUBSCRIBERS_MAX)
        return false;
    announce->pipes[count] = id;
    atomic_store_explicit(&announce->count, count + 1, memory_order_relaxed);
    return true;
}

static bool pipe_remove(struct announce *announce, int id) {
    size_t count = atomic_load_explicit(&announce->count, memory_order_relaxed);
    for (size_t i = 0; i < count; i++) {
        if (announce->pipes[i] != id)
            continue;
        announce->pipes[i] = announce->pipes[count - 1];
        atomic_store_explicit(&announce->count, count - 1, memory_order_relaxed);
        return true;
    }
    return false;
}

static void on_pipe(nng_pipe pipe, nng_pipe_ev event, void *argument) {
    struct announce *announce = argument;
    pthread_mutex_lock(&announce->lock);
    bool changed = event == NNG_PIPE_EV_ADD_POST ? pipe_add(announce, nng_pipe_id(pipe))
                                                 : pipe_remove(announce, nng_pipe_id(pipe));
    pthread_mutex_unlock(&announce->lock);
    if (changed && announce->subscribers != NULL)
        announce->subscribers(announce->argument, announce_subscribers(announce));
}

static int set_up(struct announce *announce, const char *url, const char **what) {
    nng_listener listener;
    *what = "socket";
    int number = nng_socket_set_int(announce->socket, NNG_OPT_SENDBUF, 1);
    if (number == 0)
        number = nng_pipe_notify(announce->socket, NNG_PIPE_EV_ADD_PRE, on_pipe_before, announce);
    if (number == 0)
        number = nng_pipe_notify(announce->socket, NNG_PIPE_EV_ADD_POST, on_pipe, announce);
    if (number == 0)
        number = nng_pipe_notify(announce->socket, NNG_PIPE_EV_REM_POST, on_pipe, announce);
    if (number != 0)
        return number;
    *what = "listen";
    number = nng_listener_create(&listener, announce->socket, url);
    if (number == 0)
        number = nng_listener_set_int(listener, NNG_OPT_IPC_PERMISSIONS, SOCKET_MODE);
    if (number == 0)
        number = nng_listener_set_size(listener, NNG_OPT_RECVMAXSZ, RECEIVE_MAX);
    if (number == 0)
        number = nng_listener_start(listener, 0);
    return number;
}

static void announce_free(struct announce *announce) {
    px_writer_free(&announce->writer);
    pthread_mutex_destroy(&announce->lock);
    free(announce);
}

int announce_open(const char *path, uint64_t session, void (*subscribers)(void *argument, size_t count),
                  void *argument, struct announce **announce, struct px_error *error) {
    char url[URL_BYTES];
    int length = snprintf(url, sizeof url, "ipc://%s", path);
    if (length < 0 || (size_t)length >= sizeof url)
        return px_fail(error, PX_E_RANGE, "%s: too long for the path of a socket", path);
    struct announce *made = calloc(1, sizeof *made);
    if (made == NULL)
        return px_fail(error, PX_E_NO_MEMORY, "no memory for announcements");
    made->session = session;
    made->subscribers = subscribers;
    made->argument = argument;
    pthread_mutex_init(&made->lock, NULL);
    int number = nng_pub0_open(&made->socket);
    if (number != 0) {
        announce_free(made);
        return fail_nng(error, path, "open", number);
    }
    const char *what;
    number = set_up(made, url, &what);
    if (number != 0) {
        announce_close(made);
        return fail_nng(error, path, what, number);
    }
    *announce = made;
    return 0;
}

static void write_uint(struct px_writer *writer, const char *key, uint64_t value) {
    px_key(writer, key);
    px_write_uint64_fixed(writer, value);
}

void announce_write(const struct frame *frame, uint64_t session, struct px_writer *writer) {
    const struct frame_info *info = frame_info(frame);
    struct px_handle handle = frame_handle(frame);
    px_write_map(writer, 5);
    write_uint(writer, "session", session);
    px_key(writer, "sketch");
    px_write_string(writer, info->sketch);
    write_uint(writer, "frame", info->frame);
    px_key(writer, "t");
    px_write_real(writer, info->t);
    px_key(writer, "slab");
    px_write_map(writer, 4);
    write_uint(writer, "arena", handle.arena);
    write_uint(writer, "offset", handle.offset);
    write_uint(writer, "size", handle.size);
    write_uint(writer, "generation", handle.generation);
}

static void write_message(struct px_writer *writer, uint64_t session, const struct frame *frame) {
    px_write_array(writer, 3);
    px_write_uint(writer, 2);
    px_write_string(writer, "frame");
    px_write_array(writer, 1);
    announce_write(frame, session, writer);
}

void announce_frame(struct announce *announce, const struct frame *frame) {
    if (announce_subscribers(announce) == 0)
        return;
    struct px_writer *writer = &announce->writer;
    writer->size = 0;
    write_message(writer, announce->session, frame);
    if (px_writer_finish(writer, NULL) < 0)
        return;
    if (nng_send(announce->socket, writer->bytes, writer->size, NNG_FLAG_NONBLOCK) == 0)
        announce->bytes += writer->size;
}

size_t announce_subscribers(const struct announce *announce) {
    return atomic_load_explicit(&announce->count, memory_order_relaxed);
}

uint64_t announce_bytes(const struct announce *announce) {
    return announce->bytes;
}

void announce_close(struct announce *announce) {
    if (announce == NULL)
        return;
    nng_close(announce->socket);
    announce_free(announce);
}
