/* evaluation.h: turns one plan into one slab a layer: stages A (decode, sign) to D (draw-ready), on POOL.
 *
 *     evaluation_start -> POOL: decode -> for each layer: longest cached prefix -> rest of the chain -> slab -> done
 * (LOOP)
 *
 * Static prefix: per `history` (one a sketch), the signatures of the frame before; a step whose signature stood there
 * too is static: the longest static prefix is computed once and kept in the cache, the dynamic rest runs fused into the
 * layer's slab. Equal nodes of one frame, of neighbouring frames and of other sketches are computed once (cache WAIT).
 * Layers are jobs of their own when that pays.
 *
 * Threads    start, cancel, destroy: LOOP. `done` is called on LOOP, once, also after a cancel (PX_E_CANCELLED).
 * Ownership  the evaluation holds references on its slabs until destroyed.
 */
#ifndef PIPELINE_EVALUATION_H
#define PIPELINE_EVALUATION_H

#include "daemon/cache/cache.h"
#include "daemon/host/loop.h"
#include "daemon/plan/plan.h"
#include "daemon/workers/pool.h"
#include "shared/frame_layout.h"

struct pipeline;
struct evaluation;
struct history; /* what the frames before looked like; one a live sketch */

struct pipeline_config {
    struct loop *loop;
    struct pool *pool;
    struct slab_store *store;
    struct cache *cache;
    struct resources *resources;
    size_t vertices_max;
    size_t evaluations_max; /* in flight at one time: PX_E_BUSY beyond */
};
int pipeline_create(const struct pipeline_config *config, struct pipeline **pipeline, struct px_error *error);
void pipeline_destroy(struct pipeline *pipeline); /* no evaluation is in flight any more */

struct history *history_create(void);        /* NULL: no memory; gives a reference */
void history_unref(struct history *history); /* NULL is fine; evaluations in flight hold references of their own */

struct evaluation_request {
    /* Either a value, decoded on POOL; borrowed until done. Or MessagePack bytes, decoded on POOL; taken (free()d by
     * the evaluation; when start fails they stay the caller's). Or a plan; a reference is taken. */
    const struct px_value *value;
    uint8_t *bytes;
    size_t size;
    struct plan *plan;
    const char *path;            /* where the plan stands in the request: "plan"; static */
    struct overrides *overrides; /* a reference is taken; NULL: none */
    const double *values;        /* of the plan's expressions (with .plan); copied */
    size_t value_count;
    bool has_seed; /* `seed` stands in for the plan's own (not with a .plan without values) */
    uint64_t seed;
    struct history *history; /* a reference is taken; NULL: free of live state */
    bool decode_only;        /* stop after stage A: evaluation_plan */
    bool keep;               /* its results are asked for again soon: they enter the cache at once */
    enum pool_priority priority;
    void (*done)(void *owner, struct evaluation *evaluation);
    void *owner;
};

struct evaluation_layer {
    struct slab *slab;
    const char *name;
    float color[4];
    float thickness;
};

int evaluation_start(struct pipeline *pipeline, const struct evaluation_request *request,
                     struct evaluation **evaluation, struct px_error *error);
void evaluation_cancel(struct evaluation *evaluation);
void evaluation_destroy(struct evaluation *evaluation); /* after done; NULL is fine */

/* After done. An error names layer, step and kernel. */
const struct px_error *evaluation_error(const struct evaluation *evaluation); /* NULL: none */
/* The decoded plan (borrowed): also when it has expressions and no values were given: then there are no layers and
 * evaluation_wants_values is true: evaluate them and start again with .plan and .values. */
struct plan *evaluation_plan(const struct evaluation *evaluation);
bool evaluation_wants_values(const struct evaluation *evaluation);
const struct evaluation_layer *evaluation_layers(const struct evaluation *evaluation, size_t *count);
/* Warnings of kernels, prefixed by their place: how many; the text of each. */
size_t evaluation_warnings(const struct evaluation *evaluation, const char *const **texts);
struct evaluation_timings {
    uint64_t stage_ns[PX_STAGE_COUNT]; /* CPU time summed over workers */
    uint64_t wall_ns;                  /* start to done */
    uint64_t hits, computed, vertices;
};
struct evaluation_timings evaluation_timings(const struct evaluation *evaluation);

#endif
