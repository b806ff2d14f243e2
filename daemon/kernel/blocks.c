/* blocks.c: loops over blocks of points, written so that compilers vectorise them. */
#include "daemon/kernel/blocks.h"

#include "daemon/kernel/effects/linear.h"
#include "daemon/kernel/kernel.h"
#include "daemon/kernel/math/elementary.h"

#include <string.h>

enum { LANES = 8 };

static void blocks_spread(const float *restrict xyz, float *restrict x, float *restrict y, float *restrict z,
                          size_t n) {
    for (size_t i = 0; i < n; i++) {
        x[i] = xyz[3 * i];
        y[i] = xyz[3 * i + 1];
        z[i] = xyz[3 * i + 2];
    }
}

static void blocks_gather(const float *restrict x, const float *restrict y, const float *restrict z,
                          float *restrict xyz, size_t n) {
    for (size_t i = 0; i < n; i++) {
        xyz[3 * i] = x[i];
        xyz[3 * i + 1] = y[i];
        xyz[3 * i + 2] = z[i];
    }
}

/* ---- linear steps in registers ---- */

/* Only where there are 32 wide registers: with 16, steps one after the other over a block in L1 were faster (the eight
 * steps of kernel_bench: 1.2 against 3.6 ns a vertex for scale, 0.8 against 1.6 for translate). Element by element the
 * operations of linear.h, so the bytes are the same. */
#ifdef __AVX512F__
typedef float wide __attribute__((vector_size(64)));
enum { WIDE = sizeof(wide) / sizeof(float), GROUP = 4 };

struct wide_points {
    wide x, y, z;
};

MATH_INLINE void wide_load(struct wide_points *points, const float *x, const float *y, const float *z) {
    memcpy(&points->x, x, sizeof points->x);
    memcpy(&points->y, y, sizeof points->y);
    memcpy(&points->z, z, sizeof points->z);
}

MATH_INLINE void wide_store(const struct wide_points *points, float *x, float *y, float *z) {
    memcpy(x, &points->x, sizeof points->x);
    memcpy(y, &points->y, sizeof points->y);
    memcpy(z, &points->z, sizeof points->z);
}

MATH_INLINE void wide_shift(const struct linear *l, struct wide_points *points) {
    points->x = points->x + l->k[0];
    points->y = points->y + l->k[1];
    points->z = points->z + l->k[2];
}

MATH_INLINE void wide_scale(const struct linear *l, struct wide_points *points) {
    points->x = (points->x - l->c[0]) * l->m[0] + l->k[0];
    points->y = (points->y - l->c[1]) * l->m[4] + l->k[1];
    points->z = (points->z - l->c[2]) * l->m[8] + l->k[2];
}

MATH_INLINE void wide_turn(const struct linear *l, struct wide_points *points) {
    const wide x = points->x - l->c[0];
    const wide y = points->y - l->c[1];
    const wide z = points->z - l->c[2];
    points->x = (l->m[0] * x + l->m[1] * y) + (l->m[2] * z + l->k[0]);
    points->y = (l->m[3] * x + l->m[4] * y) + (l->m[5] * z + l->k[1]);
    points->z = (l->m[6] * x + l->m[7] * y) + (l->m[8] * z + l->k[2]);
}

MATH_INLINE void wide_step(const struct linear *l, struct wide_points points[GROUP]) {
    if (l->kind == LINEAR_SHIFT) {
        for (int g = 0; g < GROUP; g++)
            wide_shift(l, &points[g]);
    } else if (l->kind == LINEAR_SCALE) {
        for (int g = 0; g < GROUP; g++)
            wide_scale(l, &points[g]);
    } else {
        for (int g = 0; g < GROUP; g++)
            wide_turn(l, &points[g]);
    }
}

/* As many points as fill whole registers; how many that were. */
static size_t linear_in_registers(const unsigned char *first, size_t stride, size_t count, float *x, float *y, float *z,
                                  size_t n) {
    size_t i = 0;
    for (; i + GROUP * WIDE <= n; i += GROUP * WIDE) {
        struct wide_points points[GROUP];
        for (int g = 0; g < GROUP; g++)
            wide_load(&points[g], x + i + g * WIDE, y + i + g * WIDE, z + i + g * WIDE);
        for (size_t k = 0; k < count; k++)
            wide_step((const struct linear *)(const void *)(first + k * stride), points);
        for (int g = 0; g < GROUP; g++)
            wide_store(&points[g], x + i + g * WIDE, y + i + g * WIDE, z + i + g * WIDE);
    }
    return i;
}
#else
static size_t linear_in_registers(const unsigned char *first, size_t stride, size_t count, float *x, float *y, float *z,
                                  size_t n) {
    (void)first, (void)stride, (void)count, (void)x, (void)y, (void)z, (void)n;
    return 0;
}
#endif

static void blocks_linear(const void *steps, size_t stride, size_t count, float *x, float *y, float *z, size_t n) {
    const unsigned char *const first = steps;
    const size_t i = linear_in_registers(first, stride, count, x, y, z, n);
    for (size_t k = 0; k < count && i < n; k++)
        linear_points(first + k * stride, x + i, y + i, z + i, n - i);
}

/* ---- measures ---- */

static double blocks_sum(const float *values, size_t n) {
    double lanes[LANES] = {0};
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        for (size_t lane = 0; lane < LANES; lane++)
            lanes[lane] += (double)values[i + lane];
    }
    for (size_t lane = 0; i < n; i++, lane++)
        lanes[lane] += (double)values[i];
    return ((lanes[0] + lanes[4]) + (lanes[2] + lanes[6])) + ((lanes[1] + lanes[5]) + (lanes[3] + lanes[7]));
}

static void blocks_extend(const float *values, size_t n, float *min, float *max) {
    float low[LANES], high[LANES];
    for (size_t lane = 0; lane < LANES; lane++) {
        low[lane] = *min;
        high[lane] = *max;
    }
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        for (size_t lane = 0; lane < LANES; lane++) {
            low[lane] = values[i + lane] < low[lane] ? values[i + lane] : low[lane];
            high[lane] = values[i + lane] > high[lane] ? values[i + lane] : high[lane];
        }
    }
    for (; i < n; i++) {
        low[0] = values[i] < low[0] ? values[i] : low[0];
        high[0] = values[i] > high[0] ? values[i] : high[0];
    }
    for (size_t lane = 0; lane < LANES; lane++) {
        *min = low[lane] < *min ? low[lane] : *min;
        *max = high[lane] > *max ? high[lane] : *max;
    }
}

static void blocks_centre(const float *xyz, size_t count, double centre[3]) {
    _Alignas(64) float arrays[3][POINTS_BLOCK];
    for (size_t axis = 0; axis < 3; axis++)
        centre[axis] = 0.0;
    for (size_t first = 0; first < count; first += POINTS_BLOCK) {
        const size_t n = count - first < POINTS_BLOCK ? count - first : POINTS_BLOCK;
        blocks_spread(xyz + 3 * first, arrays[0], arrays[1], arrays[2], n);
        for (size_t axis = 0; axis < 3; axis++)
            centre[axis] += blocks_sum(arrays[axis], n);
    }
    for (size_t axis = 0; axis < 3 && count > 0; axis++)
        centre[axis] /= (double)count;
}

const struct blocks BLOCKS = {
    .spread = blocks_spread,
    .gather = blocks_gather,
    .linear = blocks_linear,
    .sum = blocks_sum,
    .extend = blocks_extend,
    .centre = blocks_centre,
};
