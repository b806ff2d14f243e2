/* fixture.h: a dispatcher on a loop of its own thread, in a directory of its own, with a few methods that tests need;
 * and a client that speaks bytes. Everything that waits has a time limit of its own; none is measured. */
#ifndef TEST_RPC_FIXTURE_H
#define TEST_RPC_FIXTURE_H

#include "daemon/host/loop.h"
#include "daemon/rpc/daemon.h"
#include "daemon/rpc/methods.h"
#include "daemon/rpc/server_methods.h"

#include <check.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { WAITING_MAX = 512, PATIENCE_MS = 20000 };

struct fixture {
    struct daemon daemon; /* first: what handlers get */
    char directory[64], stream_path[96], nng_path[96];
    struct rpc_config config;
    struct loop *loop;
    struct rpc *rpc;
    pthread_t thread;
    bool running;
    /* LOOP, or nobody's while it does not run */
    struct rpc_call *waiting[WAITING_MAX];
    size_t waiting_count;
    uint64_t touched, gone, attachments_closed, clients_changes;
};

/* ---- methods ---- */

struct value_params {
    const struct px_value *value;
};
struct number_params {
    int64_t n;
};
static const struct px_field value_fields[] = {PX_FIELD(VALUE, struct value_params, value, .help = "Anything.")};
static const struct px_message value_message = PX_MESSAGE("test.echo", value_fields, struct value_params);
static const struct px_field number_fields[] = {
    PX_FIELD(INT, struct number_params, n, .required = true, .min = 0, .max = 1e9, .help = "A number.")};
static const struct px_message number_message = PX_MESSAGE("test.big", number_fields, struct number_params);

static struct fixture *fixture_of(struct rpc_call *call) {
    return (struct fixture *)rpc_daemon(call); /* its first member */
}

static void handle_echo(struct rpc_call *call, const void *params) {
    const struct value_params *echo = params;
    struct px_writer *writer = rpc_reply_begin(call);
    if (echo->value != NULL)
        px_write_value(writer, echo->value);
    else
        px_write_nil(writer);
    rpc_reply_send(call);
}

static void handle_big(struct rpc_call *call, const void *params) {
    const struct number_params *big = params;
    uint8_t *bytes = px_write_bin_begin(rpc_reply_begin(call), (size_t)big->n);
    if (bytes != NULL)
        memset(bytes, 7, (size_t)big->n);
    rpc_reply_send(call);
}

static void handle_touch(struct rpc_call *call, const void *params) {
    (void)params;
    fixture_of(call)->touched++;
    rpc_reply_empty(call);
}

static void waiting_gone(void *argument) {
    ((struct fixture *)argument)->gone++;
}

/* Answered by test.release. */
static void handle_wait(struct rpc_call *call, const void *params) {
    (void)params;
    struct fixture *fixture = fixture_of(call);
    ck_assert_uint_lt(fixture->waiting_count, WAITING_MAX);
    fixture->waiting[fixture->waiting_count++] = call;
    rpc_call_on_gone(call, waiting_gone, fixture);
}

static void answer_waiting(struct fixture *fixture) {
    for (size_t i = 0; i < fixture->waiting_count; i++) {
        px_write_uint(rpc_reply_begin(fixture->waiting[i]), i);
        rpc_reply_send(fixture->waiting[i]);
    }
    fixture->waiting_count = 0;
}

static void handle_release(struct rpc_call *call, const void *params) {
    (void)params;
    answer_waiting(fixture_of(call));
    rpc_reply_empty(call);
}

static void handle_numbers(struct rpc_call *call, const void *params) {
    (void)params;
    const struct fixture *fixture = fixture_of(call);
    struct rpc_stats stats;
    rpc_stats(fixture->rpc, &stats);
    struct px_writer *writer = rpc_reply_begin(call);
    const struct {
        const char *key;
        uint64_t value;
    } pairs[] = {{"waiting", fixture->waiting_count},
                 {"touched", fixture->touched},
                 {"gone", fixture->gone},
                 {"closed", fixture->attachments_closed},
                 {"overflowed", stats.overflowed},
                 {"connections", stats.connections},
                 {"nng_connections", stats.nng_connections},
                 {"nng_contexts", stats.nng_contexts},
                 {"refused", stats.refused},
                 {"dropped", stats.notifications_dropped}};
    px_write_map(writer, sizeof pairs / sizeof pairs[0]);
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        px_key(writer, pairs[i].key);
        px_write_uint(writer, pairs[i].value);
    }
    rpc_reply_send(call);
}

static void attachment_closed(void *data) {
    ((struct fixture *)data)->attachments_closed++;
}

static void handle_attach(struct rpc_call *call, const void *params) {
    (void)params;
    static const char key;
    struct rpc_session *session = rpc_call_session(call);
    bool had = rpc_session_data(session, &key) != NULL;
    ck_assert_int_eq(rpc_session_attach(session, &key, fixture_of(call), attachment_closed), 0);
    px_write_bool(rpc_reply_begin(call), had);
    rpc_reply_send(call);
}

static void write_seven(void *argument, struct px_writer *writer) {
    (void)argument;
    px_write_int(writer, 7);
}

static void handle_notify(struct rpc_call *call, const void *params) {
    const struct number_params *times = params;
    for (int64_t i = 0; i < times->n; i++)
        rpc_notify(fixture_of(call)->rpc, RPC_TOPIC_SKETCH, write_seven, NULL);
    px_write_uint(rpc_reply_begin(call), rpc_subscribers(fixture_of(call)->rpc, RPC_TOPIC_SKETCH));
    rpc_reply_send(call);
}

static void handle_fail(struct rpc_call *call, const void *params) {
    (void)params;
    struct px_error error;
    px_fail(&error, PX_E_KERNEL, "layer 3, step 1, twist: it is broken");
    rpc_reply_begin(call); /* begun and thrown away */
    rpc_fail(call, &error);
}

static const struct rpc_method test_methods[] = {
    {.name = "test.echo", .role = RPC_ROLE_VIEW, .idempotent = true, .params = &value_message, .handle = handle_echo},
    {.name = "test.big", .role = RPC_ROLE_VIEW, .params = &number_message, .handle = handle_big},
    {.name = "test.touch", .role = RPC_ROLE_CONTROL, .handle = handle_touch},
    {.name = "test.wait", .role = RPC_ROLE_VIEW, .handle = handle_wait},
    {.name = "test.release", .role = RPC_ROLE_VIEW, .handle = handle_release},
    {.name = "test.numbers", .role = RPC_ROLE_VIEW, .handle = handle_numbers},
    {.name = "test.attach", .role = RPC_ROLE_VIEW, .handle = handle_attach},
    {.name = "test.notify", .role = RPC_ROLE_VIEW, .params = &number_message, .handle = handle_notify},
    {.name = "test.fail", .role = RPC_ROLE_VIEW, .handle = handle_fail},
};
static const struct rpc_method_table test_table = METHOD_TABLE(test_methods);

/* ---- the daemon's side ---- */

static void clients_changed(void *argument, size_t connections) {
    (void)connections;
    ((struct fixture *)argument)->clients_changes++;
}

static inline void fixture_init(struct fixture *fixture) {
    static const struct rpc_method_table *tables[] = {&test_table, &server_method_table, &stats_method_table,
                                                      &log_method_table, &subscribe_method_table};
    signal(SIGPIPE, SIG_IGN);
    *fixture = (struct fixture){.daemon = {.session = 42}};
    snprintf(fixture->directory, sizeof fixture->directory, "/tmp/pxd-rpc-test-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(fixture->directory));
    snprintf(fixture->stream_path, sizeof fixture->stream_path, "%s/rpc.sock", fixture->directory);
    snprintf(fixture->nng_path, sizeof fixture->nng_path, "%s/rpc.nng", fixture->directory);
    ck_assert_int_eq(loop_create(&fixture->loop, NULL), 0);
    fixture->config = (struct rpc_config){.daemon = &fixture->daemon,
                                          .loop = fixture->loop,
                                          .stream_path = fixture->stream_path,
                                          .control_group = "",
                                          .connections_max = 8,
                                          .requests_max = 64,
                                          .message_max_bytes = 1u << 20,
                                          .queue_max_bytes = 8u << 20,
                                          .tables = tables,
                                          .table_count = sizeof tables / sizeof tables[0],
                                          .clients_changed = clients_changed,
                                          .argument = fixture};
}

static void *run_loop(void *argument) {
    loop_run(argument);
    return NULL;
}

static inline void fixture_open(struct fixture *fixture) {
    struct px_error error = {0};
    ck_assert_msg(rpc_open(&fixture->config, &fixture->rpc, &error) == 0, "%s", error.message);
}

static inline void fixture_run(struct fixture *fixture) {
    fixture_open(fixture);
    ck_assert_int_eq(pthread_create(&fixture->thread, NULL, run_loop, fixture->loop), 0);
    fixture->running = true;
}

static inline void fixture_stop(struct fixture *fixture) {
    if (!fixture->running)
        return;
    loop_stop(fixture->loop);
    pthread_join(fixture->thread, NULL);
    fixture->running = false;
}

static inline void fixture_fini(struct fixture *fixture) {
    fixture_stop(fixture);
    rpc_close(fixture->rpc);
    answer_waiting(fixture); /* into nothing: the calls are theirs who kept them */
    loop_drain(fixture->loop);
    loop_destroy(fixture->loop);
    unlink(fixture->stream_path);
    unlink(fixture->nng_path);
    ck_assert_int_eq(rmdir(fixture->directory), 0);
}

/* ---- the client's side ---- */

struct client {
    int fd;
    uint8_t *bytes;
    size_t start, used, room; /* bytes[start .. used) have not been taken yet */
    uint8_t *message;         /* of the last reply */
    struct px_document reply;
};

static inline int connect_to(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static inline struct client client_open(const struct fixture *fixture) {
    return (struct client){.fd = connect_to(fixture->stream_path)};
}

static inline void client_forget_reply(struct client *client) {
    px_document_free(&client->reply);
    free(client->message);
    client->message = NULL;
}

static inline void client_close(struct client *client) {
    client_forget_reply(client);
    free(client->bytes);
    close(client->fd);
    *client = (struct client){.fd = -1};
}

static inline void client_send(const struct client *client, const void *bytes, size_t size) {
    const char *at = bytes;
    while (size > 0) {
        ssize_t sent = send(client->fd, at, size, MSG_NOSIGNAL);
        ck_assert_msg(sent > 0, "send: %s", strerror(errno));
        at += sent;
        size -= (size_t)sent;
    }
}

static inline void write_head(struct px_writer *writer, uint64_t id, const char *method, bool params) {
    px_write_array(writer, 4);
    px_write_int(writer, 0);
    px_write_uint(writer, id);
    px_write_string(writer, method);
    px_write_array(writer, params ? 1 : 0);
}

/* A request without parameters, or with one number. */
static inline void write_request(struct px_writer *writer, uint64_t id, const char *method, const char *key,
                                 int64_t number) {
    write_head(writer, id, method, key != NULL);
    if (key == NULL)
        return;
    px_write_map(writer, 1);
    px_key(writer, key);
    px_write_int(writer, number);
}

static inline void client_request(const struct client *client, uint64_t id, const char *method, const char *key,
                                  int64_t number) {
    struct px_writer writer;
    px_writer_init(&writer, 0);
    write_request(&writer, id, method, key, number);
    client_send(client, writer.bytes, writer.size);
    px_writer_free(&writer);
}

/* More bytes from the daemon: false at the end of the stream. */
static inline bool client_fill(struct client *client) {
    struct pollfd one = {.fd = client->fd, .events = POLLIN};
    ck_assert_msg(poll(&one, 1, PATIENCE_MS) == 1, "the daemon does not answer");
    if (client->start > 0)
        memmove(client->bytes, client->bytes + client->start, client->used - client->start);
    client->used -= client->start;
    client->start = 0;
    if (client->room - client->used < 65536) {
        client->room = client->room * 2 + 65536;
        client->bytes = realloc(client->bytes, client->room);
    }
    ssize_t size = recv(client->fd, client->bytes + client->used, client->room - client->used, 0);
    if (size <= 0)
        return false;
    client->used += (size_t)size;
    return true;
}

/* The next message, in client->reply: false at the end of the stream. */
static inline bool client_read(struct client *client) {
    static const struct px_limits limits = {.bytes = 1u << 30, .depth = 28, .nodes = 1u << 22};
    client_forget_reply(client);
    size_t size = 0;
    while (px_scan(client->bytes == NULL ? (const uint8_t *)"" : client->bytes + client->start,
                   client->used - client->start, &limits, &size, NULL) == 0)
        if (!client_fill(client)) {
            ck_assert_uint_eq(client->used, 0);
            return false;
        }
    client->message = malloc(size);
    memcpy(client->message, client->bytes + client->start, size);
    client->start += size;
    ck_assert_int_eq(px_value_decode(client->message, size, &limits, &client->reply, NULL), 0);
    return true;
}

static inline uint64_t reply_id(const struct client *client) {
    ck_assert_uint_eq(client->reply.root.count, 4);
    ck_assert_uint_eq(client->reply.root.items[0].uinteger, 1);
    return client->reply.root.items[1].uinteger;
}

static inline const struct px_value *reply_result(const struct client *client) {
    ck_assert_uint_eq(client->reply.root.count, 4);
    const struct px_value *error = &client->reply.root.items[2];
    const struct px_value *message = px_value_get(error, "message");
    ck_assert_msg(error->type == PX_NIL, "%.*s", message != NULL ? (int)message->count : 0,
                  message != NULL ? message->text : "");
    return &client->reply.root.items[3];
}

/* The reply is an error of that name whose message holds `says`. */
static inline void assert_error(const struct px_value *reply, const char *name, const char *says) {
    ck_assert_uint_eq(reply->count, 4);
    const struct px_value *error = &reply->items[2];
    ck_assert_int_eq(error->type, PX_MAP);
    ck_assert_int_eq(reply->items[3].type, PX_NIL);
    char message[600];
    const struct px_value *text = px_value_get(error, "message");
    snprintf(message, sizeof message, "%.*s", (int)text->count, text->text);
    ck_assert_msg(px_value_is_string(px_value_get(error, "name"), name), "%s", message);
    ck_assert_msg(strstr(message, says) != NULL, "%s", message);
    ck_assert_int_eq(px_value_get(error, "code")->integer, px_error_code_named(name));
}

static inline uint64_t ask_number(struct client *client, const char *key) {
    client_request(client, 999, "test.numbers", NULL, 0);
    do
        ck_assert(client_read(client));
    while (client->reply.root.count != 4 || reply_id(client) != 999);
    return px_value_get(reply_result(client), key)->uinteger;
}

/* Asks until the number has that value: what is waited for happens on the loop that answers. */
static inline void await_number(struct client *client, const char *key, uint64_t least) {
    while (ask_number(client, key) < least)
        ;
}

#endif
