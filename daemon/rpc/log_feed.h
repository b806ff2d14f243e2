/* log_feed.h: lines of the log on their way from LOG to the subscribers of `log`.
 *
 *     LOG: log_feed_sink -> ring -> LOOP: rpc_notify
 *
 * Nobody subscribed: LOG does not even wake LOOP. Full: lines are dropped (they are in log.tail all the same).
 *
 * Threads  log_feed_sink: LOG. The rest: LOOP, or before and after it runs.
 * Lifetime created before log_start, destroyed after log_stop and after the loop.
 */
#ifndef RPC_LOG_FEED_H
#define RPC_LOG_FEED_H

#include "daemon/host/log.h"
#include "shared/error.h"

#include <stdbool.h>

struct log_feed;
struct loop;
struct rpc;

int log_feed_create(struct log_feed **feed, struct px_error *error);
void log_feed_destroy(struct log_feed *feed); /* NULL is fine */

/* log_feed_sink: for log_start, with the feed as its argument. */
void log_feed_sink(void *feed, const struct log_line *line);

/* What rpc.c does: attach at its opening, want as subscribers come and go, detach (NULL, NULL) at its end. */
void log_feed_attach(struct log_feed *feed, struct loop *loop, struct rpc *rpc);
void log_feed_want(struct log_feed *feed, bool wanted);

#endif
