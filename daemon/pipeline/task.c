#include "daemon/pipeline/task.h"

#include "daemon/kernel/chain.h"
#include "daemon/slab/geometry_slab.h"
#include "shared/clock.h"

#include <stdio.h>
#include <string.h>

static struct px_signature task_signature(const struct task *task) {
    return task->node->signatures[task->upto];
}

static struct cache *cache_of(const struct task *task) {
    return task->evaluation->pipeline->config.cache;
}

static bool is_static(const struct task *task) {
    return task->evaluation->last_static[task->node->index] >= (int)task->upto;
}

struct task *task_init(struct evaluation *evaluation, const struct plan_node *node, enum task_part part, size_t upto,
                       size_t layer, struct task *parent) {
    struct task *task = &evaluation->tasks[(size_t)node->index * TASK_PARTS + part];
    *task = (struct task){.evaluation = evaluation,
                          .node = node,
                          .upto = upto,
                          .part = part,
                          .root = parent == NULL,
                          .layer = layer,
                          .parent = parent};
    return task;
}

/* ---- handing on -------------------------------------------------------------------------------------------------- */

static void compute(struct task *task, struct worker *worker);
static void ask_cache(struct task *task, struct worker *worker);

/* One need less. worker NULL: we are in a wake-up, which must only hand on. */
static void need_done(struct task *task, struct worker *worker) {
    /* acquire, release: the last one sees what all needs made */
    if (atomic_fetch_sub_explicit(&task->needs, 1, memory_order_acq_rel) != 1)
        return;
    if (worker != NULL) {
        compute(task, worker);
        return;
    }
    evaluation_enter(task->evaluation);
    task_resubmit(task);
}

static void settle_one(struct task *task, struct worker *worker) {
    if (task->parent != NULL)
        need_done(task->parent, worker);
}

/* Twin states beside a stack of tasks; never followed. */
static const struct task twin_busy, twin_done;
#define TWIN_BUSY ((struct task *)(uintptr_t)&twin_busy)
#define TWIN_DONE ((struct task *)(uintptr_t)&twin_done)

/* The task is over, with a slab or (the evaluation stopped) without; so are all that waited for it as their twin. */
static void settle(struct task *task, struct worker *worker) {
    struct twin *twin = task->twin;
    if (twin == NULL) {
        settle_one(task, worker);
        return;
    }
    twin->slab = task->slab != NULL ? slab_ref(task->slab) : NULL;
    /* release: the slab is seen by whoever finds it done; acquire: we see the tasks that were pushed */
    struct task *waiting = atomic_exchange_explicit(&twin->waiting, TWIN_DONE, memory_order_acq_rel);
    settle_one(task, worker);
    while (waiting != TWIN_BUSY) {
        struct task *next = waiting->next_twin;
        waiting->slab = twin->slab != NULL ? slab_ref(twin->slab) : NULL;
        settle_one(waiting, worker);
        waiting = next;
    }
}

/* Whether the task must be computed; else it is settled already, or will be when its twin is done. */
static bool first_of_twins(struct task *task, struct worker *worker) {
    struct evaluation *evaluation = task->evaluation;
    uint32_t number = task->part == TASK_WHOLE ? evaluation->twins.of_node[task->node->index] : 0;
    if (number == 0)
        return true;
    struct twin *twin = &evaluation->twins.list[number - 1];
    struct task *state = NULL;
    /* acquire: see settle; release: the one who settles reads our task */
    while (state != TWIN_DONE) {
        task->next_twin = state;
        task->twin = state == NULL ? twin : NULL; /* before the exchange: a pushed task may be settled at once */
        if (atomic_compare_exchange_weak_explicit(&twin->waiting, &state, state == NULL ? TWIN_BUSY : task,
                                                  memory_order_acq_rel, memory_order_acquire))
            return state == NULL;
    }
    task->twin = NULL;
    task->slab = twin->slab != NULL ? slab_ref(twin->slab) : NULL;
    settle_one(task, worker);
    return false;
}

static void run_job(struct pool_job *job, struct worker *worker) {
    struct task *task = (struct task *)((char *)job - offsetof(struct task, job));
    struct evaluation *evaluation = task->evaluation;
    if (task->begin_again)
        ask_cache(task, worker);
    else
        compute(task, worker);
    evaluation_leave(evaluation);
}

static void retry_on_loop(struct loop_message *message) {
    struct task *task = (struct task *)((char *)message - offsetof(struct task, message));
    pipeline_stall(task->evaluation->pipeline, task);
}

void task_resubmit(struct task *task) {
    struct pipeline *pipeline = task->evaluation->pipeline;
    task->job.run = run_job;
    if (pool_submit(pipeline->config.pool, task->evaluation->request.priority, &task->job) == 0)
        return;
    task->message.handle = retry_on_loop;
    loop_post(pipeline->config.loop, &task->message);
}

/* Any thread, for a task that was suspended: it is still outstanding. */
static void woken(struct cache_waiter *waiter, struct slab *slab, const struct px_error *error) {
    struct task *task = (struct task *)((char *)waiter - offsetof(struct task, waiter));
    struct evaluation *evaluation = task->evaluation;
    task->slab = slab;
    if (slab == NULL && error->code == PX_E_CANCELLED && !evaluation_stopped(evaluation)) {
        task->begin_again = true; /* its maker was cancelled, we were not */
        task_resubmit(task);
        return;
    }
    if (slab != NULL)
        atomic_fetch_add_explicit(&evaluation->hits, 1, memory_order_relaxed);
    else
        evaluation_fail(evaluation, task->layer, error);
    settle(task, NULL);
    evaluation_leave(evaluation);
}

/* ---- what a task needs ------------------------------------------------------------------------------------------- */

/* Steps that a base in memory stands for already: lines are there without any task. */
static bool source_is_free(const struct plan_node *node) {
    return node->source == PLAN_LINES;
}

/* The longest shorter prefix in the cache. */
static void find_base(struct task *task) {
    size_t least = source_is_free(task->node) ? 1 : 0;
    for (size_t upto = task->upto; upto-- > least;) {
        task->base = cache_get(cache_of(task), task->node->signatures[upto]);
        if (task->base != NULL) {
            atomic_fetch_add_explicit(&task->evaluation->hits, 1, memory_order_relaxed);
            task->base_upto = upto;
            return;
        }
    }
}

/* Whether the longest static prefix, longer than what the cache had, is to be made and kept; if so, task->prefix. */
static void choose_prefix(struct task *task) {
    if (task->upto == 0)
        return;
    int last = task->evaluation->last_static[task->node->index];
    int longest = last < (int)task->upto - 1 ? last : (int)task->upto - 1;
    int had = task->base != NULL ? (int)task->base_upto : source_is_free(task->node) ? 0 : -1;
    /* a static whole is kept itself: its prefixes need not be */
    if (longest > had && !is_static(task)) {
        slab_unref(task->base);
        task->base = NULL;
        task->base_upto = (size_t)longest;
        task->prefix = task_init(task->evaluation, task->node, TASK_PREFIX, (size_t)longest, task->layer, task);
    } else if (had < 0 && task->node->source == PLAN_CONCAT) {
        task->base_upto = 0;
        task->prefix = task_init(task->evaluation, task->node, TASK_SOURCE, 0, task->layer, task);
    }
}

/* Steps are counted from the source: step 0 is the shape, step i effect i - 1. */
static const struct plan_step *step_of(const struct plan_node *node, size_t step) {
    return step == 0 ? &node->shape : &node->effects[step - 1];
}

static bool has_base(const struct task *task) {
    return task->base != NULL || task->prefix != NULL;
}

/* The first step that must be run. */
static size_t first_step(const struct task *task) {
    return has_base(task) || source_is_free(task->node) ? task->base_upto + 1 : 0;
}

static bool is_concat(const struct task *task) {
    return task->upto == 0 && task->node->source == PLAN_CONCAT;
}

/* Calls `visit` with each node whose whole geometry the task needs. */
static void visit_needed_nodes(struct task *task, struct worker *worker,
                               void (*visit)(struct task *task, struct worker *worker, const struct plan_node *node)) {
    const struct plan_node *node = task->node;
    for (size_t i = 0; is_concat(task) && i < node->child_count; i++)
        visit(task, worker, node->children[i]);
    for (size_t step = first_step(task); step <= task->upto && !is_concat(task); step++) {
        for (size_t i = 0; i < step_of(node, step)->further_count; i++)
            visit(task, worker, step_of(node, step)->further[i]);
    }
}

static void count_need(struct task *task, struct worker *worker, const struct plan_node *node) {
    (void)worker;
    (void)node;
    atomic_fetch_add_explicit(&task->needs, 1, memory_order_relaxed);
}

static void begin_need(struct task *task, struct worker *worker, const struct plan_node *node) {
    task_begin(task_init(task->evaluation, node, TASK_WHOLE, node->effect_count, task->layer, task), worker);
}

static void begin_needs(struct task *task, struct worker *worker) {
    find_base(task);
    choose_prefix(task);
    /* the first one is our own, so that nothing starts the task before all needs were begun */
    atomic_store_explicit(&task->needs, task->prefix != NULL ? 2 : 1, memory_order_relaxed);
    visit_needed_nodes(task, worker, count_need);
    if (task->prefix != NULL)
        task_begin(task->prefix, worker);
    visit_needed_nodes(task, worker, begin_need);
    need_done(task, worker);
}

/* Hit, wait or make. */
static void ask_cache(struct task *task, struct worker *worker) {
    struct evaluation *evaluation = task->evaluation;
    struct slab *slab = NULL;
    bool duplicate = false;
    if (evaluation_stopped(evaluation)) {
        settle(task, worker);
        return;
    }
    task->waiter.wake = woken;
    evaluation_enter(evaluation); /* for the case that the cache suspends us: it may wake us before it returns */
    enum cache_answer answer = cache_ask(cache_of(task), task_signature(task), &task->waiter, &slab, &duplicate);
    if (answer == CACHE_WAIT)
        return;
    evaluation_leave(evaluation); /* the caller's job is outstanding too: never the last */
    if (answer == CACHE_HIT) {
        task->slab = slab;
        atomic_fetch_add_explicit(&evaluation->hits, 1, memory_order_relaxed);
        settle(task, worker);
        return;
    }
    task->owns_fill = !duplicate;
    begin_needs(task, worker);
}

void task_begin(struct task *task, struct worker *worker) {
    if (first_of_twins(task, worker))
        ask_cache(task, worker);
}

/* ---- computing --------------------------------------------------------------------------------------------------- */

static struct slab *needed_slab(struct task *task, const struct plan_node *node) {
    return task->evaluation->tasks[(size_t)node->index * TASK_PARTS + TASK_WHOLE].slab;
}

static void drop_need(struct task *task, struct worker *worker, const struct plan_node *node) {
    (void)worker;
    struct task *need = &task->evaluation->tasks[(size_t)node->index * TASK_PARTS + TASK_WHOLE];
    slab_unref(need->slab);
    need->slab = NULL;
}

static void drop_needs(struct task *task) {
    visit_needed_nodes(task, NULL, drop_need);
    slab_unref(task->base);
    task->base = NULL;
    if (task->prefix != NULL) {
        slab_unref(task->prefix->slab);
        task->prefix->slab = NULL;
    }
}

static int copy_child(struct kernel_output *output, const struct px_geometry *child) {
    if (child->vertex_count > 0)
        memcpy(output->coords + 3 * output->vertex_count, child->coords, child->vertex_count * 3 * sizeof(float));
    for (size_t i = 0; i < child->line_count; i++)
        output->offsets[output->line_count + i + 1] = child->offsets[i + 1] + (int32_t)output->vertex_count;
    output->vertex_count += child->vertex_count;
    output->line_count += child->line_count;
    return 0;
}

static int run_concat(struct task *task, struct kernel_output *output, struct px_error *error) {
    const struct plan_node *node = task->node;
    size_t vertices = 0, lines = 0;
    for (size_t i = 0; i < node->child_count; i++) {
        struct px_geometry child = slab_geometry(needed_slab(task, node->children[i]));
        vertices += child.vertex_count;
        lines += child.line_count;
    }
    int code = kernel_output_reserve(output, vertices, lines, error);
    output->vertex_count = 0;
    output->line_count = 0;
    for (size_t i = 0; i < node->child_count && code == 0; i++) {
        struct px_geometry child = slab_geometry(needed_slab(task, node->children[i]));
        code = evaluation_stopped(task->evaluation) ? px_fail(error, PX_E_CANCELLED, "cancelled")
                                                    : copy_child(output, &child);
    }
    return code;
}

/* The geometries of a step's further inputs. */
static int gather_further(struct task *task, struct worker *worker, const struct plan_step *step,
                          const struct px_geometry **further, struct px_error *error) {
    *further = NULL;
    if (step->further_count == 0)
        return 0;
    struct px_geometry *list = scratch_take(worker->scratch, step->further_count * sizeof *list);
    if (list == NULL)
        return px_fail(error, PX_E_NO_MEMORY, "no scratch memory for %zu inputs", step->further_count);
    for (size_t i = 0; i < step->further_count; i++)
        list[i] = slab_geometry(needed_slab(task, step->further[i]));
    *further = list;
    return 0;
}

/* "effect 2 (fill): reason", with the label of a node that is not the layer's own. */
static void place_failure(const struct task *task, const struct plan_step *step, struct px_error *error) {
    struct px_error why = *error;
    char place[160];
    const char *own = task->evaluation->plan->layers[task->layer].node->label;
    int at = 0;
    if (task->node->label != own && strcmp(task->node->label, own) != 0)
        at = snprintf(place, sizeof place, "node \"%.60s\", ", task->node->label);
    if (step->kernel->role == KERNEL_SHAPE)
        snprintf(place + at, sizeof place - (size_t)at, "shape (%s)", step->kernel->name);
    else
        snprintf(place + at, sizeof place - (size_t)at, "effect %u (%s)", step->index, step->kernel->name);
    px_fail(error, why.code, "%s: %s", place, why.message);
}

static struct slab *input_slab(const struct task *task) {
    return task->prefix != NULL ? task->prefix->slab : task->base;
}

/* Runs the chain from the base on. Returns as chain_run. */
static int run_chain(struct task *task, struct worker *worker, struct kernel_output *output,
                     struct kernel_warnings *warnings, struct px_error *error) {
    const struct pipeline *pipeline = task->evaluation->pipeline;
    struct chain_step steps[PLAN_STEPS_MAX + 1];
    size_t count = 0, failed = 0, first = first_step(task);
    int code = 0;
    for (size_t step = first; step <= task->upto && code == 0; step++, count++) {
        const struct plan_step *from = step_of(task->node, step);
        steps[count] =
            (struct chain_step){.kernel = from->kernel, .params = from->params, .further_count = from->further_count};
        code = gather_further(task, worker, from, &steps[count].further, error);
    }
    if (code < 0)
        return code;
    struct px_geometry input = task->node->lines;
    if (has_base(task))
        input = slab_geometry(input_slab(task));
    struct kernel_context context = {
        .scratch = worker->scratch,
        .warnings = warnings,
        .cancel = &task->evaluation->stop,
        .vertex_budget = pipeline->config.vertices_max,
        .seed = task->evaluation->plan->seed,
        .library = worker->library,
    };
    worker->kernel = count > 0 ? steps[count - 1].kernel->name : NULL;
    code = chain_run(steps, count, first == 0 ? NULL : &input, output, &context, &failed, error);
    worker->kernel = NULL;
    if (code < 0 && count > 0)
        place_failure(task, step_of(task->node, first + failed), error);
    return code;
}

/* Nothing was to be done: the result is the input. */
static int take_input(struct task *task, struct px_error *error) {
    if (has_base(task)) {
        task->slab = slab_ref(input_slab(task));
        return 0;
    }
    return geometry_slab_copy(task->evaluation->pipeline->config.store, &task->node->lines, task_signature(task),
                              &task->slab, error);
}

static int make(struct task *task, struct worker *worker, uint64_t *ready_ns, struct px_error *error) {
    const struct pipeline *pipeline = task->evaluation->pipeline;
    struct geometry_slab writer;
    struct kernel_warnings warnings;
    warnings.count = 0;
    geometry_slab_begin(&writer, pipeline->config.store, pipeline->config.vertices_max);
    int code = is_concat(task) ? run_concat(task, &writer.output, error)
                               : run_chain(task, worker, &writer.output, &warnings, error);
    if (warnings.count > 0)
        notices_put(pipeline->notices, task_signature(task), &warnings);
    if (code == 0)
        return geometry_slab_finish(&writer, task_signature(task), &task->slab, ready_ns, error);
    geometry_slab_abandon(&writer);
    return code == KERNEL_SAME ? take_input(task, error) : code;
}

static void add_ns(struct evaluation *evaluation, enum px_stage stage, uint64_t ns) {
    atomic_fetch_add_explicit(&evaluation->stage_ns[stage], ns, memory_order_relaxed);
}

static int make_measured(struct task *task, struct worker *worker, struct px_error *error) {
    uint64_t began = px_clock_ns(), ready_ns = 0;
    size_t mark = scratch_mark(worker->scratch);
    int code = make(task, worker, &ready_ns, error);
    scratch_release_to(worker->scratch, mark);
    uint64_t took = px_clock_ns() - began;
    add_ns(task->evaluation, PX_STAGE_READY, ready_ns);
    add_ns(task->evaluation, task->root ? PX_STAGE_SUFFIX : PX_STAGE_PREFIX, took - ready_ns);
    atomic_fetch_add_explicit(&task->evaluation->computed, 1, memory_order_relaxed);
    return code;
}

static void compute(struct task *task, struct worker *worker) {
    struct px_error error = {0};
    int code = evaluation_stopped(task->evaluation) ? px_fail(&error, PX_E_CANCELLED, "cancelled")
                                                    : make_measured(task, worker, &error);
    drop_needs(task);
    if (code < 0 && code != PX_E_CANCELLED)
        evaluation_fail(task->evaluation, task->layer, &error);
    if (task->owns_fill && code == 0)
        cache_fill(cache_of(task), task_signature(task), task->slab,
                   is_static(task) || task->evaluation->request.keep);
    else if (task->owns_fill)
        cache_fail(cache_of(task), task_signature(task), &error);
    settle(task, worker);
}
