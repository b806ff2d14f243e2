/* blocks.h: the loops around POINTS kernels: between xyz triples and separate arrays, and measuring.
 *
 * Compiled once per instruction set, as kernels are. A block has at most POINTS_BLOCK points; its sums run in eight
 * lanes (point i in lane i mod 8) that are added up in a fixed order, so they do not depend on the instruction set.
 *
 * Threads  any; pure.
 */
#ifndef KERNEL_BLOCKS_H
#define KERNEL_BLOCKS_H

#include <stddef.h>

struct blocks {
    /* n points, xyz one after the other, into separate arrays, and back. */
    void (*spread)(const float *xyz, float *x, float *y, float *z, size_t n);
    void (*gather)(const float *x, const float *y, const float *z, float *xyz, size_t n);
    /* Several struct linear (effects/linear.h; none of kind NONE), `stride` bytes apart, one after the other on n
     * points: the bytes of one call of linear_points each; where registers suffice, some points at a time go through
     * all. */
    void (*linear)(const void *steps, size_t stride, size_t count, float *x, float *y, float *z, size_t n);
    /* Sum of n values. */
    double (*sum)(const float *values, size_t n);
    /* Widens *min..*max to n values. */
    void (*extend)(const float *values, size_t n, float *min, float *max);
    /* Mean of all vertices of a geometry, as MEASURE_CENTRE gives it; 0 without any. */
    void (*centre)(const float *xyz, size_t count, double centre[3]);
};

#ifdef KERNEL_ISA
#define BLOCKS_PASTE_(a, b) a##_##b
#define BLOCKS_PASTE(a, b)  BLOCKS_PASTE_(a, b)
/* BLOCKS: for kernels, those of their own instruction set. */
#define BLOCKS BLOCKS_PASTE(blocks, KERNEL_ISA)
extern const struct blocks BLOCKS;
#endif

/* blocks_in_use: those of the instruction set that kernel_find takes its kernels from. In registry.c. */
const struct blocks *blocks_in_use(void);

#endif
