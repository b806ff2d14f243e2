/* pen.h: counts a shape, reserves room for exactly that, and writes it vertex by vertex.
 *
 *     tally_add ... -> pen_open -> { pen_point ... pen_lift } per line -> pen_close
 *
 * Counts saturate instead of overflowing, so 10^9 segments squared is a large number and then E_LIMIT, before any
 * memory is asked for.
 *
 * Units    a vertex is x, y, z in mm, double; rounded to float32 here, once.
 * Errors   E_LIMIT past the vertex budget, E_CANCELLED when the job was called off.
 * Threads  the one that runs the kernel.
 */
#ifndef KERNEL_SHAPES_PEN_H
#define KERNEL_SHAPES_PEN_H

#include "daemon/kernel/kernel.h"

#include <assert.h>

/* What a shape is going to draw. */
struct tally {
    uint64_t vertices;
    uint64_t lines;
    bool partial; /* counting stopped early, past any budget */
};

static inline uint64_t tally_product(uint64_t a, uint64_t b) {
    uint64_t product;
    return __builtin_mul_overflow(a, b, &product) ? UINT64_MAX : product;
}

static inline uint64_t tally_sum(uint64_t a, uint64_t b) {
    uint64_t sum;
    return __builtin_add_overflow(a, b, &sum) ? UINT64_MAX : sum;
}

/* tally_add: `lines` more lines of `vertices_each`. */
static inline void tally_add(struct tally *tally, uint64_t lines, uint64_t vertices_each) {
    tally->lines = tally_sum(tally->lines, lines);
    tally->vertices = tally_sum(tally->vertices, tally_product(lines, vertices_each));
}

/* count_of: a parameter that counts something; negative is none. */
static inline uint64_t count_of(int64_t value) {
    return value < 0 ? 0 : (uint64_t)value;
}

struct pen {
    float *coords;
    int32_t *offsets;
    size_t vertices; /* written so far */
    size_t lines;    /* lifted so far */
    struct tally tally;
    const struct kernel_context *context;
    struct kernel_output *output;
};

/* pen_open: room for exactly the tally. */
static inline int pen_open(struct pen *pen, const struct kernel_job *job, struct tally tally, struct px_error *error) {
    *pen = (struct pen){.tally = tally, .context = job->context, .output = job->output};
    size_t budget = job->context->vertex_budget;
    budget = budget < PX_GEOMETRY_VERTICES_MAX ? budget : PX_GEOMETRY_VERTICES_MAX;
    if (tally.vertices > budget || tally.lines > PX_GEOMETRY_LINES_MAX)
        return px_fail(error, PX_E_LIMIT,
                       "%s%llu vertices in %llu lines asked for; the budget is %zu vertices and %d lines",
                       tally.partial ? "at least " : "", (unsigned long long)tally.vertices,
                       (unsigned long long)tally.lines, budget, PX_GEOMETRY_LINES_MAX);
    int code = kernel_output_reserve(job->output, (size_t)tally.vertices, (size_t)tally.lines, error);
    pen->coords = job->output->coords;
    pen->offsets = job->output->offsets;
    return code;
}

static inline void pen_point(struct pen *pen, double x, double y, double z) {
    float *at = pen->coords + 3 * pen->vertices++;
    at[0] = (float)x;
    at[1] = (float)y;
    at[2] = (float)z;
}

/* pen_again: repeats vertex `index` bit for bit: how a line is closed. */
static inline void pen_again(struct pen *pen, size_t index) {
    float *at = pen->coords + 3 * pen->vertices++;
    for (int axis = 0; axis < 3; axis++)
        at[axis] = pen->coords[3 * index + (size_t)axis];
}

/* pen_lift: ends the line. */
static inline void pen_lift(struct pen *pen) {
    pen->offsets[++pen->lines] = (int32_t)pen->vertices;
}

/* pen_goes_on: false once the job is called off; asked per line, and every 4096 vertices of a long one. */
static inline bool pen_goes_on(const struct pen *pen) {
    return !kernel_cancelled(pen->context);
}

/* pen_close: gives the output its counts; E_CANCELLED if a loop left off. */
static inline int pen_close(struct pen *pen, struct px_error *error) {
    if (pen->vertices != pen->tally.vertices || pen->lines != pen->tally.lines) {
        assert(kernel_cancelled(pen->context));
        return px_fail(error, PX_E_CANCELLED, "cancelled");
    }
    pen->output->vertex_count = pen->vertices;
    pen->output->line_count = pen->lines;
    return 0;
}

#endif
