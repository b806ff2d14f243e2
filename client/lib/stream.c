#include "client/lib/stream.h"

#include "client/lib/deadline.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { STREAM_READ_BYTES = 64 * 1024 };

int stream_open(const char *path, struct stream *stream, struct px_error *error) {
    *stream = (struct stream){.fd = -1};
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path)
        return px_fail(error, PX_E_RANGE, "%s: a socket's path has at most %zu bytes", path,
                       sizeof address.sun_path - 1);
    strcpy(address.sun_path, path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return px_fail(error, PX_E_IO, "socket: %s", strerror(errno));
    if (connect(fd, (const struct sockaddr *)&address, sizeof address) != 0) {
        int code = errno == EACCES ? PX_E_ACCESS : PX_E_NOT_FOUND;
        px_fail(error, code, "no daemon answers at %s: %s", path, strerror(errno));
        close(fd);
        return code;
    }
    stream->fd = fd;
    px_scanner_init(&stream->scanner);
    return 0;
}

void stream_close(struct stream *stream) {
    if (stream->fd >= 0)
        close(stream->fd);
    free(stream->bytes);
    *stream = (struct stream){.fd = -1};
}

/* Moves the message at `start` to the front and makes room for one read. */
static int stream_make_room(struct stream *stream, struct px_error *error) {
    if (stream->start > 0) {
        memmove(stream->bytes, stream->bytes + stream->start, stream->size - stream->start);
        stream->size -= stream->start;
        stream->start = 0;
    }
    if (stream->room - stream->size >= STREAM_READ_BYTES)
        return 0;
    size_t room = stream->room < STREAM_READ_BYTES ? (size_t)STREAM_READ_BYTES * 2 : stream->room * 2;
    uint8_t *bytes = realloc(stream->bytes, room);
    if (!bytes)
        return px_fail(error, PX_E_NO_MEMORY, "no memory for a message of %zu bytes", room);
    stream->bytes = bytes;
    stream->room = room;
    return 0;
}

/* Takes what has arrived without waiting. 1: something, 0: nothing now. */
static int stream_fill(struct stream *stream, struct px_error *error) {
    int code = stream_make_room(stream, error);
    if (code < 0)
        return code;
    ssize_t got = recv(stream->fd, stream->bytes + stream->size, stream->room - stream->size, MSG_DONTWAIT);
    if (got > 0) {
        stream->size += (size_t)got;
        return 1;
    }
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return 0;
    stream->broken = true;
    return px_fail(error, PX_E_IO, got == 0 ? "the daemon closed the connection" : "the connection broke: %s",
                   strerror(errno));
}

/* Waits for events or the deadline. 1: some, 0: out of time. */
static int stream_wait(const struct stream *stream, short events, uint64_t deadline, short *got,
                       struct px_error *error) {
    struct pollfd wait = {.fd = stream->fd, .events = events};
    int left = deadline_left_ms(deadline);
    int ready = poll(&wait, 1, left);
    if (ready < 0 && errno != EINTR)
        return px_fail(error, PX_E_IO, "poll: %s", strerror(errno));
    *got = ready > 0 ? wait.revents : 0;
    return ready != 0 || left != 0;
}

int stream_send(struct stream *stream, const void *bytes, size_t size, uint64_t deadline, struct px_error *error) {
    if (stream->broken)
        return px_fail(error, PX_E_IO, "the connection is broken");
    const uint8_t *at = bytes;
    while (size > 0) {
        ssize_t sent = send(stream->fd, at, size, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent >= 0) {
            at += sent;
            size -= (size_t)sent;
            continue;
        }
        if (errno != EAGAIN && errno != EINTR) {
            stream->broken = true;
            return px_fail(error, PX_E_IO, "the connection broke: %s", strerror(errno));
        }
        short got;
        int code = stream_wait(stream, POLLOUT | POLLIN, deadline, &got, error);
        if (code == 0)
            code = px_fail(error, PX_E_TIMEOUT, "the daemon did not take the request in time");
        if (code > 0 && (got & POLLIN))
            code = stream_fill(stream, error);
        if (code < 0) {
            stream->broken = true;
            return code;
        }
    }
    return 0;
}

int stream_next(struct stream *stream, uint64_t deadline, const uint8_t **message, size_t *size,
                struct px_error *error) {
    stream->start += stream->given;
    stream->given = 0;
    const struct px_limits limits = STREAM_LIMITS;
    while (!stream->broken) {
        size_t held = stream->size - stream->start;
        int whole = 0;
        if (held > 0)
            whole = px_scanner_feed(&stream->scanner, stream->bytes + stream->start, held, &limits, size, error);
        if (whole < 0) {
            stream->broken = true;
            return whole;
        }
        if (whole > 0) {
            *message = stream->bytes + stream->start;
            stream->given = *size;
            px_scanner_init(&stream->scanner);
            return 1;
        }
        int code = stream_fill(stream, error);
        if (code < 0)
            return code;
        if (code > 0)
            continue;
        short got;
        code = stream_wait(stream, POLLIN, deadline, &got, error);
        if (code <= 0)
            return code;
    }
    return px_fail(error, PX_E_IO, "the connection is broken");
}
