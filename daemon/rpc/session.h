/* session.h: what a transport and the dispatcher know of each other. Seen by the transports only.
 *
 *     session_open -> session_receive ... -> session_end
 *
 * A transport embeds a session in its connection (stream) or its context (nng: one request), feeds it whole messages
 * and sends what it is given. Calls outlive their session: their handlers answer later into nothing.
 *
 * Threads  LOOP.
 */
#ifndef RPC_SESSION_H
#define RPC_SESSION_H

#include "daemon/rpc/methods.h"
#include "daemon/rpc/peer.h"
#include "daemon/rpc/rpc.h"

/* The memory of one received message: kept until its reply. */
struct rpc_bytes {
    const uint8_t *bytes;
    size_t size;
    void *owner; /* given to `release` */
    void (*release)(void *owner);
};

struct rpc_transport {
    /* Takes bytes (malloc'd). NULL, 0: a notification was carried out and has no answer. */
    void (*send)(struct rpc_session *session, uint8_t *bytes, size_t size);
    /* Whether `size` more bytes of notifications may be queued. NULL: no notifications here, the session is one
     * request. */
    bool (*has_room)(struct rpc_session *session, size_t size);
};

struct session_attachment;

struct rpc_session {
    struct rpc *rpc;
    const struct rpc_transport *transport;
    struct peer peer;
    unsigned topics;    /* a bit each: enum rpc_topic */
    size_t outstanding; /* calls that were not answered yet */
    struct session_attachment *attachments;
    struct rpc_session *next, **link; /* of all sessions of this rpc */
};

/* session_open: the session's memory is the transport's. */
void session_open(struct rpc_session *session, struct rpc *rpc, const struct rpc_transport *transport,
                  const struct peer *peer);

/* session_receive: takes the bytes of one whole message. Negative: no message of this protocol; the error has been sent
 * without a message id and the connection should be closed. */
int session_receive(struct rpc_session *session, struct rpc_bytes bytes);

/* session_refuse: sends [1, nil, error, nil]. */
void session_refuse(struct rpc_session *session, const struct px_error *error);

/* session_end: the client is gone, or had its answer: tells the calls that wait, closes attachments. Idempotent. */
void session_end(struct rpc_session *session);

/* What subscribe and unsubscribe change. */
void session_set_topics(struct rpc_session *session, unsigned topics);

const struct rpc_config *rpc_config_of(const struct rpc *rpc);
struct rpc_stats *rpc_counters(struct rpc *rpc);
const struct method_index *rpc_methods(const struct rpc *rpc);
struct rpc *rpc_of_call(struct rpc_call *call);
const char *rpc_topic_name(enum rpc_topic topic);

#endif
