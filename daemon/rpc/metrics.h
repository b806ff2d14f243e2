/* metrics.h: numbers as Prometheus text (exposition format 0.0.4), gathered when asked for.
 *
 *     metrics_counter(m, "pxd_rpc_requests_total", "", "Requests received.", n);
 *     metrics_times(m, "pxd_stage", "stage=\"plan\"", "Time in a stage.", &summary);
 *
 * HELP and TYPE are written when a name comes that differs from the one before: give all label sets of a name in a row.
 * Threads  the caller's; a failed allocation is told by metrics_finish.
 */
#ifndef RPC_METRICS_H
#define RPC_METRICS_H

#include "daemon/host/stats.h"
#include "shared/error.h"

#include <stdbool.h>
#include <stddef.h>

struct metrics {
    char *text;
    size_t size, room;
    bool failed;
    char last[80]; /* name whose HELP was written last */
};

void metrics_init(struct metrics *metrics);
void metrics_fini(struct metrics *metrics);
/* labels: "" or `name="value",...` without braces. */
void metrics_counter(struct metrics *metrics, const char *name, const char *labels, const char *help, double value);
void metrics_gauge(struct metrics *metrics, const char *name, const char *labels, const char *help, double value);
/* metrics_times: <name>_seconds with quantiles 0.5, 0.95, 0.99, sum and count. */
void metrics_times(struct metrics *metrics, const char *name, const char *labels, const char *help,
                   const struct histogram_summary *summary);
int metrics_finish(const struct metrics *metrics, struct px_error *error);

#endif
