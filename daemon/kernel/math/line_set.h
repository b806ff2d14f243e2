/* line_set.h: writes transformed copies of polylines to an output, equal lines only once.
 *
 *     equal: same number of vertices, and rint(1e6 * float32 coordinate) equal for all of them in order
 *
 * The first of equal lines stays; a reversed line is another. Lines are found by a hash of their keys in a table of
 * open addressing, at most half full.
 */
#ifndef KERNEL_MATH_LINE_SET_H
#define KERNEL_MATH_LINE_SET_H

#include "daemon/kernel/kernel.h"
#include "daemon/kernel/math/matrix.h"

struct line_slot {
    uint32_t hash;          /* its upper half */
    uint32_t line_plus_one; /* 0: free */
};

struct line_set {
    struct kernel_output *output; /* vertex_count and line_count grow */
    struct line_slot *slots;
    size_t mask;
};

/* line_set_init: reserves the output for at most that much, and the table. */
int line_set_init(struct line_set *set, const struct kernel_job *job, size_t vertices, size_t lines,
                  struct px_error *error);

/* line_set_add: n vertices of double as centre + matrix (v - centre), rounded once. */
void line_set_add(struct line_set *set, const double *coords, size_t n, const struct matrix *matrix,
                  const double centre[3]);

/* line_set_append: the line from a to b, whether there is an equal one or not. */
void line_set_append(struct line_set *set, const double a[3], const double b[3]);

#endif
