/* arc.h: arc length along one polyline, and points at a given length.
 *
 *     s[0] = 0, s[k] = s[k-1] + |v[k] - v[k-1]|      in double
 *
 * Units  millimetres; coordinates are xyz triples of float32.
 */
#ifndef KERNEL_MATH_ARC_H
#define KERNEL_MATH_ARC_H

#include "daemon/kernel/math/elementary.h"

#include <stddef.h>

/* arc_lengths: fills s for n vertices; returns the whole length, 0 for fewer than two. */
static inline double arc_lengths(const float *coords, size_t n, double *s) {
    if (n == 0)
        return 0.0;
    /* First the pieces, which vectorises, then their sum in order. */
    for (size_t i = 1; i < n; i++) {
        const float *a = &coords[3 * (i - 1)];
        const double dx = (double)a[3] - (double)a[0];
        const double dy = (double)a[4] - (double)a[1];
        const double dz = (double)a[5] - (double)a[2];
        s[i] = math_sqrt(dx * dx + dy * dy + dz * dz);
    }
    s[0] = 0.0;
    for (size_t i = 1; i < n; i++)
        s[i] += s[i - 1];
    return s[n - 1];
}

/* arc_point: the point at length t on the segment that ends at vertex k >= 1. */
static inline void arc_point(const float *coords, const double *s, size_t k, double t, double out[3]) {
    const double length = s[k] - s[k - 1];
    const double part = length > 0.0 ? (t - s[k - 1]) / length : 0.0;
    const float *a = &coords[3 * (k - 1)];
    for (size_t axis = 0; axis < 3; axis++)
        out[axis] = (double)a[axis] + ((double)a[axis + 3] - (double)a[axis]) * part;
}

/* arc_lower: the first vertex k of n with s[k] >= t, n if there is none; from a guess on, which is near in a walk. */
static inline size_t arc_lower(const double *s, size_t n, double t, size_t guess) {
    size_t k = guess;
    while (k > 0 && s[k - 1] >= t)
        k--;
    while (k < n && s[k] < t)
        k++;
    return k;
}

#endif
