#include "daemon/frame/arena_client.h"
#include "proto/writer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { FDS_MAX = 64, BOARD_FDS = 3, HELLO_BYTES = 512, ARENAS_ROOM = 1024 };

/* ---- messages with descriptors -------------------------------------------------------------------------------- */

/* 1: sent; 0: the socket is full; negative: it is broken. */
static int send_with(int fd, const struct px_writer *message, const int *fds, size_t fd_count, struct px_error *error) {
    union {
        struct cmsghdr header;
        unsigned char bytes[CMSG_SPACE(sizeof(int) * FDS_MAX)];
    } control = {0};
    int code = px_writer_finish(message, error);
    if (code < 0)
        return code;
    struct iovec part = {.iov_base = message->bytes, .iov_len = message->size};
    struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1};
    if (fd_count > 0) {
        control.header = (struct cmsghdr){
            .cmsg_len = CMSG_LEN(fd_count * sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
        memcpy(CMSG_DATA(&control.header), fds, fd_count * sizeof(int));
        header.msg_control = &control;
        header.msg_controllen = CMSG_SPACE(fd_count * sizeof(int));
    }
    ssize_t sent = sendmsg(fd, &header, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent == (ssize_t)message->size)
        return 1;
    if (sent < 0 && (errno == EAGAIN || errno == EINTR))
        return 0;
    return px_fail(error, PX_E_IO, "arena.sock: sendmsg: %s", strerror(errno));
}

void arena_client_refuse(int fd, const struct px_error *error) {
    struct px_writer message;
    px_writer_init(&message, 0);
    px_write_error(&message, error);
    send_with(fd, &message, NULL, 0, NULL);
    px_writer_free(&message);
}

/* ---- which arenas --------------------------------------------------------------------------------------------- */

/* What one message says of arenas. */
struct news {
    struct arena_info added[FDS_MAX];
    size_t added_count;
    uint32_t retired[ARENAS_ROOM];
    size_t retired_count;
    bool more; /* did not fit */
};

static bool was_sent(const struct arena_client *client, uint32_t id) {
    for (size_t i = 0; i < client->sent_count; i++)
        if (client->sent[i] == id)
            return true;
    return false;
}

static bool lives(const struct arena_info *arenas, size_t count, uint32_t id) {
    for (size_t i = 0; i < count; i++)
        if (arenas[i].id == id)
            return true;
    return false;
}

/* Compares what there is with what was sent; at most `room` descriptors, which the news own. */
static void find_news(const struct arena_client *client, struct slab_store *store, size_t room, struct news *news) {
    struct arena_info arenas[ARENAS_ROOM];
    size_t count = slab_store_arenas(store, arenas, ARENAS_ROOM);
    *news = (struct news){0};
    for (size_t i = 0; i < count; i++) {
        bool wanted = arenas[i].fd >= 0 && !was_sent(client, arenas[i].id);
        if (wanted && news->added_count < room) {
            news->added[news->added_count++] = arenas[i];
            continue;
        }
        news->more = news->more || wanted;
        if (arenas[i].fd >= 0)
            close(arenas[i].fd);
    }
    for (size_t i = 0; i < client->sent_count; i++)
        if (!lives(arenas, count, client->sent[i]))
            news->retired[news->retired_count++] = client->sent[i];
}

static void close_news(struct news *news) {
    for (size_t i = 0; i < news->added_count; i++)
        close(news->added[i].fd);
}

static void write_added(struct px_writer *message, const struct news *news) {
    px_key(message, "arenas");
    px_write_array(message, (uint32_t)news->added_count);
    for (size_t i = 0; i < news->added_count; i++) {
        px_write_map(message, 2);
        px_key(message, "id");
        px_write_uint(message, news->added[i].id);
        px_key(message, "size");
        px_write_uint(message, news->added[i].size_bytes);
    }
}

static void write_retired(struct px_writer *message, const struct news *news) {
    px_key(message, "retired");
    px_write_array(message, (uint32_t)news->retired_count);
    for (size_t i = 0; i < news->retired_count; i++)
        px_write_uint(message, news->retired[i]);
}

static bool make_room(struct arena_client *client, size_t count) {
    if (count <= client->sent_room)
        return true;
    uint32_t *sent = realloc(client->sent, 2 * count * sizeof *sent);
    if (sent == NULL)
        return false;
    client->sent = sent;
    client->sent_room = 2 * count;
    return true;
}

static void forget(struct arena_client *client, uint32_t id) {
    for (size_t i = 0; i < client->sent_count; i++)
        if (client->sent[i] == id) {
            client->sent[i] = client->sent[--client->sent_count];
            return;
        }
}

static void note_sent(struct arena_client *client, const struct news *news) {
    for (size_t i = 0; i < news->retired_count; i++)
        forget(client, news->retired[i]);
    for (size_t i = 0; i < news->added_count; i++)
        client->sent[client->sent_count++] = news->added[i].id;
}

/* Sends the message with `fixed` descriptors before those of the arenas; returns as send_with. */
static int send_news(struct arena_client *client, const struct px_writer *message, const int *fixed,
                     size_t fixed_count, const struct news *news, uint64_t *bytes, struct px_error *error) {
    if (!make_room(client, client->sent_count + news->added_count))
        return px_fail(error, PX_E_NO_MEMORY, "no memory for a client's list of arenas");
    int fds[FDS_MAX];
    for (size_t i = 0; i < fixed_count; i++)
        fds[i] = fixed[i];
    for (size_t i = 0; i < news->added_count; i++)
        fds[fixed_count + i] = news->added[i].fd;
    int code = send_with(client->fd, message, fds, fixed_count + news->added_count, error);
    if (code == 1) {
        note_sent(client, news);
        *bytes += message->size;
    }
    return code;
}

/* One push; 1 when there may be more to say, 0 when not (or not now). */
static int push_once(struct arena_client *client, struct slab_store *store, uint64_t *bytes, struct px_error *error) {
    struct news news;
    find_news(client, store, FDS_MAX, &news);
    if (news.added_count == 0 && news.retired_count == 0)
        return 0;
    struct px_writer message;
    px_writer_init(&message, 0);
    px_write_map(&message, 2);
    write_added(&message, &news);
    write_retired(&message, &news);
    int code = send_news(client, &message, NULL, 0, &news, bytes, error);
    client->blocked = code == 0;
    px_writer_free(&message);
    close_news(&news);
    return code == 1 ? news.more : code;
}

int arena_client_push(struct arena_client *client, struct slab_store *store, uint64_t *bytes, struct px_error *error) {
    client->blocked = false;
    int code;
    do
        code = push_once(client, store, bytes, error);
    while (code == 1);
    return code;
}

/* ---- hello ---------------------------------------------------------------------------------------------------- */

static int check_hello(const void *bytes, size_t size, bool *follows, struct px_error *error) {
    const struct px_limits limits = {.bytes = HELLO_BYTES, .depth = 4, .nodes = 32};
    struct px_document document = {0};
    int code = px_value_decode(bytes, size, &limits, &document, error);
    if (code < 0)
        return code;
    const struct px_value *api = px_value_get(&document.root, "api");
    const struct px_value *role = px_value_get(&document.root, "role");
    if (api == NULL || role == NULL)
        code = px_fail(error, PX_E_PARAM, "a hello on arena.sock is {api: %d, role: \"view\" or \"control\"}",
                       ARENA_SERVER_API);
    else if (api->type != PX_UINT || api->uinteger != ARENA_SERVER_API)
        code = px_fail(error, PX_E_UNSUPPORTED, "hello.api: this daemon speaks level %d", ARENA_SERVER_API);
    else if (!px_value_is_string(role, "view") && !px_value_is_string(role, "control"))
        code = px_fail(error, PX_E_RANGE, "hello.role: \"view\" or \"control\" is accepted");
    else
        *follows = px_value_is_string(role, "view");
    px_document_free(&document);
    return code;
}

static int read_hello(int fd, bool *follows, struct px_error *error) {
    unsigned char bytes[HELLO_BYTES];
    ssize_t got = recv(fd, bytes, sizeof bytes, MSG_DONTWAIT | MSG_TRUNC);
    if (got <= 0)
        return px_fail(error, PX_E_IO, "hung up before its hello");
    if ((size_t)got > sizeof bytes)
        return px_fail(error, PX_E_LIMIT, "a hello has at most %d bytes", HELLO_BYTES);
    return check_hello(bytes, (size_t)got, follows, error);
}

static int answer_hello(struct arena_client *client, const struct arena_server_config *config, uint64_t *bytes,
                        struct px_error *error) {
    struct news news;
    find_news(client, config->store, FDS_MAX - BOARD_FDS, &news);
    struct px_writer message;
    px_writer_init(&message, 0);
    px_write_map(&message, 5);
    px_key(&message, "api");
    px_write_uint(&message, ARENA_SERVER_API);
    px_key(&message, "session");
    px_write_uint(&message, board_session(config->board));
    px_key(&message, "pid");
    px_write_uint(&message, (uint64_t)getpid());
    px_key(&message, "board");
    px_write_map(&message, 1);
    px_key(&message, "size");
    px_write_uint(&message, board_size(config->board));
    write_added(&message, &news);
    const int fixed[BOARD_FDS] = {board_fd(config->board), board_client_lease_fd(client->board),
                                  board_client_event_fd(client->board)};
    int code = send_news(client, &message, fixed, BOARD_FDS, &news, bytes, error);
    px_writer_free(&message);
    close_news(&news);
    if (code == 0)
        return px_fail(error, PX_E_IO, "arena.sock: the client takes no answer");
    return code == 1 && news.more ? arena_client_push(client, config->store, bytes, error) : code < 0 ? code : 0;
}

int arena_client_greet(struct arena_client *client, const struct arena_server_config *config, uint64_t *bytes,
                       struct px_error *error) {
    bool follows = false;
    struct px_error why = {0};
    int code = read_hello(client->fd, &follows, &why);
    if (code == 0)
        code = board_client_add(config->board, &client->board, &why);
    if (code == 0) {
        board_client_follow(client->board, follows);
        code = answer_hello(client, config, bytes, &why);
    }
    if (code < 0) {
        arena_client_refuse(client->fd, &why);
        return px_fail(error, code, "%s", why.message);
    }
    return 0;
}

/* ---- pins ----------------------------------------------------------------------------------------------------- */

int arena_client_pin(struct arena_client *client, struct slab *slab, struct px_error *error) {
    size_t bytes = slab_capacity(slab);
    if (client->pin_count == ARENA_SERVER_PINS_MAX || client->pin_bytes + bytes > ARENA_SERVER_PIN_BYTES)
        return px_fail(error, PX_E_LIMIT,
                       "a process may hold %d handles of %d MB together; release some with geometry.release",
                       ARENA_SERVER_PINS_MAX, ARENA_SERVER_PIN_BYTES >> 20);
    if (client->pin_count == client->pin_room) {
        size_t room = client->pin_room > 0 ? 2 * client->pin_room : 8;
        struct slab **pins = realloc(client->pins, room * sizeof(struct slab *));
        if (pins == NULL)
            return px_fail(error, PX_E_NO_MEMORY, "no memory for one more handle");
        client->pins = pins;
        client->pin_room = room;
    }
    client->pins[client->pin_count++] = slab_ref(slab);
    client->pin_bytes += bytes;
    return 0;
}

int arena_client_release(struct arena_client *client, struct px_handle handle, struct px_error *error) {
    for (size_t i = 0; i < client->pin_count; i++) {
        struct px_handle pinned = slab_handle(client->pins[i]);
        if (pinned.arena != handle.arena || pinned.offset != handle.offset || pinned.generation != handle.generation)
            continue;
        client->pin_bytes -= slab_capacity(client->pins[i]);
        slab_unref(client->pins[i]);
        client->pins[i] = client->pins[--client->pin_count];
        return 0;
    }
    return px_fail(error, PX_E_NOT_FOUND, "no such handle is held (arena %u, offset %llu, generation %llu)",
                   handle.arena, (unsigned long long)handle.offset, (unsigned long long)handle.generation);
}

/* ---- birth and death ------------------------------------------------------------------------------------------ */

int arena_client_create(int fd, struct arena_client **client, struct px_error *error) {
    struct arena_client *made = calloc(1, sizeof *made);
    if (made == NULL) {
        close(fd);
        return px_fail(error, PX_E_NO_MEMORY, "no memory for a client");
    }
    struct ucred peer = {0};
    socklen_t size = sizeof peer;
    getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size); /* on failure the pid is 0, which nobody has */
    made->fd = fd;
    made->pid = peer.pid;
    *client = made;
    return 0;
}

void arena_client_destroy(struct arena_client *client, struct board *board) {
    loop_unwatch(client->watch);
    if (client->board != NULL)
        board_client_remove(board, client->board);
    for (size_t i = 0; i < client->pin_count; i++)
        slab_unref(client->pins[i]);
    close(client->fd);
    free(client->pins);
    free(client->sent);
    free(client);
}
