/* rpc.h: request in, reply out: one dispatcher for the Unix stream, nng REP and whatever comes later.
 *
 *     transport -> rpc_receive (scan, decode, role, table of methods, params by their message) -> handler
 *     handler -> rpc_reply_begin / rpc_reply_send, or rpc_fail: exactly once a call, now or later, on LOOP
 *
 * A method is data (struct rpc_method): it drives dispatch, checks, describe and documentation. Each namespace has one
 * file <namespace>_methods.c with its table; methods.h lists the tables.
 *
 * Threads  LOOP for everything here.
 * Limits   bytes a message, requests outstanding, bytes queued for one client; the answer at each is in server.info.
 *          connections_max counts stream connections and nng pipes each for themselves.
 */
#ifndef RPC_RPC_H
#define RPC_RPC_H

#include "proto/message.h"
#include "shared/error.h"

#include <stdbool.h>
#include <stdint.h>

struct rpc;          /* the dispatcher: methods, sessions, limits, counters */
struct rpc_session;  /* one connection of a stream; or one request on nng */
struct rpc_call;     /* one request that waits for its reply */
struct daemon;       /* daemon.h: what handlers act on */
struct server_hooks; /* server_methods.h: what server.* and stats.* ask of the rest of the daemon */

enum rpc_role { RPC_ROLE_NONE, RPC_ROLE_VIEW, RPC_ROLE_CONTROL };

struct rpc_method {
    const char *name;
    enum rpc_role role; /* the least that may call it */
    bool idempotent;
    const struct px_message *params; /* NULL: takes none */
    const char *help;
    const char *result; /* one line on what comes back */
    /* params: the decoded struct (borrowed until the reply is sent), or NULL. */
    void (*handle)(struct rpc_call *call, const void *params);
};
struct rpc_method_table {
    const struct rpc_method *methods;
    size_t count;
};

/* A subscriber's topics, a bit each. */
enum rpc_topic { RPC_TOPIC_LOG, RPC_TOPIC_FRAME, RPC_TOPIC_JOB, RPC_TOPIC_SKETCH, RPC_TOPIC_ERROR, RPC_TOPICS };

struct daemon *rpc_daemon(struct rpc_call *call);
struct rpc_session *rpc_call_session(struct rpc_call *call); /* NULL once the client is gone */
enum rpc_role rpc_call_role(const struct rpc_call *call);

/* State that a namespace keeps for one session (pinned handles, a waiting poll). `closed` is called once, when the
 * session ends: at hang-up on a stream, after the reply on nng. key: the address of something static, one value a key;
 * a second one under the same key replaces the first without a call of its `closed`. */
int rpc_session_attach(struct rpc_session *session, const void *key, void *data, void (*closed)(void *data));
void *rpc_session_data(const struct rpc_session *session, const void *key); /* NULL: none */
/* rpc_session_lasts: a stream connection; false for the one request of nng. */
bool rpc_session_lasts(const struct rpc_session *session);

/* rpc_call_peer_pid: of a local stream connection; 0 elsewhere. rpc_call_own_uid: whether the peer is local and has the
 * daemon's uid: only then may a path be read or written freely. */
int rpc_call_peer_pid(const struct rpc_call *call);
bool rpc_call_own_uid(const struct rpc_call *call);

/* rpc_call_gone: the client hung up: the answer will be dropped (it must still be given). `cancel` is called then, once,
 * if the handler set it. */
bool rpc_call_gone(const struct rpc_call *call);
void rpc_call_on_gone(struct rpc_call *call, void (*cancel)(void *argument), void *argument);

/* Handlers that answer later simply keep the call: its request stays until the reply.
 *
 * rpc_reply_begin: a writer positioned at the result; write exactly one value; then rpc_reply_send, which frees the
 * call. A result past the limit becomes E_LIMIT. */
struct px_writer *rpc_reply_begin(struct rpc_call *call);
void rpc_reply_send(struct rpc_call *call);
void rpc_fail(struct rpc_call *call, const struct px_error *error);
/* rpc_reply_empty: result is an empty map. */
void rpc_reply_empty(struct rpc_call *call);

/* rpc_notify: sends [2, topic name, [value]] to every stream session that subscribed; `write` fills the value, called at
 * most once. A session whose queue is full loses the notification, counted. */
void rpc_notify(struct rpc *rpc, enum rpc_topic topic, void (*write)(void *argument, struct px_writer *writer),
                void *argument);
size_t rpc_subscribers(const struct rpc *rpc, enum rpc_topic topic);

struct rpc_config {
    struct daemon *daemon;
    struct loop *loop;
    const char *stream_path;  /* rpc.sock */
    const char *nng_path;     /* rpc.nng */
    const char *const *listen; /* further nng URLs */
    size_t listen_count;
    const char *control_group; /* "" : none */
    size_t connections_max, requests_max, message_max_bytes, queue_max_bytes;
    const struct rpc_method_table *const *tables; /* methods.h: method_tables */
    size_t table_count;
    const struct server_hooks *hooks; /* server_methods.h; NULL: none */
    struct log_feed *log_feed;        /* log_feed.h; NULL: nobody can subscribe to the log */
    /* A stream client came or went, subscribers changed. LOOP. */
    void (*clients_changed)(void *argument, size_t connections);
    void *argument;
};
/* rpc_open: PX_E_EXISTS when somebody answers on a path; stale socket files are taken over. Strings and lists of the
 * config are borrowed until rpc_close. PX_E_ACCESS: a listener that may not start. Opens nng: after the nursery. */
int rpc_open(const struct rpc_config *config, struct rpc **rpc, struct px_error *error);
/* rpc_close: answers what waits with E_CANCELLED where it can, unlinks, stops nng; NULL is fine. Calls that a handler
 * still keeps stay valid: they must be answered all the same, which drops the answer. On LOOP after loop_run; handles
 * and posted messages go with the loop_drain that follows. */
void rpc_close(struct rpc *rpc);

struct rpc_stats {
    uint64_t connections, requests, errors, notifications, notifications_dropped, bytes_in, bytes_out, refused;
    uint64_t overflowed; /* connections closed because their client does not read, on a stream or on nng */
    uint64_t accepted;   /* stream connections ever; `connections` are those open now */
    uint64_t nng_connections, nng_contexts;
};
void rpc_stats(const struct rpc *rpc, struct rpc_stats *stats);
void rpc_describe_methods(const struct rpc *rpc, struct px_writer *writer); /* a list of maps */

#endif
