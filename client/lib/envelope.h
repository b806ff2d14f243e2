/* envelope.h: one message of MessagePack-RPC taken apart without decoding what it carries.
 *
 *     response [1, id, error, result]      notification [2, method, params]
 *
 * Ownership  parts borrow from the message.
 */
#ifndef CLIENT_LIB_ENVELOPE_H
#define CLIENT_LIB_ENVELOPE_H

#include "proto/value.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ENVELOPE_RESPONSE = 1, ENVELOPE_NOTIFICATION = 2 };

struct envelope_part {
    const uint8_t *bytes;
    size_t size;
};

struct envelope {
    int type;
    bool has_id; /* false: nil, the daemon could not read what we sent */
    uint64_t id;
    struct envelope_part error;  /* response */
    struct envelope_part result; /* response */
    struct envelope_part method; /* notification: a string, encoded */
    struct envelope_part params; /* notification: a list */
};

/* envelope_read: the message is whole (it was scanned). PX_E_PROTOCOL when it is neither of the two. */
int envelope_read(const uint8_t *message, size_t size, struct envelope *envelope, struct px_error *error);

/* failure_read: the daemon's {code, name, message, data} as an error; returns its code. */
int failure_read(const struct px_value *failure, struct px_error *error);

/* envelope_failure: 0 when the response holds no error, else the daemon's code and sentence. */
int envelope_failure(const struct envelope *envelope, struct px_error *error);

#endif
