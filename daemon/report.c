#include "daemon/report.h"

#include "daemon/cache/cache.h"
#include "daemon/frame/announce.h"
#include "daemon/frame/arena_server.h"
#include "daemon/frame/board.h"
#include "daemon/host/config.h"
#include "daemon/rpc/daemon.h"
#include "daemon/slab/slab.h"
#include "daemon/workers/pool.h"

#include <stdio.h>

/* Every number of a part, once: in stats.get as section.name, in Prometheus as pxd_section_name. */
struct number {
    const char *name;
    size_t offset;
    const char *help;
    bool grows; /* a counter; else a gauge */
};
struct section {
    const char *name;
    const struct number *numbers;
    size_t count;
    void (*read)(struct daemon *daemon, void *stats);
};

#define COUNTER(strct, member, words) {#member, offsetof(struct strct, member), words, true}
#define GAUGE(strct, member, words)   {#member, offsetof(struct strct, member), words, false}
#define SECTION(title, table, reader) {title, table, sizeof(table) / sizeof(table)[0], reader}

static const struct number slab_numbers[] = {
    GAUGE(slab_stats, budget_bytes, "Most that all arenas may take."),
    GAUGE(slab_stats, arena_bytes, "Taken by arenas."),
    GAUGE(slab_stats, used_bytes, "In slabs that somebody references."),
    GAUGE(slab_stats, peak_bytes, "Most that was in slabs."),
    GAUGE(slab_stats, arenas, "Arenas."),
    GAUGE(slab_stats, slabs, "Slabs that somebody references."),
    COUNTER(slab_stats, reserves, "Slabs handed out."),
    COUNTER(slab_stats, recycled, "Slabs handed out of a block used before."),
    COUNTER(slab_stats, refused, "Slabs refused for want of budget."),
    COUNTER(slab_stats, lock_waits, "Locks waited for."),
};
static const struct number cache_numbers[] = {
    GAUGE(cache_stats, budget_bytes, "Most that the cache may hold."),
    GAUGE(cache_stats, used_bytes, "Held."),
    GAUGE(cache_stats, entries, "Geometries held."),
    COUNTER(cache_stats, hits, "Asked for and there."),
    COUNTER(cache_stats, misses, "Asked for and not there."),
    COUNTER(cache_stats, waits, "Asked for while somebody made it."),
    COUNTER(cache_stats, fills, "Made."),
    COUNTER(cache_stats, admitted, "Made and kept."),
    COUNTER(cache_stats, rejected, "Made and not kept: seen once."),
    COUNTER(cache_stats, evicted, "Dropped for room."),
    COUNTER(cache_stats, failed, "Could not be made."),
    COUNTER(cache_stats, lock_waits, "Locks waited for."),
};
static const struct number pool_numbers[] = {
    GAUGE(pool_stats, workers, "Worker threads."),
    COUNTER(pool_stats, jobs, "Jobs run."),
    COUNTER(pool_stats, refused, "Jobs refused: the queue was full."),
    GAUGE(pool_stats, queued, "Jobs waiting."),
    COUNTER(pool_stats, lock_waits, "Locks waited for."),
    COUNTER(pool_stats, busy_ns, "Time at work, ns."),
    COUNTER(pool_stats, scratch_grown, "Times scratch memory had to be got from the system."),
};
static const struct number board_numbers[] = {
    COUNTER(board_stats, published, "Frames published."),
    COUNTER(board_stats, retired, "Frames whose memory went back."),
    GAUGE(board_stats, leased_aside, "Frames out of the ring that a lease still holds."),
    COUNTER(board_stats, lease_revoked, "Leases taken back after the limit."),
    GAUGE(board_stats, clients, "Clients of arena.sock."),
    COUNTER(board_stats, wakeups, "Wake-ups of clients."),
};

static void read_slabs(struct daemon *daemon, void *stats) {
    slab_store_stats(daemon->store, stats);
}
static void read_cache(struct daemon *daemon, void *stats) {
    cache_stats(daemon->cache, stats);
}
static void read_pool(struct daemon *daemon, void *stats) {
    pool_stats(daemon->pool, stats);
}
static void read_board(struct daemon *daemon, void *stats) {
    board_stats(daemon->board, stats);
}

static const struct section sections[] = {
    SECTION("slabs", slab_numbers, read_slabs),
    SECTION("cache", cache_numbers, read_cache),
    SECTION("pool", pool_numbers, read_pool),
    SECTION("board", board_numbers, read_board),
};
enum { SECTIONS = sizeof sections / sizeof sections[0] };

/* Room for the stats of any section; all of them are uint64_t. */
union any_stats {
    struct slab_stats slabs;
    struct cache_stats cache;
    struct pool_stats pool;
    struct board_stats board;
    uint64_t words[1];
};

static uint64_t number_of(const union any_stats *stats, const struct number *number) {
    return stats->words[number->offset / sizeof(uint64_t)];
}

static const char *const stage_names[PX_STAGE_COUNT] = {
    [PX_STAGE_PLAN] = "plan",   [PX_STAGE_PREFIX] = "prefix",   [PX_STAGE_SUFFIX] = "suffix",
    [PX_STAGE_READY] = "ready", [PX_STAGE_PUBLISH] = "publish",
};

void report_frame(struct stage_times *times, const struct frame_info *info, uint64_t published_ns) {
    for (int stage = 0; stage < PX_STAGE_COUNT; stage++)
        histogram_add(&times->stage[stage], info->stage_ns[stage]);
    if (published_ns > info->planned_ns)
        histogram_add(&times->total, published_ns - info->planned_ns);
}

uint32_t report_info(struct daemon *daemon, struct px_writer *writer) {
    static const char *const modes[] = {[CONFIG_MODE_AUTO] = "threads", [CONFIG_MODE_THREADS] = "threads",
                                        [CONFIG_MODE_FORK] = "fork",    [CONFIG_MODE_MIXED] = "mixed"};
    px_key(writer, "mode");
    px_write_string(writer, modes[daemon->config->mode]);
    px_key(writer, "mode_why");
    px_write_string(writer, daemon->config->mode_why);
    px_key(writer, "workers");
    px_write_int(writer, daemon->config->workers);
    return 3;
}

static void write_summary(struct px_writer *writer, const char *name, const struct histogram *histogram) {
    struct histogram_summary summary = histogram_summarise(histogram);
    const struct {
        const char *name;
        double value;
    } parts[] = {{"mean_ms", summary.mean_ms}, {"p50_ms", summary.p50_ms}, {"p95_ms", summary.p95_ms},
                 {"p99_ms", summary.p99_ms},   {"max_ms", summary.max_ms}};
    px_key(writer, name);
    px_write_map(writer, 6);
    px_key(writer, "count");
    px_write_uint(writer, summary.count);
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        px_key(writer, parts[i].name);
        px_write_real(writer, parts[i].value);
    }
}

uint32_t report_stats(struct daemon *daemon, const struct stage_times *times, struct px_writer *writer) {
    for (size_t i = 0; i < SECTIONS; i++) {
        union any_stats stats = {0};
        sections[i].read(daemon, &stats);
        px_key(writer, sections[i].name);
        px_write_map(writer, (uint32_t)sections[i].count);
        for (size_t k = 0; k < sections[i].count; k++) {
            px_key(writer, sections[i].numbers[k].name);
            px_write_uint(writer, number_of(&stats, &sections[i].numbers[k]));
        }
    }
    px_key(writer, "announced_bytes");
    px_write_uint(writer, announce_bytes(daemon->announce));
    px_key(writer, "stages");
    px_write_map(writer, PX_STAGE_COUNT + 1);
    for (int stage = 0; stage < PX_STAGE_COUNT; stage++)
        write_summary(writer, stage_names[stage], &times->stage[stage]);
    write_summary(writer, "total", &times->total);
    return SECTIONS + 2;
}

void report_metrics(struct daemon *daemon, const struct stage_times *times, struct metrics *metrics) {
    char name[96];
    for (size_t i = 0; i < SECTIONS; i++) {
        union any_stats stats = {0};
        sections[i].read(daemon, &stats);
        for (size_t k = 0; k < sections[i].count; k++) {
            const struct number *number = &sections[i].numbers[k];
            double value = (double)number_of(&stats, number);
            snprintf(name, sizeof name, "pxd_%s_%s%s", sections[i].name, number->name, number->grows ? "_total" : "");
            if (number->grows)
                metrics_counter(metrics, name, "", number->help, value);
            else
                metrics_gauge(metrics, name, "", number->help, value);
        }
    }
    for (int stage = 0; stage <= PX_STAGE_COUNT; stage++) {
        bool total = stage == PX_STAGE_COUNT;
        struct histogram_summary summary = histogram_summarise(total ? &times->total : &times->stage[stage]);
        snprintf(name, sizeof name, "stage=\"%s\"", total ? "total" : stage_names[stage]);
        metrics_times(metrics, "pxd_stage", name, "Time of a frame in each stage.", &summary);
    }
}
