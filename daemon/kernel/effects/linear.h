/* linear.h: v' = M (v - c) + k, the loop that scale, rotate, affine and repeat share.
 *
 * M, c, k are prepared in double. The loop runs in float32, whose error stays below 4e-7 of the distance from c; c is
 * rounded to float32, and what that loses goes into k.
 */
#ifndef KERNEL_EFFECTS_LINEAR_H
#define KERNEL_EFFECTS_LINEAR_H

#include "daemon/kernel/math/matrix.h"

#include <stdbool.h>
#include <stddef.h>

/* In and out arrays are equal or apart: no need to look whether they overlap. */
#ifdef __clang__
#define LINEAR_NO_ALIAS _Pragma("clang loop vectorize(assume_safety)")
#else
#define LINEAR_NO_ALIAS _Pragma("GCC ivdep")
#endif

/* What M does: 3, 9 or 21 operations a point. NONE: the state is not used, see kernel.h's linear. */
enum linear_kind { LINEAR_NONE, LINEAR_SHIFT, LINEAR_SCALE, LINEAR_TURN };

struct linear {
    float m[9];
    float c[3];
    float k[3];
    enum linear_kind kind;
};

/* linear_of: v' = M (v - centre) + centre + shift. */
static inline struct linear linear_of(const struct matrix *matrix, const double centre[3], const double shift[3]) {
    struct linear linear;
    double lost[3], moved[3];
    for (int i = 0; i < 9; i++)
        linear.m[i] = (float)matrix->m[i];
    for (int axis = 0; axis < 3; axis++) {
        linear.c[axis] = (float)centre[axis];
        lost[axis] = (double)linear.c[axis] - centre[axis];
    }
    matrix_apply(matrix, lost, moved);
    for (int axis = 0; axis < 3; axis++)
        linear.k[axis] = (float)(moved[axis] + centre[axis] + shift[axis]);
    const float *m = linear.m;
    const bool diagonal = m[1] == 0 && m[2] == 0 && m[3] == 0 && m[5] == 0 && m[6] == 0 && m[7] == 0;
    linear.kind = diagonal ? LINEAR_SCALE : LINEAR_TURN;
    return linear;
}

static inline void linear_shift(const struct linear *linear, const float *const in[3], float *const out[3], size_t n) {
    const struct linear l = *linear;
    const float *x_in = in[0], *y_in = in[1], *z_in = in[2];
    float *x_out = out[0], *y_out = out[1], *z_out = out[2];
    LINEAR_NO_ALIAS
    for (size_t i = 0; i < n; i++) {
        x_out[i] = x_in[i] + l.k[0];
        y_out[i] = y_in[i] + l.k[1];
        z_out[i] = z_in[i] + l.k[2];
    }
}

static inline void linear_scale(const struct linear *linear, const float *const in[3], float *const out[3], size_t n) {
    const struct linear l = *linear;
    const float *x_in = in[0], *y_in = in[1], *z_in = in[2];
    float *x_out = out[0], *y_out = out[1], *z_out = out[2];
    LINEAR_NO_ALIAS
    for (size_t i = 0; i < n; i++) {
        x_out[i] = (x_in[i] - l.c[0]) * l.m[0] + l.k[0];
        y_out[i] = (y_in[i] - l.c[1]) * l.m[4] + l.k[1];
        z_out[i] = (z_in[i] - l.c[2]) * l.m[8] + l.k[2];
    }
}

static inline void linear_turn(const struct linear *linear, const float *const in[3], float *const out[3], size_t n) {
    const struct linear l = *linear;
    const float *x_in = in[0], *y_in = in[1], *z_in = in[2];
    float *x_out = out[0], *y_out = out[1], *z_out = out[2];
    LINEAR_NO_ALIAS
    for (size_t i = 0; i < n; i++) {
        const float x = x_in[i] - l.c[0];
        const float y = y_in[i] - l.c[1];
        const float z = z_in[i] - l.c[2];
        x_out[i] = (l.m[0] * x + l.m[1] * y) + (l.m[2] * z + l.k[0]);
        y_out[i] = (l.m[3] * x + l.m[4] * y) + (l.m[5] * z + l.k[1]);
        z_out[i] = (l.m[6] * x + l.m[7] * y) + (l.m[8] * z + l.k[2]);
    }
}

/* linear_apply: n points; in and out are the same arrays, or do not overlap. */
static inline void linear_apply(const struct linear *linear, const float *const in[3], float *const out[3], size_t n) {
    if (linear->kind == LINEAR_SHIFT)
        linear_shift(linear, in, out, n);
    else if (linear->kind == LINEAR_SCALE)
        linear_scale(linear, in, out, n);
    else
        linear_turn(linear, in, out, n);
}

/* linear_points: a KERNEL_POINTS loop whose state is a struct linear. */
static inline void linear_points(const void *state, float *x, float *y, float *z, size_t n) {
    float *const arrays[3] = {x, y, z};
    linear_apply(state, (const float *const *)arrays, arrays, n);
}

static inline bool linear_all(const double v[3], double value) {
    return v[0] == value && v[1] == value && v[2] == value;
}

#endif
