#include "shared/ring.h"

#include <assert.h>
#include <string.h>

void px_ring_init(struct px_ring *ring, void *memory, size_t item_size, size_t capacity) {
    assert(capacity > 0 && (capacity & (capacity - 1)) == 0);
    *ring = (struct px_ring){.items = memory, .item_size = item_size, .capacity = capacity};
}

bool px_ring_push(struct px_ring *ring, const void *item) {
    size_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);
    if (head - ring->tail_seen == ring->capacity) {
        /* acquire: the consumer's copy out of the slot happened before we write it again */
        ring->tail_seen = atomic_load_explicit(&ring->tail, memory_order_acquire);
        if (head - ring->tail_seen == ring->capacity)
            return false;
    }
    memcpy(ring->items + (head & (ring->capacity - 1)) * ring->item_size, item, ring->item_size);
    /* release: the item is whole before it is seen */
    atomic_store_explicit(&ring->head, head + 1, memory_order_release);
    return true;
}

bool px_ring_pop(struct px_ring *ring, void *item) {
    size_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);
    if (tail == ring->head_seen) {
        /* acquire: pairs with the release in push */
        ring->head_seen = atomic_load_explicit(&ring->head, memory_order_acquire);
        if (tail == ring->head_seen)
            return false;
    }
    memcpy(item, ring->items + (tail & (ring->capacity - 1)) * ring->item_size, ring->item_size);
    /* release: our copy is done before the producer may write the slot again */
    atomic_store_explicit(&ring->tail, tail + 1, memory_order_release);
    return true;
}
