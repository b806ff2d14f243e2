#include "daemon/slab/range.h"

#include <assert.h>
#include <stddef.h>

static void bin_put(struct range_heap *heap, struct range *range) {
    unsigned c = size_class_floor(range->size);
    range->free = true;
    range->bin_before = NULL;
    range->bin_after = heap->bins[c];
    if (range->bin_after != NULL)
        range->bin_after->bin_before = range;
    heap->bins[c] = range;
    heap->filled[c / 64] |= (uint64_t)1 << (c % 64);
}

static void bin_drop(struct range_heap *heap, struct range *range) {
    unsigned c = size_class_floor(range->size);
    if (range->bin_after != NULL)
        range->bin_after->bin_before = range->bin_before;
    if (range->bin_before != NULL)
        range->bin_before->bin_after = range->bin_after;
    else
        heap->bins[c] = range->bin_after;
    if (heap->bins[c] == NULL)
        heap->filled[c / 64] &= ~((uint64_t)1 << (c % 64));
    range->free = false;
}

static struct range *spare_take(struct range_heap *heap) {
    struct range *range = heap->spare;
    assert(range != NULL);
    heap->spare = range->bin_after;
    return range;
}

static void spare_put(struct range_heap *heap, struct range *range) {
    range->arena = NULL;
    range->bin_after = heap->spare;
    heap->spare = range;
}

/* The first class >= c with a free range; SIZE_CLASSES if there is none. */
static unsigned first_filled(const struct range_heap *heap, unsigned c) {
    if (c >= SIZE_CLASSES)
        return SIZE_CLASSES;
    uint64_t word = heap->filled[c / 64] & (~(uint64_t)0 << (c % 64));
    for (unsigned i = c / 64;;) {
        if (word != 0)
            return 64 * i + (unsigned)__builtin_ctzll(word);
        if (++i == SIZE_CLASSES / 64)
            return SIZE_CLASSES;
        word = heap->filled[i];
    }
}

/* `gone` follows `range`; range takes its bytes. */
static void absorb_next(struct range_heap *heap, struct range *range, struct range *gone) {
    range->size += gone->size;
    range->after = gone->after;
    if (range->after != NULL)
        range->after->before = range;
    spare_put(heap, gone);
}

void range_heap_add(struct range_heap *heap, struct arena *arena) {
    struct range *range = spare_take(heap);
    range->arena = arena;
    range->offset = 0;
    range->size = arena->size_bytes;
    range->before = range->after = NULL;
    arena->whole = range;
    bin_put(heap, range);
}

void range_heap_remove(struct range_heap *heap, struct arena *arena) {
    assert(arena->whole != NULL);
    bin_drop(heap, arena->whole);
    spare_put(heap, arena->whole);
    arena->whole = NULL;
}

struct range *range_heap_take(struct range_heap *heap, unsigned c) {
    unsigned found = first_filled(heap, c);
    if (found == SIZE_CLASSES)
        return NULL;
    struct range *range = heap->bins[found];
    bin_drop(heap, range);
    range->arena->whole = NULL;
    range_heap_shorten(heap, range, size_class_bytes(c));
    return range;
}

void range_heap_shorten(struct range_heap *heap, struct range *range, uint64_t size) {
    if (range->size < size + RANGE_REST_MIN)
        return;
    struct range *rest = spare_take(heap);
    rest->arena = range->arena;
    rest->offset = range->offset + size;
    rest->size = range->size - size;
    rest->before = range;
    rest->after = range->after;
    if (rest->after != NULL)
        rest->after->before = rest;
    range->after = rest;
    range->size = size;
    if (rest->after != NULL && rest->after->free) {
        struct range *next = rest->after;
        bin_drop(heap, next);
        absorb_next(heap, rest, next);
    }
    bin_put(heap, rest);
}

void range_heap_give(struct range_heap *heap, struct range *range) {
    struct range *after = range->after;
    if (after != NULL && after->free) {
        bin_drop(heap, after);
        absorb_next(heap, range, after);
    }
    struct range *before = range->before;
    if (before != NULL && before->free) {
        bin_drop(heap, before);
        absorb_next(heap, before, range);
        range = before;
    }
    if (range->before == NULL && range->after == NULL)
        range->arena->whole = range;
    bin_put(heap, range);
}

bool range_heap_fits(const struct range_heap *heap, unsigned c) {
    return first_filled(heap, c) != SIZE_CLASSES;
}
