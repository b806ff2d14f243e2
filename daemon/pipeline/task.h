/* task.h: computes the geometry of one node up to one of its steps. Private to pipeline/.
 *
 *     task_begin -> in the cache: done
 *                -> somebody makes it: suspended until the cache wakes it
 *                -> ours to make: first what it needs (prefix, source, further nodes: tasks too), then the chain ->
 * done
 *
 *                -> an equal node of this plan is at it (twins.h): suspended until that is done
 *
 * Whoever ends the last need of a task computes it: a worker at once, a wake-up by handing it to the pool. Needs are
 * parts of the task's own signature, so tasks never wait for each other in a circle.
 *
 *     outstanding = jobs, queued or running + tasks suspended by the cache;  0: the evaluation is over
 */
#ifndef PIPELINE_TASK_H
#define PIPELINE_TASK_H

#include "daemon/pipeline/evaluation.h"
#include "daemon/pipeline/history.h"
#include "daemon/pipeline/notices.h"
#include "daemon/pipeline/twins.h"

/* What a task is for, and its place among the three of its node. */
enum task_part { TASK_WHOLE, TASK_PREFIX, TASK_SOURCE, TASK_PARTS };

struct task {
    struct evaluation *evaluation;
    const struct plan_node *node;
    size_t upto; /* step: 0 the source, effect_count the whole */
    enum task_part part;
    bool root;        /* the whole of a layer */
    bool owns_fill;   /* cache_fill or cache_fail is due */
    bool begin_again; /* what the next job does: begin, or compute */
    size_t layer;
    struct task *parent; /* NULL: a layer's */
    _Atomic unsigned needs;
    struct slab *slab; /* the result, with a reference */
    struct slab *base; /* a shorter prefix that the cache had, with a reference */
    size_t base_upto;
    struct task *prefix; /* the task that makes the base; NULL: none */
    struct twin *twin;   /* whose work this is, for all that are equal; NULL: nobody else's */
    struct task *next_twin;
    struct cache_waiter waiter;
    struct pool_job job;
    struct loop_message message; /* the pool was full: LOOP tries again */
    struct task *stalled;        /* LOOP: next of those */
};

struct pipeline {
    struct pipeline_config config;
    struct plan_blocks *blocks;
    struct notices *notices;
    int workers;
    /* LOOP */
    struct evaluation *spare;
    size_t in_flight;
    struct task *stalled;
    struct loop_timer *stalled_timer;
};

enum { EVALUATION_HELPERS_MAX = 15 };

/* A further worker on the layers of one evaluation. */
struct helper {
    struct pool_job job;
    struct evaluation *evaluation;
};

struct evaluation {
    struct pipeline *pipeline;
    struct evaluation_request request;
    struct pool_job job;
    struct loop_message message;
    struct helper helpers[EVALUATION_HELPERS_MAX];

    /* stage A only: request.bytes as a tree; its memory is used again */
    struct px_document document;

    /* set by stage A, then read only until the evaluation is over */
    struct plan *plan;
    struct overrides *overrides;
    struct task *tasks; /* TASK_PARTS a node, by its index */
    size_t task_room;
    int16_t *last_static; /* by index of the node */
    size_t static_room;
    struct twins twins;
    size_t *todo; /* layers that the cache did not have */
    size_t todo_count, todo_room;
    double *values;
    size_t value_room;

    /* while it runs */
    _Atomic bool stop; /* cancelled or failed: kernels look at it */
    _Atomic bool failed;
    _Atomic unsigned outstanding;
    _Atomic size_t todo_next;
    _Atomic uint64_t stage_ns[PX_STAGE_COUNT];
    _Atomic uint64_t hits, computed;
    struct px_error error; /* of whoever set `failed` */

    /* LOOP */
    bool cancelled;
    uint64_t started_ns, wall_ns;
    struct evaluation_layer *layers;
    size_t layer_count, layer_room;
    char **warnings;
    size_t warning_count, warning_room;
    struct evaluation *next_spare;
};

/* evaluation_leave: one less outstanding; the last one posts the end. Nothing of the evaluation may be touched after.
 */
void evaluation_enter(struct evaluation *evaluation);
void evaluation_leave(struct evaluation *evaluation);

/* evaluation_fail: the first failure stays and stops the rest. place: "layer "x", effect 2 (fill)" or a part of it. */
void evaluation_fail(struct evaluation *evaluation, size_t layer, const struct px_error *error);
bool evaluation_stopped(const struct evaluation *evaluation);

/* task_init: the task of a part of a node, fresh. */
struct task *task_init(struct evaluation *evaluation, const struct plan_node *node, enum task_part part, size_t upto,
                       size_t layer, struct task *parent);
void task_begin(struct task *task, struct worker *worker);

/* task_resubmit: hands a task to the pool; one outstanding goes over to the job. */
void task_resubmit(struct task *task);

/* pipeline_stall: LOOP: tries again in a moment. */
void pipeline_stall(struct pipeline *pipeline, struct task *task);

#endif
