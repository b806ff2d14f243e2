/* script_process.c: main() of a sketch process: one script or the evaluator of expressions, served over one socket.
 *
 * Each request arms a timer: when it fires, Lua code ends with an error at its present line. What does not stop then
 * (a C function of Lua's library, a coroutine) says where it stands and is the daemon's to kill.
 */
#include "daemon/sketch/script_process.h"

#include "daemon/sketch/confine.h"
#include "daemon/sketch/envelope.h"
#include "daemon/sketch/expressions.h"
#include "daemon/sketch/script.h"
#include "daemon/sketch/sketch.h"
#include "proto/utf8.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

/* Room beside the Lua state: the program's own data, messages and plans on their way. */
enum { OTHER_BYTES = 96 * 1024 * 1024, EXIT_LOST = 0, EXIT_BROKEN = 1, PRINTS_MAX = 50, STUCK_AFTER_MS = 100 };

struct child {
    int socket;
    struct script *script;
    struct expressions *expressions;
    uint8_t *body; /* of the message read last */
    size_t room;
    struct envelope head;
    struct px_document document;
    struct script_moment moment;
    double seed;
    int limit_ms;
    volatile sig_atomic_t late;    /* the limit is past: Lua code was told to end */
    volatile sig_atomic_t sending; /* an envelope is half written */
    unsigned printed; /* lines of this request: past PRINTS_MAX they are dropped */
};

/* What the timer's handler interrupts: the only thing of a process that a signal handler can reach. */
static struct child *interrupted;

/* ---- the socket ------------------------------------------------------------------------------------------------- */

static void read_all(int socket, void *bytes, size_t size) {
    uint8_t *at = bytes;
    while (size > 0) {
        ssize_t got = recv(socket, at, size, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            _exit(EXIT_LOST); /* the daemon is gone */
        at += got;
        size -= (size_t)got;
    }
}

static void write_all(int socket, const void *bytes, size_t size) {
    const uint8_t *at = bytes;
    while (size > 0) {
        ssize_t put = send(socket, at, size, MSG_NOSIGNAL);
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            _exit(EXIT_LOST);
        at += put;
        size -= (size_t)put;
    }
}

static void send_envelope(struct child *child, enum envelope_kind kind, const void *body, size_t size) {
    const struct envelope head = {.size = (uint32_t)size, .kind = (uint32_t)kind};
    child->sending = 1;
    write_all(child->socket, &head, sizeof head);
    write_all(child->socket, body, size);
    child->sending = 0;
}

/* Sends what a writer holds and frees it; a failed writer ends the process: the message was bounded. */
static void send_writer(struct child *child, enum envelope_kind kind, struct px_writer *writer) {
    if (px_writer_finish(writer, NULL) != 0)
        _exit(EXIT_BROKEN);
    send_envelope(child, kind, writer->bytes, writer->size);
    px_writer_free(writer);
}

/* Reads one message into a buffer of its own that grows. */
static void receive(struct child *child) {
    read_all(child->socket, &child->head, sizeof child->head);
    if (child->head.size > ENVELOPE_MAX_BYTES)
        _exit(EXIT_BROKEN);
    if (child->head.size > child->room) {
        free(child->body);
        child->body = malloc(child->head.size);
        if (child->body == NULL)
            _exit(EXIT_BROKEN);
        child->room = child->head.size;
    }
    read_all(child->socket, child->body, child->head.size);
}

static void send_failed(struct child *child, const char *message, size_t index) {
    char text[500];
    snprintf(text, sizeof text, "%s", message);
    px_utf8_clean(text, strlen(text));
    struct px_writer writer;
    px_writer_init(&writer, ENVELOPE_MAX_BYTES);
    px_write_array(&writer, 2);
    px_write_string(&writer, text);
    px_write_uint(&writer, index);
    send_writer(child, ENVELOPE_FAILED, &writer);
}

/* ---- what the script asks of the daemon --------------------------------------------------------------------------- */

static void print_text(void *argument, const char *text, size_t length) {
    struct child *child = argument;
    char line[400];
    if (++child->printed > PRINTS_MAX)
        return;
    length = length < sizeof line ? length : sizeof line;
    memcpy(line, text, length);
    px_utf8_clean(line, length);
    struct px_writer writer;
    px_writer_init(&writer, ENVELOPE_MAX_BYTES);
    px_write_array(&writer, 1);
    px_write_text(&writer, line, length);
    send_writer(child, ENVELOPE_PRINT, &writer);
}

/* The request being served keeps its document, so the answer gets a buffer and a document of its own. */
static char *take_file(const uint8_t *bytes, size_t length, const char *name, size_t *size, struct px_error *error) {
    struct px_document document = {0};
    if (px_value_decode(bytes, length, &PX_LIMITS_DEFAULT, &document, error) != 0)
        return NULL;
    const struct px_value *file = document.root.type == PX_ARRAY && document.root.count == 2 ? document.root.items
                                                                                             : NULL;
    char *text = NULL;
    if (file != NULL && file[0].type == PX_BIN) {
        text = malloc((size_t)file[0].count + 1);
        if (text != NULL) {
            memcpy(text, file[0].bytes, file[0].count);
            *size = file[0].count;
        } else {
            px_fail(error, PX_E_NO_MEMORY, "%s: no memory", name);
        }
    } else if (file != NULL && file[1].type == PX_STR) {
        px_fail(error, PX_E_NOT_FOUND, "%.*s", (int)file[1].count, file[1].text);
    } else {
        px_fail(error, PX_E_INTERNAL, "%s: no answer", name);
    }
    px_document_free(&document);
    return text;
}

static char *read_file(void *argument, const char *name, size_t *size, struct px_error *error) {
    struct child *child = argument;
    struct px_writer writer;
    px_writer_init(&writer, ENVELOPE_MAX_BYTES);
    px_write_array(&writer, 1);
    px_write_string(&writer, name);
    send_writer(child, ENVELOPE_NEED, &writer);

    struct envelope head;
    read_all(child->socket, &head, sizeof head);
    uint8_t *body = head.kind == ENVELOPE_FILE && head.size <= ENVELOPE_MAX_BYTES ? malloc(head.size + 1) : NULL;
    if (body == NULL)
        _exit(EXIT_BROKEN);
    read_all(child->socket, body, head.size);
    char *text = take_file(body, head.size, name, size, error);
    free(body);
    return text;
}

/* ---- the timer ---------------------------------------------------------------------------------------------------- */

static void arm(int limit_ms) {
    const struct itimerval timer = {.it_value = {.tv_sec = limit_ms / 1000, .tv_usec = (limit_ms % 1000) * 1000}};
    setitimer(ITIMER_REAL, &timer, NULL);
}

/* Told to end and did not: says where it stands before the daemon kills it. */
static void report_stuck(struct child *child) {
    char place[96];
    if (child->script == NULL || child->sending)
        return;
    script_place(child->script, place, sizeof place);
    send_envelope(child, ENVELOPE_STUCK, place, strlen(place));
}

static void on_alarm(int signal) {
    (void)signal;
    int saved = errno;
    struct child *child = interrupted;
    if (child->late) {
        report_stuck(child);
    } else {
        child->late = 1;
        if (child->script != NULL)
            script_interrupt(child->script, child->limit_ms);
        if (child->expressions != NULL)
            expressions_interrupt(child->expressions, child->limit_ms);
        arm(STUCK_AFTER_MS);
    }
    errno = saved;
}

/* ---- requests ----------------------------------------------------------------------------------------------------- */

static double number_at(const struct px_value *list, uint32_t index) {
    double number = 0;
    if (index < list->count)
        px_value_number(&list->items[index], &number);
    return number;
}

/* Takes the limit and the moment of a request's body; false when it is not one. */
static bool take_request(struct child *child, uint32_t least) {
    const struct px_value *root = &child->document.root;
    if (root->type != PX_ARRAY || root->count < least || root->items[1].type != PX_ARRAY || root->items[1].count != 5)
        return false;
    const struct px_value *moment = &root->items[1];
    child->limit_ms = (int)number_at(root, 0);
    child->moment.t = number_at(moment, 0);
    child->moment.frame = number_at(moment, 1);
    child->seed = number_at(moment, 2);
    memset(child->moment.cc, 0, sizeof child->moment.cc);
    const struct px_value *cc = &moment->items[3];
    for (uint32_t i = 0; cc->type == PX_ARRAY && i < cc->count; i++) {
        double number = cc->items[i].type == PX_ARRAY ? number_at(&cc->items[i], 0) : -1;
        if (number >= 0 && number < SKETCH_CC_COUNT)
            child->moment.cc[(int)number] = number_at(&cc->items[i], 1);
    }
    child->moment.params = moment->items[4].type == PX_MAP ? &moment->items[4] : NULL;
    return true;
}

static void write_own(struct px_writer *writer, const struct own_param *param) {
    static const char *const types[] = {"number", "bool", "string"};
    bool number = param->type == OWN_NUMBER;
    px_write_map(writer, number ? 7 : 4);
    px_key(writer, "name");
    px_write_string(writer, param->name);
    px_key(writer, "type");
    px_write_string(writer, types[param->type]);
    px_key(writer, "default");
    if (number)
        px_write_real(writer, param->def);
    else if (param->type == OWN_BOOL)
        px_write_bool(writer, param->def != 0);
    else
        px_write_string(writer, param->def_text);
    px_key(writer, "value");
    if (number)
        px_write_real(writer, param->value);
    else if (param->type == OWN_BOOL)
        px_write_bool(writer, param->value != 0);
    else
        px_write_string(writer, param->value_text);
    if (!number)
        return;
    px_key(writer, "min");
    px_write_real(writer, param->min);
    px_key(writer, "max");
    px_write_real(writer, param->max);
    px_key(writer, "step");
    px_write_real(writer, param->step);
}

static void send_plan(struct child *child, const struct script_result *result) {
    struct px_writer writer;
    px_writer_init(&writer, ENVELOPE_MAX_BYTES);
    px_write_array(&writer, 5);
    px_write_bool(&writer, result->uses_time);
    px_write_bool(&writer, result->uses_cc);
    px_write_real(&writer, result->seed);
    px_write_array(&writer, (uint32_t)result->param_count);
    for (size_t i = 0; i < result->param_count; i++)
        write_own(&writer, &result->params[i]);
    px_write_bin(&writer, result->plan, result->plan_size);
    send_writer(child, ENVELOPE_PLAN, &writer);
}

static void serve_load(struct child *child) {
    const struct px_value *items = child->document.root.items;
    char chunk[128] = "sketch.lua";
    if (items[2].type == PX_STR && items[2].count < sizeof chunk) {
        memcpy(chunk, items[2].text, items[2].count);
        chunk[items[2].count] = '\0';
    }
    struct px_error error = {0};
    const char *source = items[3].type == PX_BIN ? (const char *)items[3].bytes : "";
    if (script_load(child->script, chunk, source, items[3].count, &child->moment, &error) != 0)
        send_failed(child, error.message, 0);
    else
        send_envelope(child, ENVELOPE_DONE, NULL, 0);
}

static void serve_draw(struct child *child) {
    struct px_error error = {0};
    struct script_result result;
    if (script_draw(child->script, &child->moment, &result, &error) != 0)
        send_failed(child, error.message, 0);
    else
        send_plan(child, &result);
}

static void serve_expressions(struct child *child) {
    const struct px_value *sources = &child->document.root.items[2];
    struct expressions_moment moment = {.t = child->moment.t, .frame = child->moment.frame, .seed = child->seed};
    memcpy(moment.cc, child->moment.cc, sizeof moment.cc);
    if (sources->type != PX_ARRAY)
        _exit(EXIT_BROKEN);
    double *values = calloc((size_t)sources->count + 1, sizeof *values);
    if (values == NULL)
        _exit(EXIT_BROKEN);
    struct px_error error = {0};
    size_t failed = 0;
    if (expressions_evaluate(child->expressions, sources, &moment, values, &failed, &error) != 0)
        send_failed(child, error.message, failed);
    else
        send_envelope(child, ENVELOPE_VALUES, values, sources->count * sizeof *values);
    free(values);
}

static void serve(struct child *child) {
    void (*const serves[])(struct child *) = {
        [ENVELOPE_LOAD] = serve_load, [ENVELOPE_DRAW] = serve_draw, [ENVELOPE_EXPRESSIONS] = serve_expressions};
    static const uint32_t items[] = {[ENVELOPE_LOAD] = 4, [ENVELOPE_DRAW] = 2, [ENVELOPE_EXPRESSIONS] = 3};
    uint32_t kind = child->head.kind;
    if (kind < ENVELOPE_LOAD || kind > ENVELOPE_EXPRESSIONS ||
        (kind == ENVELOPE_EXPRESSIONS) != (child->expressions != NULL) || !take_request(child, items[kind]))
        _exit(EXIT_BROKEN);
    child->printed = 0;
    child->late = 0;
    arm(child->limit_ms);
    serves[kind](child);
    arm(0);
}

int script_process_run(int socket, const void *argument, size_t argument_size) {
    struct script_process_argument settings;
    struct child child = {.socket = socket};
    if (argument_size != sizeof settings)
        return EXIT_BROKEN;
    memcpy(&settings, argument, sizeof settings);
    const struct lua_world world = {.print = print_text, .file = read_file, .argument = &child};
    if (settings.expressions)
        child.expressions = expressions_create(settings.memory_bytes);
    else
        child.script = script_create(settings.memory_bytes, &world);
    if (child.script == NULL && child.expressions == NULL)
        return EXIT_BROKEN;
    interrupted = &child;
    const struct sigaction action = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
    sigset_t none;
    sigemptyset(&none);
    sigaction(SIGALRM, &action, NULL);
    sigprocmask(SIG_SETMASK, &none, NULL);
    struct px_error error = {0};
    if (confine(settings.memory_bytes + OTHER_BYTES, &error) != 0) {
        send_failed(&child, error.message, 0);
        return EXIT_BROKEN;
    }
    send_envelope(&child, ENVELOPE_READY, NULL, 0);
    for (;;) {
        receive(&child);
        if (px_value_decode(child.body, child.head.size, &PX_LIMITS_DEFAULT, &child.document, &error) != 0)
            return EXIT_BROKEN;
        serve(&child);
        px_document_free(&child.document);
        child.document = (struct px_document){0};
    }
}

const struct nursery_entry sketch_process_entry = {.name = "pxd-sketch", .run = script_process_run};
