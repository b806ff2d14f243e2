/* blocks.c: loops over blocks of points, written so that compilers vectorise them. */
#include "daemon/kernel/blocks.h"

#include "daemon/kernel/kernel.h"

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
    .sum = blocks_sum,
    .extend = blocks_extend,
    .centre = blocks_centre,
};
