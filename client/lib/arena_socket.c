#include "client/lib/arena_socket.h"

#include "client/lib/envelope.h"
#include "proto/value.h"
#include "proto/writer.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* ---- hello ------------------------------------------------------------------------------------------------------- */

static int arena_socket_hello(int fd, struct px_error *error) {
    struct px_writer hello;
    px_writer_init(&hello, 0);
    px_write_map(&hello, 2);
    px_key(&hello, "api");
    px_write_int(&hello, ARENA_SOCKET_API);
    px_key(&hello, "role");
    px_write_string(&hello, "view");
    int code = px_writer_finish(&hello, error);
    if (code == 0 && send(fd, hello.bytes, hello.size, MSG_NOSIGNAL) < 0)
        code = px_fail(error, PX_E_IO, "arena.sock: %s", strerror(errno));
    px_writer_free(&hello);
    return code;
}

int arena_socket_open(const char *directory, int *fd, struct px_error *error) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int length = snprintf(address.sun_path, sizeof address.sun_path, "%s/arena.sock", directory);
    if (length < 0 || (size_t)length >= sizeof address.sun_path)
        return px_fail(error, PX_E_RANGE, "%s: too long for the path of a socket", directory);
    int made = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (made < 0)
        return px_fail(error, PX_E_IO, "socket: %s", strerror(errno));
    int code = 0;
    if (connect(made, (const struct sockaddr *)&address, sizeof address) != 0)
        code = px_fail(error, PX_E_NOT_FOUND, "%s: %s", address.sun_path, strerror(errno));
    if (code == 0)
        code = arena_socket_hello(made, error);
    if (code < 0) {
        close(made);
        return code;
    }
    *fd = made;
    return 0;
}

/* ---- messages ---------------------------------------------------------------------------------------------------- */

struct received {
    uint8_t bytes[ARENA_MESSAGE_BYTES];
    size_t size;
    int fds[ARENA_MESSAGE_FDS];
    size_t fd_count;
};

static void received_close(struct received *received, size_t from) {
    for (size_t i = from; i < received->fd_count; i++)
        close(received->fds[i]);
    received->fd_count = 0;
}

static void take_descriptors(struct msghdr *header, struct received *received) {
    for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c; c = CMSG_NXTHDR(header, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
            continue;
        size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < count; i++) {
            int fd;
            memcpy(&fd, CMSG_DATA(c) + i * sizeof fd, sizeof fd);
            if (received->fd_count < ARENA_MESSAGE_FDS)
                received->fds[received->fd_count++] = fd;
            else
                close(fd);
        }
    }
}

static int receive(int fd, struct received *received, struct px_error *error) {
    union {
        struct cmsghdr header;
        uint8_t bytes[CMSG_SPACE(sizeof(int) * ARENA_MESSAGE_FDS)];
    } control;
    struct iovec part = {.iov_base = received->bytes, .iov_len = sizeof received->bytes};
    struct msghdr header = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    ssize_t got = recvmsg(fd, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    received->fd_count = 0;
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return 0;
    if (got <= 0)
        return px_fail(error, PX_E_IO, "the daemon went away%s%s", got < 0 ? ": " : "", got < 0 ? strerror(errno) : "");
    take_descriptors(&header, received);
    received->size = (size_t)got;
    if (header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) {
        received_close(received, 0);
        return px_fail(error, PX_E_PROTOCOL, "a message on arena.sock is too long, or descriptors are used up");
    }
    return 1;
}

static bool value_uint(const struct px_value *value, uint64_t *number) {
    if (!value || value->type != PX_UINT)
        return false;
    *number = value->uinteger;
    return true;
}

static bool read_offers(const struct px_value *list, struct arena_message *message) {
    if (!list || list->type != PX_ARRAY || list->count > ARENA_MESSAGE_FDS)
        return false;
    for (uint32_t i = 0; i < list->count; i++) {
        uint64_t id, size;
        if (!value_uint(px_value_get(&list->items[i], "id"), &id) || id == 0 || id > UINT32_MAX ||
            !value_uint(px_value_get(&list->items[i], "size"), &size))
            return false;
        message->arenas[i] = (struct arena_offer){.id = (uint32_t)id, .size = size, .fd = -1};
    }
    message->arena_count = list->count;
    return true;
}

/* Absent: none. */
static bool read_retired(const struct px_value *list, struct arena_message *message) {
    if (!list)
        return true;
    if (list->type != PX_ARRAY || list->count > ARENA_RETIRED_MAX)
        return false;
    for (uint32_t i = 0; i < list->count; i++) {
        uint64_t id;
        if (!value_uint(&list->items[i], &id) || id > UINT32_MAX)
            return false;
        message->retired[i] = (uint32_t)id;
    }
    message->retired_count = list->count;
    return true;
}

/* What the map says, then its descriptors in their order: board, lease page, eventfd, arenas. */
static bool read_message(const struct px_value *map, const struct received *received, struct arena_message *message) {
    message->first = px_value_get(map, "session") != NULL;
    if (message->first && (!value_uint(px_value_get(map, "session"), &message->session) ||
                           !value_uint(px_value_get(px_value_get(map, "board"), "size"), &message->board_size)))
        return false;
    if (!read_offers(px_value_get(map, "arenas"), message) || !read_retired(px_value_get(map, "retired"), message))
        return false;
    size_t next = 0;
    if (received->fd_count != message->arena_count + (message->first ? 3 : 0))
        return false;
    if (message->first) {
        message->board_fd = received->fds[next++];
        message->lease_fd = received->fds[next++];
        message->event_fd = received->fds[next++];
    }
    for (size_t i = 0; i < message->arena_count; i++)
        message->arenas[i].fd = received->fds[next++];
    return true;
}

int arena_socket_receive(int fd, struct arena_message *message, struct px_error *error) {
    *message = (struct arena_message){.board_fd = -1, .lease_fd = -1, .event_fd = -1};
    struct received received;
    int code = receive(fd, &received, error);
    if (code <= 0)
        return code;
    message->bytes = received.size;
    struct px_document document = {0};
    code = px_value_decode(received.bytes, received.size, &PX_LIMITS_DEFAULT, &document, error);
    if (code == 0 && px_value_get(&document.root, "code"))
        code = failure_read(&document.root, error);
    else if (code == 0 && !read_message(&document.root, &received, message))
        code = px_fail(error, PX_E_PROTOCOL, "a message on arena.sock is not what version %d has", ARENA_SOCKET_API);
    px_document_free(&document);
    if (code < 0) {
        *message = (struct arena_message){.board_fd = -1, .lease_fd = -1, .event_fd = -1};
        received_close(&received, 0);
        return code;
    }
    return 1;
}

static void close_once(int *fd) {
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

void arena_message_close(struct arena_message *message) {
    close_once(&message->board_fd);
    close_once(&message->lease_fd);
    close_once(&message->event_fd);
    for (size_t i = 0; i < message->arena_count; i++)
        close_once(&message->arenas[i].fd);
}
