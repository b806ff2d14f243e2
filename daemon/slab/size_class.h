/* size_class.h: the sizes in which slabs are cut: 8 classes a doubling, so that at most 1/8 of a block is waste.
 *
 *     size(c) = 64 c                                  c < 16    (units of 64 bytes, as everything is aligned to that)
 *     size(c) = 64 (8 + c % 8) << (c / 8 - 1)         c >= 16
 *     class_floor(size(c)) = class_ceiling(size(c)) = c;  class_ceiling(s) is the least c with size(c) >= s
 *
 * Units    bytes.
 * Threads  any: pure functions.
 * Source   the bins of TLSF (Masmano and others, 2004) and of jemalloc.
 */
#ifndef SLAB_SIZE_CLASS_H
#define SLAB_SIZE_CLASS_H

#include <stddef.h>
#include <stdint.h>

enum { SIZE_CLASSES = 256, SIZE_UNIT = 64 };

/* No block is larger: 2^39 bytes lie below the last class. */
#define SIZE_CLASS_BYTES_MAX ((uint64_t)1 << 39)

static inline uint64_t size_class_bytes(unsigned c) {
    return c < 16 ? (uint64_t)SIZE_UNIT * c : ((uint64_t)SIZE_UNIT * (8 + c % 8)) << (c / 8 - 1);
}

/* size_class_floor: the largest class that fits into `bytes`. */
static inline unsigned size_class_floor(uint64_t bytes) {
    uint64_t units = bytes / SIZE_UNIT;
    if (units < 16)
        return (unsigned)units;
    unsigned shift = 60u - (unsigned)__builtin_clzll(units);
    return 8 * (shift + 1) + (unsigned)(units >> shift) - 8;
}

/* size_class_ceiling: the smallest class with at least `bytes`. */
static inline unsigned size_class_ceiling(uint64_t bytes) {
    unsigned c = size_class_floor(bytes);
    return size_class_bytes(c) < bytes ? c + 1 : c;
}

#endif
