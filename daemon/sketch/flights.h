/* flights.h: frames of one sketch on their way: evaluated at the same time, published in order.
 *
 *     flights_start (live) ------------------------------------> EVALUATING -- done, all before it published --> frame
 *     flights_submit -> DECODING -> [VALUES] -> accepted ------^
 *
 * A frame that fails is left out: the last good one stays. Live frames need room (flights_full); submitted ones are
 * never dropped, and their number is bounded by the credit their sender has.
 *
 * Threads    LOOP. Callbacks come from LOOP, not after flights_destroy, but for `accepted`, which is always called.
 */
#ifndef SKETCH_FLIGHTS_H
#define SKETCH_FLIGHTS_H

#include "daemon/sketch/evaluator.h"
#include "daemon/sketch/sketch.h"
#include "daemon/sketch/work.h"

struct flights;

struct flights_config {
    const struct sketches_config *sketches; /* store, board, announce, frames_in_flight, frame */
    struct work_group *works;
    struct evaluator *evaluator;
    const char *name; /* lives as long */
    void (*published)(void *owner, struct plan *plan, uint64_t revision); /* plan: borrowed; revision: of its moment */
    void (*failed)(void *owner, const struct px_error *error);
    void (*room)(void *owner); /* one flight fewer */
    void *owner;
};

/* What a frame is, beside its plan. */
struct flight_moment {
    uint64_t frame;
    double t;
    uint64_t planned_ns;
    uint64_t revision;
    struct overrides *overrides; /* borrowed; submitted ones */
    const double *cc;            /* submitted ones */
};

struct flights *flights_create(const struct flights_config *config); /* NULL: no memory */
void flights_destroy(struct flights *flights); /* cancels; what waits for acceptance is told PX_E_CANCELLED */
bool flights_full(const struct flights *flights);
size_t flights_count(const struct flights *flights);

/* flights_start: a live frame; request: value part, overrides and path are set. Takes its bytes in any case. */
int flights_start(struct flights *flights, struct evaluation_request request, const struct flight_moment *moment,
                  struct px_error *error);

typedef void flights_accepted(void *argument, uint64_t credit, const struct px_error *error);

/* flights_submit: a frame from a script that makes its own plans; plan is copied. Answers a frame sent again as it did
 * the first time; PX_E_STALE below the last accepted one, PX_E_BUSY without credit. */
void flights_submit(struct flights *flights, const struct px_value *plan, const struct flight_moment *moment,
                    flights_accepted *accepted, void *argument);

#endif
