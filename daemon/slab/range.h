/* range.h: the ranges of all arenas: cuts a block from a free one, and joins free neighbours again.
 *
 *     the ranges of an arena, by address, cover it without gap or overlap
 *     no two neighbours are both free
 *     bins[c] holds the free ranges of size_class_floor(size) = c;  filled bit c = bins[c] not empty
 *     a range of any bin >= c has room for size_class_bytes(c)
 *
 * Taking and giving are O(1).
 * Threads    none of its own: the caller's lock guards the heap and every range's links and size.
 * Ownership  ranges are the caller's memory: it puts unused ones on `spare`, and merged ones come back there.
 * Source     TLSF: M. Masmano and others, a constant-time allocator (2004), with boundary tags outside the blocks.
 */
#ifndef SLAB_RANGE_H
#define SLAB_RANGE_H

#include "daemon/slab/arena.h"
#include "daemon/slab/size_class.h"

#include <stdbool.h>

/* A smaller rest is not split off: no slab would fit. */
enum { RANGE_REST_MIN = 256 };

struct range {
    struct arena *arena;
    uint64_t offset, size;                /* multiples of SIZE_UNIT */
    struct range *before, *after;         /* neighbours by address; NULL at the arena's ends */
    struct range *bin_before, *bin_after; /* while free; bin_after also links the spare ones */
    bool free;
};

struct range_heap {
    uint64_t filled[SIZE_CLASSES / 64];
    struct range *bins[SIZE_CLASSES];
    struct range *spare;
};

/* range_heap_add: a new arena as one free range. Needs a spare range. */
void range_heap_add(struct range_heap *heap, struct arena *arena);
/* range_heap_remove: takes back a wholly free arena (arena->whole). */
void range_heap_remove(struct range_heap *heap, struct arena *arena);

/* range_heap_take: a block of at least size_class_bytes(c), or NULL. Needs a spare range. */
struct range *range_heap_take(struct range_heap *heap, unsigned c);
void range_heap_give(struct range_heap *heap, struct range *range);

/* range_heap_shorten: gives back what lies past `size` of a block in use. Needs a spare range. */
void range_heap_shorten(struct range_heap *heap, struct range *range, uint64_t size);

/* range_heap_fits: whether a block of class c could be taken now. */
bool range_heap_fits(const struct range_heap *heap, unsigned c);

#endif
