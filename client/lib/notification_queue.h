/* notification_queue.h: notifications that arrived while a call waited for its reply: bounded, the oldest dropped.
 */
#ifndef CLIENT_LIB_NOTIFICATION_QUEUE_H
#define CLIENT_LIB_NOTIFICATION_QUEUE_H

#include "client/lib/envelope.h"
#include "px/px.h"

enum { NOTIFICATION_QUEUE_MAX = 256, NOTIFICATION_QUEUE_BYTES_MAX = 8 << 20 };

struct notification_queue {
    struct px_reply items[NOTIFICATION_QUEUE_MAX];
    size_t first, count, bytes;
    uint64_t dropped;
};

/* notification_encode: [method, params] in memory of its own, for px_reply_free. */
int notification_encode(const struct envelope *envelope, struct px_reply *notification, struct px_error *error);

void notification_queue_push(struct notification_queue *queue, struct px_reply notification); /* takes it */
bool notification_queue_pop(struct notification_queue *queue, struct px_reply *notification); /* gives it */
void notification_queue_free(struct notification_queue *queue);

#endif
