/* live.h: one sketch as it runs: its source, clock, parameters, and the frames it makes while somebody watches.
 *
 *     tick of the clock | a changed value --> wanted --> source_draw --> flights_start --> frame
 *
 * Latest wins: a tick that comes while the one before still waits takes its place, and the latter is counted as dropped.
 * A plan that comes out with the same bytes as the one before makes no frame. A new source takes over only when its first
 * picture was drawn and evaluated, at the present time with the present values, also while nobody watches.
 *
 * Threads    LOOP. `done` callbacks: once each, also when the sketch goes (PX_E_CANCELLED).
 */
#ifndef SKETCH_LIVE_H
#define SKETCH_LIVE_H

#include "daemon/sketch/clock.h"
#include "daemon/sketch/flights.h"
#include "daemon/sketch/live_params.h"
#include "daemon/sketch/source.h"

struct live;

/* What all sketches of a daemon share; owned by sketches.c. */
struct live_context {
    struct sketches_config config;
    struct work_group works;
    struct evaluator *evaluator;
    struct controllers controllers;
    bool watched;
};

struct live_counts {
    uint64_t frames, dropped, unchanged, failed;
};

int live_create(struct live_context *context, const char *name, const struct sketch_clock *clock, struct live **live,
                struct px_error *error);
void live_destroy(struct live *live); /* NULL is fine */

/* live_load: takes the source. The one before runs on until `done`, and after an error too. */
void live_load(struct live *live, struct source *source, sketch_done *done, void *argument);
void live_submit(struct live *live, uint64_t frame, double t, const struct px_value *plan, flights_accepted *accepted,
                 void *argument);
void live_plan_at(struct live *live, double t,
                  void (*done)(void *argument, struct plan *plan, const struct px_error *error), void *argument);

/* live_refresh: draws the plan anew if values changed since, so that live_plan and live_own show them, also while nobody
 * watches. A draw that fails leaves them as they are: the only error is PX_E_CANCELLED. */
void live_refresh(struct live *live, sketch_done *done, void *argument);

void live_watch(struct live *live);          /* context->watched changed */
void live_params_changed(struct live *live); /* overrides or bindings */
void live_cc_changed(struct live *live);

const char *live_name(const struct live *live);
struct sketch_clock *live_clock(struct live *live);
void live_clock_changed(struct live *live);
uint64_t live_frame(const struct live *live); /* number of the newest one begun */
struct live_params *live_values(struct live *live);
const struct plan *live_plan(const struct live *live);       /* newest good one; NULL: none yet */
const struct px_value *live_own(const struct live *live);    /* list of the sketch's own parameters; NULL: none */
const struct source *live_source(const struct live *live);   /* NULL: none yet, or frames are submitted */
const struct px_error *live_failure(const struct live *live); /* of the newest try; NULL: none */
bool live_ready(const struct live *live);                    /* something was loaded, set or submitted */
bool live_moves(const struct live *live);                    /* the plan depends on time */
struct live_counts live_counts(const struct live *live);

#endif
