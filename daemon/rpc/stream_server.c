#include "daemon/rpc/stream_server.h"

#include "daemon/host/log.h"
#include "daemon/host/loop.h"
#include "daemon/rpc/session.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <uv.h>

enum {
    READ_ROOM = 64 * 1024,        /* bytes that a read may bring */
    HAND_OVER_BYTES = 32 * 1024,  /* a message of this size takes its buffer along instead of being copied */
    MESSAGES_A_TURN = 64,         /* of one connection, before the others have theirs */
    NOTIFY_QUEUE_BYTES = 1 << 20, /* notifications to one that does not read are dropped beyond this */
    DISCARD_BYTES = 4 << 20,      /* input thrown away before a close, so that the peer can read why */
    BACKLOG = 64,
};

/* Input: bytes[start .. used) have not been taken yet; `scanner` has looked at a part of them. */
struct input {
    uint8_t *bytes;
    size_t start, used, room;
    struct px_scanner scanner;
};

struct connection {
    struct rpc_session session; /* first: the dispatcher gives it back */
    uv_pipe_t pipe;
    struct stream_server *server;
    struct input input;
    size_t writes; /* under way */
    bool ended;    /* no more input comes: closed when all that waits has been sent */
    bool refused;  /* closed as soon as what is queued was sent, whatever waits */
    bool closing;
    bool in_backlog; /* whole messages may be left in the input: has its next turn from `again` */
    struct connection *next, **link;
};

struct stream_server {
    struct rpc *rpc;
    const struct peer_rules *rules;
    uv_pipe_t listener;
    uv_idle_t again; /* runs while a connection has more than its share to do */
    struct connection *connections;
    size_t count;
    size_t references; /* handles and refused connections that libuv still has */
    bool closing;
};

/* A connection too many: gets one answer. */
struct turned_away {
    uv_pipe_t pipe;
    uv_write_t write;
    struct stream_server *server;
    struct px_writer answer;
};

struct write_request {
    uv_write_t write;
    uint8_t *bytes;
};

static struct connection *connection_of(struct rpc_session *session) {
    return (struct connection *)session; /* its first member */
}

static void server_release(struct stream_server *server) {
    if (--server->references == 0)
        free(server);
}

/* ---- closing ---- */

static void connection_closed(uv_handle_t *handle) {
    struct connection *connection = handle->data;
    struct stream_server *server = connection->server;
    free(connection->input.bytes);
    free(connection);
    server_release(server);
}

static void connection_close(struct connection *connection) {
    if (connection->closing)
        return;
    connection->closing = true;
    connection->server->count--;
    *connection->link = connection->next;
    if (connection->next != NULL)
        connection->next->link = connection->link;
    uv_close((uv_handle_t *)&connection->pipe, connection_closed);
    session_end(&connection->session);
}

/* Input that nobody will read: closing over it would take from the peer the answer that it has not read yet. */
static void discard_input(const uv_pipe_t *pipe) {
    int fd;
    char bytes[4096];
    if (uv_fileno((const uv_handle_t *)pipe, &fd) != 0)
        return;
    for (size_t total = 0; total < DISCARD_BYTES;) {
        ssize_t size = recv(fd, bytes, sizeof bytes, MSG_DONTWAIT);
        if (size <= 0)
            return;
        total += (size_t)size;
    }
}

/* Closes a connection that has come to its end, if it has. */
static void close_when_done(struct connection *connection) {
    if (connection->closing || connection->writes > 0)
        return;
    if (connection->refused) {
        discard_input(&connection->pipe);
        connection_close(connection);
    } else if (connection->ended && connection->session.outstanding == 0) {
        connection_close(connection);
    }
}

/* ---- sending ---- */

static void on_written(uv_write_t *write, int status) {
    struct write_request *request = write->data;
    struct connection *connection = write->handle->data;
    free(request->bytes);
    free(request);
    connection->writes--;
    if (status < 0)
        connection_close(connection);
    else
        close_when_done(connection);
}

static size_t queued_bytes(const struct connection *connection) {
    return uv_stream_get_write_queue_size((const uv_stream_t *)&connection->pipe);
}

static bool stream_write(struct connection *connection, uint8_t *bytes, size_t size) {
    struct write_request *request = malloc(sizeof *request);
    if (request == NULL)
        return false;
    request->bytes = bytes;
    request->write.data = request;
    uv_buf_t buffer = {.base = (char *)bytes, .len = size};
    if (uv_write(&request->write, (uv_stream_t *)&connection->pipe, &buffer, 1, on_written) != 0) {
        free(request);
        return false;
    }
    connection->writes++;
    return true;
}

static void stream_send(struct rpc_session *session, uint8_t *bytes, size_t size) {
    struct connection *connection = connection_of(session);
    if (bytes == NULL || connection->closing) {
        free(bytes);
        close_when_done(connection);
        return;
    }
    size_t queued = queued_bytes(connection);
    if (queued + size > rpc_config_of(session->rpc)->queue_max_bytes) {
        rpc_counters(session->rpc)->overflowed++;
        log_warning("rpc", "client %d does not read: %zu bytes wait for it, its connection is closed",
                    session->peer.pid, queued);
        free(bytes);
        connection_close(connection);
        return;
    }
    if (!stream_write(connection, bytes, size)) {
        free(bytes);
        connection_close(connection);
    }
}

static bool stream_has_room(struct rpc_session *session, size_t size) {
    struct connection *connection = connection_of(session);
    return !connection->closing && queued_bytes(connection) + size <= NOTIFY_QUEUE_BYTES;
}

static const struct rpc_transport stream_transport = {.send = stream_send, .has_room = stream_has_room};

/* ---- receiving ---- */

/* Takes the message of `size` bytes at the start of the input, as memory of its own. */
static bool input_take(struct input *input, size_t size, struct rpc_bytes *message) {
    size_t rest = input->used - input->start - size;
    bool hand_over = size >= HAND_OVER_BYTES && size >= rest;
    size_t copied = hand_over ? rest : size;
    size_t room = hand_over ? READ_ROOM + rest : size;
    uint8_t *copy = malloc(room);
    if (copy == NULL)
        return false;
    const uint8_t *from = input->bytes + input->start + (hand_over ? size : 0);
    memcpy(copy, from, copied);
    if (hand_over) {
        *message = (struct rpc_bytes){input->bytes + input->start, size, input->bytes, free};
        *input = (struct input){.bytes = copy, .used = rest, .room = room};
    } else {
        *message = (struct rpc_bytes){copy, size, copy, free};
        input->start += size;
    }
    px_scanner_init(&input->scanner);
    return true;
}

static void input_compact(struct input *input) {
    if (input->start == 0)
        return;
    memmove(input->bytes, input->bytes + input->start, input->used - input->start);
    input->used -= input->start;
    input->start = 0;
}

static bool input_make_room(struct input *input) {
    input_compact(input);
    if (input->used == 0 && input->room > 4 * READ_ROOM) { /* an idle connection keeps no large buffer */
        free(input->bytes);
        *input = (struct input){.scanner = input->scanner};
    }
    if (input->room - input->used >= READ_ROOM / 4)
        return true;
    size_t room = input->room > 0 ? input->room * 2 : READ_ROOM;
    uint8_t *bytes = realloc(input->bytes, room);
    if (bytes == NULL)
        return false;
    input->bytes = bytes;
    input->room = room;
    return true;
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer) {
    (void)suggested;
    struct connection *connection = handle->data;
    struct input *input = &connection->input;
    *buffer = (uv_buf_t){0};
    if (input_make_room(input))
        *buffer = (uv_buf_t){.base = (char *)input->bytes + input->used, .len = input->room - input->used};
}

static void refuse(struct connection *connection, const struct px_error *error) {
    if (connection->closing)
        return;
    connection->refused = true;
    uv_read_stop((uv_stream_t *)&connection->pipe);
    session_refuse(&connection->session, error);
    close_when_done(connection);
}

/* The next message of the input. 1: carried out, 0: none is whole yet, negative: the connection ends. */
static int take_message(struct connection *connection) {
    struct input *input = &connection->input;
    struct px_limits limits = PX_LIMITS_DEFAULT;
    limits.bytes = rpc_config_of(connection->session.rpc)->message_max_bytes;
    struct px_error error = {0};
    size_t size = 0;
    int whole = px_scanner_feed(&input->scanner, input->bytes + input->start, input->used - input->start, &limits,
                                &size, &error);
    struct rpc_bytes message;
    if (whole == 1 && !input_take(input, size, &message))
        whole = px_fail(&error, PX_E_NO_MEMORY, "no memory for a message of %zu bytes", size);
    if (whole < 0) {
        refuse(connection, &error);
        return whole;
    }
    if (whole == 0)
        return 0;
    int code = session_receive(&connection->session, message);
    if (code != 0) { /* the answer has been sent */
        connection->refused = true;
        uv_read_stop((uv_stream_t *)&connection->pipe);
        close_when_done(connection);
        return code;
    }
    return connection->closing ? PX_E_IO : 1;
}

static void on_again(uv_idle_t *idle);
static void on_read(uv_stream_t *stream, ssize_t size, const uv_buf_t *buffer);

/* One turn: carries out what is whole, up to a share; what is left waits for the next turn, and reading with it. */
static void connection_turn(struct connection *connection) {
    int taken = 1;
    for (int i = 0; i < MESSAGES_A_TURN && taken == 1; i++)
        taken = take_message(connection);
    if (taken < 0)
        return;
    bool more = taken == 1;
    if (more && !connection->in_backlog) {
        uv_read_stop((uv_stream_t *)&connection->pipe);
        uv_idle_start(&connection->server->again, on_again);
    } else if (!more && connection->in_backlog) {
        uv_read_start((uv_stream_t *)&connection->pipe, on_alloc, on_read);
    }
    connection->in_backlog = more;
}

static void on_again(uv_idle_t *idle) {
    struct stream_server *server = idle->data;
    bool more = false;
    for (struct connection *connection = server->connections, *next; connection != NULL; connection = next) {
        next = connection->next;
        if (!connection->in_backlog || connection->refused)
            continue;
        connection_turn(connection);
        more = more || (connection->in_backlog && !connection->closing);
    }
    if (!more)
        uv_idle_stop(idle);
}

/* Whether the peer has closed altogether, and not only its sending side. */
static bool peer_gone(const struct connection *connection) {
    struct pollfd poll_one = {.fd = -1};
    if (uv_fileno((const uv_handle_t *)&connection->pipe, &poll_one.fd) != 0)
        return true;
    return poll(&poll_one, 1, 0) == 1 && (poll_one.revents & (POLLHUP | POLLERR)) != 0;
}

static void input_ended(struct connection *connection) {
    uv_read_stop((uv_stream_t *)&connection->pipe);
    if (peer_gone(connection)) {
        connection_close(connection);
        return;
    }
    connection->ended = true;
    if (connection->input.used > connection->input.start) {
        struct px_error error;
        px_fail(&error, PX_E_PROTOCOL, "truncated: the last message is not whole");
        session_refuse(&connection->session, &error);
    }
    close_when_done(connection);
}

static void on_read(uv_stream_t *stream, ssize_t size, const uv_buf_t *buffer) {
    (void)buffer;
    struct connection *connection = stream->data;
    if (size > 0) {
        connection->input.used += (size_t)size;
        connection_turn(connection);
    } else if (size == UV_EOF) {
        input_ended(connection);
    } else if (size < 0) {
        connection_close(connection);
    }
}

/* ---- accepting ---- */

static void turned_away_closed(uv_handle_t *handle) {
    struct turned_away *away = handle->data;
    struct stream_server *server = away->server;
    px_writer_free(&away->answer);
    free(away);
    server_release(server);
}

static void turned_away_written(uv_write_t *write, int status) {
    (void)status;
    struct turned_away *away = write->handle->data;
    discard_input(&away->pipe);
    if (!uv_is_closing((uv_handle_t *)&away->pipe))
        uv_close((uv_handle_t *)&away->pipe, turned_away_closed);
}

static void write_refusal(struct px_writer *writer, const struct px_error *error) {
    px_writer_init(writer, 0);
    px_write_array(writer, 4);
    px_write_int(writer, 1);
    px_write_nil(writer);
    px_write_error(writer, error);
    px_write_nil(writer);
}

/* Answers a connection that there is no place for, and closes it. A few hundred bytes fit into any socket. */
static void turn_away(struct stream_server *server, const struct px_error *error) {
    struct turned_away *away = calloc(1, sizeof *away);
    if (away == NULL)
        return;
    rpc_counters(server->rpc)->refused++;
    away->server = server;
    away->pipe.data = away;
    uv_pipe_init(server->listener.loop, &away->pipe, 0);
    server->references++;
    write_refusal(&away->answer, error);
    uv_buf_t buffer = {.base = (char *)away->answer.bytes, .len = away->answer.size};
    if (uv_accept((uv_stream_t *)&server->listener, (uv_stream_t *)&away->pipe) != 0 ||
        px_writer_finish(&away->answer, NULL) != 0 ||
        uv_write(&away->write, (uv_stream_t *)&away->pipe, &buffer, 1, turned_away_written) != 0)
        uv_close((uv_handle_t *)&away->pipe, turned_away_closed);
}

static struct peer peer_of_pipe(const struct stream_server *server, const uv_pipe_t *pipe) {
    int fd;
    if (uv_fileno((const uv_handle_t *)pipe, &fd) != 0)
        return (struct peer){.role = RPC_ROLE_NONE};
    return peer_of_socket(server->rules, fd);
}

static void take_in(struct stream_server *server) {
    struct connection *connection = calloc(1, sizeof *connection);
    if (connection == NULL)
        return;
    connection->server = server;
    px_scanner_init(&connection->input.scanner);
    uv_pipe_init(server->listener.loop, &connection->pipe, 0);
    connection->pipe.data = connection;
    server->references++;
    if (uv_accept((uv_stream_t *)&server->listener, (uv_stream_t *)&connection->pipe) != 0) {
        uv_close((uv_handle_t *)&connection->pipe, connection_closed);
        return;
    }
    connection->next = server->connections;
    connection->link = &server->connections;
    if (connection->next != NULL)
        connection->next->link = &connection->next;
    server->connections = connection;
    server->count++;
    struct peer peer = peer_of_pipe(server, &connection->pipe);
    session_open(&connection->session, server->rpc, &stream_transport, &peer);
    uv_read_start((uv_stream_t *)&connection->pipe, on_alloc, on_read);
}

static void on_connection(uv_stream_t *listener, int status) {
    struct stream_server *server = listener->data;
    if (status < 0) {
        log_warning("rpc", "cannot accept a connection: %s", uv_strerror(status));
        return;
    }
    size_t most = rpc_config_of(server->rpc)->connections_max;
    if (server->count < most) {
        take_in(server);
        return;
    }
    struct px_error error;
    px_fail(&error, PX_E_LIMIT, "%zu connections are open already", most);
    turn_away(server, &error);
}

/* ---- the listener ---- */

/* Whether somebody answers at the path: then it is not ours to take. */
static bool path_is_live(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path, path, strlen(path) + 1); /* its length was checked */
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return true;
    bool dead = connect(fd, (const struct sockaddr *)&address, sizeof address) != 0 && errno == ECONNREFUSED;
    close(fd);
    return !dead;
}

static int remove_stale(const char *path, struct px_error *error) {
    struct stat entry;
    if (lstat(path, &entry) != 0)
        return 0;
    if (!S_ISSOCK(entry.st_mode))
        return px_fail(error, PX_E_EXISTS, "%s is there and no socket", path);
    if (path_is_live(path))
        return px_fail(error, PX_E_EXISTS, "somebody answers at %s already", path);
    if (unlink(path) != 0 && errno != ENOENT)
        return px_fail(error, PX_E_IO, "cannot take over %s: %s", path, strerror(errno));
    return 0;
}

static int listen_at(struct stream_server *server, const char *path, struct px_error *error) {
    if (strlen(path) >= sizeof((struct sockaddr_un *)0)->sun_path)
        return px_fail(error, PX_E_LIMIT, "the path of a socket has at most %zu bytes: %s",
                       sizeof((struct sockaddr_un *)0)->sun_path - 1, path);
    int code = remove_stale(path, error);
    if (code != 0)
        return code;
    code = uv_pipe_bind(&server->listener, path);
    if (code != 0)
        return px_fail(error, PX_E_IO, "cannot make %s: %s", path, uv_strerror(code));
    if (chmod(path, 0660) != 0)
        return px_fail(error, PX_E_IO, "cannot set the mode of %s: %s", path, strerror(errno));
    if (server->rules->has_group && chown(path, (uid_t)-1, server->rules->group) != 0)
        log_warning("rpc", "cannot give %s to the control group: %s", path, strerror(errno));
    code = uv_listen((uv_stream_t *)&server->listener, BACKLOG, on_connection);
    if (code != 0)
        return px_fail(error, PX_E_IO, "cannot listen at %s: %s", path, uv_strerror(code));
    return 0;
}

int stream_server_open(struct rpc *rpc, const struct peer_rules *rules, struct stream_server **out,
                       struct px_error *error) {
    struct stream_server *server = calloc(1, sizeof *server);
    if (server == NULL)
        return px_fail(error, PX_E_NO_MEMORY, "no memory for the stream server");
    server->rpc = rpc;
    server->rules = rules;
    uv_loop_t *loop = loop_uv(rpc_config_of(rpc)->loop);
    uv_pipe_init(loop, &server->listener, 0);
    uv_idle_init(loop, &server->again);
    server->listener.data = server;
    server->again.data = server;
    server->references = 2;
    int code = listen_at(server, rpc_config_of(rpc)->stream_path, error);
    if (code != 0) {
        stream_server_close(server);
        return code;
    }
    *out = server;
    return 0;
}

static void handle_closed(uv_handle_t *handle) {
    server_release(handle->data);
}

void stream_server_close(struct stream_server *server) {
    if (server == NULL || server->closing)
        return;
    server->closing = true;
    uv_close((uv_handle_t *)&server->listener, handle_closed); /* unlinks the path */
    uv_close((uv_handle_t *)&server->again, handle_closed);
    while (server->connections != NULL) /* what the sockets had room for has been written when it was sent */
        connection_close(server->connections);
}

size_t stream_server_connections(const struct stream_server *server) {
    return server != NULL ? server->count : 0;
}
