/* slab.h: one block of shared memory that holds one immutable geometry or frame.
 *
 *     slab_reserve -> WRITABLE -- slab_seal --> SEALED -- last slab_unref --> free; generation 0, then a new one
 *                         `-- last slab_unref --> free
 *
 * Slabs are cut from arenas (sealed memfds, populated ahead, retired whole) by size class and recycled. Descriptors are
 * private memory of the daemon and are never unmapped while the store lives, so that slab_try_ref may look at one that
 * was freed meanwhile.
 *
 * Units    sizes and offsets are bytes; offsets from the arena's base.
 * Threads  ref, try_ref, unref: any. reserve: any. The rest: the thread that reserved it.
 * Errors   0, or a negative PX_E code with outputs untouched. Out of budget: PX_E_NO_MEMORY, after the pressure
 *          callback had its chance to evict.
 */
#ifndef SLAB_SLAB_H
#define SLAB_SLAB_H

#include "shared/slab_layout.h"

#include <stdbool.h>

struct slab_store;
struct slab;

struct slab_store_config {
    size_t first_arena_bytes; /* 32 MB: start-up stays quick */
    size_t arena_bytes;       /* of each later one; larger for a slab that needs it */
    size_t budget_bytes;      /* of all arenas together */
    /* Called on the reserving thread when the budget is spent: gives back memory if it can (evicts from the cache);
     * returns false when there is nothing more to give. */
    bool (*pressure)(void *argument, size_t wanted_bytes);
    /* Called on any thread when an arena was added or retired: arena.sock pushes it to clients. */
    void (*arenas_changed)(void *argument);
    void *argument;
};

struct slab_stats {
    uint64_t budget_bytes, arena_bytes, used_bytes, peak_bytes; /* used: handed out */
    uint64_t arenas, slabs, reserves, recycled, refused, lock_waits;
    uint64_t arenas_added, arenas_retired;
};

/* One arena as a client maps it. */
struct arena_info {
    uint32_t id;
    int fd;
    size_t size_bytes;
};

int slab_store_create(const struct slab_store_config *config, struct slab_store **store, struct px_error *error);
void slab_store_destroy(struct slab_store *store); /* NULL is fine; all slabs must be unreferenced */
void slab_store_stats(struct slab_store *store, struct slab_stats *stats);

/* slab_store_arenas: fills up to `room` entries, oldest first, returns how many there are. The descriptors are
 * duplicates, the caller's to close: an arena may retire on another thread at any moment. */
size_t slab_store_arenas(struct slab_store *store, struct arena_info *arenas, size_t room);

/* slab_store_prepare: makes the next arena before it is needed (300 ms), or retires arenas that are wholly free beyond
 * the first: called on a thread with time, never on the frame path, at most once a second. Does nothing while there is
 * enough, and not too much. slab_store_due: whether it would do something (any thread, no lock). */
bool slab_store_due(const struct slab_store *store);
int slab_store_prepare(struct slab_store *store, struct px_error *error);

/* slab_reserve: a block with at least size_bytes after its header. Gives one reference. */
int slab_reserve(struct slab_store *store, size_t size_bytes, struct slab **slab, struct px_error *error);

/* slab_header: the header at the start of the block. slab_capacity: bytes of the block, header included. */
struct px_slab_header *slab_header(struct slab *slab);
size_t slab_capacity(const struct slab *slab);

/* slab_seal: writes magic, offset, used size, kind and signature into the header (the caller filled the counts,
 * positions, bounds and topology), and publishes the generation. The tail past used_bytes may be given back. */
void slab_seal(struct slab *slab, enum px_slab_kind kind, size_t used_bytes, struct px_signature signature);

struct slab *slab_ref(struct slab *slab); /* returns it; the caller holds a reference already */

/* slab_try_ref: takes a reference if the slab is sealed and holds this signature at this moment: the cache's reader. */
bool slab_try_ref(struct slab *slab, struct px_signature signature);
void slab_unref(struct slab *slab); /* NULL is fine */

/* slab_shared: whether anybody beside the caller holds a reference at this moment: dropping ours would free nothing. */
bool slab_shared(const struct slab *slab);

struct px_handle slab_handle(const struct slab *slab);           /* sealed */
struct px_signature slab_signature(const struct slab *slab);     /* sealed */
struct px_geometry slab_geometry(const struct slab *slab);       /* sealed, kind GEOMETRY; borrows from the slab */

#endif
