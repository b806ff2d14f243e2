/* store.h: the arenas of the daemon and who gets which block: what lies behind slab.h.
 *
 *     reserve: the class's stack (no lock) -> the range heap -> the heap with all stacks emptied into it
 *              -> a new arena within the budget -> the pressure callback, then from the start -> PX_E_NO_MEMORY
 *     free:    the class's stack; past `cached_limit` bytes there all stacks go back to the heap, which joins neighbours
 *
 *     used_bytes   = capacities of all slabs with refs > 0
 *     cached_bytes = capacities of all blocks on the stacks      (both exact when nobody is inside)
 *     used_bytes + cached_bytes + free ranges = arena_bytes <= budget_bytes
 *     arena_bytes - used_bytes < LOW                        -> prepare makes an arena
 *     an arena wholly free, the others with HIGH left free  -> prepare retires it;  LOW < HIGH
 *
 * A stack's head is (tag << 32 | index + 1 of the top slab); the tag counts changes, so that a pop that slept while the
 * top went and came again fails (after 2^32 changes during one pop it would not).
 *
 * Locks   grow_lock (held while an arena is made or unmapped) > lock (heap, arena table, chunks; never a system call).
 */
#ifndef SLAB_STORE_H
#define SLAB_STORE_H

#include "daemon/slab/range.h"
#include "daemon/slab/slab.h"

#include <pthread.h>

enum {
    STORE_ARENAS_MAX = 1024,
    STORE_CHUNK_SLABS = 256,   /* descriptors are made so many at a time */
    STORE_CHUNKS_MAX = 16384,  /* 4 M slabs */
    STORE_CACHED_MIN = 16 << 20, /* the stacks may always hold this much */
};

/* A descriptor: never unmapped while the store lives, used for one block after another.
 *     refs > 0                          somebody's;  refs = 0: on a stack, in the heap, or spare
 *     refs > 0 and generation != 0      SEALED: signature, used, kind and range stay as they are
 */
struct slab {
    _Alignas(64) _Atomic uint32_t refs;
    _Atomic uint32_t next; /* on a stack: index + 1 of the slab below */
    _Atomic uint64_t generation;
    struct px_signature signature;
    uint64_t used;
    uint32_t index; /* this is slab `index` of the chunks */
    struct slab_store *store;
    struct range range; /* the block; its links and size are the heap's */
};

struct slab_stack {
    _Alignas(64) _Atomic uint64_t head;
};

struct slab_store {
    struct slab_store_config config; /* immutable */
    struct slab_stack stacks[SIZE_CLASSES];

    /* any thread, relaxed: sums for figures and thresholds */
    _Alignas(64) _Atomic uint64_t used_bytes;
    _Atomic uint64_t cached_bytes, slabs;
    _Atomic uint64_t peak_bytes, reserves, recycled, refused, lock_waits;
    _Alignas(64) _Atomic uint64_t generation; /* the last one given out */
    _Atomic uint64_t arena_bytes;
    _Atomic uint64_t arena_count;
    _Atomic uint64_t arenas_added, arenas_retired;

    pthread_mutex_t grow_lock;
    uint32_t arena_id; /* grow_lock: the last one given out */

    pthread_mutex_t lock;
    struct range_heap heap;                 /* lock */
    struct arena *arenas[STORE_ARENAS_MAX]; /* lock; the first arena_count, oldest first */
    struct slab *chunks[STORE_CHUNKS_MAX];  /* set under lock; readers got the index by a release of the setter */
    uint32_t chunk_count;                   /* lock */
};

/* store_take: a block of class c by any way there is; refs still 0. */
int store_take(struct slab_store *store, unsigned c, struct slab **slab, struct px_error *error);
/* store_give: takes back a block whose last reference went. */
void store_give(struct slab_store *store, struct slab *slab);
/* store_shorten: gives back the tail of a block in use, if the lock is free just now. */
void store_shorten(struct slab_store *store, struct slab *slab, uint64_t size);

#endif
