/* stream.h: a Unix stream on which whole MessagePack objects come and go.
 *
 * Bytes are kept until an object is whole; the scanner goes on where it stopped, so a slow sender costs no more than a
 * quick one. While a send waits for room, what arrives is taken in, so that two full pipes do not wait for each other.
 *
 * Threads  one at a time.
 * Errors   PX_E_NOT_FOUND (nobody listens), PX_E_IO (the other side went), PX_E_PROTOCOL, PX_E_LIMIT, PX_E_TIMEOUT.
 *          After an error of a send or of the bytes the stream is broken and says so from then on.
 */
#ifndef CLIENT_LIB_STREAM_H
#define CLIENT_LIB_STREAM_H

#include "proto/value.h"

#include <stdint.h>

/* What one message of a daemon may be: a frame's geometry is large. */
#define STREAM_LIMITS ((struct px_limits){.bytes = 1u << 30, .depth = 28, .nodes = 16u << 20})

struct stream {
    int fd;
    bool broken;
    uint8_t *bytes;
    size_t start; /* of the message not yet given */
    size_t size;  /* bytes held, from 0 */
    size_t room;
    size_t given; /* size of the message given last; it goes at the next call */
    struct px_scanner scanner;
};

int stream_open(const char *path, struct stream *stream, struct px_error *error);
void stream_close(struct stream *stream); /* zeroed with fd -1 is fine */

int stream_send(struct stream *stream, const void *bytes, size_t size, uint64_t deadline, struct px_error *error);

/* stream_next: 1 and one whole object, borrowed until the next call; 0 when the deadline passed. */
int stream_next(struct stream *stream, uint64_t deadline, const uint8_t **message, size_t *size,
                struct px_error *error);

#endif
