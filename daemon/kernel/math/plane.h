/* plane.h: the plane a line lies in, as a turn that lays it flat.
 *
 *     flat = R v - (0, 0, shift)          v = R^T (flat + (0, 0, shift))
 *
 * R turns the plane's normal to +z by the shortest way; within the plane no axis is aligned. A normal of +z or -z turns
 * nothing. Distances are kept, so angles and spacings in the plane are those on paper.
 *
 * Units    mm; double, from float32 coordinates.
 * Source   Rodrigues' rotation; Jacobi's eigenvalue method (1846) for the plane through scattered vertices.
 */
#ifndef KERNEL_MATH_PLANE_H
#define KERNEL_MATH_PLANE_H

#include "shared/geometry.h"

#include <stdbool.h>

struct plane {
    double turn[3][3]; /* rows: turn[2] is the normal */
    double shift;
};

/* plane_of_line: from the first three vertices. Fewer, or three on one straight line: nothing is turned or shifted. */
struct plane plane_of_line(const float *coords, size_t vertex_count);

/* plane_height: the greatest |z| of the vertices once laid flat: 0 when they lie in the plane. */
double plane_height(const struct plane *plane, const float *coords, size_t vertex_count);

/* plane_diagonal: of the box of the vertices, as they stand; 0 without any. */
double plane_diagonal(const float *coords, size_t vertex_count);

/* plane_of_whole: one plane for everything, from the first line that is flat in itself (else the plane of least
 * squares), shifted to the very first vertex. True when all vertices lie in it, to 1e-4 of the diagonal. `parts` are
 * geometries taken together, in order (clip: the lines, then the outline). */
bool plane_of_whole(const struct px_geometry *parts, size_t part_count, struct plane *plane);

/* plane_flatten: the vertices in the plane, (x, y) interleaved; z is dropped. */
void plane_flatten(const struct plane *plane, const float *coords, size_t vertex_count, double *xy);

/* plane_raise: a point of the plane back in space. */
static inline void plane_raise(const struct plane *plane, double x, double y, float out[3]) {
    for (int axis = 0; axis < 3; axis++)
        out[axis] = (float)(plane->turn[0][axis] * x + plane->turn[1][axis] * y + plane->turn[2][axis] * plane->shift);
}

#endif
