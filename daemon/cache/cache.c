#include "daemon/cache/cache.h"
#include "daemon/cache/doorkeeper.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum {
    BUCKET_WAYS = 8,
    SAMPLE = 8,       /* candidates looked at for one eviction */
    DOOR_FACTOR = 8,  /* the doorkeeper remembers so many times entries_max */
    EVICTIONS_MAX = 64, /* for one newcomer: a huge one does not empty the cache at one blow */
};

/* Eight entries. slab[w] != NULL: an entry; the cache holds a reference on it.
 *     tag[w] = signature.low of slab[w];  place[w] = its index in the shard's `entries`
 * A reader that sees a tag beside another entry's slab is told so by slab_try_ref, which checks the whole signature. */
struct bucket {
    _Alignas(64) _Atomic uint64_t tag[BUCKET_WAYS];
    struct slab *_Atomic slab[BUCKET_WAYS];
    _Atomic uint32_t used[BUCKET_WAYS]; /* the clock at its last hit */
    uint32_t place[BUCKET_WAYS];        /* lock */
};

/* Somebody's FILL. */
struct pending {
    struct px_signature signature;
    struct cache_waiter *waiters; /* newest first */
    struct pending *next;
    uint32_t away; /* how long ago it was asked for before; when seen */
    bool seen;
};

enum counter { HITS, MISSES, WAITS, FILLS, ADMITTED, REJECTED, EVICTED, FAILED, LOCK_WAITS, COUNTERS };

struct shard {
    _Alignas(64) _Atomic uint64_t counters[COUNTERS]; /* any thread, relaxed */

    _Alignas(64) pthread_mutex_t lock;
    struct bucket *buckets; /* written under lock, read without */
    uint32_t bucket_count;  /* a power of two; immutable */
    uint32_t entry_count;   /* lock */
    uint32_t *entries;      /* lock: bucket * BUCKET_WAYS + way of each entry, in no order */
    struct pending *pending, *pending_spare; /* lock */
    struct doorkeeper door;                  /* lock */
    uint64_t random;                         /* lock */
};

/*     used_bytes = sum of capacities of all entries <= budget_bytes;  entries <= entries_max
 *     (counted before an entry goes in and after it went out, so that the bounds hold at every moment) */
struct cache {
    uint64_t budget_bytes, entries_max; /* immutable */
    _Alignas(64) _Atomic uint32_t clock; /* questions so far; wraps */
    _Alignas(64) _Atomic uint64_t used_bytes;
    _Atomic uint64_t entries;
    struct shard shards[CACHE_SHARDS];
};

/* ---- small things -------------------------------------------------------------------------------------------- */

static void count(struct shard *shard, enum counter counter) {
    atomic_fetch_add_explicit(&shard->counters[counter], 1, memory_order_relaxed);
}

static void shard_lock(struct shard *shard) {
    if (pthread_mutex_trylock(&shard->lock) == 0)
        return;
    count(shard, LOCK_WAITS);
    pthread_mutex_lock(&shard->lock);
}

static void shard_unlock(struct shard *shard) {
    pthread_mutex_unlock(&shard->lock);
}

static struct shard *shard_of(struct cache *cache, struct px_signature signature) {
    return &cache->shards[signature.high % CACHE_SHARDS];
}

static struct bucket *bucket_of(struct shard *shard, struct px_signature signature) {
    return &shard->buckets[(uint32_t)(signature.high >> 32) & (shard->bucket_count - 1)];
}

static uint32_t clock_now(struct cache *cache) {
    return atomic_load_explicit(&cache->clock, memory_order_relaxed);
}

static uint32_t clock_tick(struct cache *cache) {
    return atomic_fetch_add_explicit(&cache->clock, 1, memory_order_relaxed) + 1;
}

static uint32_t random_below(struct shard *shard, uint32_t n) {
    shard->random ^= shard->random << 13;
    shard->random ^= shard->random >> 7;
    shard->random ^= shard->random << 17;
    return (uint32_t)(((shard->random >> 32) * n) >> 32);
}

/* ---- entries: found by anybody, changed under the shard's lock ------------------------------------------------ */

static struct slab *look_up(struct cache *cache, struct shard *shard, struct px_signature signature) {
    struct bucket *bucket = bucket_of(shard, signature);
    for (unsigned w = 0; w < BUCKET_WAYS; w++) {
        if (atomic_load_explicit(&bucket->tag[w], memory_order_relaxed) != signature.low)
            continue;
        /* acquire: the descriptor was whole when it was entered */
        struct slab *slab = atomic_load_explicit(&bucket->slab[w], memory_order_acquire);
        if (slab == NULL || !slab_try_ref(slab, signature))
            continue;
        atomic_store_explicit(&bucket->used[w], clock_tick(cache), memory_order_relaxed);
        count(shard, HITS);
        return slab;
    }
    return NULL;
}

static void put_entry(struct cache *cache, struct shard *shard, struct bucket *bucket, unsigned w, struct slab *slab) {
    bucket->place[w] = shard->entry_count;
    shard->entries[shard->entry_count++] = (uint32_t)(bucket - shard->buckets) * BUCKET_WAYS + w;
    atomic_store_explicit(&bucket->used[w], clock_now(cache), memory_order_relaxed);
    atomic_store_explicit(&bucket->tag[w], slab_signature(slab).low, memory_order_relaxed);
    /* release: see look_up */
    atomic_store_explicit(&bucket->slab[w], slab, memory_order_release);
}

/* Takes an entry out; the doorkeeper keeps its last use in mind. Gives the cache's reference. */
static struct slab *drop_entry(struct cache *cache, struct shard *shard, uint32_t id) {
    struct bucket *bucket = &shard->buckets[id / BUCKET_WAYS];
    unsigned w = id % BUCKET_WAYS;
    struct slab *slab = atomic_load_explicit(&bucket->slab[w], memory_order_relaxed);
    atomic_store_explicit(&bucket->slab[w], NULL, memory_order_relaxed);
    uint32_t last = shard->entries[--shard->entry_count];
    shard->entries[bucket->place[w]] = last;
    shard->buckets[last / BUCKET_WAYS].place[last % BUCKET_WAYS] = bucket->place[w];
    uint32_t ago;
    doorkeeper_see(&shard->door, slab_signature(slab), atomic_load_explicit(&bucket->used[w], memory_order_relaxed),
                   &ago);
    atomic_fetch_sub_explicit(&cache->used_bytes, slab_capacity(slab), memory_order_relaxed);
    atomic_fetch_sub_explicit(&cache->entries, 1, memory_order_relaxed);
    return slab;
}

/* ---- eviction ------------------------------------------------------------------------------------------------ */

struct victim {
    struct shard *shard; /* NULL: none found */
    struct slab *slab;
    uint32_t id, age;
};

static void consider(struct victim *victim, struct shard *shard, uint32_t id, uint32_t now) {
    struct bucket *bucket = &shard->buckets[id / BUCKET_WAYS];
    struct slab *slab = atomic_load_explicit(&bucket->slab[id % BUCKET_WAYS], memory_order_relaxed);
    uint32_t age = now - atomic_load_explicit(&bucket->used[id % BUCKET_WAYS], memory_order_relaxed);
    if ((int32_t)age < 0) /* used since we read the clock */
        age = 0;
    if (!slab_shared(slab) && (victim->shard == NULL || age > victim->age))
        *victim = (struct victim){shard, slab, id, age};
}

/* Looks at up to `most` entries of a shard, from a random place on; returns how many were there. */
static unsigned sample_shard(struct victim *victim, struct shard *shard, unsigned most, uint32_t now) {
    shard_lock(shard);
    unsigned n = shard->entry_count < most ? shard->entry_count : most;
    uint32_t at = n > 0 ? random_below(shard, shard->entry_count) : 0;
    for (unsigned i = 0; i < n; i++)
        consider(victim, shard, shard->entries[(at + i) % shard->entry_count], now);
    shard_unlock(shard);
    return n;
}

/* The least recently used of a sample that begins at `first` and goes on to other shards until it is large enough and
 * holds something to evict. thorough: when all of the sample is shared, every entry is looked at before we give up. */
static struct victim find_victim(struct cache *cache, struct shard *first, bool thorough) {
    struct victim victim = {0};
    uint32_t now = clock_now(cache);
    unsigned seen = 0;
    size_t start = (size_t)(first - cache->shards);
    for (size_t i = 0; i < CACHE_SHARDS && (seen < SAMPLE || victim.shard == NULL); i++)
        seen += sample_shard(&victim, &cache->shards[(start + i) % CACHE_SHARDS], SAMPLE, now);
    for (size_t i = 0; thorough && i < CACHE_SHARDS && victim.shard == NULL; i++)
        sample_shard(&victim, &cache->shards[(start + i) % CACHE_SHARDS], UINT32_MAX, now);
    return victim;
}

/* Returns the bytes it freed: 0 if the entry was gone, or is in use meanwhile. */
static size_t evict(struct cache *cache, const struct victim *victim) {
    struct shard *shard = victim->shard;
    struct slab *slab = NULL;
    shard_lock(shard);
    struct bucket *bucket = &shard->buckets[victim->id / BUCKET_WAYS];
    if (atomic_load_explicit(&bucket->slab[victim->id % BUCKET_WAYS], memory_order_relaxed) == victim->slab &&
        !slab_shared(victim->slab))
        slab = drop_entry(cache, shard, victim->id);
    shard_unlock(shard);
    if (slab == NULL)
        return 0;
    count(shard, EVICTED);
    size_t bytes = slab_capacity(slab);
    slab_unref(slab);
    return bytes;
}

bool cache_evict(struct cache *cache, size_t wanted_bytes) {
    size_t freed = 0;
    uint32_t turn = clock_now(cache);
    for (unsigned missed = 0; freed < wanted_bytes && missed < EVICTIONS_MAX;) {
        struct victim victim = find_victim(cache, &cache->shards[turn++ % CACHE_SHARDS], true);
        if (victim.shard == NULL)
            break;
        size_t bytes = evict(cache, &victim);
        freed += bytes;
        missed += bytes == 0;
    }
    return freed > 0;
}

/* ---- admission ----------------------------------------------------------------------------------------------- */

static bool claim(struct cache *cache, uint64_t bytes) {
    uint64_t used = atomic_fetch_add_explicit(&cache->used_bytes, bytes, memory_order_relaxed) + bytes;
    uint64_t entries = atomic_fetch_add_explicit(&cache->entries, 1, memory_order_relaxed) + 1;
    return used <= cache->budget_bytes && entries <= cache->entries_max;
}

static void disclaim(struct cache *cache, uint64_t bytes) {
    atomic_fetch_sub_explicit(&cache->used_bytes, bytes, memory_order_relaxed);
    atomic_fetch_sub_explicit(&cache->entries, 1, memory_order_relaxed);
}

/* Claims room for a newcomer, evicting what was not asked for in a longer time than the newcomer was away. */
static bool make_room(struct cache *cache, struct shard *shard, uint64_t bytes, uint32_t away) {
    if (bytes > cache->budget_bytes)
        return false;
    for (int i = 0; i < EVICTIONS_MAX; i++) {
        if (claim(cache, bytes))
            return true;
        disclaim(cache, bytes);
        struct victim victim = find_victim(cache, shard, false);
        if (victim.shard == NULL || victim.age <= away)
            return false;
        evict(cache, &victim);
    }
    return false;
}

/* A free way of the bucket; a full one loses its least recently used entry, whose reference is given in *gone. */
static unsigned free_way(struct cache *cache, struct shard *shard, struct bucket *bucket, struct slab **gone) {
    uint32_t now = clock_now(cache), oldest = 0;
    unsigned victim = 0;
    for (unsigned w = 0; w < BUCKET_WAYS; w++) {
        if (atomic_load_explicit(&bucket->slab[w], memory_order_relaxed) == NULL)
            return w;
        uint32_t age = now - atomic_load_explicit(&bucket->used[w], memory_order_relaxed);
        if ((int32_t)age > 0 && age > oldest) {
            oldest = age;
            victim = w;
        }
    }
    *gone = drop_entry(cache, shard, (uint32_t)(bucket - shard->buckets) * BUCKET_WAYS + victim);
    return victim;
}

static bool holds(struct bucket *bucket, const struct slab *slab) {
    struct px_signature signature = slab_signature(slab);
    for (unsigned w = 0; w < BUCKET_WAYS; w++) {
        const struct slab *other = atomic_load_explicit(&bucket->slab[w], memory_order_relaxed);
        if (other != NULL && px_signature_equal(slab_signature(other), signature))
            return true;
    }
    return false;
}

static void admit(struct cache *cache, struct shard *shard, struct slab *slab) {
    struct bucket *bucket = bucket_of(shard, slab_signature(slab));
    struct slab *gone = NULL;
    shard_lock(shard);
    bool twice = holds(bucket, slab);
    if (!twice)
        put_entry(cache, shard, bucket, free_way(cache, shard, bucket, &gone), slab_ref(slab));
    shard_unlock(shard);
    if (twice)
        disclaim(cache, slab_capacity(slab));
    else
        count(shard, ADMITTED);
    if (gone != NULL)
        count(shard, EVICTED);
    slab_unref(gone);
}

/* ---- asking and filling -------------------------------------------------------------------------------------- */

/* Under the lock. NULL without memory. */
static struct pending *pending_add(struct cache *cache, struct shard *shard, struct px_signature signature) {
    struct pending *pending = shard->pending_spare;
    if (pending != NULL)
        shard->pending_spare = pending->next;
    else if ((pending = malloc(sizeof *pending)) == NULL)
        return NULL;
    *pending = (struct pending){.signature = signature, .next = shard->pending};
    pending->seen = doorkeeper_see(&shard->door, signature, clock_tick(cache), &pending->away);
    shard->pending = pending;
    return pending;
}

static struct pending *pending_find(struct shard *shard, struct px_signature signature) {
    struct pending *pending = shard->pending;
    while (pending != NULL && !px_signature_equal(pending->signature, signature))
        pending = pending->next;
    return pending;
}

/* Takes it off the list, keeps its memory and gives a copy. */
static struct pending pending_end(struct shard *shard, struct px_signature signature) {
    shard_lock(shard);
    struct pending **link = &shard->pending;
    while (*link != NULL && !px_signature_equal((*link)->signature, signature))
        link = &(*link)->next;
    struct pending *pending = *link;
    assert(pending != NULL); /* fill or fail without a FILL */
    struct pending copy = *pending;
    *link = pending->next;
    pending->next = shard->pending_spare;
    shard->pending_spare = pending;
    shard_unlock(shard);
    return copy;
}

struct slab *cache_get(struct cache *cache, struct px_signature signature) {
    return look_up(cache, shard_of(cache, signature), signature);
}

static enum cache_answer ask_locked(struct cache *cache, struct shard *shard, struct px_signature signature,
                                    struct cache_waiter *waiter, struct slab **slab, bool *duplicate) {
    struct slab *found = look_up(cache, shard, signature); /* it may have come meanwhile */
    if (found != NULL) {
        *slab = found;
        return CACHE_HIT;
    }
    count(shard, MISSES);
    struct pending *pending = pending_find(shard, signature);
    if (pending == NULL) {
        *duplicate = pending_add(cache, shard, signature) == NULL;
        return CACHE_FILL;
    }
    *duplicate = waiter == NULL;
    if (waiter == NULL)
        return CACHE_FILL;
    waiter->next = pending->waiters;
    pending->waiters = waiter;
    count(shard, WAITS);
    return CACHE_WAIT;
}

enum cache_answer cache_ask(struct cache *cache, struct px_signature signature, struct cache_waiter *waiter,
                            struct slab **slab, bool *duplicate) {
    struct shard *shard = shard_of(cache, signature);
    *duplicate = false;
    struct slab *found = look_up(cache, shard, signature);
    if (found != NULL) {
        *slab = found;
        return CACHE_HIT;
    }
    shard_lock(shard);
    enum cache_answer answer = ask_locked(cache, shard, signature, waiter, slab, duplicate);
    shard_unlock(shard);
    return answer;
}

static void wake_all(struct cache_waiter *waiter, struct slab *slab, const struct px_error *error) {
    while (waiter != NULL) {
        struct cache_waiter *next = waiter->next; /* the waiter may be gone after wake */
        waiter->wake(waiter, slab != NULL ? slab_ref(slab) : NULL, error);
        waiter = next;
    }
}

/* Admission comes before the pending mark goes: whoever asks in between is answered by one or the other. */
void cache_fill(struct cache *cache, struct px_signature signature, struct slab *slab, bool keep) {
    struct shard *shard = shard_of(cache, signature);
    count(shard, FILLS);
    shard_lock(shard);
    const struct pending *pending = pending_find(shard, signature);
    assert(pending != NULL);
    bool seen = pending->seen;
    uint32_t away = seen ? pending->away : 0;
    shard_unlock(shard);
    if (px_signature_equal(slab_signature(slab), signature) && (seen || keep) &&
        make_room(cache, shard, slab_capacity(slab), away))
        admit(cache, shard, slab);
    else
        count(shard, REJECTED);
    wake_all(pending_end(shard, signature).waiters, slab, NULL);
}

void cache_fail(struct cache *cache, struct px_signature signature, const struct px_error *error) {
    struct shard *shard = shard_of(cache, signature);
    count(shard, FAILED);
    wake_all(pending_end(shard, signature).waiters, NULL, error);
}

/* ---- birth, death, figures ----------------------------------------------------------------------------------- */

static bool shard_init(struct shard *shard, size_t index, size_t entries_max) {
    pthread_mutex_init(&shard->lock, NULL);
    shard->random = 0x9E3779B97F4A7C15ull * (index + 1);
    shard->bucket_count = 16;
    while ((uint64_t)shard->bucket_count * BUCKET_WAYS * CACHE_SHARDS < 2 * entries_max)
        shard->bucket_count *= 2;
    size_t bytes = shard->bucket_count * sizeof(struct bucket);
    shard->buckets = aligned_alloc(_Alignof(struct bucket), bytes);
    if (shard->buckets == NULL)
        return false;
    memset(shard->buckets, 0, bytes);
    shard->entries = calloc((size_t)shard->bucket_count * BUCKET_WAYS, sizeof *shard->entries);
    return doorkeeper_init(&shard->door, DOOR_FACTOR * entries_max / CACHE_SHARDS) && shard->entries != NULL;
}

static void shard_fini(struct shard *shard) {
    assert(shard->pending == NULL);
    while (shard->pending_spare != NULL) {
        struct pending *next = shard->pending_spare->next;
        free(shard->pending_spare);
        shard->pending_spare = next;
    }
    doorkeeper_fini(&shard->door);
    free(shard->entries);
    free(shard->buckets);
    pthread_mutex_destroy(&shard->lock);
}

int cache_create(size_t budget_bytes, size_t entries_max, struct cache **cache, struct px_error *error) {
    if (entries_max == 0 || entries_max > 1u << 24)
        return px_fail(error, PX_E_RANGE, "a cache of %zu entries; 1 to %u are possible", entries_max, 1u << 24);
    struct cache *made = aligned_alloc(_Alignof(struct cache), sizeof *made);
    if (made == NULL)
        return px_fail(error, PX_E_NO_MEMORY, "no memory for the cache");
    memset(made, 0, sizeof *made);
    made->budget_bytes = budget_bytes;
    made->entries_max = entries_max;
    bool done = true;
    for (size_t i = 0; i < CACHE_SHARDS; i++)
        done = shard_init(&made->shards[i], i, entries_max) && done;
    if (!done) {
        cache_destroy(made);
        return px_fail(error, PX_E_NO_MEMORY, "no memory for a cache of %zu entries", entries_max);
    }
    *cache = made;
    return 0;
}

void cache_destroy(struct cache *cache) {
    if (cache == NULL)
        return;
    cache_clear(cache);
    for (size_t i = 0; i < CACHE_SHARDS; i++)
        shard_fini(&cache->shards[i]);
    free(cache);
}

void cache_clear(struct cache *cache) {
    for (size_t i = 0; i < CACHE_SHARDS; i++) {
        struct shard *shard = &cache->shards[i];
        shard_lock(shard);
        while (shard->entry_count > 0)
            slab_unref(drop_entry(cache, shard, shard->entries[0]));
        if (shard->door.marks != NULL)
            doorkeeper_clear(&shard->door);
        shard_unlock(shard);
    }
}

static uint64_t sum(struct cache *cache, enum counter counter) {
    uint64_t total = 0;
    for (size_t i = 0; i < CACHE_SHARDS; i++)
        total += atomic_load_explicit(&cache->shards[i].counters[counter], memory_order_relaxed);
    return total;
}

void cache_stats(struct cache *cache, struct cache_stats *stats) {
    *stats = (struct cache_stats){
        .budget_bytes = cache->budget_bytes,
        .used_bytes = atomic_load_explicit(&cache->used_bytes, memory_order_relaxed),
        .entries = atomic_load_explicit(&cache->entries, memory_order_relaxed),
        .hits = sum(cache, HITS),
        .misses = sum(cache, MISSES),
        .waits = sum(cache, WAITS),
        .fills = sum(cache, FILLS),
        .admitted = sum(cache, ADMITTED),
        .rejected = sum(cache, REJECTED),
        .evicted = sum(cache, EVICTED),
        .failed = sum(cache, FAILED),
        .lock_waits = sum(cache, LOCK_WAITS),
    };
}
