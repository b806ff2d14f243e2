#include "daemon/slab/store.h"

#include <assert.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

enum { PAGE_BYTES = 4096, GROW_TRIES = 48, PRESSURE_MIN = 64 * 1024 };

/* ---- figures ------------------------------------------------------------------------------------------------- */

static uint64_t low_bytes(const struct slab_store *store) {
    return store->config.arena_bytes / 4;
}

static uint64_t high_bytes(const struct slab_store *store) {
    return store->config.arena_bytes / 2;
}

static uint64_t figure(const _Atomic uint64_t *counter) {
    return atomic_load_explicit(counter, memory_order_relaxed);
}

static void count(_Atomic uint64_t *counter, uint64_t by) {
    atomic_fetch_add_explicit(counter, by, memory_order_relaxed);
}

static uint64_t free_bytes(const struct slab_store *store) {
    uint64_t all = figure(&store->arena_bytes), used = figure(&store->used_bytes);
    return all > used ? all - used : 0;
}

static uint64_t budget_left(const struct slab_store *store) {
    uint64_t all = figure(&store->arena_bytes);
    return store->config.budget_bytes > all ? store->config.budget_bytes - all : 0;
}

/* How much may lie on the stacks, out of reach for other classes. */
static uint64_t cached_limit(const struct slab_store *store) {
    uint64_t half = figure(&store->used_bytes) / 2;
    return half > STORE_CACHED_MIN ? half : STORE_CACHED_MIN;
}

static void store_lock(struct slab_store *store) {
    if (pthread_mutex_trylock(&store->lock) == 0)
        return;
    count(&store->lock_waits, 1);
    pthread_mutex_lock(&store->lock);
}

static void store_unlock(struct slab_store *store) {
    pthread_mutex_unlock(&store->lock);
}

/* ---- stacks of free blocks, one a class ---------------------------------------------------------------------- */

static struct slab *slab_at(struct slab_store *store, uint32_t index) {
    return &store->chunks[index / STORE_CHUNK_SLABS][index % STORE_CHUNK_SLABS];
}

static struct slab *slab_of(struct range *range) {
    return (struct slab *)(void *)((unsigned char *)range - offsetof(struct slab, range));
}

static uint64_t head_next(uint64_t head, uint32_t link) {
    return ((head >> 32) + 1) << 32 | link;
}

static void stack_push(struct slab_stack *stack, struct slab *slab) {
    uint64_t head = atomic_load_explicit(&stack->head, memory_order_relaxed);
    do {
        atomic_store_explicit(&slab->next, (uint32_t)head, memory_order_relaxed);
        /* release: the descriptor is whole before it can be popped */
    } while (!atomic_compare_exchange_weak_explicit(&stack->head, &head, head_next(head, slab->index + 1),
                                                    memory_order_release, memory_order_relaxed));
}

static struct slab *stack_pop(struct slab_store *store, struct slab_stack *stack) {
    /* acquire, here and below: pairs with every push, as all changes of the head are read-modify-writes */
    uint64_t head = atomic_load_explicit(&stack->head, memory_order_acquire);
    while ((uint32_t)head != 0) {
        struct slab *slab = slab_at(store, (uint32_t)head - 1);
        uint32_t below = atomic_load_explicit(&slab->next, memory_order_relaxed);
        if (atomic_compare_exchange_weak_explicit(&stack->head, &head, head_next(head, below), memory_order_acquire,
                                                  memory_order_acquire))
            return slab;
    }
    return NULL;
}

/* Empties all stacks into the heap, where neighbours join. Under the lock. */
static void flush_stacks(struct slab_store *store) {
    for (unsigned c = 0; c < SIZE_CLASSES; c++) {
        struct slab *slab;
        while ((slab = stack_pop(store, &store->stacks[c])) != NULL) {
            atomic_fetch_sub_explicit(&store->cached_bytes, slab->range.size, memory_order_relaxed);
            range_heap_give(&store->heap, &slab->range);
        }
    }
}

void store_give(struct slab_store *store, struct slab *slab) {
    count(&store->cached_bytes, slab->range.size);
    stack_push(&store->stacks[size_class_floor(slab->range.size)], slab);
    if (figure(&store->cached_bytes) > cached_limit(store) && pthread_mutex_trylock(&store->lock) == 0) {
        flush_stacks(store);
        store_unlock(store);
    }
}

/* ---- the heap, under the lock -------------------------------------------------------------------------------- */

/* A chunk of new descriptors, all spare. */
static bool add_chunk(struct slab_store *store) {
    if (store->chunk_count == STORE_CHUNKS_MAX)
        return false;
    struct slab *chunk = aligned_alloc(_Alignof(struct slab), STORE_CHUNK_SLABS * sizeof *chunk);
    if (chunk == NULL)
        return false;
    memset(chunk, 0, STORE_CHUNK_SLABS * sizeof *chunk);
    for (uint32_t i = 0; i < STORE_CHUNK_SLABS; i++) {
        chunk[i].index = store->chunk_count * STORE_CHUNK_SLABS + i;
        chunk[i].store = store;
        chunk[i].range.bin_after = store->heap.spare;
        store->heap.spare = &chunk[i].range;
    }
    store->chunks[store->chunk_count++] = chunk;
    return true;
}

static bool have_spare(struct slab_store *store) {
    return store->heap.spare != NULL || add_chunk(store);
}

static struct slab *heap_take(struct slab_store *store, unsigned c) {
    if (!have_spare(store))
        return NULL;
    struct range *range = range_heap_take(&store->heap, c);
    return range != NULL ? slab_of(range) : NULL;
}

static struct slab *take_locked(struct slab_store *store, unsigned c) {
    store_lock(store);
    struct slab *slab = heap_take(store, c);
    if (slab == NULL && figure(&store->cached_bytes) > 0) {
        flush_stacks(store);
        slab = heap_take(store, c);
    }
    store_unlock(store);
    return slab;
}

void store_shorten(struct slab_store *store, struct slab *slab, uint64_t size) {
    if (pthread_mutex_trylock(&store->lock) != 0)
        return;
    if (have_spare(store))
        range_heap_shorten(&store->heap, &slab->range, size);
    store_unlock(store);
}

/* ---- arenas come and go; under grow_lock --------------------------------------------------------------------- */

static int add_arena(struct slab_store *store, uint64_t size_bytes, struct px_error *error) {
    struct arena *arena;
    int code = arena_create(store->arena_id + 1, size_bytes, &arena, error);
    if (code < 0)
        return code;
    store_lock(store);
    uint64_t arenas = figure(&store->arena_count);
    bool room = arenas < STORE_ARENAS_MAX && have_spare(store);
    if (room) {
        store->arena_id++;
        store->arenas[arenas] = arena;
        atomic_store_explicit(&store->arena_count, arenas + 1, memory_order_relaxed);
        range_heap_add(&store->heap, arena);
        count(&store->arena_bytes, size_bytes);
        count(&store->arenas_added, 1);
    }
    store_unlock(store);
    if (!room) {
        arena_destroy(arena);
        return px_fail(error, PX_E_NO_MEMORY, "no room for one more arena beside %llu", (unsigned long long)arenas);
    }
    return 0;
}

/* The first wholly free arena past the oldest, out of the table; NULL if there is none, or if less than `keep` bytes
 * would stay free without it. */
static struct arena *detach_arena(struct slab_store *store, uint64_t keep) {
    struct arena *found = NULL;
    store_lock(store);
    uint64_t arenas = figure(&store->arena_count);
    for (uint64_t i = 1; i < arenas && found == NULL; i++) {
        struct arena *arena = store->arenas[i];
        if (arena->whole == NULL || free_bytes(store) < keep + arena->size_bytes)
            continue;
        found = arena;
        range_heap_remove(&store->heap, arena);
        memmove(&store->arenas[i], &store->arenas[i + 1], (arenas - i - 1) * sizeof store->arenas[0]);
        atomic_store_explicit(&store->arena_count, arenas - 1, memory_order_relaxed);
        atomic_fetch_sub_explicit(&store->arena_bytes, arena->size_bytes, memory_order_relaxed);
        count(&store->arenas_retired, 1);
    }
    store_unlock(store);
    return found;
}

static bool retire_arena(struct slab_store *store, uint64_t keep) {
    struct arena *arena = detach_arena(store, keep);
    arena_destroy(arena);
    return arena != NULL;
}

static uint64_t whole_pages(uint64_t bytes) {
    return (bytes + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES;
}

static bool fits_now(struct slab_store *store, unsigned c) {
    store_lock(store);
    bool fits = range_heap_fits(&store->heap, c);
    store_unlock(store);
    return fits;
}

/* Makes room for a block of class c within the budget: 0, or PX_E_NO_MEMORY (or what the machine said). */
static int grow(struct slab_store *store, unsigned c, bool *changed, struct px_error *error) {
    if (fits_now(store, c)) /* somebody else was quicker */
        return 0;
    uint64_t need = whole_pages(size_class_bytes(c));
    while (budget_left(store) < need) {
        if (!retire_arena(store, 0))
            return px_fail(error, PX_E_NO_MEMORY, "the budget of %zu bytes for slabs is spent (%llu used)",
                           store->config.budget_bytes, (unsigned long long)figure(&store->used_bytes));
        *changed = true;
    }
    uint64_t size = store->config.arena_bytes;
    if (size > budget_left(store))
        size = budget_left(store) / PAGE_BYTES * PAGE_BYTES;
    int code = add_arena(store, size > need ? size : need, error);
    if (code == 0)
        *changed = true;
    return code;
}

static void tell_changed(struct slab_store *store, bool changed) {
    if (changed && store->config.arenas_changed != NULL)
        store->config.arenas_changed(store->config.argument);
}

static int store_grow(struct slab_store *store, unsigned c, struct px_error *error) {
    bool changed = false;
    pthread_mutex_lock(&store->grow_lock);
    int code = grow(store, c, &changed, error);
    pthread_mutex_unlock(&store->grow_lock);
    tell_changed(store, changed);
    return code;
}

static bool relieve(struct slab_store *store, uint64_t wanted_bytes) {
    return store->config.pressure != NULL && store->config.pressure(store->config.argument, wanted_bytes);
}

static int take_by_growing(struct slab_store *store, unsigned c, struct slab **slab, struct px_error *error) {
    uint64_t wanted = size_class_bytes(c) > PRESSURE_MIN ? size_class_bytes(c) : PRESSURE_MIN;
    int code = PX_E_NO_MEMORY;
    for (int i = 0; i < GROW_TRIES; i++) {
        if ((*slab = take_locked(store, c)) != NULL)
            return 0;
        code = store_grow(store, c, error);
        if (code == 0)
            continue;
        if (!relieve(store, wanted))
            break;
        /* What was given back may lie scattered: ask for more each time. */
        wanted = wanted < store->config.budget_bytes ? 2 * wanted : wanted;
    }
    if (code == 0)
        code = px_fail(error, PX_E_NO_MEMORY, "the slab store is too busy to make room");
    count(&store->refused, 1);
    return code;
}

int store_take(struct slab_store *store, unsigned c, struct slab **slab, struct px_error *error) {
    struct slab *found = stack_pop(store, &store->stacks[c]);
    if (found != NULL) {
        atomic_fetch_sub_explicit(&store->cached_bytes, found->range.size, memory_order_relaxed);
        count(&store->recycled, 1);
        *slab = found;
        return 0;
    }
    int code = take_by_growing(store, c, &found, error);
    if (code == 0)
        *slab = found;
    return code;
}

/* ---- the store ----------------------------------------------------------------------------------------------- */

int slab_store_create(const struct slab_store_config *config, struct slab_store **store, struct px_error *error) {
    struct slab_store *made = aligned_alloc(_Alignof(struct slab_store), sizeof *made);
    if (made == NULL)
        return px_fail(error, PX_E_NO_MEMORY, "no memory for the slab store");
    memset(made, 0, sizeof *made);
    made->config = *config;
    made->config.arena_bytes = whole_pages(config->arena_bytes);
    pthread_mutex_init(&made->lock, NULL);
    pthread_mutex_init(&made->grow_lock, NULL);
    uint64_t first = whole_pages(config->first_arena_bytes);
    int code = first > config->budget_bytes || first == 0
                   ? px_fail(error, PX_E_RANGE, "the first arena (%llu bytes) must lie within the budget (%zu)",
                             (unsigned long long)first, config->budget_bytes)
                   : add_arena(made, first, error);
    if (code < 0) {
        slab_store_destroy(made);
        return code;
    }
    *store = made;
    return 0;
}

void slab_store_destroy(struct slab_store *store) {
    if (store == NULL)
        return;
    assert(figure(&store->slabs) == 0);
    uint64_t arenas = figure(&store->arena_count);
    for (uint64_t i = 0; i < arenas; i++)
        arena_destroy(store->arenas[i]);
    for (uint32_t i = 0; i < store->chunk_count; i++)
        free(store->chunks[i]);
    pthread_mutex_destroy(&store->grow_lock);
    pthread_mutex_destroy(&store->lock);
    free(store);
}

void slab_store_stats(struct slab_store *store, struct slab_stats *stats) {
    *stats = (struct slab_stats){
        .budget_bytes = store->config.budget_bytes,
        .arena_bytes = figure(&store->arena_bytes),
        .used_bytes = figure(&store->used_bytes),
        .peak_bytes = figure(&store->peak_bytes),
        .arenas = figure(&store->arena_count),
        .slabs = figure(&store->slabs),
        .reserves = figure(&store->reserves),
        .recycled = figure(&store->recycled),
        .refused = figure(&store->refused),
        .lock_waits = figure(&store->lock_waits),
        .arenas_added = figure(&store->arenas_added),
        .arenas_retired = figure(&store->arenas_retired),
    };
}

size_t slab_store_arenas(struct slab_store *store, struct arena_info *arenas, size_t room) {
    store_lock(store);
    size_t all = figure(&store->arena_count);
    for (size_t i = 0; i < all && i < room; i++)
        arenas[i] = (struct arena_info){.id = store->arenas[i]->id,
                                        .fd = fcntl(store->arenas[i]->fd, F_DUPFD_CLOEXEC, 0),
                                        .size_bytes = store->arenas[i]->size_bytes};
    store_unlock(store);
    return all;
}

static bool wants_more(const struct slab_store *store) {
    return free_bytes(store) < low_bytes(store) && budget_left(store) >= low_bytes(store) && low_bytes(store) > 0;
}

static bool wants_less(const struct slab_store *store) {
    return figure(&store->arena_count) > 1 &&
           free_bytes(store) >= high_bytes(store) + store->config.arena_bytes;
}

bool slab_store_due(const struct slab_store *store) {
    return wants_more(store) || wants_less(store);
}

/* Grows by one arena, or by what the budget has left. */
static int prepare_more(struct slab_store *store, bool *changed, struct px_error *error) {
    uint64_t left = budget_left(store) / PAGE_BYTES * PAGE_BYTES;
    int code = add_arena(store, left < store->config.arena_bytes ? left : store->config.arena_bytes, error);
    *changed = code == 0;
    return code;
}

static void prepare_less(struct slab_store *store, bool *changed) {
    store_lock(store);
    flush_stacks(store);
    store_unlock(store);
    while (retire_arena(store, high_bytes(store)))
        *changed = true;
}

int slab_store_prepare(struct slab_store *store, struct px_error *error) {
    int code = 0;
    bool changed = false;
    pthread_mutex_lock(&store->grow_lock);
    if (wants_more(store))
        code = prepare_more(store, &changed, error);
    else if (wants_less(store))
        prepare_less(store, &changed);
    pthread_mutex_unlock(&store->grow_lock);
    tell_changed(store, changed);
    return code;
}
