#include "daemon/plan/plan_memory.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum {
    SLOTS = 16,
    FIRST_BLOCK = 64 * 1024,
    RECYCLED_MAX = 4 * 1024 * 1024, /* larger blocks go back to the system */
};

struct plan_blocks {
    _Atomic unsigned references;
    _Atomic size_t wanted; /* bytes a plan lately needed in all */
    _Atomic(struct plan_block *) slots[SLOTS];
};

struct plan_blocks *plan_blocks_create(void) {
    struct plan_blocks *blocks = calloc(1, sizeof *blocks);
    if (blocks == NULL)
        return NULL;
    atomic_init(&blocks->references, 1);
    atomic_init(&blocks->wanted, FIRST_BLOCK);
    return blocks;
}

void plan_blocks_unref(struct plan_blocks *blocks) {
    /* release: what this thread put into the slots is seen by the one that frees; acquire: it sees the others' */
    if (blocks == NULL || atomic_fetch_sub_explicit(&blocks->references, 1, memory_order_acq_rel) != 1)
        return;
    for (int i = 0; i < SLOTS; i++)
        free(atomic_load_explicit(&blocks->slots[i], memory_order_relaxed));
    free(blocks);
}

static struct plan_block *block_new(size_t size) {
    struct plan_block *block = malloc(size);
    if (block != NULL)
        *block = (struct plan_block){.before = NULL, .size = size};
    return block;
}

/* A recycled block, or a new one of the size plans lately needed. */
static struct plan_block *block_first(struct plan_blocks *blocks) {
    if (blocks == NULL)
        return block_new(FIRST_BLOCK);
    size_t wanted = atomic_load_explicit(&blocks->wanted, memory_order_relaxed);
    for (int i = 0; i < SLOTS; i++) {
        if (atomic_load_explicit(&blocks->slots[i], memory_order_relaxed) == NULL)
            continue;
        /* acquire: the block's size, written by the thread that gave it back */
        struct plan_block *block = atomic_exchange_explicit(&blocks->slots[i], NULL, memory_order_acquire);
        if (block != NULL && block->size >= wanted)
            return block;
        free(block);
    }
    return block_new(wanted);
}

static void block_recycle(struct plan_blocks *blocks, struct plan_block *block) {
    for (int i = 0; i < SLOTS; i++) {
        struct plan_block *empty = NULL;
        /* release: the next owner sees the block as it is now */
        if (atomic_compare_exchange_strong_explicit(&blocks->slots[i], &empty, block, memory_order_release,
                                                    memory_order_relaxed))
            return;
    }
    free(block);
}

static void block_enter(struct plan_memory *memory, struct plan_block *block) {
    block->before = memory->block;
    memory->block = block;
    memory->at = block->bytes;
    memory->end = (unsigned char *)block + block->size;
}

bool plan_memory_open(struct plan_memory *memory, struct plan_blocks *blocks) {
    *memory = (struct plan_memory){.blocks = blocks};
    struct plan_block *block = block_first(blocks);
    if (block == NULL)
        return false;
    block_enter(memory, block);
    if (blocks != NULL)
        atomic_fetch_add_explicit(&blocks->references, 1, memory_order_relaxed);
    return true;
}

static void blocks_free(struct plan_block *block) {
    while (block != NULL) {
        struct plan_block *before = block->before;
        free(block);
        block = before;
    }
}

/* Next time one block shall do. */
static void blocks_want(struct plan_blocks *blocks, const struct plan_block *block) {
    size_t total = 0;
    for (; block != NULL; block = block->before)
        total += block->size;
    size_t wanted = FIRST_BLOCK;
    while (wanted < total && wanted < RECYCLED_MAX)
        wanted *= 2;
    atomic_store_explicit(&blocks->wanted, wanted, memory_order_relaxed);
}

void plan_memory_close(struct plan_memory *memory) {
    struct plan_blocks *blocks = memory->blocks;
    struct plan_block *block = memory->block;
    *memory = (struct plan_memory){0};
    if (block == NULL)
        return;
    if (blocks != NULL && block->before == NULL && block->size <= RECYCLED_MAX) {
        block_recycle(blocks, block);
    } else {
        if (blocks != NULL)
            blocks_want(blocks, block);
        blocks_free(block);
    }
    plan_blocks_unref(blocks);
}

void *plan_memory_more(struct plan_memory *memory, size_t size) {
    size_t least = memory->block->size;
    if (size > SIZE_MAX / 2) {
        memory->failed = true;
        return NULL;
    }
    size_t wanted = size + 15 + sizeof(struct plan_block);
    struct plan_block *block = block_new(wanted > least ? wanted : least);
    if (block == NULL) {
        memory->failed = true;
        return NULL;
    }
    block_enter(memory, block);
    return plan_memory_take(memory, size);
}

char *plan_memory_text(struct plan_memory *memory, const char *text, size_t length) {
    char *copy = plan_memory_take(memory, length + 1);
    if (copy == NULL)
        return NULL;
    if (length > 0)
        memcpy(copy, text, length);
    copy[length] = '\0';
    return copy;
}
