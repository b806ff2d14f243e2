/* arena.h: one sealed memfd from which slabs are cut.
 *
 *     memfd -> fallocate -> map read-write -> populate -> F_SEAL_SHRINK | GROW | FUTURE_WRITE | SEAL -> may be sent
 *
 * All pages are there before the first slab is: no fault on the frame path, and a full machine is an error here and no
 * SIGBUS in a viewer. After the seals nobody can map it writable any more. It cannot be trimmed: it goes as a whole.
 *
 * Units    bytes; sizes are whole pages.
 * Threads  create and destroy: any; the fields are immutable but `whole`, which the store's lock guards.
 */
#ifndef SLAB_ARENA_H
#define SLAB_ARENA_H

#include "shared/error.h"

#include <stddef.h>
#include <stdint.h>

struct range;

struct arena {
    uint32_t id; /* from 1, never used again */
    int fd;
    size_t size_bytes;
    unsigned char *base;
    struct range *whole; /* the one free range that covers it all; NULL while any of it is in use */
};

/* arena_create: PX_E_NO_MEMORY when the machine has no room. */
int arena_create(uint32_t id, size_t size_bytes, struct arena **arena, struct px_error *error);
void arena_destroy(struct arena *arena); /* NULL is fine; clients' own mappings stay theirs */

#endif
