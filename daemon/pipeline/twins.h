/* twins.h: nodes of one plan that have equal signatures: whoever begins first computes for all.
 *
 *     twin.waiting: NULL nobody began -> TWIN_BUSY -> a stack of tasks that wait, ending in TWIN_BUSY -> TWIN_DONE
 *
 * The cache alone would not do: a result that is asked for the first time does not enter it, and the second of two
 * equal layers may come after the first is done.
 *
 * Threads  twins_find: one worker, before tasks begin. The twins themselves: any (see task.c).
 */
#ifndef PIPELINE_TWINS_H
#define PIPELINE_TWINS_H

#include "daemon/plan/plan.h"
#include "daemon/slab/slab.h"

#include <stdatomic.h>

struct task;

struct twin {
    _Atomic(struct task *) waiting;
    struct slab *slab; /* once DONE: a reference, or NULL when it failed */
};

struct twins {
    uint32_t *of_node; /* by index of the node: 1 + its twin, 0: it is the only one */
    struct twin *list;
    size_t count;
    /* room, kept for the next plan */
    struct twin_place {
        struct px_signature signature;
        uint32_t node; /* index + 1; 0: an empty place */
    } * places;
    size_t node_room;  /* nodes that all three have room for */
    size_t place_room; /* places in use: a power of two */
};

/* twins_find: false: no memory. */
bool twins_find(struct twins *twins, const struct plan *plan);
void twins_drop(struct twins *twins); /* gives the slabs back, keeps the memory */
void twins_fini(struct twins *twins);

#endif
