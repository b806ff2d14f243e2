/* sketch.h: what the user asked for: the sketches of a daemon, their clocks, parameters and controllers.
 *
 *     sketch_load (Lua) | sketch_set (a plan) | plan_submit -> sketch -- clock tick, change --> plan at t
 *         -> evaluation (POOL) -> frame -> board, announcement        latest wins; late frames dropped and counted
 *
 * A Lua sketch runs in a process of its own, forked from the nursery, without files or network, with limits of time and
 * memory; expressions run in such a process too. Past a limit it is killed and started again, and the last good picture
 * stays. Nobody watching: nothing is computed. A plan without t: no wake-up after its first frame.
 *
 * Threads    LOOP for everything; `done` callbacks come on LOOP, once each, possibly before the call returns.
 * Errors     as interfaces.md names them; PX_E_SKETCH has file, line and reason.
 */
#ifndef SKETCH_SKETCH_H
#define SKETCH_SKETCH_H

#include "daemon/frame/announce.h"
#include "daemon/frame/board.h"
#include "daemon/pipeline/evaluation.h"
#include "daemon/workers/nursery.h"

struct sketches;

enum { SKETCHES_MAX = 64 };

/* Entries of the nursery's table that this module needs: pass them to nursery_start. */
extern const struct nursery_entry sketch_process_entry;

/* What happened, for subscribers. */
enum sketch_event { SKETCH_LOADED, SKETCH_REMOVED, SKETCH_FOCUSED, SKETCH_FAILED, SKETCH_RECOVERED };

struct sketches_config {
    struct loop *loop;
    struct nursery *nursery;
    struct pipeline *pipeline;
    struct slab_store *store;
    struct board *board;
    struct announce *announce; /* may be NULL (tests) */
    const char *state_dir;     /* overrides and bindings are kept here; "" : not kept */
    int time_ms;               /* of one load or draw */
    size_t memory_bytes;       /* of one sketch process */
    int frames_in_flight;
    void (*event)(void *argument, enum sketch_event event, const char *name, const struct px_error *error);
    void (*frame)(void *argument, const struct frame *frame); /* published */
    void *argument;
};
int sketches_create(const struct sketches_config *config, struct sketches **sketches, struct px_error *error);
void sketches_stop(struct sketches *sketches, void (*stopped)(void *argument), void *argument); /* cancels, waits */
void sketches_destroy(struct sketches *sketches);

/* sketches_watch: somebody watches, or nobody: told by the composition root. */
void sketches_watch(struct sketches *sketches, bool watched);

typedef void sketch_done(void *argument, const struct px_error *error); /* error NULL: done */

/* sketch_load: source (copied) under the chunk name `path` (or the sketch's name). directory: where `require` looks,
 * NULL: nowhere. Done when its first picture was evaluated, and it takes over; on an error the last good one runs on. */
void sketch_load(struct sketches *sketches, const char *name, const char *source, size_t size, const char *path,
                 const char *directory, sketch_done *done, void *argument);
void sketch_set(struct sketches *sketches, const char *name, const struct px_value *plan, sketch_done *done,
                void *argument);
int sketch_remove(struct sketches *sketches, const char *name, struct px_error *error);
int sketch_focus(struct sketches *sketches, const char *name, struct px_error *error);
void sketches_list(struct sketches *sketches, struct px_writer *writer);                       /* a list of maps */
int sketch_get(struct sketches *sketches, const char *name, struct px_writer *writer, struct px_error *error);

/* plan_submit: see interfaces.md; accepted: gives the credit left. */
void sketch_submit(struct sketches *sketches, const char *name, uint64_t frame, double t, const struct px_value *plan,
                   void (*accepted)(void *argument, uint64_t credit, const struct px_error *error), void *argument);

/* sketch_plan_at: the plan of a sketch at a time, with its parameters, outside the live clock (export, render). The
 * plan has no open expressions. gives a reference. */
void sketch_plan_at(struct sketches *sketches, const char *name, double t,
                    void (*done)(void *argument, struct plan *plan, const struct px_error *error), void *argument);

/* sketches_expressions: evaluates a plan's expressions free of live state. values: one each, valid during the call. */
struct sketch_moment {
    double t;
    double frame;
    uint64_t seed;
    const double *cc; /* 128 values, NULL: all 0 */
};
void sketches_expressions(struct sketches *sketches, struct plan *plan, const struct sketch_moment *moment,
                          void (*done)(void *argument, const double *values, size_t count,
                                       const struct px_error *error),
                          void *argument);

/* sketch_load_file: reads it, then sketch_load; `require` looks beside it. name NULL: the file's name without its
 * directory and ending. */
void sketch_load_file(struct sketches *sketches, const char *name, const char *path, sketch_done *done,
                      void *argument);

/* sketch_name_check: 1 to PX_SKETCH_NAME_MAX bytes, without / and control characters. */
int sketch_name_check(const char *name, struct px_error *error);

const char *sketches_focused(const struct sketches *sketches); /* NULL: there is no sketch */
void sketches_save(struct sketches *sketches); /* what was changed and not written yet */

/* ---- the clock: name NULL: of all sketches, and of those to come; read: of the focused one ---- */
struct sketch_clock_change; /* clock.h */
struct sketch_clock_state {
    bool playing;
    double t, fps, rate;
    uint64_t frame;
    const char *sketch; /* NULL: none yet */
};
int sketch_clock_get(struct sketches *sketches, const char *name, struct sketch_clock_state *state,
                     struct px_error *error);
int sketch_clock_set(struct sketches *sketches, const char *name, const struct sketch_clock_change *change,
                     struct px_error *error);
/* key: "" : none; the same key again gives the first answer and moves nothing. */
int sketch_clock_move(struct sketches *sketches, const char *name, double frames, const char *key,
                      struct sketch_clock_state *state, struct px_error *error);

/* ---- live parameters: `values` and `keys` as they came: errors carry values["..."] ---- */
/* sketch_params_get: as they are in force, also while nobody watches. list: a list of maps, borrowed; NULL: error. */
void sketch_params_get(struct sketches *sketches, const char *name,
                       void (*done)(void *argument, const struct px_writer *list, const struct px_error *error),
                       void *argument);
int sketch_params_set(struct sketches *sketches, const char *name, const struct px_value *values,
                      struct px_error *error);
int sketch_params_reset(struct sketches *sketches, const char *name, const struct px_value *keys, size_t *count,
                        struct px_error *error); /* keys NULL: all */

/* ---- controllers ---- */
int sketches_cc_set(struct sketches *sketches, const struct px_value *values, struct px_error *error);
void sketches_cc_write(struct sketches *sketches, struct px_writer *writer); /* {values, bindings} */
int sketch_cc_bind(struct sketches *sketches, const char *name, const char *address, int cc, double lo, double hi,
                   struct px_error *error); /* lo, hi NaN: the parameter's range */
int sketch_cc_unbind(struct sketches *sketches, const char *name, const char *address, struct px_error *error);

#endif
