/* handle.h: names one slab across processes. Ids, offsets and generations, never pointers.
 *
 * A reader maps the arena, checks that offset and size lie inside it and are 64-byte aligned, reads the slab's header
 * (slab_layout.h) and compares magic, offset and generation; then copies what it needs and compares the generation
 * again. Generations are unique over the daemon's life, so a recycled block never passes for the old one.
 */
#ifndef PX_SHARED_HANDLE_H
#define PX_SHARED_HANDLE_H

#include "shared/signature.h"

#include <stdint.h>

struct px_handle {
    uint32_t arena;      /* id of the arena, as arena.sock gave it; 0 is no arena */
    uint32_t reserved;   /* 0 */
    uint64_t offset;     /* of the slab's header from the arena's base, bytes */
    uint64_t size;       /* of the slab, header included, bytes */
    uint64_t generation; /* as in the slab's header while it holds this content */
    struct px_signature signature;
};
_Static_assert(sizeof(struct px_handle) == 48, "a handle has 48 bytes on every side");

#endif
