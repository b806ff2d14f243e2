/* picture.h: one picture at one time, free of the live clock: what geometry.eval and export.start compute.
 *
 *     a plan as given --> decoded --> its expressions' values (a Lua process) --\
 *     a sketch's plan at t ------------------------------------------------------+--> evaluated --> done
 *
 * Threads    LOOP. `planned` and `done` come on LOOP, possibly before picture_start returns.
 * Ownership  the picture lives in what asked for it, until picture_fini after `done`; the request is borrowed until
 *            `planned` (the value) or the call returns (the rest).
 */
#ifndef RPC_PICTURE_H
#define RPC_PICTURE_H

#include "daemon/pipeline/evaluation.h"
#include "daemon/rpc/daemon.h"
#include "proto/message.h"

enum { PICTURE_CONTROLLERS = 128 };

struct picture_request {
    const struct px_value *plan; /* or */
    struct px_text sketch;       /* the name of one */
    double t;
    bool has_seed;
    uint64_t seed;
    const struct px_value *cc; /* {"1": 0.5, ...} or a list; NULL: all 0 */
    enum pool_priority priority;
    bool check_first; /* the plan is decoded by itself first, then `planned` is called */
};

struct picture {
    struct daemon *daemon;
    void (*planned)(void *owner);                            /* the plan is good; may be NULL */
    void (*done)(void *owner, const struct px_error *error); /* NULL: picture->evaluation has the layers */
    void *owner;

    enum pool_priority priority;
    double t, cc[PICTURE_CONTROLLERS];
    bool has_seed, cancelled;
    uint64_t seed;
    struct plan *plan;             /* a reference */
    struct evaluation *evaluation; /* the one that runs, or the result */
};

/* picture_start: refuses (negative, nothing will be called) a request without plan or sketch, or with bad cc. */
int picture_start(struct picture *picture, const struct picture_request *request, struct px_error *error);
void picture_cancel(struct picture *picture); /* `done` comes all the same, with PX_E_CANCELLED */
void picture_fini(struct picture *picture);

#endif
