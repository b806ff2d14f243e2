/* arenas.h: the arenas of one session, mapped read-only, and the one place where a handle becomes a pointer.
 *
 *     handle -> arena known? -> offset and size inside, aligned -> header: magic, version, kind, offset, size,
 *     generation -> every part inside, aligned -> view
 *
 * Nothing that stands in shared memory is trusted: it is copied once, then checked, and only the copy is used. What was
 * read through a view counts only if arenas_intact says so afterwards.
 */
#ifndef CLIENT_LIB_ARENAS_H
#define CLIENT_LIB_ARENAS_H

#include "client/lib/mapping.h"
#include "shared/slab_layout.h"

struct arena {
    uint32_t id;
    bool retired; /* no handle names it any more; goes at the next arenas_sweep */
    struct mapping mapping;
};

struct arenas {
    struct arena *items;
    size_t count, room;
};

void arenas_free(struct arenas *arenas); /* zeroed is fine */

/* arenas_add: maps the descriptor (which stays the caller's). PX_E_EXISTS when the id is known. */
int arenas_add(struct arenas *arenas, uint32_t id, uint64_t size, int fd, struct px_error *error);
bool arenas_know(const struct arenas *arenas, uint32_t id);

/* arenas_retire, arenas_sweep: the memory goes when no frame is read any more that may lie in it. */
void arenas_retire(struct arenas *arenas, uint32_t id);
void arenas_sweep(struct arenas *arenas);

/* A slab whose header was checked: `body` bytes from `base` are in the arena. */
struct slab_view {
    const uint8_t *base;          /* of the header */
    struct px_slab_header header; /* a copy; its generation is the one that was seen */
};

/* arenas_slab: PX_E_NOT_FOUND: unknown arena (it may be on its way); PX_E_STALE: recycled; PX_E_RANGE: nonsense. */
int arenas_slab(const struct arenas *arenas, const struct px_handle *handle, enum px_slab_kind kind,
                struct slab_view *view, struct px_error *error);

/* slab_view_geometry: the arrays of a GEOMETRY slab. flags: NULL only without vertices. */
int slab_view_geometry(const struct slab_view *view, struct px_geometry *geometry, const uint8_t **flags,
                       struct px_error *error);

/* slab_view_intact: whether the slab still holds what it held when the view was made, so that everything read before
 * this call was that. */
bool slab_view_intact(const uint8_t *base, uint64_t generation);

#endif
