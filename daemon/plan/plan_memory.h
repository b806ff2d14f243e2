/* plan_memory.h: the memory of one plan: bump blocks that go as a whole, the first of them recycled.
 *
 *     plan_memory_open -> take, take, ... -> plan_memory_close: the block goes back to its plan_blocks
 *
 * plan_blocks remembers how much the plans lately needed, so that a plan like the one before takes one recycled block
 * and no malloc.
 *
 * Threads  plan_blocks: any (slots are exchanged atomically). plan_memory: one at a time.
 */
#ifndef PLAN_PLAN_MEMORY_H
#define PLAN_PLAN_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct plan_blocks;

struct plan_blocks *plan_blocks_create(void); /* NULL: no memory */
/* plan_blocks_unref: the creator's reference; plans that are alive hold further ones. NULL is fine. */
void plan_blocks_unref(struct plan_blocks *blocks);

struct plan_block {
    struct plan_block *before; /* filled earlier */
    size_t size;               /* of the whole block, bytes */
    _Alignas(16) unsigned char bytes[];
};

struct plan_memory {
    struct plan_blocks *blocks; /* may be NULL */
    struct plan_block *block;   /* being filled */
    unsigned char *at, *end;
    bool failed; /* some take found no memory */
};

bool plan_memory_open(struct plan_memory *memory, struct plan_blocks *blocks);
void plan_memory_close(struct plan_memory *memory);

/* plan_memory_more: the slow way of plan_memory_take. */
void *plan_memory_more(struct plan_memory *memory, size_t size);

/* plan_memory_take: 16-byte aligned, not cleared; NULL when there is no memory. */
static inline void *plan_memory_take(struct plan_memory *memory, size_t size) {
    size_t rounded = (size + 15) & ~(size_t)15;
    if (rounded >= size && rounded <= (size_t)(memory->end - memory->at)) {
        void *taken = memory->at;
        memory->at += rounded;
        return taken;
    }
    return plan_memory_more(memory, size);
}

/* plan_memory_text: a terminated copy. */
char *plan_memory_text(struct plan_memory *memory, const char *text, size_t length);

#endif
