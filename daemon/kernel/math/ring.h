/* ring.h: closed outlines in a plane, and which of them are holes of which.
 *
 * A ring is taken cyclic: the edge from its last point to its first is there, whether or not that point is repeated.
 * A ring that stands in an even number of others is an outer one and founds a group; any other joins, of the outer
 * rings about it, the one of least area. Whether one ring stands in another is asked of its first point alone.
 *
 * Units    of the plane.
 * Cost     n log n, and the rings whose boxes a point lies in.
 */
#ifndef KERNEL_MATH_RING_H
#define KERNEL_MATH_RING_H

#include "daemon/kernel/kernel.h"

struct ring {
    const double *xy; /* (count, 2) */
    size_t count;
    double min[2], max[2];
    double area; /* never negative */
};

/* ring_of: with box and area. */
struct ring ring_of(const double *xy, size_t count);

/* ring_contains: whether a ray from the point to +x crosses the ring an odd number of times. */
bool ring_contains(const struct ring *ring, double x, double y);

/* Group g has members[starts[g]] .. members[starts[g + 1] - 1], rings by index, ascending. */
struct ring_groups {
    uint32_t *members;
    uint32_t *starts; /* (count + 1) */
    size_t count;
};

/* ring_group: groups in the order of their outer rings; then, each for itself, those that belong to none. Rings
 * without points are in no group. False: scratch is spent. */
bool ring_group(const struct ring *rings, size_t count, struct scratch *scratch, struct ring_groups *groups);

#endif
