/* process.c: see process.h. */
#include "daemon/sketch/process.h"

#include "daemon/host/log.h"
#include "daemon/sketch/envelope.h"
#include "daemon/sketch/script_process.h"
#include "daemon/sketch/source_file.h"
#include "proto/writer.h"
#include "shared/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* A fresh process may take this long to say that it is ready; one past its limit, to stop by itself. */
enum { START_LIMIT_MS = 5000, STOP_LIMIT_MS = 250, READ_BYTES = 64 * 1024 };

struct process {
    struct loop *loop;
    struct nursery_child *child; /* NULL: ended */
    int socket;                  /* -1: closed */
    int directory;               /* -1: none */
    struct loop_watch *watch;
    struct loop_timer *timer; /* limit of the request; or tells a failure that is already known */
    char name[64];
    int time_ms;
    size_t memory_bytes;
    bool ready;
    bool dead;
    struct px_error reason; /* why it is dead */
    char stuck_at[96];      /* "file:line" of a request past its limit; "" : not told */

    /* the request under way */
    const char *verb; /* "draw(t)"; NULL: none */
    process_done *done;
    void *owner;

    struct px_writer out; /* envelopes not yet written, from out_at */
    size_t out_at;
    uint8_t *in; /* the message being read: head, then body */
    size_t in_size, in_room;
};

/* ---- the request's end ------------------------------------------------------------------------------------------ */

static void finish(struct process *process, struct process_reply *reply, const struct px_error *error) {
    process_done *done = process->done;
    process->verb = NULL;
    process->done = NULL;
    loop_timer_stop(process->timer);
    if (done != NULL)
        done(process->owner, reply, error);
}

/* Nothing more comes from this process; whoever waits is told by the timer, not from here. */
static void mark_dead(struct process *process, const struct px_error *reason) {
    if (process->dead)
        return;
    process->dead = true;
    process->reason = *reason;
    loop_unwatch(process->watch);
    process->watch = NULL;
    if (process->done != NULL)
        loop_timer_start(process->timer, 0);
}

static void explain_end(const struct process *process, int status, struct px_error *error) {
    const char *what = process->verb != NULL ? process->verb : "it";
    if (status >= 0 && WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
        px_fail(error, PX_E_SKETCH, "%s: %s made a system call that sketches may not make", process->name, what);
    else if (status >= 0 && WIFSIGNALED(status))
        px_fail(error, PX_E_SKETCH, "%s: the process of %s was ended by signal %d (%s)", process->name, what,
                WTERMSIG(status), sigabbrev_np(WTERMSIG(status)));
    else
        px_fail(error, PX_E_SKETCH, "%s: the process of %s ended, perhaps past its memory of %zu MB", process->name,
                what, process->memory_bytes >> 20);
}

static void on_ended(void *owner, int status) {
    struct process *process = owner;
    struct px_error error;
    process->child = NULL;
    explain_end(process, status, &error);
    mark_dead(process, &error);
}

static void on_timer(void *argument) {
    struct process *process = argument;
    struct process_reply reply = {0};
    if (!process->dead) {
        struct px_error error;
        px_fail(&error, PX_E_SKETCH,
                "%s: %s took longer than %d ms, inside a library function or a coroutine; its process was ended",
                process->stuck_at[0] != '\0' ? process->stuck_at : process->name, process->verb, process->time_ms);
        if (!process->ready)
            px_fail(&error, PX_E_SKETCH, "%s: its process did not start within %d ms", process->name, START_LIMIT_MS);
        mark_dead(process, &error);
        if (process->child != NULL)
            nursery_kill(process->child, SIGKILL);
    }
    struct px_error reason = process->reason;
    finish(process, &reply, &reason);
}

static void start_limit(struct process *process) {
    int limit_ms = process->ready ? process->time_ms + STOP_LIMIT_MS : START_LIMIT_MS;
    if (process->done != NULL)
        loop_timer_start(process->timer, px_clock_ns() + (uint64_t)limit_ms * 1000000u);
}

/* ---- writing ------------------------------------------------------------------------------------------------------ */

static void broken(struct process *process, const char *what) {
    struct px_error error;
    px_fail(&error, PX_E_SKETCH, "%s: %s", process->name, what);
    mark_dead(process, &error);
    if (process->child != NULL)
        nursery_kill(process->child, SIGKILL);
}

static void write_some(struct process *process) {
    while (process->out_at < process->out.size) {
        ssize_t put = send(process->socket, process->out.bytes + process->out_at, process->out.size - process->out_at,
                           MSG_NOSIGNAL | MSG_DONTWAIT);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            break; /* full, or closed: then its end is reported */
        process->out_at += (size_t)put;
    }
    bool more = process->out_at < process->out.size;
    if (!more) {
        process->out.size = 0;
        process->out_at = 0;
    }
    if (process->watch != NULL)
        loop_watch_change(process->watch, more ? LOOP_READABLE | LOOP_WRITABLE : LOOP_READABLE);
}

/* An envelope is written in place: head now, its size when the body stands. */
static size_t envelope_begin(struct process *process, enum envelope_kind kind) {
    const struct envelope head = {.kind = (uint32_t)kind};
    size_t at = process->out.size;
    px_write_raw(&process->out, &head, sizeof head);
    return at;
}

static void envelope_send(struct process *process, size_t at) {
    size_t size = process->out.size - at - sizeof(struct envelope);
    if (process->out.failed != 0 || size > ENVELOPE_MAX_BYTES) {
        broken(process, "its input is larger than a sketch process takes");
        return;
    }
    uint32_t size32 = (uint32_t)size;
    memcpy(process->out.bytes + at + offsetof(struct envelope, size), &size32, sizeof size32);
    write_some(process);
}

static void write_moment(struct px_writer *writer, const struct process_moment *moment) {
    uint32_t set = 0;
    for (unsigned i = 0; moment->cc != NULL && i < 128; i++)
        set += moment->cc[i] != 0;
    px_write_array(writer, 5);
    px_write_real(writer, moment->t);
    px_write_real(writer, moment->frame);
    px_write_real(writer, moment->seed);
    px_write_array(writer, set);
    for (unsigned i = 0; moment->cc != NULL && i < 128; i++) {
        if (moment->cc[i] == 0)
            continue;
        px_write_array(writer, 2);
        px_write_uint(writer, i);
        px_write_real(writer, moment->cc[i]);
    }
    if (moment->params != NULL)
        px_write_raw(writer, moment->params, moment->params_size);
    else
        px_write_map(writer, 0);
}

/* Begins a request of `items` items, the first two written. */
static size_t request_begin(struct process *process, enum envelope_kind kind, uint32_t items,
                            const struct process_moment *moment, const char *verb, process_done *done, void *owner) {
    process->verb = verb;
    process->stuck_at[0] = '\0';
    process->done = done;
    process->owner = owner;
    size_t at = envelope_begin(process, kind);
    px_write_array(&process->out, items);
    px_write_int(&process->out, process->time_ms);
    write_moment(&process->out, moment);
    return at;
}

static void request_send(struct process *process, size_t at) {
    if (process->dead) {
        loop_timer_start(process->timer, 0);
        return;
    }
    start_limit(process);
    envelope_send(process, at);
}

void process_load(struct process *process, const struct process_moment *moment, const char *chunk, const char *source,
                  size_t size, process_done *done, void *owner) {
    size_t at = request_begin(process, ENVELOPE_LOAD, 4, moment, "loading", done, owner);
    px_write_string(&process->out, chunk);
    px_write_bin(&process->out, source, size);
    request_send(process, at);
}

void process_draw(struct process *process, const struct process_moment *moment, process_done *done, void *owner) {
    request_send(process, request_begin(process, ENVELOPE_DRAW, 2, moment, "draw(t)", done, owner));
}

void process_evaluate(struct process *process, const struct process_moment *moment, const char *const *sources,
                      size_t count, process_done *done, void *owner) {
    size_t at = request_begin(process, ENVELOPE_EXPRESSIONS, 3, moment, "an expression", done, owner);
    px_write_array(&process->out, (uint32_t)count);
    for (size_t i = 0; i < count; i++)
        px_write_string(&process->out, sources[i]);
    request_send(process, at);
}

/* ---- answers ------------------------------------------------------------------------------------------------------ */

static void give_file(struct process *process, const struct px_value *root) {
    char name[256] = "";
    struct px_error error = {0};
    char *text = NULL;
    size_t size = 0;
    if (root->count == 1 && root->items[0].type == PX_STR && root->items[0].count < sizeof name)
        memcpy(name, root->items[0].text, root->items[0].count);
    source_file_read_beside(process->directory, name, &text, &size, &error);
    size_t at = envelope_begin(process, ENVELOPE_FILE);
    px_write_array(&process->out, 2);
    if (text != NULL)
        px_write_bin(&process->out, text, size);
    else
        px_write_nil(&process->out);
    px_write_string(&process->out, error.message);
    free(text);
    envelope_send(process, at);
}

static void take_plan(struct process *process, const struct px_value *root) {
    const struct px_value *items = root->items;
    if (root->count != 5 || items[0].type != PX_BOOL || items[1].type != PX_BOOL || items[3].type != PX_ARRAY ||
        items[4].type != PX_BIN) {
        broken(process, "its process sent no plan");
        return;
    }
    struct process_reply reply = {.uses_time = items[0].boolean, .uses_cc = items[1].boolean, .own = &items[3]};
    px_value_number(&items[2], &reply.seed);
    reply.plan = malloc((size_t)items[4].count + 1);
    if (reply.plan == NULL) {
        struct px_error error;
        px_fail(&error, PX_E_NO_MEMORY, "%s: no memory for its plan", process->name);
        finish(process, &reply, &error);
        return;
    }
    memcpy(reply.plan, items[4].bytes, items[4].count);
    reply.plan_size = items[4].count;
    finish(process, &reply, NULL);
    free(reply.plan);
}

static void take_failed(struct process *process, const struct px_value *root) {
    struct process_reply reply = {0};
    struct px_error error;
    double index = 0;
    if (root->count != 2 || root->items[0].type != PX_STR) {
        broken(process, "its process failed without a word");
        return;
    }
    px_value_number(&root->items[1], &index);
    reply.failed = (size_t)index;
    px_fail(&error, PX_E_SKETCH, "%.*s", (int)root->items[0].count, root->items[0].text);
    finish(process, &reply, &error);
}

static void take_values(struct process *process, const uint8_t *body, size_t size) {
    /* The body follows a head of 8 bytes in malloc'd memory: aligned for doubles. */
    struct process_reply reply = {.values = (const void *)body, .value_count = size / sizeof(double)};
    finish(process, &reply, NULL);
}

static void take_message(struct process *process, uint32_t kind, const uint8_t *body, size_t size) {
    struct px_document document = {0};
    struct px_error error;
    bool plain = kind == ENVELOPE_READY || kind == ENVELOPE_STUCK || kind == ENVELOPE_DONE || kind == ENVELOPE_VALUES;
    bool answer = kind == ENVELOPE_PLAN || kind == ENVELOPE_DONE || kind == ENVELOPE_VALUES;
    if (answer && process->done == NULL) {
        broken(process, "its process answered what was not asked");
        return;
    }
    if (!plain && (px_value_decode(body, size, &PX_LIMITS_DEFAULT, &document, &error) != 0 ||
                   document.root.type != PX_ARRAY)) {
        px_document_free(&document);
        broken(process, "its process sent what is no message");
        return;
    }
    switch (kind) {
    case ENVELOPE_READY:
        process->ready = true;
        start_limit(process);
        break;
    case ENVELOPE_STUCK:
        snprintf(process->stuck_at, sizeof process->stuck_at, "%.*s", (int)size, (const char *)body);
        break;
    case ENVELOPE_DONE:
        finish(process, &(struct process_reply){0}, NULL);
        break;
    case ENVELOPE_VALUES:
        take_values(process, body, size);
        break;
    case ENVELOPE_PLAN:
        take_plan(process, &document.root);
        break;
    case ENVELOPE_FAILED:
        take_failed(process, &document.root);
        break;
    case ENVELOPE_NEED:
        give_file(process, &document.root);
        break;
    case ENVELOPE_PRINT:
        if (document.root.count == 1 && document.root.items[0].type == PX_STR)
            log_info("sketch", "%s: %.*s", process->name, (int)document.root.items[0].count,
                     document.root.items[0].text);
        break;
    default:
        broken(process, "its process sent what is no message");
        break;
    }
    px_document_free(&document);
}

/* ---- reading ------------------------------------------------------------------------------------------------------ */

/* How many bytes the message being read still wants: its head, then its body. 0: it is whole. */
static size_t wanted(const struct process *process) {
    struct envelope head;
    if (process->in_size < sizeof head)
        return sizeof head - process->in_size;
    memcpy(&head, process->in, sizeof head);
    return sizeof head + head.size - process->in_size;
}

static bool make_room(struct process *process, size_t more) {
    if (process->in_size + more <= process->in_room)
        return true;
    size_t room = process->in_size + more;
    uint8_t *moved = room <= sizeof(struct envelope) + ENVELOPE_MAX_BYTES ? realloc(process->in, room) : NULL;
    if (moved == NULL)
        return false;
    process->in = moved;
    process->in_room = room;
    return true;
}

/* Handles a whole message. The buffer is taken meanwhile: `done` may destroy the process. */
static void handle_whole(struct process *process) {
    struct envelope head;
    uint8_t *message = process->in;
    size_t size = process->in_size;
    memcpy(&head, message, sizeof head);
    process->in = NULL;
    process->in_size = 0;
    process->in_room = 0;
    take_message(process, head.kind, message + sizeof head, size - sizeof head);
    free(message);
}

static void on_ready(void *argument, int events) {
    struct process *process = argument;
    if (events & LOOP_WRITABLE)
        write_some(process);
    if (!(events & (LOOP_READABLE | LOOP_HANGUP)))
        return;
    for (;;) {
        size_t more = wanted(process);
        if (more == 0) {
            handle_whole(process); /* one a turn: the process may be gone now */
            return;
        }
        if (!make_room(process, more)) {
            broken(process, "its process sent more than a plan may have");
            return;
        }
        ssize_t got = recv(process->socket, process->in + process->in_size, more, MSG_DONTWAIT);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            return;
        if (got <= 0) { /* closed: its end is reported by the nursery, with the reason */
            loop_unwatch(process->watch);
            process->watch = NULL;
            return;
        }
        process->in_size += (size_t)got;
    }
}

/* ---- birth and death ---------------------------------------------------------------------------------------------- */

int process_create(const struct process_config *config, struct process **out, struct px_error *error) {
    struct process *process = calloc(1, sizeof *process);
    if (process == NULL)
        return px_fail(error, PX_E_NO_MEMORY, "no memory for a sketch process");
    process->loop = config->loop;
    process->socket = -1;
    process->directory = -1;
    process->time_ms = config->time_ms;
    process->memory_bytes = config->memory_bytes;
    snprintf(process->name, sizeof process->name, "%s", config->name);
    px_writer_init(&process->out, 0);
    if (config->directory != NULL)
        process->directory = open(config->directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
    struct script_process_argument argument = {0};
    argument.memory_bytes = config->memory_bytes;
    argument.expressions = config->expressions;
    int status = loop_timer_create(config->loop, on_timer, process, &process->timer, error);
    if (status == 0)
        status = nursery_spawn(config->nursery, "pxd-sketch", SOCK_STREAM, &argument, sizeof argument, on_ended,
                               process, &process->socket, &process->child, error);
    if (status == 0)
        status = loop_watch(config->loop, process->socket, LOOP_READABLE, on_ready, process, &process->watch, error);
    if (status != 0) {
        process_destroy(process);
        return status;
    }
    *out = process;
    return 0;
}

void process_destroy(struct process *process) {
    if (process == NULL)
        return;
    loop_unwatch(process->watch);
    loop_timer_destroy(process->timer);
    if (process->child != NULL)
        nursery_disown(process->child);
    if (process->socket >= 0)
        close(process->socket);
    if (process->directory >= 0)
        close(process->directory);
    px_writer_free(&process->out);
    free(process->in);
    free(process);
}

bool process_busy(const struct process *process) {
    return process->done != NULL;
}

bool process_dead(const struct process *process) {
    return process->dead;
}

int process_pid(const struct process *process) {
    return process->child != NULL ? nursery_child_pid(process->child) : 0;
}
