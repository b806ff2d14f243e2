#include "daemon/slab/store.h"

#include <assert.h>

enum { SHORTEN_MIN = 16 * 1024 }; /* a smaller tail is not worth a look at the heap */

static void count_used(struct slab_store *store, uint64_t bytes) {
    uint64_t used = atomic_fetch_add_explicit(&store->used_bytes, bytes, memory_order_relaxed) + bytes;
    uint64_t peak = atomic_load_explicit(&store->peak_bytes, memory_order_relaxed);
    while (used > peak && !atomic_compare_exchange_weak_explicit(&store->peak_bytes, &peak, used, memory_order_relaxed,
                                                                 memory_order_relaxed)) {
    }
    atomic_fetch_add_explicit(&store->slabs, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&store->reserves, 1, memory_order_relaxed);
}

int slab_reserve(struct slab_store *store, size_t size_bytes, struct slab **slab, struct px_error *error) {
    if (size_bytes > SIZE_CLASS_BYTES_MAX)
        return px_fail(error, PX_E_NO_MEMORY, "a slab of %zu bytes is beyond any budget", size_bytes);
    unsigned c = size_class_ceiling(sizeof(struct px_slab_header) + size_bytes);
    struct slab *made;
    int code = store_take(store, c, &made, error);
    if (code < 0)
        return code;
    count_used(store, made->range.size);
    /* Where no header stood before, other bytes stand: nobody has a handle on this place. */
    atomic_store_explicit(&slab_header(made)->generation, 0, memory_order_relaxed);
    /* release: whoever gets a reference by slab_try_ref sees that the slab is not sealed */
    atomic_store_explicit(&made->refs, 1, memory_order_release);
    *slab = made;
    return 0;
}

struct px_slab_header *slab_header(struct slab *slab) {
    return (struct px_slab_header *)(void *)(slab->range.arena->base + slab->range.offset);
}

size_t slab_capacity(const struct slab *slab) {
    return slab->range.size;
}

/* An upper bound that proved far too high goes back; little differences stay, so that blocks keep their class. */
static void give_tail(struct slab *slab, size_t used_bytes) {
    uint64_t size = size_class_bytes(size_class_ceiling(used_bytes));
    uint64_t capacity = slab->range.size;
    if (capacity < size + SHORTEN_MIN || capacity - size < capacity / 4)
        return;
    store_shorten(slab->store, slab, size);
    atomic_fetch_sub_explicit(&slab->store->used_bytes, capacity - slab->range.size, memory_order_relaxed);
}

void slab_seal(struct slab *slab, enum px_slab_kind kind, size_t used_bytes, struct px_signature signature) {
    assert(used_bytes >= sizeof(struct px_slab_header) && used_bytes <= slab->range.size);
    give_tail(slab, used_bytes);
    struct px_slab_header *header = slab_header(slab);
    header->magic = PX_SLAB_MAGIC;
    header->version = PX_SLAB_VERSION;
    header->kind = (uint16_t)kind;
    header->offset = slab->range.offset;
    header->size = used_bytes;
    header->signature = signature;
    slab->signature = signature;
    slab->used = used_bytes;
    uint64_t generation = atomic_fetch_add_explicit(&slab->store->generation, 1, memory_order_relaxed) + 1;
    /* release, both: the content is whole before the generation is seen, by clients and by slab_try_ref */
    atomic_store_explicit(&header->generation, generation, memory_order_release);
    atomic_store_explicit(&slab->generation, generation, memory_order_release);
}

struct slab *slab_ref(struct slab *slab) {
    atomic_fetch_add_explicit(&slab->refs, 1, memory_order_relaxed);
    return slab;
}

bool slab_try_ref(struct slab *slab, struct px_signature signature) {
    uint32_t refs = atomic_load_explicit(&slab->refs, memory_order_relaxed);
    do {
        if (refs == 0)
            return false;
        /* acquire: pairs with the release in slab_reserve */
    } while (!atomic_compare_exchange_weak_explicit(&slab->refs, &refs, refs + 1, memory_order_acquire,
                                                    memory_order_relaxed));
    /* It cannot be recycled now. acquire: the signature is the one that was sealed with this generation */
    if (atomic_load_explicit(&slab->generation, memory_order_acquire) != 0 &&
        px_signature_equal(slab->signature, signature))
        return true;
    slab_unref(slab);
    return false;
}

void slab_unref(struct slab *slab) {
    if (slab == NULL)
        return;
    /* release: our use of the content is over; acquire: so is everybody's before the block is used again */
    uint32_t refs = atomic_fetch_sub_explicit(&slab->refs, 1, memory_order_acq_rel);
    assert(refs > 0);
    if (refs > 1)
        return;
    atomic_store_explicit(&slab->generation, 0, memory_order_relaxed);
    /* seq_cst exchange: what the next owner writes must not be seen before the generation is gone */
    atomic_exchange_explicit(&slab_header(slab)->generation, 0, memory_order_seq_cst);
    struct slab_store *store = slab->store;
    atomic_fetch_sub_explicit(&store->used_bytes, slab->range.size, memory_order_relaxed);
    atomic_fetch_sub_explicit(&store->slabs, 1, memory_order_relaxed);
    store_give(store, slab);
}

bool slab_shared(const struct slab *slab) {
    return atomic_load_explicit(&slab->refs, memory_order_relaxed) > 1;
}

struct px_handle slab_handle(const struct slab *slab) {
    return (struct px_handle){
        .arena = slab->range.arena->id,
        .offset = slab->range.offset,
        .size = slab->used,
        .generation = atomic_load_explicit(&slab->generation, memory_order_relaxed),
        .signature = slab->signature,
    };
}

struct px_signature slab_signature(const struct slab *slab) {
    return slab->signature;
}

struct px_geometry slab_geometry(const struct slab *slab) {
    const unsigned char *block = slab->range.arena->base + slab->range.offset;
    const struct px_slab_header *header = (const struct px_slab_header *)(const void *)block;
    assert(header->kind == PX_SLAB_GEOMETRY);
    return (struct px_geometry){
        .offsets = (const int32_t *)(const void *)(block + (size_t)header->offsets_at * PX_SLAB_ALIGNMENT),
        .coords = (const float *)(const void *)(block + (size_t)header->coords_at * PX_SLAB_ALIGNMENT),
        .vertex_count = header->vertex_count,
        .line_count = header->line_count,
    };
}
