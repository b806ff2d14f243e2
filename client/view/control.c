#include "client/view/control.h"

#include "proto/value.h"
#include "proto/writer.h"
#include "px/px.h"
#include "shared/ring.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { CALL_TIMEOUT_MS = 2000, RETRY_MS = 500, EXPORT_WAIT_MS = 20 };

struct control {
    const char *directory;
    void (*wake)(void *argument);
    void *argument;
    const char *sketch;                    /* as the user named it; NULL: the focused one */
    struct px *px;                         /* control thread, as is the next */
    char followed[PX_SKETCH_NAME_MAX + 1]; /* its name; "": not known yet */
    struct px_ring ring;
    struct control_request requests[CONTROL_QUEUE];
    int poke; /* eventfd: main -> thread */
    _Atomic bool ending;
    pthread_mutex_t lock; /* guards state; never held across a call */
    struct control_state state;
    pthread_t thread;
};

/* ---- what the display reads ----------------------------------------------------------------------------------------
 */

static void state_set(struct control *control, const struct control_state *state) {
    pthread_mutex_lock(&control->lock);
    control->state = *state;
    pthread_mutex_unlock(&control->lock);
    control->wake(control->argument);
}

struct control_state control_state(struct control *control) {
    pthread_mutex_lock(&control->lock);
    struct control_state state = control->state;
    pthread_mutex_unlock(&control->lock);
    return state;
}

static void outcome_set(struct control *control, const char *text) {
    struct control_state state = control_state(control);
    snprintf(state.outcome, sizeof state.outcome, "%s", text);
    state.outcome_number++;
    state_set(control, &state);
}

/* ---- calls ---------------------------------------------------------------------------------------------------------
 */

/* Takes the writer's bytes; the document borrows from *reply. */
static int call(struct control *control, const char *method, struct px_writer *params, struct px_reply *reply,
                struct px_document *document, struct px_error *error) {
    int code = px_call(control->px, method, params->bytes, params->size, CALL_TIMEOUT_MS, reply, error);
    px_writer_free(params);
    if (code < 0)
        return code;
    code = px_value_decode(reply->bytes, reply->size, &PX_LIMITS_DEFAULT, document, error);
    if (code < 0)
        px_reply_free(reply);
    return code;
}

static void text_of(const struct px_value *map, const char *key, char *out, size_t size) {
    const struct px_value *value = px_value_get(map, key);
    if (value != NULL && value->type == PX_STR)
        snprintf(out, size, "%.*s", (int)value->count, value->text);
}

static double number_of(const struct px_value *map, const char *key, double otherwise) {
    const struct px_value *value = px_value_get(map, key);
    double number = otherwise;
    return value != NULL && px_value_number(value, &number) ? number : otherwise;
}

static bool ask(struct control *control, const char *method, struct px_writer *params, struct px_reply *reply,
                struct px_document *document) {
    return call(control, method, params, reply, document, NULL) == 0;
}

static void answered(struct px_reply *reply, struct px_document *document) {
    px_document_free(document);
    px_reply_free(reply);
}

static bool ask_info(struct control *control) {
    struct px_writer params;
    struct px_reply reply;
    struct px_document document;
    px_writer_init(&params, 0);
    if (!ask(control, "server.info", &params, &reply, &document))
        return false;
    struct control_state state = control_state(control);
    state.connected = true;
    text_of(&document.root, "mode", state.mode, sizeof state.mode);
    text_of(&document.root, "version", state.version, sizeof state.version);
    state.workers = (int)number_of(&document.root, "workers", 0);
    answered(&reply, &document);
    state_set(control, &state);
    return true;
}

static bool subscribe(struct control *control) {
    struct px_writer params;
    struct px_reply reply;
    struct px_document document;
    px_writer_init(&params, 0);
    px_write_map(&params, 1);
    px_key(&params, "topics");
    px_write_array(&params, 2);
    px_write_string(&params, "error");
    px_write_string(&params, "sketch");
    if (!ask(control, "subscribe", &params, &reply, &document))
        return false;
    answered(&reply, &document);
    return true;
}

static bool is_true(const struct px_value *map, const char *key) {
    const struct px_value *value = px_value_get(map, key);
    return value != NULL && value->type == PX_BOOL && value->boolean;
}

static void error_set(struct control_state *state, const struct px_value *news) {
    const struct px_value *error = px_value_get(news, "error");
    state->error[0] = '\0';
    if (error != NULL && error->type == PX_MAP)
        text_of(error, "message", state->error, sizeof state->error);
}

/* How the sketch that is followed fares: its name when it is the focused one, whether it plays, its error. */
static bool ask_sketch(struct control *control) {
    struct px_writer params;
    struct px_reply reply;
    struct px_document document;
    px_writer_init(&params, 0);
    if (!ask(control, "sketch.list", &params, &reply, &document))
        return false;
    struct control_state state = control_state(control);
    const struct px_value *sketches = px_value_get(&document.root, "sketches");
    for (uint32_t i = 0; sketches != NULL && sketches->type == PX_ARRAY && i < sketches->count; i++) {
        const struct px_value *sketch = &sketches->items[i], *name = px_value_get(sketch, "name");
        if (control->sketch != NULL ? !px_value_is_string(name, control->sketch) : !is_true(sketch, "focused"))
            continue;
        text_of(sketch, "name", control->followed, sizeof control->followed);
        state.playing = is_true(sketch, "playing");
        error_set(&state, sketch);
    }
    answered(&reply, &document);
    state_set(control, &state);
    return true;
}

static void lost(struct control *control) {
    px_close(control->px);
    control->px = NULL;
    struct control_state state = control_state(control);
    state.connected = false;
    state.error[0] = '\0';
    state_set(control, &state);
}

/* ---- commands ------------------------------------------------------------------------------------------------------
 */

static void simple_call(struct control *control, const char *method, struct px_writer *params, const char *outcome) {
    struct px_reply reply;
    struct px_document document;
    struct px_error error = {0};
    if (call(control, method, params, &reply, &document, &error) < 0) {
        outcome_set(control, error.message);
        return;
    }
    answered(&reply, &document);
    if (outcome != NULL)
        outcome_set(control, outcome);
}

static void write_name(struct px_writer *params, const struct control_request *request) {
    px_key(params, "name");
    px_write_string(params, request->sketch);
}

/* A call to the clock; its answer says whether the sketch plays now. */
static bool clock_call(struct control *control, const char *method, struct px_writer *params, bool *playing) {
    struct px_reply reply;
    struct px_document document;
    struct px_error error = {0};
    if (call(control, method, params, &reply, &document, &error) < 0) {
        outcome_set(control, error.message);
        return false;
    }
    *playing = is_true(&document.root, "playing");
    answered(&reply, &document);
    struct control_state state = control_state(control);
    state.playing = *playing;
    state_set(control, &state);
    return true;
}

/* Somebody else may have paused it: the daemon is asked first. */
static void pause_toggle(struct control *control, const struct control_request *request) {
    struct px_writer params;
    bool playing;
    px_writer_init(&params, 0);
    px_write_map(&params, 1);
    write_name(&params, request);
    if (!clock_call(control, "clock.get", &params, &playing))
        return;
    px_writer_init(&params, 0);
    px_write_map(&params, 2);
    write_name(&params, request);
    px_key(&params, "playing");
    px_write_bool(&params, !playing);
    if (clock_call(control, "clock.set", &params, &playing))
        outcome_set(control, playing ? "playing" : "paused");
}

static void step(struct control *control, const struct control_request *request) {
    struct px_writer params;
    bool playing;
    px_writer_init(&params, 0);
    px_write_map(&params, 2);
    write_name(&params, request);
    px_key(&params, "frames");
    px_write_int(&params, (int64_t)request->number);
    clock_call(control, "clock.step", &params, &playing);
}

static void seed(struct control *control, const struct control_request *request) {
    struct px_writer params;
    px_writer_init(&params, 0);
    px_write_map(&params, 2);
    write_name(&params, request);
    px_key(&params, "values");
    px_write_map(&params, 1);
    px_key(&params, "seed");
    px_write_int(&params, (int64_t)request->number);
    char outcome[64];
    snprintf(outcome, sizeof outcome, "seed %.0f", request->number);
    simple_call(control, "param.set", &params, outcome);
}

static int write_file(const char *path, const void *bytes, size_t size, struct px_error *error) {
    FILE *file = fopen(path, "wb");
    if (file == NULL)
        return px_fail(error, PX_E_IO, "%s: %s", path, strerror(errno));
    bool fine = fwrite(bytes, 1, size, file) == size;
    fine &= fclose(file) == 0;
    return fine ? 0 : px_fail(error, PX_E_IO, "%s: could not be written", path);
}

static int job_number(struct control *control, const struct control_request *request, int64_t *id,
                      struct px_error *error) {
    struct px_writer params;
    struct px_reply reply;
    struct px_document document;
    px_writer_init(&params, 0);
    px_write_map(&params, 3);
    px_key(&params, "sketch");
    px_write_string(&params, request->sketch);
    px_key(&params, "t");
    px_write_real(&params, request->t);
    px_key(&params, "format");
    px_write_string(&params, "svg");
    int code = call(control, "export.start", &params, &reply, &document, error);
    if (code < 0)
        return code;
    *id = (int64_t)number_of(&document.root, "id", -1);
    answered(&reply, &document);
    return 0;
}

/* Asks until the job is done: PX_E_BUSY comes back while it runs. */
static int job_result(struct control *control, int64_t id, const char *path, struct px_error *error) {
    for (;;) {
        struct px_writer params;
        struct px_reply reply;
        struct px_document document;
        px_writer_init(&params, 0);
        px_write_map(&params, 1);
        px_key(&params, "id");
        px_write_int(&params, id);
        int code = call(control, "job.result", &params, &reply, &document, error);
        if (code == PX_E_BUSY && !atomic_load_explicit(&control->ending, memory_order_relaxed)) {
            poll(NULL, 0, EXPORT_WAIT_MS);
            continue;
        }
        if (code < 0)
            return code;
        const struct px_value *bytes =
            document.root.type == PX_BIN ? &document.root : px_value_get(&document.root, "bytes");
        if (bytes == NULL || bytes->type != PX_BIN)
            code = px_fail(error, PX_E_INTERNAL, "the export gave no bytes");
        else
            code = write_file(path, bytes->bytes, bytes->count, error);
        px_document_free(&document);
        px_reply_free(&reply);
        return code;
    }
}

static void export_svg(struct control *control, const struct control_request *request) {
    struct px_error error = {0};
    int64_t id = -1;
    int code = job_number(control, request, &id, &error);
    if (code == 0)
        code = job_result(control, id, request->path, &error);
    char outcome[CONTROL_TEXT];
    snprintf(outcome, sizeof outcome, "%s%s", code == 0 ? "wrote " : "", code == 0 ? request->path : error.message);
    outcome_set(control, outcome);
}

static void (*const commands[])(struct control *, const struct control_request *) = {
    [CONTROL_PAUSE_TOGGLE] = pause_toggle,
    [CONTROL_STEP] = step,
    [CONTROL_SEED] = seed,
    [CONTROL_SVG] = export_svg,
};

/* ---- the thread ----------------------------------------------------------------------------------------------------
 */

/* [method, [params]] of a notification. An error stands until its sketch is well again; another sketch's is not shown.
 */
static void notified(struct control *control, const struct px_reply *notification) {
    struct px_document document;
    if (px_value_decode(notification->bytes, notification->size, &PX_LIMITS_DEFAULT, &document, NULL) < 0)
        return;
    const struct px_value *root = &document.root;
    if (root->type == PX_ARRAY && root->count == 2 && root->items[1].type == PX_ARRAY && root->items[1].count == 1) {
        const struct px_value *news = &root->items[1].items[0], *sketch = px_value_get(news, "sketch");
        if (control->sketch == NULL && px_value_is_string(px_value_get(news, "event"), "focused"))
            ask_sketch(control);
        else if (control->followed[0] == '\0' || px_value_is_string(sketch, control->followed)) {
            struct control_state state = control_state(control);
            error_set(&state, news);
            state_set(control, &state);
        }
    }
    px_document_free(&document);
}

/* Notifications and commands until the connection breaks or it ends. */
static void serve(struct control *control) {
    for (;;) {
        struct pollfd due[] = {{.fd = px_fd(control->px), .events = POLLIN}, {.fd = control->poke, .events = POLLIN}};
        struct px_reply notification;
        int got;
        while ((got = px_notification(control->px, 0, &notification, NULL)) == 1) {
            notified(control, &notification);
            px_reply_free(&notification);
        }
        if (got < 0)
            return;
        struct control_request request;
        while (px_ring_pop(&control->ring, &request))
            commands[request.command](control, &request);
        if (atomic_load_explicit(&control->ending, memory_order_acquire))
            return;
        poll(due, 2, -1);
        uint64_t count;
        if ((due[1].revents & POLLIN) != 0 && read(control->poke, &count, sizeof count) < 0)
            continue;
    }
}

static void *control_run(void *argument) {
    struct control *control = argument;
    while (!atomic_load_explicit(&control->ending, memory_order_acquire)) {
        if (px_open(control->directory, &control->px, NULL) == 0) {
            if (ask_info(control) && subscribe(control) && ask_sketch(control))
                serve(control);
            lost(control);
        }
        if (!atomic_load_explicit(&control->ending, memory_order_acquire)) {
            struct pollfd due = {.fd = control->poke, .events = POLLIN};
            poll(&due, 1, RETRY_MS);
        }
    }
    return NULL;
}

int control_create(const char *directory, const char *sketch, void (*wake)(void *argument), void *argument,
                   struct control **control, struct px_error *error) {
    struct control *made = calloc(1, sizeof *made);
    if (made == NULL)
        return px_fail(error, PX_E_NO_MEMORY, "out of memory");
    made->directory = directory;
    made->sketch = sketch;
    snprintf(made->followed, sizeof made->followed, "%s", sketch != NULL ? sketch : "");
    made->wake = wake;
    made->argument = argument;
    made->state.playing = true;
    px_ring_init(&made->ring, made->requests, sizeof made->requests[0], CONTROL_QUEUE);
    pthread_mutex_init(&made->lock, NULL);
    made->poke = eventfd(0, EFD_CLOEXEC);
    if (made->poke < 0 || pthread_create(&made->thread, NULL, control_run, made) != 0) {
        if (made->poke >= 0)
            close(made->poke);
        pthread_mutex_destroy(&made->lock);
        free(made);
        return px_fail(error, PX_E_NO_MEMORY, "the control thread does not start");
    }
    *control = made;
    return 0;
}

static void poke(struct control *control) {
    uint64_t one = 1;
    while (write(control->poke, &one, sizeof one) < 0 && errno == EINTR)
        continue;
}

void control_destroy(struct control *control) {
    if (control == NULL)
        return;
    atomic_store_explicit(&control->ending, true, memory_order_release); /* after what main wrote before it */
    poke(control);
    pthread_join(control->thread, NULL);
    close(control->poke);
    pthread_mutex_destroy(&control->lock);
    free(control);
}

bool control_send(struct control *control, const struct control_request *request) {
    if (!px_ring_push(&control->ring, request))
        return false;
    poke(control);
    return true;
}
