/* cache.h: signature -> slab. Bounded in bytes; asking never makes a reader take a lock on a hit.
 *
 *     cache_ask -> HIT   the slab, with a reference
 *               -> FILL  you make it, then cache_fill or cache_fail: exactly once
 *               -> WAIT  someone is making it: waiter->wake comes once (on any thread), with the slab or an error
 *
 * Admission: what changes every frame does not enter. A result enters when its signature was asked for before (a
 * doorkeeper of fixed size remembers signatures lately seen), or when the caller says that it is a static prefix.
 * Eviction: the least recently used of a sample; a slab that somebody else references is skipped, as dropping it frees
 * nothing. A newcomer that was itself away for longer than the victim is refused instead: going round through a little
 * more than the budget keeps most of it, and falls off no cliff.
 *
 * Units    bytes are capacities of slabs. Time is the number of questions asked so far.
 * Threads  any. Inserts and evictions lock one shard (1 of CACHE_SHARDS); hits touch no lock.
 * Ownership  the cache holds one reference on each slab it keeps.
 * Source   the test between newcomer and victim is that of LIRS (Jiang and Zhang, 2002), on a sample as in Redis.
 */
#ifndef CACHE_CACHE_H
#define CACHE_CACHE_H

#include "daemon/slab/slab.h"

enum { CACHE_SHARDS = 16 };

struct cache;

struct cache_stats {
    uint64_t budget_bytes, used_bytes, entries;
    uint64_t hits, misses, waits, fills, admitted, rejected, evicted, failed, lock_waits;
};

enum cache_answer { CACHE_HIT, CACHE_FILL, CACHE_WAIT };

/* Lives in the asking job until wake was called. */
struct cache_waiter {
    /* slab: with a reference for the waiter, or NULL with the error of the filler. Must only hand work on. */
    void (*wake)(struct cache_waiter *waiter, struct slab *slab, const struct px_error *error);
    struct cache_waiter *next; /* the cache's while it waits */
};

int cache_create(size_t budget_bytes, size_t entries_max, struct cache **cache, struct px_error *error);
void cache_destroy(struct cache *cache); /* NULL is fine; nobody waits any more */

/* cache_get: a hit with a reference, or NULL. Never registers anything. */
struct slab *cache_get(struct cache *cache, struct px_signature signature);

/* cache_ask: as drawn above. HIT sets *slab. waiter NULL: FILL instead of WAIT (the caller computes a duplicate and
 * must call neither fill nor fail... it is told so by *duplicate = true). */
enum cache_answer cache_ask(struct cache *cache, struct px_signature signature, struct cache_waiter *waiter,
                            struct slab **slab, bool *duplicate);

/* cache_fill: ends a FILL; wakes the waiters with references. The caller keeps its own reference.
 * keep: admit it now (static prefix); else the doorkeeper decides. A slab that is signed otherwise (the step was
 * identity, and the result is its input) wakes the waiters and is not kept under this name. */
void cache_fill(struct cache *cache, struct px_signature signature, struct slab *slab, bool keep);
void cache_fail(struct cache *cache, struct px_signature signature, const struct px_error *error);

/* cache_evict: gives back at least this much if it can: the pressure callback of the slab store. False: nothing. */
bool cache_evict(struct cache *cache, size_t wanted_bytes);
void cache_clear(struct cache *cache);
void cache_stats(struct cache *cache, struct cache_stats *stats);

#endif
