/* report.h: what server.info, stats.get and stats.prometheus say of the parts: counters by table, times of stages.
 *
 * Threads  LOOP, but stage_times may be added to from any thread.
 */
#ifndef DAEMON_REPORT_H
#define DAEMON_REPORT_H

#include "daemon/frame/frame.h"
#include "daemon/host/stats.h"
#include "daemon/rpc/server_methods.h"

struct stage_times {
    struct histogram stage[PX_STAGE_COUNT];
    struct histogram total; /* start of planning to publication */
};

/* report_frame: a frame was published. */
void report_frame(struct stage_times *times, const struct frame_info *info, uint64_t published_ns);

/* The bodies of struct server_hooks; daemon and times live as long as rpc does. */
uint32_t report_info(struct daemon *daemon, struct px_writer *writer);
uint32_t report_stats(struct daemon *daemon, const struct stage_times *times, struct px_writer *writer);
void report_metrics(struct daemon *daemon, const struct stage_times *times, struct metrics *metrics);

#endif
