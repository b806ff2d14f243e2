#include "daemon/rpc/nng_server.h"

#include "daemon/host/log.h"
#include "daemon/host/loop.h"
#include "daemon/rpc/session.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <nng/nng.h>
#include <nng/protocol/reqrep0/rep.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    LISTENING_MIN = 8,         /* contexts that always wait for a request */
    LISTENING_MAX = 16,        /* more are closed when they come back */
    CONTROL_BYTES = 64 * 1024, /* an answer up to this size is a control answer */
    CONTROL_MS = 200,          /* ... and must be taken within this time */
    LARGE_MS = 2000,           /* others have this and LARGE_BYTES_A_MS a byte */
    LARGE_BYTES_A_MS = 16,
    LISTENERS_MAX = 9,
};

enum context_state { CONTEXT_LISTENING, CONTEXT_PARKED, CONTEXT_SENDING };

/* One context of REP: listens, then stands for one request until its answer was taken. */
struct context {
    struct rpc_session session; /* first: the dispatcher gives it back; open while PARKED */
    struct loop_message message;
    struct nng_server *server;
    nng_ctx context;
    nng_aio *aio;
    nng_pipe pipe;       /* where the request came from */
    _Atomic bool posted; /* set by nng's thread before it posts, taken back by LOOP */
    enum context_state state;
    bool brief; /* SENDING a control answer */
    struct context *next, **link;
};

/* A pipe that went away, on its way to LOOP. */
struct pipe_gone {
    struct loop_message message;
    struct nng_server *server;
    int pipe;
};

struct listener {
    nng_listener listener;
    bool local; /* ipc: the peer's uid is known */
};

struct nng_server {
    struct rpc *rpc;
    const struct peer_rules *rules;
    struct loop *loop;
    nng_socket socket;
    struct listener listeners[LISTENERS_MAX];
    size_t listener_count;
    struct context *contexts;
    size_t count, listening, count_max, pipes_max;
    bool closing;
    _Atomic bool deaf;         /* closing, for nng's threads */
    _Atomic int pipes;         /* open; counted by nng's threads */
    _Atomic uint64_t refused;  /* pipes beyond connections_max */
    _Atomic size_t references; /* the server itself, contexts, messages on their way */
};

static void server_release(struct nng_server *server) {
    /* acq_rel: whoever frees sees all that the others did before they let go */
    if (atomic_fetch_sub_explicit(&server->references, 1, memory_order_acq_rel) == 1)
        free(server);
}

static void server_reference(struct nng_server *server) {
    atomic_fetch_add_explicit(&server->references, 1, memory_order_relaxed);
}

static struct context *context_of(struct rpc_session *session) {
    return (struct context *)session; /* its first member */
}

static struct context *context_of_message(struct loop_message *message) {
    return (struct context *)(void *)((char *)message - offsetof(struct context, message));
}

/* ---- contexts ---- */

/* nng's thread. */
static void on_aio(void *argument) {
    struct context *context = argument;
    atomic_store_explicit(&context->posted, true, memory_order_relaxed); /* ordered by the post */
    loop_post(context->server->loop, &context->message);
}

static void context_listen(struct context *context) {
    context->state = CONTEXT_LISTENING;
    context->server->listening++;
    nng_aio_set_timeout(context->aio, NNG_DURATION_INFINITE);
    nng_ctx_recv(context->context, context->aio);
}

/* The aio is idle, or was stopped. */
static void context_free(struct context *context) {
    struct nng_server *server = context->server;
    *context->link = context->next;
    if (context->next != NULL)
        context->next->link = context->link;
    server->count--;
    nng_aio_free(context->aio);
    nng_ctx_close(context->context);
    free(context);
    server_release(server);
}

static void on_message(struct loop_message *message);

static int context_add(struct nng_server *server) {
    struct context *context = calloc(1, sizeof *context);
    if (context == NULL)
        return NNG_ENOMEM;
    int code = nng_ctx_open(&context->context, server->socket);
    if (code != 0) {
        free(context);
        return code;
    }
    code = nng_aio_alloc(&context->aio, on_aio, context);
    if (code != 0) {
        nng_ctx_close(context->context);
        free(context);
        return code;
    }
    context->server = server;
    context->message.handle = on_message;
    context->next = server->contexts;
    context->link = &server->contexts;
    if (context->next != NULL)
        context->next->link = &context->next;
    server->contexts = context;
    server->count++;
    server_reference(server);
    context_listen(context);
    return 0;
}

/* Opens contexts until enough listen again. */
static void keep_listening(struct nng_server *server) {
    while (server->listening < LISTENING_MIN && server->count < server->count_max)
        if (context_add(server) != 0)
            return;
}

/* ---- answers ---- */

static nng_duration time_to_send(size_t size) {
    if (size <= CONTROL_BYTES)
        return CONTROL_MS;
    size_t ms = LARGE_MS + size / LARGE_BYTES_A_MS;
    return ms < INT32_MAX ? (nng_duration)ms : INT32_MAX;
}

static void nng_reply(struct rpc_session *session, uint8_t *bytes, size_t size) {
    struct context *context = context_of(session);
    session_end(session);
    nng_msg *answer = NULL;
    int code = nng_msg_alloc(&answer, size);
    if (code == 0 && size > 0)
        memcpy(nng_msg_body(answer), bytes, size);
    free(bytes);
    context->state = CONTEXT_SENDING;
    context->brief = size <= CONTROL_BYTES;
    if (code != 0) { /* no memory: the client's own deadline tells it; the context goes on */
        nng_pipe_close(context->pipe);
        context_listen(context);
        return;
    }
    nng_aio_set_msg(context->aio, answer);
    nng_aio_set_timeout(context->aio, time_to_send(size));
    nng_ctx_send(context->context, context->aio);
}

static const struct rpc_transport nng_transport = {.send = nng_reply};

static void answer_taken(struct context *context) {
    struct nng_server *server = context->server;
    int result = nng_aio_result(context->aio);
    if (result != 0) {
        nng_msg *answer = nng_aio_get_msg(context->aio);
        nng_msg_free(answer);
        nng_aio_set_msg(context->aio, NULL);
    }
    if (result == NNG_ETIMEDOUT && nng_pipe_close(context->pipe) == 0) { /* others of this pipe time out with it */
        rpc_counters(server->rpc)->overflowed++;
        log_warning("rpc", "an nng client does not take its answer: its connection is closed");
    }
    if (result == NNG_ECLOSED || server->listening >= LISTENING_MAX)
        context_free(context);
    else
        context_listen(context);
}

/* ---- requests ---- */

static bool pipe_is_local(const struct nng_server *server, nng_pipe pipe) {
    int id = nng_listener_id(nng_pipe_listener(pipe));
    for (size_t i = 0; i < server->listener_count; i++)
        if (nng_listener_id(server->listeners[i].listener) == id)
            return server->listeners[i].local;
    return false;
}

static struct peer peer_of_pipe(const struct nng_server *server, nng_pipe pipe) {
    uint64_t uid, gid;
    if (!pipe_is_local(server, pipe) || nng_pipe_get_uint64(pipe, NNG_OPT_IPC_PEER_UID, &uid) != 0 ||
        nng_pipe_get_uint64(pipe, NNG_OPT_IPC_PEER_GID, &gid) != 0)
        return peer_remote();
    return peer_of_ids(server->rules, (uid_t)uid, (gid_t)gid);
}

static size_t parked_of_pipe(const struct nng_server *server, nng_pipe pipe) {
    size_t count = 0;
    for (const struct context *context = server->contexts; context != NULL; context = context->next)
        count += context->state == CONTEXT_PARKED && nng_pipe_id(context->pipe) == nng_pipe_id(pipe);
    return count;
}

static void release_message(void *message) {
    nng_msg_free(message);
}

static void request_arrived(struct context *context) {
    struct nng_server *server = context->server;
    server->listening--;
    int result = nng_aio_result(context->aio);
    if (result == NNG_ECLOSED) {
        context_free(context);
        return;
    }
    if (result != 0) {
        context_listen(context);
        return;
    }
    nng_msg *request = nng_aio_get_msg(context->aio);
    nng_aio_set_msg(context->aio, NULL);
    context->pipe = nng_msg_get_pipe(request);
    size_t waiting = parked_of_pipe(server, context->pipe);
    context->state = CONTEXT_PARKED;
    keep_listening(server);
    struct peer peer = peer_of_pipe(server, context->pipe);
    session_open(&context->session, server->rpc, &nng_transport, &peer);
    size_t most = rpc_config_of(server->rpc)->requests_max;
    if (waiting >= most) {
        struct px_error error;
        px_fail(&error, PX_E_LIMIT, "%zu requests of this connection wait for answers already", most);
        nng_msg_free(request);
        session_refuse(&context->session, &error);
        return;
    }
    struct rpc_bytes bytes = {nng_msg_body(request), nng_msg_len(request), request, release_message};
    session_receive(&context->session, bytes);
}

static void on_message(struct loop_message *message) {
    struct context *context = context_of_message(message);
    atomic_store_explicit(&context->posted, false, memory_order_relaxed); /* ordered by the post */
    if (context->server->closing) {
        nng_msg_free(nng_aio_get_msg(context->aio));
        context_free(context);
    } else if (context->state == CONTEXT_LISTENING) {
        request_arrived(context);
    } else {
        answer_taken(context);
    }
}

/* ---- pipes ---- */

/* LOOP. */
static void on_pipe_gone(struct loop_message *message) {
    struct pipe_gone *gone = (struct pipe_gone *)message; /* its first member */
    struct nng_server *server = gone->server;
    for (struct context *context = server->closing ? NULL : server->contexts, *next; context != NULL; context = next) {
        next = context->next;
        if (context->state != CONTEXT_PARKED || nng_pipe_id(context->pipe) != gone->pipe)
            continue;
        session_end(&context->session); /* its call is told, and answers into nothing */
        context_listen(context);
    }
    free(gone);
    server_release(server);
}

/* nng's thread. */
static void on_pipe(nng_pipe pipe, nng_pipe_ev event, void *argument) {
    struct nng_server *server = argument;
    if (event == NNG_PIPE_EV_ADD_PRE) {
        int before = atomic_fetch_add_explicit(&server->pipes, 1, memory_order_relaxed);
        if ((size_t)before >= server->pipes_max) {
            atomic_fetch_add_explicit(&server->refused, 1, memory_order_relaxed);
            nng_pipe_close(pipe);
        }
        return;
    }
    atomic_fetch_sub_explicit(&server->pipes, 1, memory_order_relaxed);
    /* acquire: pairs with nng_server_close; after it nothing is posted */
    if (atomic_load_explicit(&server->deaf, memory_order_acquire))
        return;
    struct pipe_gone *gone = malloc(sizeof *gone);
    if (gone == NULL)
        return;
    *gone = (struct pipe_gone){.message = {.handle = on_pipe_gone}, .server = server, .pipe = nng_pipe_id(pipe)};
    server_reference(server);
    loop_post(server->loop, &gone->message);
}

/* ---- listeners ---- */

static int fail_nng(struct px_error *error, const char *url, int code) {
    if (code == NNG_EADDRINUSE)
        return px_fail(error, PX_E_EXISTS, "somebody answers at %s already", url);
    if (code == NNG_ENOTSUP)
        return px_fail(error, PX_E_UNSUPPORTED, "%s: this transport is not available", url);
    if (code == NNG_EINVAL || code == NNG_EADDRINVAL)
        return px_fail(error, PX_E_PARAM, "%s is no address to listen at", url);
    return px_fail(error, code == NNG_ENOMEM ? PX_E_NO_MEMORY : PX_E_IO, "cannot listen at %s: %s", url,
                   nng_strerror(code));
}

/* Numbers and "localhost" only: where any other name leads to is not known. */
static bool is_loopback(const char *host) {
    struct in_addr four;
    struct in6_addr six;
    if (strcmp(host, "localhost") == 0)
        return true;
    if (inet_pton(AF_INET, host, &four) == 1)
        return ntohl(four.s_addr) >> 24 == 127;
    return inet_pton(AF_INET6, host, &six) == 1 && IN6_IS_ADDR_LOOPBACK(&six);
}

/* Which further URLs may be listened at. `*local` when the system tells who the peer is. */
static int check_url(const char *url, bool *local, struct px_error *error) {
    nng_url *parts = NULL;
    if (nng_url_parse(&parts, url) != 0)
        return px_fail(error, PX_E_PARAM, "%s is no URL", url);
    const char *scheme = parts->u_scheme;
    const char *host = parts->u_hostname != NULL ? parts->u_hostname : "";
    *local = strcmp(scheme, "ipc") == 0;
    bool plain = strncmp(scheme, "tcp", 3) == 0 || strncmp(scheme, "ws", 2) == 0;
    bool secure = strncmp(scheme, "tls+tcp", 7) == 0 || strncmp(scheme, "wss", 3) == 0;
    int code = 0;
    if (secure)
        code = px_fail(error, PX_E_ACCESS, "%s: TLS listeners start only with tokens, which this version does not have",
                       url);
    else if (!*local && !plain)
        code = px_fail(error, PX_E_UNSUPPORTED, "%s: accepted are ipc, tcp and ws", url);
    else if (plain && !is_loopback(host))
        code = px_fail(error, PX_E_ACCESS,
                       "%s: off loopback only tls+tcp:// and wss:// listeners start, and only with tokens, which this "
                       "version does not have; accepted here are 127.0.0.1, ::1 and localhost",
                       url);
    nng_url_free(parts);
    return code;
}

static int listen_at(struct nng_server *server, const char *url, bool local, struct px_error *error) {
    if (server->listener_count == LISTENERS_MAX)
        return px_fail(error, PX_E_LIMIT, "more than %d addresses to listen at", LISTENERS_MAX - 1);
    nng_listener listener;
    int code = nng_listener_create(&listener, server->socket, url);
    if (code != 0)
        return fail_nng(error, url, code);
    if (local)
        code = nng_listener_set_int(listener, NNG_OPT_IPC_PERMISSIONS, 0660);
    server->listeners[server->listener_count++] = (struct listener){listener, local};
    if (code == 0)
        code = nng_listener_start(listener, 0);
    if (code != 0)
        return fail_nng(error, url, code);
    const char *path = url + strlen("ipc://");
    if (local && server->rules->has_group && chown(path, (uid_t)-1, server->rules->group) != 0)
        log_warning("rpc", "cannot give %s to the control group: %s", path, strerror(errno));
    return 0;
}

static int listen_everywhere(struct nng_server *server, struct px_error *error) {
    const struct rpc_config *config = rpc_config_of(server->rpc);
    int code = 0;
    if (config->nng_path != NULL) {
        char url[160];
        if (snprintf(url, sizeof url, "ipc://%s", config->nng_path) >= (int)sizeof url)
            return px_fail(error, PX_E_LIMIT, "the path of a socket has at most 107 bytes: %s", config->nng_path);
        code = listen_at(server, url, true, error);
    }
    for (size_t i = 0; i < config->listen_count && code == 0; i++) {
        bool local = false;
        code = check_url(config->listen[i], &local, error);
        if (code == 0)
            code = listen_at(server, config->listen[i], local, error);
    }
    return code;
}

/* ---- open, close ---- */

static int set_up_socket(struct nng_server *server, struct px_error *error) {
    size_t most = rpc_config_of(server->rpc)->message_max_bytes;
    int code = nng_socket_set_size(server->socket, NNG_OPT_RECVMAXSZ, most);
    if (code == 0)
        code = nng_pipe_notify(server->socket, NNG_PIPE_EV_ADD_PRE, on_pipe, server);
    if (code == 0)
        code = nng_pipe_notify(server->socket, NNG_PIPE_EV_REM_POST, on_pipe, server);
    if (code != 0)
        return px_fail(error, PX_E_INTERNAL, "cannot set up the nng socket: %s", nng_strerror(code));
    keep_listening(server);
    if (server->listening == 0)
        return px_fail(error, PX_E_NO_MEMORY, "no memory for nng contexts");
    return listen_everywhere(server, error);
}

int nng_server_open(struct rpc *rpc, const struct peer_rules *rules, struct nng_server **out, struct px_error *error) {
    struct nng_server *server = calloc(1, sizeof *server);
    if (server == NULL)
        return px_fail(error, PX_E_NO_MEMORY, "no memory for the nng server");
    const struct rpc_config *config = rpc_config_of(rpc);
    server->rpc = rpc;
    server->rules = rules;
    server->loop = config->loop;
    server->pipes_max = config->connections_max;
    server->count_max = config->connections_max * config->requests_max + LISTENING_MIN;
    atomic_init(&server->references, 1);
    int code = nng_rep0_open(&server->socket);
    if (code != 0) {
        free(server);
        return px_fail(error, PX_E_INTERNAL, "cannot open an nng socket: %s", nng_strerror(code));
    }
    code = set_up_socket(server, error);
    if (code != 0) {
        nng_server_close(server);
        return code;
    }
    *out = server;
    return 0;
}

void nng_server_close(struct nng_server *server) {
    if (server == NULL)
        return;
    server->closing = true;
    /* release: pairs with on_pipe */
    atomic_store_explicit(&server->deaf, true, memory_order_release);
    for (struct context *context = server->contexts; context != NULL; context = context->next)
        if (context->state == CONTEXT_SENDING && context->brief)
            nng_aio_wait(context->aio); /* the last answers: at most CONTROL_MS for all of them */
    nng_close(server->socket);
    for (struct context *context = server->contexts, *next; context != NULL; context = next) {
        next = context->next;
        nng_aio_stop(context->aio); /* on_aio ran for the last time, if at all */
        session_end(&context->session);
        if (!atomic_load_explicit(&context->posted, memory_order_relaxed)) /* ordered by nng_aio_stop */
            context_free(context);
    }
    server_release(server);
}

size_t nng_server_contexts(const struct nng_server *server) {
    return server != NULL ? server->count : 0;
}

size_t nng_server_connections(const struct nng_server *server) {
    return server != NULL ? (size_t)atomic_load_explicit(&server->pipes, memory_order_relaxed) : 0;
}

uint64_t nng_server_refused(const struct nng_server *server) {
    return server != NULL ? atomic_load_explicit(&server->refused, memory_order_relaxed) : 0;
}
