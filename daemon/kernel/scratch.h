/* scratch.h: a worker's memory for intermediate results: taken bump by bump, reset between jobs, kept for the next.
 *
 *     [ block ][ block ] ...       bump memory: scratch_take, released by marks or as a whole
 *     [ slot 0 ] ... [ slot 3 ]    whole arrays that outlive a step: the geometries between the steps of a chain
 *
 * A job that outgrows the blocks gets another block at once; the next reset makes one of them all, so that in steady
 * state nothing is asked of the system.
 *
 * Threads    one owner.
 * Errors     scratch_take gives NULL past the budget.
 */
#ifndef KERNEL_SCRATCH_H
#define KERNEL_SCRATCH_H

#include "daemon/kernel/kernel.h"

enum { SCRATCH_SLOTS = 4 };

struct scratch *scratch_create(size_t budget_bytes); /* NULL: no memory */
void scratch_destroy(struct scratch *scratch);       /* NULL is fine */

/* scratch_reset: everything taken is gone; memory is kept for reuse (one block of the size that was needed). */
void scratch_reset(struct scratch *scratch);

/* scratch_mark / scratch_release_to: nested use within a job. */
size_t scratch_mark(const struct scratch *scratch);
void scratch_release_to(struct scratch *scratch, size_t mark);

/* scratch_slot: slot 0..3 with room for size_bytes, its first keep_bytes as they were; 64-byte aligned. Valid until the
 * slot is asked for again, also past a reset. NULL past the budget: the slot stays as it was. */
void *scratch_slot(struct scratch *scratch, unsigned slot, size_t size_bytes, size_t keep_bytes);

/* scratch_grown: how often memory had to be got from the system: 0 in steady state. */
uint64_t scratch_grown(const struct scratch *scratch);

#endif
