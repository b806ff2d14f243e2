/* work.h: evaluations in flight on behalf of sketches, so that whoever started one may go before it ends.
 *
 *     work_start -> running -- ended --> done(owner, evaluation)        work_drop: cancelled, done is not called
 *
 * Threads    LOOP. Ownership: `done` is given the evaluation and destroys it; a dropped one is destroyed here.
 */
#ifndef SKETCH_WORK_H
#define SKETCH_WORK_H

#include "daemon/pipeline/evaluation.h"

struct work;

/* All evaluations of one daemon's sketches; initialise with pipeline set and the rest zero. */
struct work_group {
    struct pipeline *pipeline;
    size_t running;
    void (*idle)(void *argument); /* called when `running` falls to 0, if set */
    void *argument;
};

typedef void work_done(void *owner, struct evaluation *evaluation);

/* work_start: request's done and owner are set here. On failure `bytes` of the request are freed too. */
int work_start(struct work_group *group, struct evaluation_request request, work_done *done, void *owner,
               struct work **work, struct px_error *error);
void work_drop(struct work *work); /* NULL is fine */

#endif
