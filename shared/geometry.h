/* geometry.h: polylines, as every part of the system sees them.
 *
 *     line i = coords[3 * offsets[i] .. 3 * offsets[i+1])
 *     offsets[0] = 0 <= offsets[1] <= ... <= offsets[line_count] = vertex_count
 *
 * Units      millimetres, origin top left, +x right, +y down.
 * Ownership  a view borrows its arrays from a slab, a scratch buffer or a message, until that goes.
 */
#ifndef PX_SHARED_GEOMETRY_H
#define PX_SHARED_GEOMETRY_H

#include "shared/error.h"

#include <stddef.h>
#include <stdint.h>

/* More than this in one geometry is E_LIMIT, whatever asks for it: offsets are int32 and memory is finite. */
enum { PX_GEOMETRY_VERTICES_MAX = 64 * 1024 * 1024, PX_GEOMETRY_LINES_MAX = 32 * 1024 * 1024 };

struct px_geometry {
    const float *coords;    /* (vertex_count, 3) xyz interleaved */
    const int32_t *offsets; /* (line_count + 1); may be NULL only when line_count is 0 */
    size_t vertex_count;
    size_t line_count;
};

/* Axis-aligned box; empty when min > max. */
struct px_bounds {
    float min[3];
    float max[3];
};

/* px_geometry_check: whether offsets hold the invariant above and every coordinate is finite; E_RANGE with the path
 * and the first offending index. O(N). */
int px_geometry_check(const struct px_geometry *geometry, const struct px_path *path, struct px_error *error);

/* px_geometry_bounds: the box of all vertices; empty (min +inf, max -inf) without any. */
struct px_bounds px_geometry_bounds(const struct px_geometry *geometry);

#endif
