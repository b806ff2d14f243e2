/* requester.h: calls over nng's REQ: one request and its reply at a time, for daemons on another machine.
 *
 * nng never sends again by itself here: a request may be lost with its connection, and the deadline is ours.
 *
 * Threads  one at a time (nng has threads of its own).
 */
#ifndef CLIENT_LIB_REQUESTER_H
#define CLIENT_LIB_REQUESTER_H

#include "shared/error.h"

#include <stddef.h>
#include <stdint.h>

struct requester;

int requester_open(const char *url, struct requester **requester, struct px_error *error);
void requester_close(struct requester *requester); /* NULL is fine */

/* requester_call: gives the reply, borrowed until the next call. */
int requester_call(struct requester *requester, const void *bytes, size_t size, uint64_t deadline,
                   const uint8_t **reply, size_t *reply_size, struct px_error *error);

#endif
