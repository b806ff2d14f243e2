#include "client/lib/arenas.h"

#include <stdlib.h>
#include <string.h>

/* ---- the table --------------------------------------------------------------------------------------------------- */

void arenas_free(struct arenas *arenas) {
    for (size_t i = 0; i < arenas->count; i++)
        mapping_close(&arenas->items[i].mapping);
    free(arenas->items);
    *arenas = (struct arenas){0};
}

static const struct arena *arenas_find(const struct arenas *arenas, uint32_t id) {
    for (size_t i = 0; i < arenas->count; i++)
        if (arenas->items[i].id == id)
            return &arenas->items[i];
    return NULL;
}

bool arenas_know(const struct arenas *arenas, uint32_t id) {
    return arenas_find(arenas, id) != NULL;
}

int arenas_add(struct arenas *arenas, uint32_t id, uint64_t size, int fd, struct px_error *error) {
    if (id == 0 || arenas_know(arenas, id))
        return px_fail(error, PX_E_EXISTS, "arena %u: no arena has this number, or one has it already", id);
    if (arenas->count == arenas->room) {
        size_t room = arenas->room ? arenas->room * 2 : 16;
        struct arena *items = realloc(arenas->items, room * sizeof *items);
        if (!items)
            return px_fail(error, PX_E_NO_MEMORY, "no memory for the list of arenas");
        arenas->items = items;
        arenas->room = room;
    }
    struct arena arena = {.id = id};
    int code = mapping_open(fd, size, false, "arena", &arena.mapping, error);
    if (code == 0)
        arenas->items[arenas->count++] = arena;
    return code;
}

void arenas_retire(struct arenas *arenas, uint32_t id) {
    for (size_t i = 0; i < arenas->count; i++)
        arenas->items[i].retired = arenas->items[i].retired || arenas->items[i].id == id;
}

void arenas_sweep(struct arenas *arenas) {
    size_t kept = 0;
    for (size_t i = 0; i < arenas->count; i++) {
        if (arenas->items[i].retired)
            mapping_close(&arenas->items[i].mapping);
        else
            arenas->items[kept++] = arenas->items[i];
    }
    arenas->count = kept;
}

/* ---- slabs ------------------------------------------------------------------------------------------------------- */

static bool slab_aligned(uint64_t position) {
    return position % PX_SLAB_ALIGNMENT == 0;
}

/* A private copy of the header, its generation read first: what follows is then at least as new. */
static void slab_copy_header(const uint8_t *base, struct px_slab_header *copy) {
    const struct px_slab_header *shared = (const struct px_slab_header *)(const void *)base;
    /* acquire: pairs with the release at sealing, so that the rest of the header is what was sealed with it */
    uint64_t generation = atomic_load_explicit(&shared->generation, memory_order_acquire);
    memcpy(copy, shared, sizeof *copy);
    atomic_init(&copy->generation, generation);
}

static int slab_check_header(const struct px_slab_header *header, const struct px_handle *handle,
                             enum px_slab_kind kind, struct px_error *error) {
    uint64_t generation = atomic_load_explicit(&header->generation, memory_order_relaxed);
    if (generation != handle->generation || generation == 0)
        return px_fail(error, PX_E_STALE, "slab %u:%llu holds something else by now", handle->arena,
                       (unsigned long long)handle->offset);
    if (header->magic != PX_SLAB_MAGIC || header->version != PX_SLAB_VERSION || header->kind != kind)
        return px_fail(error, PX_E_RANGE, "slab %u:%llu: wrong magic, version or kind", handle->arena,
                       (unsigned long long)handle->offset);
    if (header->offset != handle->offset || header->size < sizeof *header || header->size > handle->size)
        return px_fail(error, PX_E_RANGE, "slab %u:%llu: wrong offset or size in its header", handle->arena,
                       (unsigned long long)handle->offset);
    if (!px_signature_equal(header->signature, handle->signature))
        return px_fail(error, PX_E_RANGE, "slab %u:%llu: not the signature of its handle", handle->arena,
                       (unsigned long long)handle->offset);
    return 0;
}

int arenas_slab(const struct arenas *arenas, const struct px_handle *handle, enum px_slab_kind kind,
                struct slab_view *view, struct px_error *error) {
    const struct arena *arena = arenas_find(arenas, handle->arena);
    if (!arena)
        return px_fail(error, PX_E_NOT_FOUND, "arena %u is not known here", handle->arena);
    uint64_t room = arena->mapping.size;
    if (!slab_aligned(handle->offset) || handle->size < sizeof(struct px_slab_header) || handle->size > room ||
        handle->offset > room - handle->size)
        return px_fail(error, PX_E_RANGE, "slab %u:%llu: outside its arena or not aligned", handle->arena,
                       (unsigned long long)handle->offset);
    view->base = arena->mapping.base + handle->offset;
    slab_copy_header(view->base, &view->header);
    return slab_check_header(&view->header, handle, kind, error);
}

/* Where a part of `size` bytes begins; NULL when it does not lie behind the header and inside the slab. Positions are
 * in units of the alignment, so that 32 bits are enough and every one is aligned. */
static const uint8_t *slab_part(const struct slab_view *view, uint32_t at, uint64_t size) {
    uint64_t position = (uint64_t)at * PX_SLAB_ALIGNMENT;
    if (position < sizeof(struct px_slab_header) || position > view->header.size || size > view->header.size - position)
        return NULL;
    return view->base + position;
}

int slab_view_geometry(const struct slab_view *view, struct px_geometry *geometry, const uint8_t **flags,
                       struct px_error *error) {
    uint64_t vertices = view->header.vertex_count, lines = view->header.line_count;
    *geometry = (struct px_geometry){0};
    *flags = NULL;
    if (vertices > PX_GEOMETRY_VERTICES_MAX || lines > PX_GEOMETRY_LINES_MAX || (lines == 0 && vertices > 0))
        return px_fail(error, PX_E_RANGE, "a geometry of %llu vertices in %llu lines", (unsigned long long)vertices,
                       (unsigned long long)lines);
    if (lines == 0)
        return 0;
    const uint8_t *offsets = slab_part(view, view->header.offsets_at, (lines + 1) * sizeof(int32_t));
    const uint8_t *coords = slab_part(view, view->header.coords_at, vertices * 3 * sizeof(float));
    const uint8_t *marks = slab_part(view, view->header.flags_at, vertices);
    if (!offsets || !coords || !marks)
        return px_fail(error, PX_E_RANGE, "a geometry whose arrays reach beyond its slab");
    geometry->offsets = (const int32_t *)(const void *)offsets;
    geometry->coords = (const float *)(const void *)coords;
    geometry->vertex_count = (size_t)vertices;
    geometry->line_count = (size_t)lines;
    *flags = marks;
    if (geometry->offsets[0] != 0 || (uint64_t)geometry->offsets[lines] != vertices)
        return px_fail(error, PX_E_RANGE, "a geometry whose offsets do not end at its last vertex");
    return 0;
}

bool slab_view_intact(const uint8_t *base, uint64_t generation) {
    const struct px_slab_header *shared = (const struct px_slab_header *)(const void *)base;
    /* acquire fence: reads of the content before it stay before the look at the generation after it */
    atomic_thread_fence(memory_order_acquire);
    return atomic_load_explicit(&shared->generation, memory_order_relaxed) == generation;
}
