/* evaluator.h: the `=` expressions of all plans, in one process beside a spare one.
 *
 * One queue, one request at a time. A request that does not end is killed with its process: only it fails, the spare
 * takes over and the others go on, so nobody waits for another's loop longer than the limit of one.
 *
 * Threads    LOOP. `done` is called once a ticket, never from within evaluator_submit; not after a cancel.
 * Errors     PX_E_SKETCH with the path of the expression.
 */
#ifndef SKETCH_EVALUATOR_H
#define SKETCH_EVALUATOR_H

#include "daemon/plan/plan.h"
#include "daemon/workers/nursery.h"

struct evaluator;
struct evaluator_ticket;

struct evaluator_config {
    struct loop *loop;
    struct nursery *nursery;
    size_t memory_bytes;
    int time_ms;
};
int evaluator_create(const struct evaluator_config *config, struct evaluator **evaluator, struct px_error *error);
void evaluator_destroy(struct evaluator *evaluator); /* NULL is fine; what waits is not called */

struct evaluator_moment {
    double t;
    double frame;
    double seed;
    const double *cc; /* 128 values, NULL: all 0; copied */
};
typedef void evaluator_done(void *owner, const double *values, size_t count, const struct px_error *error);

/* evaluator_submit: a reference on the plan is taken. NULL: no memory. */
struct evaluator_ticket *evaluator_submit(struct evaluator *evaluator, struct plan *plan,
                                          const struct evaluator_moment *moment, evaluator_done *done, void *owner);
void evaluator_cancel(struct evaluator_ticket *ticket); /* NULL is fine */

#endif
