/* reduce.h: an angle of any size as a quadrant and a rest, for code that must take every double.
 *
 * Threads  any; pure.
 */
#ifndef KERNEL_MATH_REDUCE_H
#define KERNEL_MATH_REDUCE_H

#include "daemon/kernel/math/elementary.h"

/* math_reduce_any: as math_reduce within MATH_ANGLE_MAX, exact beyond; NaN for an infinity and NaN. */
struct math_angle math_reduce_any(double x);

#endif
