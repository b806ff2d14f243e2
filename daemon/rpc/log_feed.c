#include "daemon/rpc/log_feed.h"

#include "daemon/host/loop.h"
#include "daemon/rpc/log_line.h"
#include "daemon/rpc/rpc.h"
#include "shared/ring.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>

enum { FEED_LINES = 128 }; /* a power of two */

struct log_feed {
    struct px_ring ring; /* LOG pushes, LOOP pops */
    struct loop_message message;
    _Atomic bool wanted;
    _Atomic bool posted; /* the message is on its way */
    struct loop *loop;   /* set before `wanted` */
    struct rpc *rpc;     /* LOOP; NULL: detached */
    struct log_line lines[FEED_LINES];
};

static void write_line(void *argument, struct px_writer *writer) {
    log_line_write(argument, writer);
}

/* LOOP. Taken back before the ring is emptied: what comes after is posted anew. */
static void on_posted(struct loop_message *message) {
    struct log_feed *feed = (struct log_feed *)(void *)((char *)message - offsetof(struct log_feed, message));
    /* acq_rel in both exchanges: one that finds `posted` set comes before this one, which then sees its line */
    atomic_exchange_explicit(&feed->posted, false, memory_order_acq_rel);
    struct log_line line;
    while (px_ring_pop(&feed->ring, &line))
        if (feed->rpc != NULL)
            rpc_notify(feed->rpc, RPC_TOPIC_LOG, write_line, &line);
}

int log_feed_create(struct log_feed **out, struct px_error *error) {
    struct log_feed *feed = aligned_alloc(64, (sizeof *feed + 63) / 64 * 64);
    if (feed == NULL)
        return px_fail(error, PX_E_NO_MEMORY, "no memory for the log's subscribers");
    *feed = (struct log_feed){.message = {.handle = on_posted}};
    px_ring_init(&feed->ring, feed->lines, sizeof feed->lines[0], FEED_LINES);
    *out = feed;
    return 0;
}

void log_feed_destroy(struct log_feed *feed) {
    free(feed);
}

void log_feed_sink(void *argument, const struct log_line *line) {
    struct log_feed *feed = argument;
    /* acquire: the loop was set before */
    if (!atomic_load_explicit(&feed->wanted, memory_order_acquire) || !px_ring_push(&feed->ring, line))
        return;
    if (!atomic_exchange_explicit(&feed->posted, true, memory_order_acq_rel)) /* see on_posted */
        loop_post(feed->loop, &feed->message);
}

void log_feed_attach(struct log_feed *feed, struct loop *loop, struct rpc *rpc) {
    if (rpc == NULL)
        log_feed_want(feed, false);
    else
        feed->loop = loop;
    feed->rpc = rpc;
}

void log_feed_want(struct log_feed *feed, bool wanted) {
    /* release: see log_feed_sink */
    atomic_store_explicit(&feed->wanted, wanted, memory_order_release);
}
