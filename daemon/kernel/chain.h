/* chain.h: runs a shape or an input geometry through a row of effects; neighbouring POINTS effects go fused.
 *
 * Steps in between stand in scratch; the last LINES or WHOLE step writes to the caller's output, where the POINTS steps
 * after it go on in place. POINTS neighbours run in one pass over blocks of POINTS_BLOCK points, separate x, y, z
 * arrays, up to one that must measure what the pass before makes; that pass gathers the measure on its way. Between
 * steps coordinates are float32, fused or not: same bytes either way. Nothing is copied that a kernel did not write,
 * but offsets of a POINTS pass out of place, and a result in scratch when all steps after it turn out to have nothing
 * to do.
 *
 *     input --LINES--> scratch --POINTS POINTS--> scratch (in place) --WHOLE--> output --POINTS--> output (in place)
 *
 * Threads  the calling worker. Errors: as the kernel's, `*failed` says which step. KERNEL_SAME: every step was
 *          identity, nothing was written, the result is the input.
 */
#ifndef KERNEL_CHAIN_H
#define KERNEL_CHAIN_H

#include "daemon/kernel/kernel.h"

struct chain_step {
    const struct kernel *kernel;
    const void *params;
    const struct px_geometry *further; /* geometries of its NODE parameters, inputs [1..]; NULL without */
    size_t further_count;
};

/* chain_run: the first step is a shape when input is NULL. count 0 with an input: KERNEL_SAME. */
int chain_run(const struct chain_step *steps, size_t count, const struct px_geometry *input,
              struct kernel_output *output, struct kernel_context *context, size_t *failed, struct px_error *error);

/* chain_run_unfused: the same, one step at a time: what chain_run must equal (tests). */
int chain_run_unfused(const struct chain_step *steps, size_t count, const struct px_geometry *input,
                      struct kernel_output *output, struct kernel_context *context, size_t *failed,
                      struct px_error *error);

/* chain_vertex_flags: fills flags (vertex_count bytes, enum px_vertex_flag) from a geometry: stage D. */
void chain_vertex_flags(const struct px_geometry *geometry, uint8_t *flags);

#endif
