/* scratch.h: a worker's memory for intermediate results: taken bump by bump, reset between jobs, kept for the next.
 *
 * Threads    one owner.
 * Errors     scratch_take gives NULL past the budget.
 */
#ifndef KERNEL_SCRATCH_H
#define KERNEL_SCRATCH_H

#include "daemon/kernel/kernel.h"

struct scratch *scratch_create(size_t budget_bytes); /* NULL: no memory */
void scratch_destroy(struct scratch *scratch);        /* NULL is fine */

/* scratch_reset: everything taken is gone; memory is kept for reuse (one block of the size that was needed). */
void scratch_reset(struct scratch *scratch);

/* scratch_mark / scratch_release_to: nested use within a job. */
size_t scratch_mark(const struct scratch *scratch);
void scratch_release_to(struct scratch *scratch, size_t mark);

/* scratch_grown: how often memory had to be got from the system: 0 in steady state. */
uint64_t scratch_grown(const struct scratch *scratch);

#endif
