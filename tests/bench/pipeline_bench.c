/* pipeline_bench.c: the daemon's loop, pool, cache and pipeline without its sockets; one JSON line.
 *
 *     pipeline_bench PLANS WORKERS IN_FLIGHT
 *
 * PLANS holds the frames of a scene, all different, or the cache would answer: of each 4 bytes of length, little
 * endian, and a plan in MessagePack. They are evaluated in order with one history, IN_FLIGHT at a time; the first third
 * warms up, the rest is measured. What one worker allocates and faults in steady state is counted: by the program's own
 * malloc, that glibc's then serves, and by getrusage on the worker.
 */
#include "daemon/pipeline/evaluation.h"
#include "daemon/plan/resource.h"
#include "shared/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

enum { FRAMES_MAX = 4096, IN_FLIGHT_MAX = 8 };

/* ---- counting malloc ----------------------------------------------------------------------------------------------
 */

static _Thread_local uint64_t allocations;

#ifndef PX_SANITIZED
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *block, size_t size);

__attribute__((visibility("default"))) void *malloc(size_t size) {
    allocations++;
    return __libc_malloc(size);
}

__attribute__((visibility("default"))) void *calloc(size_t count, size_t size) {
    allocations++;
    return __libc_calloc(count, size);
}

__attribute__((visibility("default"))) void *realloc(void *block, size_t size) {
    allocations++;
    return __libc_realloc(block, size);
}
#endif

/* ---- frames -------------------------------------------------------------------------------------------------------
 */

struct frames {
    size_t count;
    struct {
        const uint8_t *bytes;
        size_t size;
    } plan[FRAMES_MAX];
};

static struct frames frames_read(const char *path) {
    struct frames frames = {0};
    FILE *file = fopen(path, "rb");
    uint8_t head[4];
    while (file != NULL && frames.count < FRAMES_MAX && fread(head, 1, 4, file) == 4) {
        size_t size = head[0] | (size_t)head[1] << 8 | (size_t)head[2] << 16 | (size_t)head[3] << 24;
        uint8_t *bytes = malloc(size);
        if (bytes == NULL || fread(bytes, 1, size, file) != size)
            exit(1);
        frames.plan[frames.count].bytes = bytes;
        frames.plan[frames.count++].size = size;
    }
    if (file != NULL)
        fclose(file);
    return frames;
}

/* ---- the parts of a daemon ----------------------------------------------------------------------------------------
 */

struct bench {
    struct loop *loop;
    struct pool *pool;
    struct slab_store *store;
    struct cache *cache;
    struct resources *resources;
    struct pipeline *pipeline;
    struct history *history;
    const struct frames *frames;
    size_t started, ended, last, in_flight; /* frames */
    uint64_t *wall_ns;                      /* of each frame */
    uint64_t vertices;
};

static void check(int code, const struct px_error *error) {
    if (code >= 0)
        return;
    fprintf(stderr, "pipeline_bench: %s\n", error->message);
    exit(1);
}

static void bench_open(struct bench *bench, int workers) {
    struct px_error error = {0};
    struct slab_store_config store = {
        .first_arena_bytes = 256u << 20, .arena_bytes = 256u << 20, .budget_bytes = 1024u << 20};
    check(loop_create(&bench->loop, &error), &error);
    check(pool_create(workers, 256, 1024u << 20, &bench->pool, &error), &error);
    check(slab_store_create(&store, &bench->store, &error), &error);
    check(cache_create(512u << 20, 65536, &bench->cache, &error), &error);
    check(resources_create(&bench->resources, &error), &error);
    struct pipeline_config config = {.loop = bench->loop,
                                     .pool = bench->pool,
                                     .store = bench->store,
                                     .cache = bench->cache,
                                     .resources = bench->resources,
                                     .vertices_max = (size_t)1 << 24,
                                     .evaluations_max = IN_FLIGHT_MAX};
    check(pipeline_create(&config, &bench->pipeline, &error), &error);
    bench->history = history_create();
}

static void bench_close(struct bench *bench) {
    pool_stop(bench->pool);
    pipeline_destroy(bench->pipeline);
    pool_destroy(bench->pool);
    cache_destroy(bench->cache);
    history_unref(bench->history);
    slab_store_destroy(bench->store);
    resources_destroy(bench->resources);
    loop_destroy(bench->loop);
}

/* ---- running ------------------------------------------------------------------------------------------------------
 */

static void start_next(struct bench *bench);

static void frame_done(void *owner, struct evaluation *evaluation) {
    struct bench *bench = owner;
    if (evaluation_error(evaluation) != NULL)
        check(evaluation_error(evaluation)->code, evaluation_error(evaluation));
    struct evaluation_timings timings = evaluation_timings(evaluation);
    bench->vertices = timings.vertices;
    bench->wall_ns[bench->ended++] = timings.wall_ns;
    evaluation_destroy(evaluation);
    if (bench->started < bench->last)
        start_next(bench);
    else if (bench->ended == bench->last)
        loop_stop(bench->loop);
}

static void start_next(struct bench *bench) {
    size_t at = bench->started++;
    struct evaluation_request request = {.bytes = malloc(bench->frames->plan[at].size),
                                         .size = bench->frames->plan[at].size,
                                         .path = "plan",
                                         .history = bench->history,
                                         .priority = POOL_FRAME,
                                         .done = frame_done,
                                         .owner = bench};
    memcpy(request.bytes, bench->frames->plan[at].bytes, request.size);
    struct evaluation *evaluation;
    struct px_error error = {0};
    check(evaluation_start(bench->pipeline, &request, &evaluation, &error), &error);
}

/* Those up to, not including, `last`; how long it took. */
static uint64_t run_frames(struct bench *bench, size_t last) {
    bench->last = last;
    uint64_t began_ns = px_clock_ns();
    for (size_t i = 0; i < bench->in_flight && bench->started < last; i++)
        start_next(bench);
    loop_run(bench->loop);
    return px_clock_ns() - began_ns;
}

/* ---- what a worker counted: asked by a job on it ------------------------------------------------------------------
 */

struct count_job {
    struct pool_job job;
    struct bench *bench;
    struct loop_message message;
    uint64_t allocations, faults;
};

static void counted(struct loop_message *message) {
    struct count_job *job = (struct count_job *)((char *)message - offsetof(struct count_job, message));
    loop_stop(job->bench->loop);
}

static void count(struct pool_job *pool_job, struct worker *worker) {
    (void)worker;
    struct count_job *job = (struct count_job *)(void *)pool_job;
    struct rusage usage;
    getrusage(RUSAGE_THREAD, &usage);
    job->allocations = allocations;
    job->faults = (uint64_t)usage.ru_minflt;
    loop_post(job->bench->loop, &job->message);
}

static struct count_job ask_worker(struct bench *bench) {
    struct count_job job = {.job = {.run = count}, .bench = bench, .message = {.handle = counted}};
    check(pool_submit(bench->pool, POOL_FRAME, &job.job), NULL);
    loop_run(bench->loop);
    return job;
}

/* ---- figures ------------------------------------------------------------------------------------------------------
 */

static int by_value(const void *a, const void *b) {
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static uint64_t lock_waits(struct bench *bench) {
    struct pool_stats pool;
    struct cache_stats cache;
    struct slab_stats slabs;
    pool_stats(bench->pool, &pool);
    cache_stats(bench->cache, &cache);
    slab_store_stats(bench->store, &slabs);
    return pool.lock_waits + cache.lock_waits + slabs.lock_waits;
}

static double cpu_ns(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return ((double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e6 +
            (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec)) *
           1e3;
}

static void measure(struct bench *bench, int workers) {
    const size_t warm = bench->frames->count / 3, total = bench->frames->count - warm;
    run_frames(bench, warm);
    const struct count_job before = ask_worker(bench);
    const uint64_t waits = lock_waits(bench);
    const double cpu = cpu_ns();
    const uint64_t took_ns = run_frames(bench, bench->frames->count);
    const double used = cpu_ns() - cpu;
    const uint64_t waited = lock_waits(bench) - waits;
    const struct count_job after = ask_worker(bench);
    uint64_t *wall_ns = bench->wall_ns + warm;
    qsort(wall_ns, total, sizeof *wall_ns, by_value);
    printf("{\"workers\": %d, \"in_flight\": %zu, \"frames\": %zu, \"vertices\": %llu, \"frames_per_s\": %.1f, "
           "\"p50_ms\": %.4f, \"p95_ms\": %.4f, \"cpu_ms_a_frame\": %.4f, \"lock_waits\": %llu",
           workers, bench->in_flight, total, (unsigned long long)bench->vertices, (double)total / (double)took_ns * 1e9,
           (double)wall_ns[total / 2] / 1e6, (double)wall_ns[total * 95 / 100] / 1e6, used / (double)total / 1e6,
           (unsigned long long)waited);
    if (workers == 1) /* with more, the two counts may come from different ones */
        printf(", \"allocations\": %llu, \"page_faults\": %llu",
               (unsigned long long)(after.allocations - before.allocations),
               (unsigned long long)(after.faults - before.faults));
    printf("}\n");
}

int main(int argc, char **argv) {
    if (argc != 4) {
        fprintf(stderr, "usage: pipeline_bench PLANS WORKERS IN_FLIGHT\n");
        return 2;
    }
    static struct frames frames;
    static struct bench bench;
    frames = frames_read(argv[1]);
    const int workers = atoi(argv[2]);
    bench.frames = &frames;
    bench.in_flight = strtoul(argv[3], NULL, 10);
    if (frames.count < 3 || workers < 1 || bench.in_flight < 1 || bench.in_flight > IN_FLIGHT_MAX)
        return 2;
    bench.wall_ns = calloc(frames.count, sizeof *bench.wall_ns);
    bench_open(&bench, workers);
    measure(&bench, workers);
    bench_close(&bench);
    free(bench.wall_ns);
    for (size_t i = 0; i < frames.count; i++)
        free((void *)(uintptr_t)frames.plan[i].bytes);
    return 0;
}
