/* process.h: the daemon's side of a sketch process: one request at a time, with a limit of time.
 *
 *     process_create -> STARTING -- READY --> IDLE -- load | draw | evaluate --> BUSY -- answer --> IDLE
 *                                     any -- past the limit, killed, crashed --> DEAD (the request gets the reason)
 *
 * A script's own error leaves the process alive; a dead one is destroyed by its owner, who may make another.
 *
 * Threads    LOOP. `done` is called once a request, never from within the call that made it; not after process_destroy.
 * Errors     PX_E_SKETCH with the reason.
 */
#ifndef SKETCH_PROCESS_H
#define SKETCH_PROCESS_H

#include "daemon/workers/nursery.h"
#include "proto/value.h"

#include <stddef.h>
#include <stdint.h>

struct process;

struct process_config {
    struct loop *loop;
    struct nursery *nursery;
    const char *name; /* of the sketch, for log and messages; copied */
    bool expressions; /* evaluates expressions instead of running a script */
    const char *directory; /* where `require` looks; NULL: nowhere */
    size_t memory_bytes;
    int time_ms;
};
int process_create(const struct process_config *config, struct process **process, struct px_error *error);
void process_destroy(struct process *process); /* NULL is fine; kills it */
bool process_busy(const struct process *process);
bool process_dead(const struct process *process);
int process_pid(const struct process *process); /* 0: not known yet, or ended */

/* What a call gets beside its own arguments; borrowed. */
struct process_moment {
    double t;
    double frame;
    double seed;            /* expressions only; a script's seed stands in params */
    const double *cc;       /* 128, NULL: all 0 */
    const uint8_t *params;  /* MessagePack map by name; NULL: none */
    size_t params_size;
};

/* The answer, borrowed during the call; `plan` may be taken by setting it to NULL. */
struct process_reply {
    uint8_t *plan; /* malloc'd; draw */
    size_t plan_size;
    bool uses_time, uses_cc;
    double seed;
    const struct px_value *own; /* draw: list of the sketch's own parameters */
    const double *values;       /* evaluate */
    size_t value_count;
    size_t failed; /* evaluate, with an error: index of the expression */
};
typedef void process_done(void *owner, struct process_reply *reply, const struct px_error *error);

void process_load(struct process *process, const struct process_moment *moment, const char *chunk, const char *source,
                  size_t size, process_done *done, void *owner);
void process_draw(struct process *process, const struct process_moment *moment, process_done *done, void *owner);
void process_evaluate(struct process *process, const struct process_moment *moment, const char *const *sources,
                      size_t count, process_done *done, void *owner);

#endif
