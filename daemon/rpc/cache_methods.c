#include "daemon/cache/cache.h"
#include "daemon/rpc/daemon.h"
#include "daemon/rpc/methods.h"

#include <stddef.h>
#include <string.h>

static const struct {
    const char *name;
    size_t offset;
} figures[] = {
#define FIGURE(member)                                                                                                 \
    { #member, offsetof(struct cache_stats, member) }
    FIGURE(budget_bytes), FIGURE(used_bytes), FIGURE(entries),  FIGURE(hits),    FIGURE(misses), FIGURE(waits),
    FIGURE(fills),        FIGURE(admitted),   FIGURE(rejected), FIGURE(evicted), FIGURE(failed), FIGURE(lock_waits),
#undef FIGURE
};
enum { FIGURES = sizeof figures / sizeof figures[0] };

static void handle_stats(struct rpc_call *call, const void *params) {
    (void)params;
    struct cache_stats stats;
    cache_stats(rpc_daemon(call)->cache, &stats);
    struct px_writer *writer = rpc_reply_begin(call);
    px_write_map(writer, FIGURES);
    for (size_t i = 0; i < FIGURES; i++) {
        uint64_t value;
        memcpy(&value, (const char *)&stats + figures[i].offset, sizeof value);
        px_key(writer, figures[i].name);
        px_write_uint(writer, value);
    }
    rpc_reply_send(call);
}

static void handle_clear(struct rpc_call *call, const void *params) {
    (void)params;
    cache_clear(rpc_daemon(call)->cache);
    rpc_reply_empty(call);
}

static const struct rpc_method methods[] = {
    {.name = "cache.stats",
     .role = RPC_ROLE_VIEW,
     .idempotent = true,
     .help = "What the cache of geometries holds and did.",
     .result = "{budget_bytes, used_bytes, entries, hits, misses, waits, fills, admitted, rejected, evicted, failed, "
               "lock_waits}",
     .handle = handle_stats},
    {.name = "cache.clear",
     .role = RPC_ROLE_CONTROL,
     .idempotent = true,
     .help = "Empties the cache of geometries.",
     .result = "{}",
     .handle = handle_clear},
};
const struct rpc_method_table cache_method_table = METHOD_TABLE(methods);
