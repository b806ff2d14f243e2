/* scratch.c: bump allocation over a short row of blocks, and slots that grow. */
#include "daemon/kernel/scratch.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { ALIGNMENT = 64, BLOCKS_MAX = 40, FIRST_BLOCK_BYTES = 1 << 16 };

struct block {
    unsigned char *base;
    size_t size;
};

/* A mark is `sizes of the blocks before the current one` + `used of the current one`. */
struct scratch {
    size_t budget;
    size_t held; /* bytes of all blocks and slots, <= budget */
    struct block blocks[BLOCKS_MAX];
    size_t block_count;
    size_t current; /* block that is being filled */
    size_t used;    /* of it */
    struct block slots[SCRATCH_SLOTS];
    uint64_t grown;
};

static size_t rounded_up(size_t size) {
    return (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
}

static bool block_make(struct scratch *scratch, struct block *block, size_t size) {
    if (size > scratch->budget - scratch->held)
        return false;
    unsigned char *base = aligned_alloc(ALIGNMENT, size);
    if (base == NULL)
        return false;
    *block = (struct block){base, size};
    scratch->held += size;
    scratch->grown++;
    return true;
}

static void block_free(struct scratch *scratch, struct block *block) {
    scratch->held -= block->size;
    free(block->base);
    *block = (struct block){0};
}

struct scratch *scratch_create(size_t budget_bytes) {
    struct scratch *scratch = calloc(1, sizeof *scratch);
    if (scratch != NULL)
        scratch->budget = budget_bytes;
    return scratch;
}

static void blocks_free(struct scratch *scratch) {
    for (size_t i = 0; i < scratch->block_count; i++)
        block_free(scratch, &scratch->blocks[i]);
    scratch->block_count = 0;
}

void scratch_destroy(struct scratch *scratch) {
    if (scratch == NULL)
        return;
    blocks_free(scratch);
    for (size_t i = 0; i < SCRATCH_SLOTS; i++)
        block_free(scratch, &scratch->slots[i]);
    free(scratch);
}

static size_t blocks_size(const struct scratch *scratch, size_t count) {
    size_t size = 0;
    for (size_t i = 0; i < count; i++)
        size += scratch->blocks[i].size;
    return size;
}

void scratch_reset(struct scratch *scratch) {
    scratch->current = 0;
    scratch->used = 0;
    if (scratch->block_count < 2)
        return;
    const size_t size = blocks_size(scratch, scratch->block_count);
    blocks_free(scratch);
    if (block_make(scratch, &scratch->blocks[0], size))
        scratch->block_count = 1;
}

/* Makes the current block one with that much room: the next one, or a new one as large as all before. */
static bool advance(struct scratch *scratch, size_t size) {
    while (scratch->current + 1 < scratch->block_count) {
        scratch->current++;
        scratch->used = 0;
        if (size <= scratch->blocks[scratch->current].size)
            return true;
    }
    if (scratch->block_count == BLOCKS_MAX)
        return false;
    const size_t before = blocks_size(scratch, scratch->block_count);
    size_t wanted = before < FIRST_BLOCK_BYTES ? FIRST_BLOCK_BYTES : before;
    wanted = wanted < size ? size : wanted;
    struct block *block = &scratch->blocks[scratch->block_count];
    if (!block_make(scratch, block, wanted) && !block_make(scratch, block, size))
        return false;
    scratch->current = scratch->block_count++;
    scratch->used = 0;
    return true;
}

void *scratch_take(struct scratch *scratch, size_t size_bytes) {
    if (size_bytes > scratch->budget)
        return NULL;
    const size_t size = rounded_up(size_bytes == 0 ? 1 : size_bytes);
    const bool fits = scratch->block_count > 0 && size <= scratch->blocks[scratch->current].size - scratch->used;
    if (!fits && !advance(scratch, size))
        return NULL;
    void *taken = scratch->blocks[scratch->current].base + scratch->used;
    scratch->used += size;
    return taken;
}

size_t scratch_mark(const struct scratch *scratch) {
    return blocks_size(scratch, scratch->current) + scratch->used;
}

void scratch_release_to(struct scratch *scratch, size_t mark) {
    assert(mark <= scratch_mark(scratch));
    scratch->current = 0;
    while (scratch->current < scratch->block_count && mark > scratch->blocks[scratch->current].size)
        mark -= scratch->blocks[scratch->current++].size;
    scratch->used = mark;
}

/* Some room to grow, so that an array that breathes does not move each time. */
static size_t slot_size_for(size_t size) {
    return rounded_up(size + size / 4 + 4096);
}

void *scratch_slot(struct scratch *scratch, unsigned slot, size_t size_bytes, size_t keep_bytes) {
    struct block *held = &scratch->slots[slot];
    if (held->base != NULL && size_bytes <= held->size)
        return held->base;
    if (size_bytes > scratch->budget)
        return NULL;
    if (keep_bytes == 0)
        block_free(scratch, held);
    struct block grown;
    if (!block_make(scratch, &grown, slot_size_for(size_bytes)) &&
        !block_make(scratch, &grown, rounded_up(size_bytes + 1)))
        return NULL;
    if (keep_bytes > 0) {
        memcpy(grown.base, held->base, keep_bytes);
        block_free(scratch, held);
    }
    *held = grown;
    return held->base;
}

uint64_t scratch_grown(const struct scratch *scratch) {
    return scratch->grown;
}
