/* compare.h: when a result holds against a recorded one.
 *
 *     exact       bit for bit
 *     f32, fast   offsets equal; every coordinate within 2e-5 (f32) or 2e-4 (fast) of the extent, + 1e-5
 *     fill        vertex and line count within 2 %, total length within 0.5 %, Hausdorff distance within `spacing`
 *     topo        line count equal, total length within 0.5 %, Hausdorff distance within 1 % of the extent
 *     stat        counts and total length within a factor of 2, inside the box enlarged by a quarter of the extent
 *
 * Extent is the longest side of the recorded box. Hausdorff distances are taken from vertices and middles of segments.
 */
#ifndef TESTS_GOLDEN_COMPARE_H
#define TESTS_GOLDEN_COMPARE_H

#include "shared/geometry.h"

#include <stdbool.h>

/* compare: true when it holds; `why` says in either case what was measured. */
bool compare(const char *class, const struct px_geometry *expected, const struct px_geometry *actual, double spacing,
             char *why, size_t why_size);

/* geometry_same: equal byte for byte. */
bool geometry_same(const struct px_geometry *a, const struct px_geometry *b);

double geometry_extent(const struct px_geometry *geometry);

#endif
