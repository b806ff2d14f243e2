/* ring.h: a bounded single-producer single-consumer ring of fixed-size items.
 *
 *     head - tail = items waiting, 0 <= head - tail <= capacity (a power of two)
 *
 * Threads    push: the one producer. pop: the one consumer. No locks, no system calls, no allocation.
 * Errors     push returns false when full and pop when empty; the caller counts or retries.
 * Ownership  the memory is the caller's and outlives the ring; items are copied.
 * Source     Lamport's queue with cached indices (as in FastForward and in Rigtorp's SPSCQueue).
 */
#ifndef PX_SHARED_RING_H
#define PX_SHARED_RING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct px_ring {
    unsigned char *items;
    size_t item_size;
    size_t capacity;
    _Alignas(64) _Atomic size_t head; /* producer */
    size_t tail_seen;
    _Alignas(64) _Atomic size_t tail; /* consumer */
    size_t head_seen;
};

/* px_ring_init: memory has capacity * item_size bytes; capacity is a power of two. */
void px_ring_init(struct px_ring *ring, void *memory, size_t item_size, size_t capacity);
bool px_ring_push(struct px_ring *ring, const void *item);
bool px_ring_pop(struct px_ring *ring, void *item);

#endif
