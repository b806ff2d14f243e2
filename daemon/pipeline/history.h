/* history.h: what the frame before was made of: the signatures of all its steps.
 *
 * A step whose signature stood in the frame before is static, and so is everything before it in its chain, since a
 * signature holds that of its input: so one number a node says it all, the last static step.
 *
 * Threads  history_note: POOL, one lock, held for one pass over the plan's signatures. The rest: any.
 */
#ifndef PIPELINE_HISTORY_H
#define PIPELINE_HISTORY_H

#include "daemon/plan/plan.h"

struct history;

struct history *history_create(void); /* NULL: no memory; gives a reference */
struct history *history_ref(struct history *history); /* NULL is fine */
void history_unref(struct history *history);          /* NULL is fine */

/* history_note: compares with the frame before, then becomes this frame. last_static: one a node of the plan, by its
 * index: the last step (0: the source) whose signature stood there, -1: none. */
void history_note(struct history *history, const struct plan *plan, int16_t *last_static);

/* What computing the frame before took: whether a second worker pays. 0: not known. */
uint64_t history_work_ns(const struct history *history);
void history_set_work_ns(struct history *history, uint64_t work_ns);

#endif
