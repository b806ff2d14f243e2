#include "daemon/rpc/server_methods.h"

#include "daemon/host/config.h"
#include "daemon/host/log.h"
#include "daemon/kernel/kernel.h"
#include "daemon/rpc/daemon.h"
#include "daemon/rpc/describe.h"
#include "daemon/rpc/session.h"
#include "shared/clock.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct server_hooks no_hooks;

static const struct server_hooks *hooks_of(struct rpc_call *call) {
    const struct server_hooks *hooks = rpc_config_of(rpc_of_call(call))->hooks;
    return hooks != NULL ? hooks : &no_hooks;
}

/* ---- server.info ---- */

static void write_pair_uint(struct px_writer *writer, const char *key, uint64_t value) {
    px_key(writer, key);
    px_write_uint(writer, value);
}

static void write_pair_string(struct px_writer *writer, const char *key, const char *value) {
    px_key(writer, key);
    px_write_string(writer, value);
}

static void write_limits(const struct rpc_config *rpc, const struct config *config, struct px_writer *writer) {
    px_write_map(writer, config != NULL ? 12 : 6);
    write_pair_uint(writer, "message_max_bytes", rpc->message_max_bytes);
    write_pair_uint(writer, "queue_max_bytes", rpc->queue_max_bytes);
    write_pair_uint(writer, "connections_max", rpc->connections_max);
    write_pair_uint(writer, "requests_max", rpc->requests_max);
    write_pair_uint(writer, "depth_max", PX_LIMITS_DEFAULT.depth);
    write_pair_uint(writer, "values_max", PX_LIMITS_DEFAULT.nodes);
    if (config == NULL)
        return;
    write_pair_uint(writer, "vertices_max", config->vertices_max);
    write_pair_uint(writer, "slab_budget_bytes", config->slab_budget_bytes);
    write_pair_uint(writer, "cache_budget_bytes", config->cache_budget_bytes);
    write_pair_uint(writer, "sketch_memory_bytes", config->sketch_memory_bytes);
    write_pair_uint(writer, "sketch_time_ms", (uint64_t)config->sketch_time_ms);
    write_pair_uint(writer, "frames_in_flight", (uint64_t)config->frames_in_flight);
}

static void write_further(const struct rpc_config *rpc, struct px_writer *writer) {
    px_write_array(writer, (uint32_t)rpc->listen_count);
    for (size_t i = 0; i < rpc->listen_count; i++) {
        px_write_map(writer, 2);
        write_pair_string(writer, "url", rpc->listen[i]);
        /* Without tokens whoever comes from elsewhere may only look. */
        write_pair_string(writer, "role", strncmp(rpc->listen[i], "ipc:", 4) == 0 ? "by uid" : "view");
    }
}

static void write_endpoints(const struct rpc_config *rpc, const struct config *config, struct px_writer *writer) {
    char path[256];
    px_write_map(writer, config != NULL ? 5 : 3);
    write_pair_string(writer, "rpc", rpc->stream_path != NULL ? rpc->stream_path : "");
    snprintf(path, sizeof path, "ipc://%s", rpc->nng_path != NULL ? rpc->nng_path : "");
    write_pair_string(writer, "rpc_nng", rpc->nng_path != NULL ? path : "");
    px_key(writer, "listen");
    write_further(rpc, writer);
    if (config == NULL)
        return;
    snprintf(path, sizeof path, "ipc://%s/frames.nng", config->runtime_dir);
    write_pair_string(writer, "frames", path);
    snprintf(path, sizeof path, "%s/arena.sock", config->runtime_dir);
    write_pair_string(writer, "arena", path);
}

static void write_clients(const struct rpc *rpc, struct px_writer *writer) {
    struct rpc_stats stats;
    rpc_stats(rpc, &stats);
    px_write_map(writer, 2);
    write_pair_uint(writer, "stream", stats.connections);
    write_pair_uint(writer, "nng", stats.nng_connections);
}

/* The pairs of server.info, of which there are INFO_PAIRS. */
enum { INFO_PAIRS = 10 };
static void write_info(struct rpc_call *call, struct px_writer *writer) {
    const struct daemon *daemon = rpc_daemon(call);
    const struct rpc_config *rpc = rpc_config_of(rpc_of_call(call));
    write_pair_string(writer, "version", PX_VERSION);
    write_pair_uint(writer, "api", SERVER_API);
    write_pair_uint(writer, "session", daemon->session);
    write_pair_uint(writer, "pid", (uint64_t)getpid());
    px_key(writer, "uptime");
    px_write_real(writer, (double)(px_clock_ns() - daemon->started_ns) / 1e9);
    write_pair_string(writer, "isa", kernel_isa());
    write_pair_string(writer, "role", rpc_role_name(rpc_call_role(call)));
    px_key(writer, "limits");
    write_limits(rpc, daemon->config, writer);
    px_key(writer, "endpoints");
    write_endpoints(rpc, daemon->config, writer);
    px_key(writer, "clients");
    write_clients(rpc_of_call(call), writer);
}

static void handle_info(struct rpc_call *call, const void *params) {
    (void)params;
    const struct server_hooks *hooks = hooks_of(call);
    struct px_writer more; /* the hook says afterwards how many pairs it wrote */
    px_writer_init(&more, 0);
    uint32_t pairs = hooks->info != NULL ? hooks->info(rpc_daemon(call), &more) : 0;
    struct px_error error;
    if (px_writer_finish(&more, &error) != 0) {
        px_writer_free(&more);
        rpc_fail(call, &error);
        return;
    }
    struct px_writer *writer = rpc_reply_begin(call);
    px_write_map(writer, INFO_PAIRS + pairs);
    write_info(call, writer);
    px_write_raw(writer, more.bytes, more.size);
    px_writer_free(&more);
    rpc_reply_send(call);
}

/* ---- the others ---- */

static void handle_describe(struct rpc_call *call, const void *params) {
    (void)params;
    struct px_writer *writer = rpc_reply_begin(call);
    describe_write(rpc_of_call(call), writer);
    rpc_reply_send(call);
}

static void handle_shutdown(struct rpc_call *call, const void *params) {
    (void)params;
    const struct server_hooks *hooks = hooks_of(call);
    struct daemon *daemon = rpc_daemon(call);
    log_info("rpc", "server.shutdown, asked for by process %d", rpc_call_peer_pid(call));
    rpc_reply_empty(call); /* first: the hook may end the connections */
    if (hooks->shutdown != NULL)
        hooks->shutdown(daemon);
}

static void handle_reload(struct rpc_call *call, const void *params) {
    (void)params;
    const struct server_hooks *hooks = hooks_of(call);
    struct px_error error;
    int code = hooks->reload != NULL ? hooks->reload(rpc_daemon(call), &error)
                                     : px_fail(&error, PX_E_UNSUPPORTED, "this daemon has nothing to read again");
    if (code != 0)
        rpc_fail(call, &error);
    else
        rpc_reply_empty(call);
}

static const struct rpc_method methods[] = {
    {.name = "server.info",
     .role = RPC_ROLE_VIEW,
     .idempotent = true,
     .handle = handle_info,
     .help = "What this daemon is: version, session, mode and why, workers, limits, endpoints.",
     .result = "{version, api, session, pid, uptime, isa, role, mode, mode_why, workers, limits, endpoints, clients}"},
    {.name = "server.describe",
     .role = RPC_ROLE_VIEW,
     .idempotent = true,
     .handle = handle_describe,
     .help = "Every method, kernel and field of a plan.",
     .result = "{api, methods, kernels, plan}"},
    {.name = "server.shutdown",
     .role = RPC_ROLE_CONTROL,
     .idempotent = true,
     .handle = handle_shutdown,
     .help = "Ends the daemon, after this answer.",
     .result = "{}"},
    {.name = "server.reload",
     .role = RPC_ROLE_CONTROL,
     .idempotent = true,
     .handle = handle_reload,
     .help = "Reads the configuration again.",
     .result = "{}"},
};
const struct rpc_method_table server_method_table = METHOD_TABLE(methods);
