#include "daemon/pipeline/evaluation.h"

#include "daemon/pipeline/task.h"
#include "daemon/plan/plan_memory.h"
#include "shared/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WARNINGS_MAX = 64, DOCUMENT_KEPT_MAX = 4 << 20 };
static const uint64_t STALL_NS = 1000000;
static const uint64_t SHARE_FROM_NS = 200000; /* less work than this is not worth waking another worker */

/* ---- the pipeline ------------------------------------------------------------------------------------------------ */

/* LOOP: the pool was full when these were to go on. */
static void resubmit_stalled(void *argument) {
    struct pipeline *pipeline = argument;
    struct task *task = pipeline->stalled;
    pipeline->stalled = NULL;
    while (task != NULL) {
        struct task *next = task->stalled;
        task_resubmit(task);
        task = next;
    }
}

void pipeline_stall(struct pipeline *pipeline, struct task *task) {
    task->stalled = pipeline->stalled;
    pipeline->stalled = task;
    loop_timer_start(pipeline->stalled_timer, px_clock_ns() + STALL_NS);
}

int pipeline_create(const struct pipeline_config *config, struct pipeline **pipeline, struct px_error *error) {
    struct pipeline *made = calloc(1, sizeof *made);
    if (made == NULL)
        return px_fail(error, PX_E_NO_MEMORY, "no memory for the pipeline");
    made->config = *config;
    made->blocks = plan_blocks_create();
    made->notices = notices_create();
    struct pool_stats stats;
    pool_stats(config->pool, &stats);
    made->workers = (int)stats.workers;
    int code = loop_timer_create(config->loop, resubmit_stalled, made, &made->stalled_timer, error);
    if (code == 0 && (made->blocks == NULL || made->notices == NULL))
        code = px_fail(error, PX_E_NO_MEMORY, "no memory for the pipeline");
    if (code < 0) {
        pipeline_destroy(made);
        return code;
    }
    *pipeline = made;
    return 0;
}

static void evaluation_free(struct evaluation *evaluation) {
    twins_fini(&evaluation->twins);
    px_document_free(&evaluation->document);
    free(evaluation->tasks);
    free(evaluation->last_static);
    free(evaluation->todo);
    free(evaluation->values);
    free(evaluation->layers);
    free(evaluation->warnings);
    free(evaluation);
}

void pipeline_destroy(struct pipeline *pipeline) {
    if (pipeline == NULL)
        return;
    while (pipeline->spare != NULL) {
        struct evaluation *next = pipeline->spare->next_spare;
        evaluation_free(pipeline->spare);
        pipeline->spare = next;
    }
    loop_timer_destroy(pipeline->stalled_timer);
    notices_destroy(pipeline->notices);
    plan_blocks_unref(pipeline->blocks);
    free(pipeline);
}

/* ---- outstanding work, failure ----------------------------------------------------------------------------------- */

void evaluation_enter(struct evaluation *evaluation) {
    atomic_fetch_add_explicit(&evaluation->outstanding, 1, memory_order_relaxed);
}

void evaluation_leave(struct evaluation *evaluation) {
    /* acquire, release: LOOP sees what all workers left behind */
    if (atomic_fetch_sub_explicit(&evaluation->outstanding, 1, memory_order_acq_rel) == 1)
        loop_post(evaluation->pipeline->config.loop, &evaluation->message);
}

bool evaluation_stopped(const struct evaluation *evaluation) {
    return atomic_load_explicit(&evaluation->stop, memory_order_relaxed);
}

static void fail_first(struct evaluation *evaluation, const struct px_error *error) {
    /* the error itself is read on LOOP, after the last one left */
    if (!atomic_exchange_explicit(&evaluation->failed, true, memory_order_relaxed))
        evaluation->error = *error;
    atomic_store_explicit(&evaluation->stop, true, memory_order_relaxed);
}

void evaluation_fail(struct evaluation *evaluation, size_t layer, const struct px_error *error) {
    struct px_error placed;
    px_fail(&placed, error->code, "layer \"%.100s\", %s", evaluation->plan->layers[layer].name, error->message);
    fail_first(evaluation, &placed);
}

/* ---- stage A ----------------------------------------------------------------------------------------------------- */

static bool grow(void **buffer, size_t *room, size_t wanted, size_t item_size) {
    if (wanted <= *room && *buffer != NULL) /* there is a buffer even for a plan of nothing */
        return true;
    size_t more = *room * 2 > wanted ? *room * 2 : wanted + 16;
    void *grown = realloc(*buffer, more * item_size);
    if (grown == NULL)
        return false;
    *buffer = grown;
    *room = more;
    return true;
}
#define GROW(buffer, room, wanted) grow((void **)&(buffer), &(room), (wanted), sizeof *(buffer))

static int decode_bytes(struct evaluation *evaluation, const struct plan_options *options, struct px_error *error) {
    struct px_document *document = &evaluation->document;
    int code =
        px_document_decode(document, evaluation->request.bytes, evaluation->request.size, &PX_LIMITS_DEFAULT, error);
    if (code == 0)
        code = plan_decode(&document->root, options, &evaluation->plan, error);
    return code;
}

static int stage_plan(struct evaluation *evaluation, struct px_error *error) {
    const struct pipeline *pipeline = evaluation->pipeline;
    const struct evaluation_request *request = &evaluation->request;
    const struct px_path path = {NULL, request->path != NULL ? request->path : "plan", 0};
    const struct plan_options options = {.resources = pipeline->config.resources,
                                         .overrides = evaluation->overrides,
                                         .vertices_max = pipeline->config.vertices_max,
                                         .path = &path,
                                         .seed = request->has_seed ? &request->seed : NULL,
                                         .blocks = pipeline->blocks};
    if (request->value != NULL)
        return plan_decode(request->value, &options, &evaluation->plan, error);
    if (request->bytes != NULL)
        return decode_bytes(evaluation, &options, error);
    if (request->value_count > 0)
        return plan_instantiate(request->plan, evaluation->values, request->value_count, &options, &evaluation->plan,
                                error);
    evaluation->plan = plan_ref(request->plan);
    return 0;
}

/* ---- stages B to D: layers --------------------------------------------------------------------------------------- */

static struct task *root_of(const struct evaluation *evaluation, size_t layer) {
    return &evaluation->tasks[(size_t)evaluation->plan->layers[layer].node->index * TASK_PARTS + TASK_WHOLE];
}

/* Layers that nobody works on yet, one after the other; helpers do the same at the same time. */
static void work_on_layers(struct evaluation *evaluation, struct worker *worker) {
    while (!evaluation_stopped(evaluation)) {
        size_t next = atomic_fetch_add_explicit(&evaluation->todo_next, 1, memory_order_relaxed);
        if (next >= evaluation->todo_count)
            break;
        task_begin(root_of(evaluation, evaluation->todo[next]), worker);
    }
}

static void run_helper(struct pool_job *job, struct worker *worker) {
    struct evaluation *evaluation = ((struct helper *)(void *)job)->evaluation;
    work_on_layers(evaluation, worker);
    evaluation_leave(evaluation);
}

static void call_helpers(struct evaluation *evaluation) {
    const struct history *history = evaluation->request.history;
    uint64_t work_ns = history != NULL ? history_work_ns(history) : 0;
    if (work_ns != 0 && work_ns < SHARE_FROM_NS)
        return;
    for (int i = 0;
         i < EVALUATION_HELPERS_MAX && i + 1 < evaluation->pipeline->workers && (size_t)i + 1 < evaluation->todo_count;
         i++) {
        evaluation->helpers[i] = (struct helper){.job = {.run = run_helper}, .evaluation = evaluation};
        evaluation_enter(evaluation);
        if (pool_submit(evaluation->pipeline->config.pool, evaluation->request.priority, &evaluation->helpers[i].job) ==
            0)
            continue;
        evaluation_leave(evaluation); /* the pool is busy enough; our own job is outstanding still */
        return;
    }
}

static int make_room(struct evaluation *evaluation, struct px_error *error) {
    size_t nodes = evaluation->plan->node_count + 1; /* some room even for a plan without layers */
    if (!GROW(evaluation->tasks, evaluation->task_room, nodes * TASK_PARTS) ||
        !GROW(evaluation->last_static, evaluation->static_room, nodes) ||
        !GROW(evaluation->todo, evaluation->todo_room, evaluation->plan->layer_count) ||
        !twins_find(&evaluation->twins, evaluation->plan))
        return px_fail(error, PX_E_NO_MEMORY, "no memory for %zu nodes", evaluation->plan->node_count);
    return 0;
}

static void compare_with_history(struct evaluation *evaluation) {
    if (evaluation->request.history != NULL)
        history_note(evaluation->request.history, evaluation->plan, evaluation->last_static);
    else
        memset(evaluation->last_static, 0xff, evaluation->plan->node_count * sizeof *evaluation->last_static); /* -1 */
}

static void stage_layers(struct evaluation *evaluation, struct worker *worker) {
    struct cache *cache = evaluation->pipeline->config.cache;
    uint64_t hits = 0;
    compare_with_history(evaluation);
    for (size_t i = 0; i < evaluation->plan->layer_count; i++) {
        const struct plan_node *node = evaluation->plan->layers[i].node;
        struct task *root = task_init(evaluation, node, TASK_WHOLE, node->effect_count, i, NULL);
        root->slab = cache_get(cache, node->signatures[node->effect_count]);
        if (root->slab != NULL)
            hits++;
        else
            evaluation->todo[evaluation->todo_count++] = i;
    }
    evaluation->layer_count = evaluation->plan->layer_count;
    atomic_fetch_add_explicit(&evaluation->hits, hits, memory_order_relaxed);
    call_helpers(evaluation);
    work_on_layers(evaluation, worker);
}

static void run_main(struct pool_job *job, struct worker *worker) {
    struct evaluation *evaluation = (struct evaluation *)((char *)job - offsetof(struct evaluation, job));
    uint64_t began = px_clock_ns();
    struct px_error error = {0};
    int code =
        evaluation_stopped(evaluation) ? px_fail(&error, PX_E_CANCELLED, "cancelled") : stage_plan(evaluation, &error);
    bool goes_on = code == 0 && !evaluation->request.decode_only && evaluation->plan->expression_count == 0;
    if (goes_on)
        code = make_room(evaluation, &error);
    atomic_store_explicit(&evaluation->stage_ns[PX_STAGE_PLAN], px_clock_ns() - began, memory_order_relaxed);
    if (code < 0)
        fail_first(evaluation, &error);
    else if (goes_on)
        stage_layers(evaluation, worker);
    evaluation_leave(evaluation);
}

static bool has_failed(const struct evaluation *evaluation) {
    return atomic_load_explicit(&evaluation->failed, memory_order_relaxed);
}

static uint64_t stage_ns(const struct evaluation *evaluation, enum px_stage stage) {
    return atomic_load_explicit(&evaluation->stage_ns[stage], memory_order_relaxed);
}

/* ---- the end, on LOOP -------------------------------------------------------------------------------------------- */

static void take_layers(struct evaluation *evaluation, struct px_error *error) {
    const struct plan *plan = evaluation->plan;
    if (!GROW(evaluation->layers, evaluation->layer_room, evaluation->layer_count)) {
        px_fail(error, PX_E_NO_MEMORY, "no memory for %zu layers", evaluation->layer_count);
        atomic_store_explicit(&evaluation->failed, true, memory_order_relaxed);
        return;
    }
    for (size_t i = 0; i < evaluation->layer_count; i++) {
        struct evaluation_layer *layer = &evaluation->layers[i];
        *layer = (struct evaluation_layer){
            .slab = root_of(evaluation, i)->slab, .name = plan->layers[i].name, .thickness = plan->layers[i].thickness};
        memcpy(layer->color, plan->layers[i].color, sizeof layer->color);
    }
}

static void finished(struct loop_message *message) {
    struct evaluation *evaluation = (struct evaluation *)((char *)message - offsetof(struct evaluation, message));
    evaluation->pipeline->in_flight--;
    evaluation->wall_ns = px_clock_ns() - evaluation->started_ns;
    if (evaluation->cancelled) {
        atomic_store_explicit(&evaluation->failed, true, memory_order_relaxed);
        px_fail(&evaluation->error, PX_E_CANCELLED, "cancelled");
    }
    if (!has_failed(evaluation))
        take_layers(evaluation, &evaluation->error);
    if (!has_failed(evaluation) && evaluation->request.history != NULL) {
        uint64_t work = stage_ns(evaluation, PX_STAGE_PREFIX) + stage_ns(evaluation, PX_STAGE_SUFFIX) +
                        stage_ns(evaluation, PX_STAGE_READY);
        history_set_work_ns(evaluation->request.history, work + 1);
    }
    evaluation->request.done(evaluation->request.owner, evaluation);
}

/* ---- birth and death --------------------------------------------------------------------------------------------- */

static struct evaluation *evaluation_new(struct pipeline *pipeline) {
    struct evaluation *evaluation = pipeline->spare;
    if (evaluation != NULL)
        pipeline->spare = evaluation->next_spare;
    else
        evaluation = calloc(1, sizeof *evaluation);
    if (evaluation != NULL)
        evaluation->pipeline = pipeline;
    return evaluation;
}

static void evaluation_recycle(struct evaluation *evaluation) {
    struct pipeline *pipeline = evaluation->pipeline;
    if (evaluation->document.room > DOCUMENT_KEPT_MAX)
        px_document_free(&evaluation->document);
    struct evaluation kept = {
        .document = {.memory = evaluation->document.memory, .room = evaluation->document.room},
        .tasks = evaluation->tasks,
        .task_room = evaluation->task_room,
        .twins = evaluation->twins,
        .last_static = evaluation->last_static,
        .static_room = evaluation->static_room,
        .todo = evaluation->todo,
        .todo_room = evaluation->todo_room,
        .values = evaluation->values,
        .value_room = evaluation->value_room,
        .layers = evaluation->layers,
        .layer_room = evaluation->layer_room,
        .warnings = evaluation->warnings,
        .warning_room = evaluation->warning_room,
        .next_spare = pipeline->spare,
    };
    *evaluation = kept;
    pipeline->spare = evaluation;
}

static int take_request(struct evaluation *evaluation, const struct evaluation_request *request,
                        struct px_error *error) {
    if (!GROW(evaluation->values, evaluation->value_room, request->value_count))
        return px_fail(error, PX_E_NO_MEMORY, "no memory for %zu values", request->value_count);
    if (request->value_count > 0)
        memcpy(evaluation->values, request->values, request->value_count * sizeof *evaluation->values);
    evaluation->request = *request;
    evaluation->overrides = overrides_ref(request->overrides);
    history_ref(request->history);
    if (request->plan != NULL)
        plan_ref(request->plan);
    return 0;
}

static void give_request_back(struct evaluation *evaluation) {
    overrides_unref(evaluation->overrides);
    history_unref(evaluation->request.history);
    plan_unref(evaluation->request.plan);
}

int evaluation_start(struct pipeline *pipeline, const struct evaluation_request *request,
                     struct evaluation **evaluation, struct px_error *error) {
    if (pipeline->in_flight >= pipeline->config.evaluations_max)
        return px_fail(error, PX_E_BUSY, "%zu evaluations are in flight, no more are taken", pipeline->in_flight);
    struct evaluation *made = evaluation_new(pipeline);
    if (made == NULL)
        return px_fail(error, PX_E_NO_MEMORY, "no memory for an evaluation");
    int code = take_request(made, request, error);
    if (code < 0) {
        evaluation_recycle(made);
        return code;
    }
    made->job.run = run_main;
    made->message.handle = finished;
    made->started_ns = px_clock_ns();
    atomic_store_explicit(&made->outstanding, 1, memory_order_relaxed);
    *evaluation = made; /* before the job: `done` may compare */
    code = pool_submit(pipeline->config.pool, request->priority, &made->job);
    if (code < 0) {
        *evaluation = NULL;
        give_request_back(made);
        evaluation_recycle(made);
        return px_fail(error, code, "the workers have too much to do already");
    }
    pipeline->in_flight++;
    return 0;
}

void evaluation_cancel(struct evaluation *evaluation) {
    evaluation->cancelled = true;
    atomic_store_explicit(&evaluation->stop, true, memory_order_relaxed);
}

void evaluation_destroy(struct evaluation *evaluation) {
    if (evaluation == NULL)
        return;
    for (size_t i = 0; i < evaluation->layer_count; i++)
        slab_unref(root_of(evaluation, i)->slab);
    twins_drop(&evaluation->twins);
    for (size_t i = 0; i < evaluation->warning_count; i++)
        free(evaluation->warnings[i]);
    free(evaluation->request.bytes);
    plan_unref(evaluation->plan);
    give_request_back(evaluation);
    evaluation_recycle(evaluation);
}

/* ---- results ----------------------------------------------------------------------------------------------------- */

const struct px_error *evaluation_error(const struct evaluation *evaluation) {
    return has_failed(evaluation) ? &evaluation->error : NULL;
}

struct plan *evaluation_plan(const struct evaluation *evaluation) {
    return evaluation->plan;
}

bool evaluation_wants_values(const struct evaluation *evaluation) {
    return evaluation->plan != NULL && evaluation->plan->expression_count > 0;
}

const struct evaluation_layer *evaluation_layers(const struct evaluation *evaluation, size_t *count) {
    *count = has_failed(evaluation) ? 0 : evaluation->layer_count;
    return evaluation->layers;
}

struct evaluation_timings evaluation_timings(const struct evaluation *evaluation) {
    struct evaluation_timings timings = {.wall_ns = evaluation->wall_ns,
                                         .hits = atomic_load_explicit(&evaluation->hits, memory_order_relaxed),
                                         .computed = atomic_load_explicit(&evaluation->computed, memory_order_relaxed)};
    for (int i = 0; i < PX_STAGE_COUNT; i++)
        timings.stage_ns[i] = stage_ns(evaluation, (enum px_stage)i);
    for (size_t i = 0; i < evaluation->layer_count && !has_failed(evaluation); i++)
        timings.vertices += slab_geometry(evaluation->layers[i].slab).vertex_count;
    return timings;
}

/* ---- warnings ---------------------------------------------------------------------------------------------------- */

static void add_warning(struct evaluation *evaluation, size_t layer, const char *text) {
    char *placed = NULL;
    if (evaluation->warning_count == WARNINGS_MAX ||
        !GROW(evaluation->warnings, evaluation->warning_room, evaluation->warning_count + 1) ||
        asprintf(&placed, "layer \"%.100s\": %s", evaluation->plan->layers[layer].name, text) < 0)
        return;
    evaluation->warnings[evaluation->warning_count++] = placed;
}

static void add_warnings_of(struct evaluation *evaluation, size_t layer, const struct plan_node *node) {
    struct kernel_warnings warnings;
    for (size_t i = 0; i <= node->effect_count; i++) {
        if (!notices_get(evaluation->pipeline->notices, node->signatures[i], &warnings))
            continue;
        for (uint32_t j = 0; j < warnings.count && j < KERNEL_WARNINGS_MAX; j++)
            add_warning(evaluation, layer, warnings.text[j]);
    }
    for (size_t i = 0; i < node->child_count; i++)
        add_warnings_of(evaluation, layer, node->children[i]);
    for (size_t i = 0; i < node->shape.further_count; i++)
        add_warnings_of(evaluation, layer, node->shape.further[i]);
    for (size_t i = 0; i < node->effect_count; i++) {
        for (size_t j = 0; j < node->effects[i].further_count; j++)
            add_warnings_of(evaluation, layer, node->effects[i].further[j]);
    }
}

size_t evaluation_warnings(const struct evaluation *evaluation, const char *const **texts) {
    struct evaluation *mine = (struct evaluation *)(uintptr_t)evaluation; /* gathered when first asked for */
    if (mine->warning_count == 0 && !has_failed(mine) && mine->layer_count > 0 &&
        notices_any(mine->pipeline->notices)) {
        for (size_t i = 0; i < mine->layer_count; i++)
            add_warnings_of(mine, i, mine->plan->layers[i].node);
    }
    *texts = (const char *const *)mine->warnings;
    return mine->warning_count;
}
