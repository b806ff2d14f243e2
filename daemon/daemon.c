#include "daemon/daemon.h"

#include "daemon/cache/cache.h"
#include "daemon/export/job.h"
#include "daemon/frame/announce.h"
#include "daemon/frame/arena_server.h"
#include "daemon/host/config.h"
#include "daemon/host/log.h"
#include "daemon/host/runtime.h"
#include "daemon/host/service.h"
#include "daemon/plan/resource.h"
#include "daemon/report.h"
#include "daemon/rpc/daemon.h"
#include "daemon/rpc/rpc.h"
#include "daemon/rpc/log_feed.h"
#include "daemon/rpc/methods.h"
#include "daemon/rpc/server_methods.h"
#include "daemon/sketch/sketch.h"
#include "shared/clock.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <unistd.h>

enum {
    LATER_ARENA_BYTES = 128 << 20,
    FIRST_ARENA_BYTES = 32 << 20,
    CACHE_ENTRIES_MAX = 1 << 16,
    POOL_QUEUE_MAX = 4096,
    SCRATCH_MAX_BYTES = 1 << 30,
    EVALUATIONS_MAX = 256,
    HOUSEKEEPING_MS = 250,
    LAST_CLIENT_GRACE_MS = 1500,
    JOBS_RUNNING_MAX = 16,
    JOBS_KEPT_MAX = 256,
    JOBS_BYTES_MAX = 256 << 20,
};
static const uint64_t lease_limit_ns = 10ull * 1000 * 1000 * 1000;

/* Everything that daemon.c itself keeps beside the parts. */
struct root {
    struct daemon parts; /* first: handlers see it as struct daemon */
    struct runtime runtime;
    char stream_path[108], nng_path[108]; /* rpc borrows them */
    struct service *service;
    struct loop_watch *signal_watch;
    int signal_fd;
    struct loop_timer *housekeeping; /* runs while frames are published or one is set aside */
    bool housekeeping_runs, published; /* published: since it fired last */
    struct loop_timer *last_client; /* --end-with-last-client: grace after the last one went */
    struct pool_job prepare_job; /* slab_store_prepare, in the background */
    _Atomic bool prepare_queued;
    struct loop_message arenas_changed; /* ANY -> LOOP */
    _Atomic bool arenas_changed_queued;
    struct log_feed *log_feed;
    size_t rpc_clients, arena_clients;
    _Atomic size_t announce_subscribers; /* nng's threads -> LOOP */
    struct loop_message watchers_changed;
    _Atomic bool watchers_changed_queued;
    struct stage_times times;
    bool had_client;
    struct px_error load_error; /* of a file of the command line; code 0: none */
    bool running, stopping, sketches_gone;
};

const char *daemon_version(void) {
    return PX_VERSION;
}

/* ---- somebody watches, or nobody -------------------------------------------------------------------------------- */

static void housekeeping_start(struct root *root) {
    if (root->housekeeping_runs || root->stopping)
        return;
    root->housekeeping_runs = true;
    loop_timer_start(root->housekeeping, px_clock_ns() + HOUSEKEEPING_MS * 1000000ull);
}

static void prepare_run(struct pool_job *job, struct worker *worker) {
    struct root *root = (struct root *)(void *)((char *)job - offsetof(struct root, prepare_job));
    (void)worker;
    struct px_error error;
    if (slab_store_prepare(root->parts.store, &error) < 0)
        log_warning("slab", "the next arena could not be prepared: %s", error.message);
    atomic_store_explicit(&root->prepare_queued, false, memory_order_release); /* the job may be queued again */
}

static void prepare_arena(struct root *root) {
    /* acquire: pairs with the release at the end of the job: its memory is ours again */
    if (atomic_exchange_explicit(&root->prepare_queued, true, memory_order_acquire))
        return;
    if (pool_submit(root->parts.pool, POOL_BACKGROUND, &root->prepare_job) < 0)
        atomic_store_explicit(&root->prepare_queued, false, memory_order_release);
}

static bool somebody_watches(const struct root *root) {
    return board_watchers(root->parts.board) > 0 ||
           atomic_load_explicit(&root->announce_subscribers, memory_order_relaxed) > 0 ||
           (root->parts.rpc != NULL && rpc_subscribers(root->parts.rpc, RPC_TOPIC_FRAME) > 0);
}

static void watchers_look(struct root *root) {
    if (root->stopping || root->parts.sketches == NULL)
        return;
    sketches_watch(root->parts.sketches, somebody_watches(root));
    size_t clients = root->rpc_clients + root->arena_clients;
    root->had_client |= clients > 0;
    if (root->parts.config->end_with_last_client && root->had_client && clients == 0)
        loop_timer_start(root->last_client, px_clock_ns() + LAST_CLIENT_GRACE_MS * 1000000ull);
}

/* The last client went a while ago, and none came since: not a `pxctl ls` between two others. */
static void last_client_fired(void *argument) {
    struct root *root = argument;
    if (root->rpc_clients + root->arena_clients > 0)
        return;
    log_info("daemon", "the last client went: ending, as --end-with-last-client says");
    loop_stop(root->parts.loop);
}

static void housekeeping_fired(void *argument) {
    struct root *root = argument;
    bool published = root->published;
    root->housekeeping_runs = false;
    root->published = false;
    bool aside = board_sweep(root->parts.board, px_clock_ns());
    if (slab_store_due(root->parts.store))
        prepare_arena(root);
    if (aside || published)
        housekeeping_start(root);
}

static void watchers_changed_handle(struct loop_message *message) {
    struct root *root = (struct root *)(void *)((char *)message - offsetof(struct root, watchers_changed));
    atomic_store_explicit(&root->watchers_changed_queued, false, memory_order_release); /* may be posted again */
    watchers_look(root);
}

static void rpc_clients_changed(void *argument, size_t connections) {
    struct root *root = argument;
    root->rpc_clients = connections;
    watchers_look(root);
}

static void arena_clients_changed(void *argument, size_t count) {
    struct root *root = argument;
    root->arena_clients = count;
    watchers_look(root);
}

/* nng's threads. */
static void announce_subscribers_changed(void *argument, size_t count) {
    struct root *root = argument;
    atomic_store_explicit(&root->announce_subscribers, count, memory_order_relaxed);
    if (!atomic_exchange_explicit(&root->watchers_changed_queued, true, memory_order_acq_rel))
        loop_post(root->parts.loop, &root->watchers_changed);
}

/* ---- arenas ------------------------------------------------------------------------------------------------------ */

static bool slab_pressure(void *argument, size_t wanted_bytes) {
    struct root *root = argument;
    return root->parts.cache != NULL && cache_evict(root->parts.cache, wanted_bytes);
}

static void arenas_changed_handle(struct loop_message *message) {
    struct root *root = (struct root *)(void *)((char *)message - offsetof(struct root, arenas_changed));
    atomic_store_explicit(&root->arenas_changed_queued, false, memory_order_release); /* may be posted again */
    if (root->parts.arena_server != NULL)
        arena_server_arenas_changed(root->parts.arena_server);
}

/* Any thread. */
static void slab_arenas_changed(void *argument) {
    struct root *root = argument;
    if (root->parts.loop != NULL && !atomic_exchange_explicit(&root->arenas_changed_queued, true, memory_order_acq_rel))
        loop_post(root->parts.loop, &root->arenas_changed);
}

/* ---- what subscribers hear --------------------------------------------------------------------------------------- */

struct sketch_news {
    enum sketch_event event;
    const char *name;
    const struct px_error *error;
};

static void write_sketch_news(void *argument, struct px_writer *writer) {
    static const char *const events[] = {
        [SKETCH_LOADED] = "loaded",       [SKETCH_REMOVED] = "removed", [SKETCH_FOCUSED] = "focused",
        [SKETCH_RECOVERED] = "recovered", [SKETCH_FAILED] = "failed",
    };
    const struct sketch_news *news = argument;
    px_write_map(writer, news->error == NULL ? 2 : 3);
    px_key(writer, "sketch");
    px_write_string(writer, news->name);
    px_key(writer, "event");
    px_write_string(writer, events[news->event]);
    if (news->error != NULL) {
        px_key(writer, "error");
        px_write_error(writer, news->error);
    }
}

static void sketch_happened(void *argument, enum sketch_event event, const char *name, const struct px_error *error) {
    struct root *root = argument;
    if (root->parts.rpc == NULL)
        return;
    struct sketch_news news = {event, name, error};
    rpc_notify(root->parts.rpc, event == SKETCH_FAILED ? RPC_TOPIC_ERROR : RPC_TOPIC_SKETCH, write_sketch_news, &news);
}

/* While it ends: LOOP runs until nothing is under way any more. */
static void stopped_look(struct root *root) {
    if (root->stopping && root->sketches_gone && jobs_running(root->parts.jobs) == 0)
        loop_stop(root->parts.loop);
}

static void write_job_news(void *argument, struct px_writer *writer) {
    job_write(argument, writer);
}

static void job_changed(void *argument, const struct job *job) {
    struct root *root = argument;
    if (root->parts.rpc != NULL)
        rpc_notify(root->parts.rpc, RPC_TOPIC_JOB, write_job_news, (void *)(uintptr_t)job);
    stopped_look(root);
}

struct frame_news {
    const struct frame *frame;
    uint64_t session;
};

static void write_frame_news(void *argument, struct px_writer *writer) {
    const struct frame_news *news = argument;
    announce_write(news->frame, news->session, writer);
}

static void frame_published(void *argument, const struct frame *frame) {
    struct root *root = argument;
    report_frame(&root->times, frame_info(frame), px_clock_ns());
    root->published = true;
    housekeeping_start(root);
    struct frame_news news = {frame, root->parts.session};
    if (root->parts.rpc != NULL && rpc_subscribers(root->parts.rpc, RPC_TOPIC_FRAME) > 0)
        rpc_notify(root->parts.rpc, RPC_TOPIC_FRAME, write_frame_news, &news);
}

/* ---- what server.* asks ------------------------------------------------------------------------------------------ */

static uint32_t hook_stats(struct daemon *daemon, struct px_writer *writer) {
    return report_stats(daemon, &((struct root *)daemon)->times, writer);
}

static void hook_metrics(struct daemon *daemon, struct metrics *metrics) {
    report_metrics(daemon, &((struct root *)daemon)->times, metrics);
}

static void hook_shutdown(struct daemon *daemon) {
    log_info("daemon", "server.shutdown: ending");
    loop_stop(daemon->loop);
}

/* Settings that can change while it runs: none yet but the log says that it looked. Fonts are looked up anew. */
static int hook_reload(struct daemon *daemon, struct px_error *error) {
    struct root *root = (struct root *)daemon;
    (void)error;
    service_reloading(root->service);
    resources_refresh(daemon->resources);
    log_info("daemon", "reloaded: fonts are looked up anew; settings are read at start only");
    service_ready(root->service);
    return 0;
}

static const struct server_hooks hooks = {
    .info = report_info, .stats = hook_stats, .metrics = hook_metrics, .shutdown = hook_shutdown, .reload = hook_reload};

static void signal_came(void *argument, int events) {
    struct root *root = argument;
    struct signalfd_siginfo signal;
    (void)events;
    while (read(root->signal_fd, &signal, sizeof signal) == (ssize_t)sizeof signal) {
        if (signal.ssi_signo == SIGHUP) {
            hook_reload(&root->parts, NULL);
        } else {
            log_info("daemon", "%s: ending", strsignal((int)signal.ssi_signo));
            loop_stop(root->parts.loop);
        }
    }
}

static void nursery_lost(void *argument) {
    (void)argument;
    log_warning("daemon", "the nursery was lost and is replaced; sketches start anew");
}

/* ---- creation, in order; destruction in reverse ------------------------------------------------------------------ */

static int signals_open(struct root *root, struct px_error *error) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    /* Before any thread starts, so that all inherit the mask and only the descriptor gets them. */
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
    root->signal_fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    return root->signal_fd < 0 ? px_fail(error, PX_E_INTERNAL, "signalfd: %s", strerror(errno)) : 0;
}

static int mode_check(const struct config *config, struct px_error *error) {
    if (config->mode == CONFIG_MODE_FORK || config->mode == CONFIG_MODE_MIXED)
        return px_fail(error, PX_E_UNSUPPORTED, "%s asks for forked workers, which this version does not have; take threads or auto",
                       config->mode_why);
    return 0;
}

static int host_open(struct root *root, struct nursery *nursery, struct px_error *error) {
    struct config *config = root->parts.config;
    int code = mode_check(config, error);
    if (code == 0)
        code = runtime_open(config->runtime_dir, &root->runtime, error);
    if (code == 0 && config->state_dir[0] != '\0')
        code = runtime_make_directory(config->state_dir, error);
    if (code == 0)
        code = signals_open(root, error);
    if (code == 0)
        code = log_feed_create(&root->log_feed, error);
    if (code == 0)
        code = log_start((enum log_level)log_level_named(config->log_level), log_feed_sink, root->log_feed, error);
    log_thread_name("loop");
    if (code == 0)
        code = loop_create(&root->parts.loop, error);
    if (code == 0)
        code = loop_watch(root->parts.loop, root->signal_fd, LOOP_READABLE, signal_came, root, &root->signal_watch, error);
    if (code == 0)
        code = loop_timer_create(root->parts.loop, housekeeping_fired, root, &root->housekeeping, error);
    if (code == 0)
        code = loop_timer_create(root->parts.loop, last_client_fired, root, &root->last_client, error);
    if (code == 0)
        code = service_start(root->parts.loop, &root->service, error);
    if (code == 0)
        code = nursery_attach(nursery, root->parts.loop, nursery_lost, root, error);
    for (size_t i = 0; i < config->warning_count; i++)
        log_warning("config", "%s", config->warnings[i]);
    return code;
}

static int memory_open(struct root *root, struct px_error *error) {
    const struct config *config = root->parts.config;
    struct daemon *parts = &root->parts;
    const struct slab_store_config store = {.first_arena_bytes = FIRST_ARENA_BYTES,
                                            .arena_bytes = LATER_ARENA_BYTES,
                                            .budget_bytes = config->slab_budget_bytes,
                                            .pressure = slab_pressure,
                                            .arenas_changed = slab_arenas_changed,
                                            .argument = root};
    int code = slab_store_create(&store, &parts->store, error);
    if (code == 0)
        code = cache_create(config->cache_budget_bytes, CACHE_ENTRIES_MAX, &parts->cache, error);
    if (code == 0)
        code = pool_create(config->workers, POOL_QUEUE_MAX, SCRATCH_MAX_BYTES, &parts->pool, error);
    if (code == 0)
        code = resources_create(&parts->resources, error);
    const struct pipeline_config pipeline = {.loop = parts->loop,
                                             .pool = parts->pool,
                                             .store = parts->store,
                                             .cache = parts->cache,
                                             .resources = parts->resources,
                                             .vertices_max = config->vertices_max,
                                             .evaluations_max = EVALUATIONS_MAX};
    return code == 0 ? pipeline_create(&pipeline, &parts->pipeline, error) : code;
}

static int frames_open(struct root *root, struct px_error *error) {
    struct daemon *parts = &root->parts;
    char arena_path[108], frames_path[108];
    int code = board_create(parts->session, lease_limit_ns, &parts->board, error);
    if (code == 0)
        code = runtime_socket(&root->runtime, "arena.sock", arena_path, error);
    if (code == 0)
        code = runtime_socket(&root->runtime, "frames.nng", frames_path, error);
    if (code == 0)
        code = announce_open(frames_path, parts->session, announce_subscribers_changed, root, &parts->announce, error);
    const struct arena_server_config arenas = {.path = arena_path,
                                               .loop = parts->loop,
                                               .store = parts->store,
                                               .board = parts->board,
                                               .clients_max = parts->config->connections_max,
                                               .clients_changed = arena_clients_changed,
                                               .argument = root};
    return code == 0 ? arena_server_open(&arenas, &parts->arena_server, error) : code;
}

static int sketches_open(struct root *root, struct px_error *error) {
    struct daemon *parts = &root->parts;
    const struct config *config = parts->config;
    const struct sketches_config sketches = {.loop = parts->loop,
                                             .nursery = parts->nursery,
                                             .pipeline = parts->pipeline,
                                             .store = parts->store,
                                             .board = parts->board,
                                             .announce = parts->announce,
                                             .state_dir = config->state_dir,
                                             .time_ms = config->sketch_time_ms,
                                             .memory_bytes = config->sketch_memory_bytes,
                                             .frames_in_flight = config->frames_in_flight,
                                             .event = sketch_happened,
                                             .frame = frame_published,
                                             .argument = root};
    return sketches_create(&sketches, &parts->sketches, error);
}

static int jobs_open(struct root *root, struct px_error *error) {
    const struct jobs_config jobs = {.running_max = JOBS_RUNNING_MAX,
                                     .kept_max = JOBS_KEPT_MAX,
                                     .bytes_max = JOBS_BYTES_MAX,
                                     .changed = job_changed,
                                     .argument = root};
    return jobs_create(&jobs, &root->parts.jobs, error);
}

static int rpc_start(struct root *root, struct px_error *error) {
    struct daemon *parts = &root->parts;
    const struct config *config = parts->config;
    int code = runtime_socket(&root->runtime, "rpc.sock", root->stream_path, error);
    if (code == 0)
        code = runtime_socket(&root->runtime, "rpc.nng", root->nng_path, error);
    if (code < 0)
        return code;
    size_t tables;
    const struct rpc_method_table *const *list = method_tables(&tables);
    const struct rpc_config rpc = {.daemon = parts,
                                   .loop = parts->loop,
                                   .stream_path = root->stream_path,
                                   .nng_path = root->nng_path,
                                   .listen = config->listen,
                                   .listen_count = config->listen_count,
                                   .control_group = config->control_group,
                                   .connections_max = config->connections_max,
                                   .requests_max = config->requests_max,
                                   .message_max_bytes = config->message_max_bytes,
                                   .queue_max_bytes = config->queue_max_bytes,
                                   .tables = list,
                                   .table_count = tables,
                                   .hooks = &hooks,
                                   .log_feed = root->log_feed,
                                   .clients_changed = rpc_clients_changed,
                                   .argument = root};
    return rpc_open(&rpc, &parts->rpc, error);
}

/* While the daemon opens, only a file that cannot be read comes here: drawing ends later, on LOOP. */
static void sketch_loaded(void *argument, const struct px_error *error) {
    struct root *root = argument;
    if (error != NULL && !root->running)
        root->load_error = *error;
}

static int sketches_load(struct root *root, struct px_error *error) {
    const struct config *config = root->parts.config;
    for (size_t i = 0; i < config->sketch_count && root->load_error.code == 0; i++)
        sketch_load_file(root->parts.sketches, NULL, config->sketches[i], sketch_loaded, root);
    *error = root->load_error;
    return error->code;
}

static int open_all(struct root *root, struct nursery *nursery, struct px_error *error) {
    static int (*const openers[])(struct root *, struct px_error *) = {memory_open, frames_open, sketches_open, jobs_open,
                                                                       rpc_start,   sketches_load};
    int code = host_open(root, nursery, error);
    for (size_t i = 0; code == 0 && i < sizeof openers / sizeof openers[0]; i++)
        code = openers[i](root, error);
    return code;
}

static void sketches_stopped(void *argument) {
    struct root *root = argument;
    root->sketches_gone = true;
    stopped_look(root);
}

/* Work under way is cancelled and waited for on LOOP; then everything goes, the last created first. */
static void close_all(struct root *root) {
    struct daemon *parts = &root->parts;
    root->stopping = true;
    if (root->service != NULL)
        service_stopping(root->service);
    if (parts->jobs != NULL) { /* created after the sketches: both are there, or there is nothing under way */
        jobs_cancel_all(parts->jobs);
        sketches_stop(parts->sketches, sketches_stopped, root);
        loop_run(parts->loop);
    }
    rpc_close(parts->rpc);
    parts->rpc = NULL;
    if (parts->pool != NULL)
        pool_stop(parts->pool);
    if (parts->loop != NULL)
        loop_drain(parts->loop);
    jobs_destroy(parts->jobs);
    sketches_destroy(parts->sketches);
    arena_server_close(parts->arena_server);
    parts->arena_server = NULL;
    announce_close(parts->announce);
    board_destroy(parts->board);
    pipeline_destroy(parts->pipeline);
    resources_destroy(parts->resources);
    pool_destroy(parts->pool);
    cache_destroy(parts->cache);
    parts->cache = NULL;
    slab_store_destroy(parts->store);
    nursery_stop(parts->nursery);
    service_stop(root->service);
    loop_timer_destroy(root->last_client);
    loop_timer_destroy(root->housekeeping);
    loop_unwatch(root->signal_watch);
    if (parts->loop != NULL)
        loop_drain(parts->loop);
    loop_destroy(parts->loop);
    if (root->signal_fd >= 0)
        close(root->signal_fd);
    runtime_close(&root->runtime);
    log_stop();
    log_feed_destroy(root->log_feed);
}

int daemon_run(struct config *config, struct nursery *nursery, struct px_error *error) {
    struct root *root = calloc(1, sizeof *root);
    if (root == NULL)
        return px_fail(error, PX_E_NO_MEMORY, "out of memory");
    *root = (struct root){.parts = {.config = config, .nursery = nursery, .started_ns = px_clock_ns()},
                          .signal_fd = -1,
                          .runtime = {.lock_fd = -1},
                          .prepare_job = {.run = prepare_run},
                          .arenas_changed = {.handle = arenas_changed_handle},
                          .watchers_changed = {.handle = watchers_changed_handle}};
    int code = 0;
    if (getrandom(&root->parts.session, sizeof root->parts.session, 0) != (ssize_t)sizeof root->parts.session)
        code = px_fail(error, PX_E_INTERNAL, "no random number for the session");
    root->parts.session = root->parts.session >> 1 | 1; /* positive wherever it is read, and never 0 */
    if (code == 0)
        code = open_all(root, nursery, error);
    if (code == 0) {
        log_info("daemon", "pxd %s in %s: %d workers, kernels for %s", daemon_version(), root->runtime.path,
                 config->workers, kernel_isa());
        service_ready(root->service);
        service_status(root->service, "%d workers in %s", config->workers, root->runtime.path);
        prepare_arena(root);
        root->running = true;
        loop_run(root->parts.loop);
    }
    close_all(root);
    free(root);
    return code;
}
