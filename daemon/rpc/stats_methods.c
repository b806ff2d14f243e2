#include "daemon/host/log.h"
#include "daemon/host/loop.h"
#include "daemon/rpc/server_methods.h"
#include "daemon/rpc/session.h"

#include <stddef.h>
#include <string.h>

/* A counter of the dispatcher, for both forms. */
struct counter {
    const char *key;
    const char *metric;
    const char *help;
    size_t offset;
    bool gauge;
};
#define COUNTER(member, name, text, is_gauge)                                                                          \
    { .key = #member, .metric = name, .help = text, .offset = offsetof(struct rpc_stats, member), .gauge = is_gauge }
static const struct counter counters[] = {
    COUNTER(connections, "pxd_rpc_connections", "Stream connections open.", true),
    COUNTER(nng_connections, "pxd_rpc_nng_connections", "Connections over nng open.", true),
    COUNTER(nng_contexts, "pxd_rpc_nng_contexts", "Contexts of nng open.", true),
    COUNTER(accepted, "pxd_rpc_accepted_total", "Stream connections taken in.", false),
    COUNTER(refused, "pxd_rpc_refused_total", "Connections turned away at the limit.", false),
    COUNTER(overflowed, "pxd_rpc_overflowed_total", "Connections closed because their client does not read.", false),
    COUNTER(requests, "pxd_rpc_requests_total", "Requests received.", false),
    COUNTER(errors, "pxd_rpc_errors_total", "Requests answered by an error.", false),
    COUNTER(notifications, "pxd_rpc_notifications_total", "Notifications received.", false),
    COUNTER(notifications_dropped, "pxd_rpc_notifications_dropped_total",
            "Notifications not sent to a subscriber that does not read.", false),
    COUNTER(bytes_in, "pxd_rpc_received_bytes_total", "Bytes of messages received.", false),
    COUNTER(bytes_out, "pxd_rpc_sent_bytes_total", "Bytes of messages sent.", false),
};
enum { COUNTERS = sizeof counters / sizeof counters[0] };

static uint64_t counter_value(const struct counter *counter, const struct rpc_stats *stats) {
    uint64_t value;
    memcpy(&value, (const char *)stats + counter->offset, sizeof value);
    return value;
}

static void write_own(const struct rpc *rpc, struct px_writer *writer) {
    struct rpc_stats stats;
    rpc_stats(rpc, &stats);
    px_key(writer, "rpc");
    px_write_map(writer, COUNTERS);
    for (size_t i = 0; i < COUNTERS; i++) {
        px_key(writer, counters[i].key);
        px_write_uint(writer, counter_value(&counters[i], &stats));
    }
    struct log_stats log;
    log_stats(&log);
    px_key(writer, "log");
    px_write_map(writer, 2);
    px_key(writer, "written");
    px_write_uint(writer, log.written);
    px_key(writer, "dropped");
    px_write_uint(writer, log.dropped);
    px_key(writer, "loop");
    px_write_map(writer, 1);
    px_key(writer, "wakeups");
    px_write_uint(writer, loop_wakeups(rpc_config_of(rpc)->loop));
}

static void handle_get(struct rpc_call *call, const void *params) {
    (void)params;
    enum { OWN_SECTIONS = 3 };
    const struct rpc *rpc = rpc_of_call(call);
    const struct server_hooks *hooks = rpc_config_of(rpc)->hooks;
    struct px_writer more; /* the hook says afterwards how many sections it wrote */
    px_writer_init(&more, 0);
    uint32_t sections = hooks != NULL && hooks->stats != NULL ? hooks->stats(rpc_daemon(call), &more) : 0;
    struct px_error error;
    if (px_writer_finish(&more, &error) != 0) {
        px_writer_free(&more);
        rpc_fail(call, &error);
        return;
    }
    struct px_writer *writer = rpc_reply_begin(call);
    px_write_map(writer, OWN_SECTIONS + sections);
    write_own(rpc, writer);
    px_write_raw(writer, more.bytes, more.size);
    px_writer_free(&more);
    rpc_reply_send(call);
}

static void add_own(const struct rpc *rpc, struct metrics *metrics) {
    struct rpc_stats stats;
    rpc_stats(rpc, &stats);
    for (size_t i = 0; i < COUNTERS; i++) {
        double value = (double)counter_value(&counters[i], &stats);
        if (counters[i].gauge)
            metrics_gauge(metrics, counters[i].metric, "", counters[i].help, value);
        else
            metrics_counter(metrics, counters[i].metric, "", counters[i].help, value);
    }
    struct log_stats log;
    log_stats(&log);
    metrics_counter(metrics, "pxd_log_lines_total", "", "Lines logged.", (double)log.written);
    metrics_counter(metrics, "pxd_log_dropped_total", "", "Lines lost because a ring was full.", (double)log.dropped);
    metrics_counter(metrics, "pxd_loop_wakeups_total", "", "How often LOOP woke.",
                    (double)loop_wakeups(rpc_config_of(rpc)->loop));
}

static void handle_prometheus(struct rpc_call *call, const void *params) {
    (void)params;
    const struct rpc *rpc = rpc_of_call(call);
    const struct server_hooks *hooks = rpc_config_of(rpc)->hooks;
    struct metrics metrics;
    metrics_init(&metrics);
    add_own(rpc, &metrics);
    if (hooks != NULL && hooks->metrics != NULL)
        hooks->metrics(rpc_daemon(call), &metrics);
    struct px_error error;
    if (metrics_finish(&metrics, &error) != 0) {
        rpc_fail(call, &error);
    } else {
        px_write_text(rpc_reply_begin(call), metrics.text, metrics.size);
        rpc_reply_send(call);
    }
    metrics_fini(&metrics);
}

static const struct rpc_method methods[] = {
    {.name = "stats.get",
     .role = RPC_ROLE_VIEW,
     .idempotent = true,
     .handle = handle_get,
     .help = "Counters and times of every part.",
     .result = "{rpc, log, loop, ...}: a map a part"},
    {.name = "stats.prometheus",
     .role = RPC_ROLE_VIEW,
     .idempotent = true,
     .handle = handle_prometheus,
     .help = "The same numbers as Prometheus text (exposition format 0.0.4).",
     .result = "a string"},
};
const struct rpc_method_table stats_method_table = METHOD_TABLE(methods);
