#include "daemon/rpc/session.h"

struct topics_params {
    const struct px_value *topics;
};
static const struct px_field subscribe_fields[] = {
    PX_FIELD(LIST, struct topics_params, topics, .required = true,
             .help = "Of log, frame, job, sketch, error. All but frame need the role control."),
};
static const struct px_field unsubscribe_fields[] = {
    PX_FIELD(LIST, struct topics_params, topics, .nullable = true, .help = "Without it: all of them."),
};
static const struct px_message subscribe_message = PX_MESSAGE("subscribe", subscribe_fields, struct topics_params);
static const struct px_message unsubscribe_message =
    PX_MESSAGE("unsubscribe", unsubscribe_fields, struct topics_params);

static int topic_read(const struct px_value *value, const struct px_path *path, enum rpc_topic *topic,
                      struct px_error *error) {
    if (value->type != PX_STR)
        return px_fail_at(error, PX_E_TYPE, path, "string, not %s", px_type_name(value->type));
    for (unsigned i = 0; i < RPC_TOPICS; i++) {
        if (px_value_is_string(value, rpc_topic_name((enum rpc_topic)i))) {
            *topic = (enum rpc_topic)i;
            return 0;
        }
    }
    return px_fail_at(error, PX_E_RANGE, path, "\"%.*s\" is none of: log, frame, job, sketch, error",
                      value->count < 48 ? (int)value->count : 48, value->text);
}

static int topics_read(const struct px_value *list, enum rpc_role role, unsigned *topics, struct px_error *error) {
    const struct px_path root = {.key = "topics"};
    *topics = 0;
    for (uint32_t i = 0; i < list->count; i++) {
        const struct px_path path = {.parent = &root, .index = (long)i};
        enum rpc_topic topic = RPC_TOPICS;
        int code = topic_read(&list->items[i], &path, &topic, error);
        if (code != 0)
            return code;
        if (topic != RPC_TOPIC_FRAME && role < RPC_ROLE_CONTROL)
            return px_fail_at(error, PX_E_ACCESS, &path, "the topic %s needs the role control", rpc_topic_name(topic));
        *topics |= 1u << topic;
    }
    return 0;
}

static void reply_topics(struct rpc_call *call, unsigned topics) {
    uint32_t count = 0;
    for (unsigned i = 0; i < RPC_TOPICS; i++)
        count += topics >> i & 1u;
    struct px_writer *writer = rpc_reply_begin(call);
    px_write_map(writer, 1);
    px_key(writer, "topics");
    px_write_array(writer, count);
    for (unsigned i = 0; i < RPC_TOPICS; i++)
        if ((topics >> i & 1u) != 0)
            px_write_string(writer, rpc_topic_name((enum rpc_topic)i));
    rpc_reply_send(call);
}

/* The session of a call that may subscribe. */
static int lasting_session(struct rpc_call *call, struct rpc_session **session, struct px_error *error) {
    *session = rpc_call_session(call);
    if (!rpc_session_lasts(*session))
        return px_fail(error, PX_E_UNSUPPORTED, "notifications come on a stream connection (rpc.sock), not over nng");
    return 0;
}

static void handle_subscribe(struct rpc_call *call, const void *params) {
    const struct topics_params *asked = params;
    struct rpc_session *session;
    struct px_error error;
    unsigned topics;
    int code = lasting_session(call, &session, &error);
    if (code == 0)
        code = topics_read(asked->topics, rpc_call_role(call), &topics, &error);
    if (code != 0) {
        rpc_fail(call, &error);
        return;
    }
    session_set_topics(session, session->topics | topics);
    reply_topics(call, session->topics);
}

static void handle_unsubscribe(struct rpc_call *call, const void *params) {
    const struct topics_params *asked = params;
    struct rpc_session *session;
    struct px_error error;
    unsigned topics = ~0u;
    int code = lasting_session(call, &session, &error);
    if (code == 0 && asked->topics != NULL)
        code = topics_read(asked->topics, RPC_ROLE_CONTROL, &topics, &error);
    if (code != 0) {
        rpc_fail(call, &error);
        return;
    }
    session_set_topics(session, session->topics & ~topics);
    reply_topics(call, session->topics);
}

static const struct rpc_method methods[] = {
    {.name = "subscribe",
     .role = RPC_ROLE_VIEW,
     .idempotent = true,
     .params = &subscribe_message,
     .handle = handle_subscribe,
     .help = "Notifications [2, topic, [value]] on this stream connection from now on.",
     .result = "{topics}: all that are subscribed"},
    {.name = "unsubscribe",
     .role = RPC_ROLE_VIEW,
     .idempotent = true,
     .params = &unsubscribe_message,
     .handle = handle_unsubscribe,
     .help = "No more notifications of these topics.",
     .result = "{topics}: those that are left"},
};
const struct rpc_method_table subscribe_method_table = METHOD_TABLE(methods);
