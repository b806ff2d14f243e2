/* libm_export.c: the C library's names for the project's own functions, exported by the executable.
 *
 * GEOS and Lua call sin, cos, ... through the dynamic linker, which looks into the executable first: so they get the
 * same bits on every machine too. Every program that links the kernels pulls this file in (-u math_libm_export). It is
 * compiled with -fno-builtin, or the compiler might turn a body into a call of itself.
 *
 * Threads  any; pure. errno is not set.
 */
#include "daemon/kernel/math/elementary.h"
#include "daemon/kernel/math/power.h"
#include "daemon/kernel/math/reduce.h"

#define EXPORTED __attribute__((visibility("default")))

/* What the linker is told to look for. */
extern const char math_libm_export;
EXPORTED const char math_libm_export = 1;

EXPORTED double sin(double x) {
    return math_sin_of(math_reduce_any(x));
}

EXPORTED double cos(double x) {
    return math_cos_of(math_reduce_any(x));
}

EXPORTED void sincos(double x, double *sine, double *cosine) {
    const struct math_angle angle = math_reduce_any(x);
    *sine = math_sin_of(angle);
    *cosine = math_cos_of(angle);
}

EXPORTED double tan(double x) {
    const struct math_angle angle = math_reduce_any(x);
    return math_sin_of(angle) / math_cos_of(angle);
}

EXPORTED double atan2(double y, double x) {
    return math_atan2(y, x);
}

EXPORTED double atan(double x) {
    return math_atan2(x, 1.0);
}

EXPORTED double acos(double x) {
    return math_acos(x);
}

EXPORTED double asin(double x) {
    return math_atan2(x, math_leg(x));
}

EXPORTED double exp(double x) {
    return math_exp(x);
}

EXPORTED double log(double x) {
    return math_log(x);
}

EXPORTED double pow(double x, double y) {
    return math_pow(x, y);
}
