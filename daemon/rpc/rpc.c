#include "daemon/rpc/rpc.h"

#include "daemon/host/log.h"
#include "daemon/rpc/log_feed.h"
#include "daemon/rpc/nng_server.h"
#include "daemon/rpc/session.h"
#include "daemon/rpc/stream_server.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct rpc {
    struct rpc_config config;
    struct peer_rules rules;
    struct method_index index;
    struct stream_server *stream;
    struct nng_server *nng;
    struct rpc_session *sessions;
    struct rpc_call *calls;
    struct rpc_stats stats;
};

struct session_attachment {
    const void *key;
    void *data;
    void (*closed)(void *data);
    struct session_attachment *next;
};

struct rpc_call {
    struct rpc *rpc;             /* NULL once it was closed */
    struct rpc_session *session; /* NULL once the client is gone */
    struct daemon *daemon;
    struct peer peer;
    bool notification;
    uint64_t id;
    struct px_document document;
    struct rpc_bytes bytes;
    void *params;
    struct px_writer writer;
    void (*cancel)(void *argument);
    void *cancel_argument;
    struct rpc_call *next, **link; /* of all calls of this rpc */
};

static const char *const topic_names[RPC_TOPICS] = {"log", "frame", "job", "sketch", "error"};

const struct rpc_config *rpc_config_of(const struct rpc *rpc) {
    return &rpc->config;
}
struct rpc_stats *rpc_counters(struct rpc *rpc) {
    return &rpc->stats;
}
const struct method_index *rpc_methods(const struct rpc *rpc) {
    return &rpc->index;
}
const char *rpc_topic_name(enum rpc_topic topic) {
    return topic_names[topic];
}

static void tell_clients_changed(struct rpc *rpc) {
    if (rpc->config.log_feed != NULL)
        log_feed_want(rpc->config.log_feed, rpc_subscribers(rpc, RPC_TOPIC_LOG) > 0);
    if (rpc->config.clients_changed != NULL)
        rpc->config.clients_changed(rpc->config.argument, stream_server_connections(rpc->stream));
}

/* ---- open, close ---- */

static int open_transports(struct rpc *rpc, struct px_error *error) {
    int code = 0;
    if (rpc->config.stream_path != NULL)
        code = stream_server_open(rpc, &rpc->rules, &rpc->stream, error);
    if (code == 0 && (rpc->config.nng_path != NULL || rpc->config.listen_count > 0))
        code = nng_server_open(rpc, &rpc->rules, &rpc->nng, error);
    return code;
}

int rpc_open(const struct rpc_config *config, struct rpc **out, struct px_error *error) {
    struct rpc *rpc = calloc(1, sizeof *rpc);
    if (rpc == NULL)
        return px_fail(error, PX_E_NO_MEMORY, "no memory for the dispatcher");
    rpc->config = *config;
    int code = method_index_init(&rpc->index, config->tables, config->table_count, error);
    if (code == 0)
        code = peer_rules_init(&rpc->rules, config->control_group, error);
    if (code == 0)
        code = open_transports(rpc, error);
    if (code != 0) {
        rpc_close(rpc);
        return code;
    }
    if (config->log_feed != NULL)
        log_feed_attach(config->log_feed, config->loop, rpc);
    *out = rpc;
    return 0;
}

static void call_detach(struct rpc_call *call) {
    *call->link = call->next;
    if (call->next != NULL)
        call->next->link = call->link;
    call->rpc = NULL;
    call->link = NULL;
}

/* Tells a call that nobody waits for it any more. The handler may answer at once, which frees the call. */
static void call_cancel(struct rpc_call *call) {
    void (*cancel)(void *) = call->cancel;
    call->cancel = NULL;
    if (cancel != NULL)
        cancel(call->cancel_argument);
}

static void session_answer(struct rpc_session *session, const struct rpc_call *call, const struct px_error *error);

static void cancel_calls(struct rpc *rpc) {
    struct px_error error;
    px_fail(&error, PX_E_CANCELLED, "the daemon ends");
    while (rpc->calls != NULL) {
        struct rpc_call *call = rpc->calls;
        struct rpc_session *session = call->session;
        if (session != NULL) {
            session->outstanding--;
            call->session = NULL;
            session_answer(session, call, &error);
        }
        call_detach(call);
        call_cancel(call);
    }
}

void rpc_close(struct rpc *rpc) {
    if (rpc == NULL)
        return;
    rpc->config.clients_changed = NULL;
    if (rpc->config.log_feed != NULL)
        log_feed_attach(rpc->config.log_feed, NULL, NULL);
    rpc->config.log_feed = NULL;
    cancel_calls(rpc);
    nng_server_close(rpc->nng);
    stream_server_close(rpc->stream);
    assert(rpc->sessions == NULL);
    method_index_fini(&rpc->index);
    peer_rules_fini(&rpc->rules);
    free(rpc);
}

/* ---- sessions ---- */

void session_open(struct rpc_session *session, struct rpc *rpc, const struct rpc_transport *transport,
                  const struct peer *peer) {
    *session = (struct rpc_session){.rpc = rpc, .transport = transport, .peer = *peer};
    session->next = rpc->sessions;
    session->link = &rpc->sessions;
    if (session->next != NULL)
        session->next->link = &session->next;
    rpc->sessions = session;
    if (rpc_session_lasts(session)) {
        rpc->stats.accepted++;
        tell_clients_changed(rpc);
    }
}

static void close_attachments(struct rpc_session *session) {
    while (session->attachments != NULL) {
        struct session_attachment *attachment = session->attachments;
        session->attachments = attachment->next;
        if (attachment->closed != NULL)
            attachment->closed(attachment->data);
        free(attachment);
    }
}

/* The next call of this session, or NULL. Calls of one session are few; hang-ups are rare. */
static struct rpc_call *call_of_session(const struct rpc *rpc, const struct rpc_session *session) {
    struct rpc_call *call = rpc->calls;
    while (call != NULL && call->session != session)
        call = call->next;
    return call;
}

void session_end(struct rpc_session *session) {
    if (session->link == NULL)
        return;
    *session->link = session->next;
    if (session->next != NULL)
        session->next->link = session->link;
    session->link = NULL;
    for (struct rpc_call *call; (call = call_of_session(session->rpc, session)) != NULL;) {
        call->session = NULL;
        call_cancel(call);
    }
    session->outstanding = 0;
    close_attachments(session);
    if (rpc_session_lasts(session))
        tell_clients_changed(session->rpc);
}

void session_set_topics(struct rpc_session *session, unsigned topics) {
    if (session->topics == topics)
        return;
    session->topics = topics;
    tell_clients_changed(session->rpc);
}

bool rpc_session_lasts(const struct rpc_session *session) {
    return session->transport->has_room != NULL;
}

static struct session_attachment *attachment_of(const struct rpc_session *session, const void *key) {
    struct session_attachment *attachment = session->attachments;
    while (attachment != NULL && attachment->key != key)
        attachment = attachment->next;
    return attachment;
}

int rpc_session_attach(struct rpc_session *session, const void *key, void *data, void (*closed)(void *data)) {
    struct session_attachment *attachment = attachment_of(session, key);
    if (attachment == NULL) {
        attachment = calloc(1, sizeof *attachment);
        if (attachment == NULL)
            return PX_E_NO_MEMORY;
        attachment->key = key;
        attachment->next = session->attachments;
        session->attachments = attachment;
    }
    attachment->data = data;
    attachment->closed = closed;
    return 0;
}

void *rpc_session_data(const struct rpc_session *session, const void *key) {
    const struct session_attachment *attachment = attachment_of(session, key);
    return attachment != NULL ? attachment->data : NULL;
}

/* ---- answers ---- */

static void session_send(struct rpc_session *session, uint8_t *bytes, size_t size) {
    session->rpc->stats.bytes_out += size;
    session->transport->send(session, bytes, size);
}

/* [1, id or nil, error, nil]. Small and bounded: can only fail for want of memory, and then there is no answer. */
static void send_error(struct rpc_session *session, const uint64_t *id, const struct px_error *error) {
    struct px_writer writer;
    px_writer_init(&writer, 0);
    px_write_array(&writer, 4);
    px_write_int(&writer, 1);
    if (id != NULL)
        px_write_uint(&writer, *id);
    else
        px_write_nil(&writer);
    px_write_error(&writer, error);
    px_write_nil(&writer);
    session->rpc->stats.errors++;
    size_t size = 0;
    bool whole = px_writer_finish(&writer, NULL) == 0;
    uint8_t *bytes = px_writer_take(&writer, &size);
    if (whole)
        session_send(session, bytes, size);
    else
        free(bytes);
}

void session_refuse(struct rpc_session *session, const struct px_error *error) {
    send_error(session, NULL, error);
}

static void session_answer(struct rpc_session *session, const struct rpc_call *call, const struct px_error *error) {
    if (call->notification) {
        session->rpc->stats.errors++;
        session->transport->send(session, NULL, 0);
    } else {
        send_error(session, &call->id, error);
    }
}

static void call_free(struct rpc_call *call) {
    if (call->rpc != NULL)
        call_detach(call);
    px_writer_free(&call->writer);
    px_document_free(&call->document);
    if (call->bytes.release != NULL)
        call->bytes.release(call->bytes.owner);
    free(call->params);
    free(call);
}

/* Takes the call from its session; NULL when the client is gone. */
static struct rpc_session *call_finish(struct rpc_call *call) {
    struct rpc_session *session = call->session;
    call->session = NULL;
    call->cancel = NULL;
    if (session != NULL)
        session->outstanding--;
    return session;
}

struct px_writer *rpc_reply_begin(struct rpc_call *call) {
    px_writer_free(&call->writer);
    px_writer_init(&call->writer, call->rpc != NULL ? call->rpc->config.queue_max_bytes : 0);
    px_write_array(&call->writer, 4);
    px_write_int(&call->writer, 1);
    px_write_uint(&call->writer, call->id);
    px_write_nil(&call->writer);
    return &call->writer;
}

void rpc_reply_send(struct rpc_call *call) {
    struct px_error error;
    if (px_writer_finish(&call->writer, &error) != 0) {
        rpc_fail(call, &error);
        return;
    }
    struct rpc_session *session = call_finish(call);
    if (session != NULL && call->notification) {
        session->transport->send(session, NULL, 0);
    } else if (session != NULL) {
        size_t size = 0;
        uint8_t *bytes = px_writer_take(&call->writer, &size);
        session_send(session, bytes, size);
    }
    call_free(call);
}

void rpc_reply_empty(struct rpc_call *call) {
    px_write_map(rpc_reply_begin(call), 0);
    rpc_reply_send(call);
}

void rpc_fail(struct rpc_call *call, const struct px_error *error) {
    struct rpc_session *session = call_finish(call);
    if (session != NULL)
        session_answer(session, call, error);
    call_free(call);
}

/* ---- requests ---- */

/* What a message asks for. */
struct request {
    bool has_id;
    bool notification;
    uint64_t id;
    const struct px_value *method;
    const struct px_value *params; /* the map, or NULL */
};

static int request_params(const struct px_value *list, struct request *request, struct px_error *error) {
    if (list->type != PX_ARRAY)
        return px_fail(error, PX_E_PROTOCOL, "params: a list that holds one map, or an empty list, not %s",
                       px_type_name(list->type));
    if (list->count == 0)
        return 0;
    if (list->count > 1 || list->items[0].type != PX_MAP)
        return px_fail(error, PX_E_TYPE, "params: one map of named values, not %u values of which the first is %s",
                       list->count, px_type_name(list->items[0].type));
    request->params = &list->items[0];
    return 0;
}

static bool is_number(const struct px_value *value, uint64_t number) {
    return value->type == PX_UINT && value->uinteger == number;
}

static int request_read(const struct px_value *root, struct request *request, struct px_error *error) {
    bool list = root->type == PX_ARRAY;
    if (list && root->count == 4 && is_number(&root->items[0], 0) && root->items[1].type == PX_UINT) {
        request->has_id = true;
        request->id = root->items[1].uinteger;
    } else if (list && root->count == 3 && is_number(&root->items[0], 2)) {
        request->notification = true;
    } else {
        return px_fail(error, PX_E_PROTOCOL,
                       "no request: [0, msgid, method, [params]] or [2, method, [params]] is accepted");
    }
    request->method = &root->items[root->count - 2];
    if (request->method->type != PX_STR)
        return px_fail(error, PX_E_PROTOCOL, "the method must be a string, not %s",
                       px_type_name(request->method->type));
    return request_params(&root->items[root->count - 1], request, error);
}

static struct rpc_call *call_create(struct rpc_session *session, struct px_document *document, struct rpc_bytes bytes) {
    struct rpc_call *call = calloc(1, sizeof *call);
    if (call == NULL)
        return NULL;
    struct rpc *rpc = session->rpc;
    call->rpc = rpc;
    call->session = session;
    call->daemon = rpc->config.daemon;
    call->peer = session->peer;
    call->document = *document;
    call->bytes = bytes;
    call->next = rpc->calls;
    call->link = &rpc->calls;
    if (call->next != NULL)
        call->next->link = &call->next;
    rpc->calls = call;
    session->outstanding++;
    return call;
}

static int check_access(const struct rpc_call *call, const struct rpc_method *method, struct px_error *error) {
    if (call->peer.role >= method->role)
        return 0;
    return px_fail(error, PX_E_ACCESS, "%s needs the role %s; this connection has %s", method->name,
                   rpc_role_name(method->role), rpc_role_name(call->peer.role));
}

static int decode_params(struct rpc_call *call, const struct rpc_method *method, const struct px_value *params,
                         struct px_error *error) {
    static const struct px_message none = {.name = "this method"};
    static const char *const ignored[] = {"token", NULL};
    const struct px_message *message = method->params != NULL ? method->params : &none;
    call->params = malloc(message->size > 0 ? message->size : 1);
    if (call->params == NULL)
        return px_fail(error, PX_E_NO_MEMORY, "no memory for the parameters of %s", method->name);
    return px_message_decode(message, params, NULL, ignored, call->params, error);
}

/* Finds the method and calls its handler, which answers now or later. */
static int call_carry_out(struct rpc_call *call, const struct request *request, struct px_error *error) {
    if (call->session->outstanding > call->rpc->config.requests_max)
        return px_fail(error, PX_E_LIMIT,
                       "%zu requests of this connection wait for answers already; send on when one came",
                       call->rpc->config.requests_max);
    const struct rpc_method *method = NULL;
    int code = method_find(&call->rpc->index, request->method->text, request->method->count, &method, error);
    if (code == 0)
        code = check_access(call, method, error);
    if (code == 0)
        code = decode_params(call, method, request->params, error);
    if (code == 0)
        method->handle(call, method->params != NULL ? call->params : NULL);
    return code;
}

static int refuse_bytes(struct rpc_session *session, struct rpc_bytes bytes, struct px_document *document,
                        const struct px_error *error) {
    px_document_free(document);
    bytes.release(bytes.owner);
    session_refuse(session, error);
    return error->code;
}

int session_receive(struct rpc_session *session, struct rpc_bytes bytes) {
    struct rpc *rpc = session->rpc;
    rpc->stats.bytes_in += bytes.size;
    struct px_limits limits = PX_LIMITS_DEFAULT;
    limits.bytes = rpc->config.message_max_bytes;
    struct px_document document = {0};
    struct px_error error = {0};
    if (px_value_decode(bytes.bytes, bytes.size, &limits, &document, &error) != 0)
        return refuse_bytes(session, bytes, &document, &error);
    struct request request = {0};
    int code = request_read(&document.root, &request, &error);
    if (code != 0 && !request.has_id && !request.notification)
        return refuse_bytes(session, bytes, &document, &error);
    struct rpc_call *call = call_create(session, &document, bytes);
    if (call == NULL) {
        px_fail(&error, PX_E_NO_MEMORY, "no memory for a request");
        return refuse_bytes(session, bytes, &document, &error);
    }
    rpc->stats.requests += request.has_id;
    rpc->stats.notifications += request.notification;
    call->id = request.id;
    call->notification = request.notification;
    if (code == 0)
        code = call_carry_out(call, &request, &error);
    if (code != 0)
        rpc_fail(call, &error);
    return 0;
}

/* ---- what handlers ask of a call ---- */

struct daemon *rpc_daemon(struct rpc_call *call) {
    return call->daemon;
}
struct rpc *rpc_of_call(struct rpc_call *call) {
    return call->rpc;
}
struct rpc_session *rpc_call_session(struct rpc_call *call) {
    return call->session;
}
enum rpc_role rpc_call_role(const struct rpc_call *call) {
    return call->peer.role;
}
int rpc_call_peer_pid(const struct rpc_call *call) {
    return call->peer.pid;
}
bool rpc_call_own_uid(const struct rpc_call *call) {
    return call->peer.own_uid;
}
bool rpc_call_gone(const struct rpc_call *call) {
    return call->session == NULL;
}
void rpc_call_on_gone(struct rpc_call *call, void (*cancel)(void *argument), void *argument) {
    call->cancel = cancel;
    call->cancel_argument = argument;
}

/* ---- notifications ---- */

static bool write_notification(enum rpc_topic topic, void (*write)(void *argument, struct px_writer *writer),
                               void *argument, struct px_writer *writer) {
    px_write_array(writer, 3);
    px_write_int(writer, 2);
    px_write_string(writer, topic_names[topic]);
    px_write_array(writer, 1);
    write(argument, writer);
    return px_writer_finish(writer, NULL) == 0;
}

static void notify_session(struct rpc_session *session, const struct px_writer *writer) {
    uint8_t *copy = session->transport->has_room(session, writer->size) ? malloc(writer->size) : NULL;
    if (copy == NULL) {
        session->rpc->stats.notifications_dropped++;
        return;
    }
    memcpy(copy, writer->bytes, writer->size);
    session_send(session, copy, writer->size);
}

void rpc_notify(struct rpc *rpc, enum rpc_topic topic, void (*write)(void *argument, struct px_writer *writer),
                void *argument) {
    struct px_writer writer;
    px_writer_init(&writer, rpc->config.queue_max_bytes);
    bool written = false;
    for (struct rpc_session *session = rpc->sessions, *next; session != NULL; session = next) {
        next = session->next; /* sending may end the session */
        if ((session->topics >> topic & 1u) == 0)
            continue;
        if (!written && !write_notification(topic, write, argument, &writer))
            break;
        written = true;
        notify_session(session, &writer);
    }
    px_writer_free(&writer);
}

size_t rpc_subscribers(const struct rpc *rpc, enum rpc_topic topic) {
    size_t count = 0;
    for (const struct rpc_session *session = rpc->sessions; session != NULL; session = session->next)
        count += session->topics >> topic & 1u;
    return count;
}

/* ---- numbers ---- */

void rpc_stats(const struct rpc *rpc, struct rpc_stats *stats) {
    *stats = rpc->stats;
    stats->connections = stream_server_connections(rpc->stream);
    stats->refused += nng_server_refused(rpc->nng);
    stats->nng_connections = nng_server_connections(rpc->nng);
    stats->nng_contexts = nng_server_contexts(rpc->nng);
}

void rpc_describe_methods(const struct rpc *rpc, struct px_writer *writer) {
    method_index_describe(&rpc->index, writer);
}
