/* direction.h: the unit vector of an angle, and the angles of a regular ring.
 *
 * Units  radians unless the name says degrees.
 */
#ifndef KERNEL_SHAPES_DIRECTION_H
#define KERNEL_SHAPES_DIRECTION_H

#include "daemon/kernel/math/elementary.h"

#include <stdint.h>

struct direction {
    double cos;
    double sin;
};

static inline struct direction direction_of(double angle) {
    struct direction direction;
    math_sincos(angle, &direction.sin, &direction.cos);
    return direction;
}

/* direction_on_ring: step k of n round the circle; step n is step 0 again, so that rings close bit for bit. */
static inline struct direction direction_on_ring(uint64_t k, uint64_t n) {
    return direction_of(k == n ? 0.0 : 2.0 * MATH_PI * (double)k / (double)n);
}

/* radians_of: within one turn, so that no number of degrees is too large for a sine. */
static inline double radians_of(double degrees) {
    return fmod(degrees, 360.0) * MATH_DEGREE;
}

#endif
