#include "client/lib/frame_view.h"

#include <stdlib.h>
#include <string.h>

/* The body of a frame slab: what follows the slab's header. */
struct frame_body {
    const uint8_t *base;
    size_t size;
};

void frame_view_free(struct frame_view *view) {
    free(view->layers);
    free(view->slabs);
    free(view->names);
    *view = (struct frame_view){0};
}

/* ---- room -------------------------------------------------------------------------------------------------------- */

static int frame_view_layer_room(struct frame_view *view, size_t count, struct px_error *error) {
    if (count <= view->layer_room)
        return 0;
    size_t room = view->layer_room ? view->layer_room : 16;
    while (room < count)
        room *= 2;
    struct px_layer *layers = realloc(view->layers, room * sizeof *layers);
    if (layers)
        view->layers = layers;
    struct frame_view_slab *slabs = realloc(view->slabs, room * sizeof *slabs);
    if (slabs)
        view->slabs = slabs;
    if (!layers || !slabs)
        return px_fail(error, PX_E_NO_MEMORY, "no memory for %zu layers", count);
    view->layer_room = room;
    return 0;
}

/* All strings stand behind the layers: copied at once, with a zero behind them. */
static int frame_view_copy_names(struct frame_view *view, const struct frame_body *body, size_t from,
                                 struct px_error *error) {
    size_t size = body->size - from;
    if (size + 1 > view->name_room) {
        char *names = realloc(view->names, (size + 1) * 2);
        if (!names)
            return px_fail(error, PX_E_NO_MEMORY, "no memory for the names of layers");
        view->names = names;
        view->name_room = (size + 1) * 2;
    }
    memcpy(view->names, body->base + from, size);
    view->names[size] = '\0';
    return 0;
}

/* ---- the frame's own slab ---------------------------------------------------------------------------------------- */

static size_t names_from(size_t layer_count) {
    return sizeof(struct px_frame_header) + layer_count * sizeof(struct px_frame_layer);
}

static int frame_check(const struct px_frame_header *header, const struct frame_body *body,
                       const struct board_entry *entry, uint64_t session, struct px_error *error) {
    if (header->version != PX_FRAME_VERSION)
        return px_fail(error, PX_E_UNSUPPORTED, "a frame of version %u; this library reads version %d", header->version,
                       PX_FRAME_VERSION);
    if (header->layer_count > PX_FRAME_LAYERS_MAX || names_from(header->layer_count) > body->size)
        return px_fail(error, PX_E_RANGE, "a frame of %u layers in %zu bytes", header->layer_count, body->size);
    if (header->session != session || header->serial != entry->serial)
        return px_fail(error, PX_E_RANGE, "a frame of another session or serial");
    return 0;
}

/* A string by its position from the frame's header; NULL outside the strings. */
static const char *frame_string(const struct frame_view *view, const struct frame_body *body, size_t from,
                                uint32_t at) {
    return at >= from && at < body->size ? view->names + (at - from) : NULL;
}

static void frame_fill(struct px_frame *frame, const struct px_frame_header *header) {
    *frame = (struct px_frame){.session = header->session,
                               .serial = header->serial,
                               .frame = header->frame,
                               .t = header->t,
                               .thickness = header->thickness,
                               .published_ns = header->published_ns,
                               .planned_ns = header->planned_ns,
                               .revision = header->revision,
                               .seed = header->seed,
                               .cache_hits = header->cache_hits,
                               .computed = header->computed,
                               .layer_count = header->layer_count};
    memcpy(frame->canvas_size, header->canvas_size, sizeof frame->canvas_size);
    memcpy(frame->background, header->background, sizeof frame->background);
    memcpy(frame->color, header->color, sizeof frame->color);
    memcpy(frame->stage_ns, header->stage_ns, sizeof frame->stage_ns);
}

/* ---- layers ------------------------------------------------------------------------------------------------------ */

static int layer_read(struct frame_view *view, const struct arenas *arenas, const struct px_frame_layer *entry,
                      size_t i, const char *name, struct px_error *error) {
    struct slab_view slab;
    struct px_layer *layer = &view->layers[i];
    int code = arenas_slab(arenas, &entry->handle, PX_SLAB_GEOMETRY, &slab, error);
    if (code < 0)
        return code;
    *layer = (struct px_layer){.name = name,
                               .thickness = entry->thickness,
                               .bounds = slab.header.bounds,
                               .signature = entry->handle.signature,
                               .topology = slab.header.topology,
                               .handle = entry->handle};
    memcpy(layer->color, entry->color, sizeof layer->color);
    view->slabs[i] = (struct frame_view_slab){.base = slab.base, .generation = entry->handle.generation};
    return slab_view_geometry(&slab, &layer->geometry, &layer->flags, error);
}

static int layers_read(struct frame_view *view, const struct arenas *arenas, const struct frame_body *body,
                       size_t count, struct px_error *error) {
    size_t from = names_from(count);
    for (size_t i = 0; i < count; i++) {
        struct px_frame_layer entry;
        memcpy(&entry, body->base + names_from(i), sizeof entry);
        const char *name = frame_string(view, body, from, entry.name_at);
        if (!name)
            return px_fail(error, PX_E_RANGE, "layer %zu: its name stands outside the frame", i);
        int code = layer_read(view, arenas, &entry, i, name, error);
        if (code < 0)
            return code;
    }
    return 0;
}

int frame_view_read(struct frame_view *view, const struct arenas *arenas, const struct board_entry *entry,
                    uint64_t session, struct px_error *error) {
    struct slab_view slab;
    int code = arenas_slab(arenas, &entry->handle, PX_SLAB_FRAME, &slab, error);
    if (code < 0)
        return code;
    struct frame_body body = {.base = slab.base + sizeof slab.header, .size = slab.header.size - sizeof slab.header};
    if (body.size < sizeof(struct px_frame_header))
        return px_fail(error, PX_E_RANGE, "a frame of %zu bytes is too small", body.size);
    struct px_frame_header header;
    memcpy(&header, body.base, sizeof header);
    code = frame_check(&header, &body, entry, session, error);
    if (code == 0)
        code = frame_view_layer_room(view, header.layer_count, error);
    if (code == 0)
        code = frame_view_copy_names(view, &body, names_from(header.layer_count), error);
    if (code < 0)
        return code;
    const char *sketch = frame_string(view, &body, names_from(header.layer_count), header.sketch_at);
    if (!sketch || strlen(sketch) > PX_SKETCH_NAME_MAX)
        return px_fail(error, PX_E_RANGE, "the name of the sketch stands outside the frame or is too long");
    code = layers_read(view, arenas, &body, header.layer_count, error);
    if (code < 0)
        return code;
    view->slab = (struct frame_view_slab){.base = slab.base, .generation = entry->handle.generation};
    frame_fill(&view->frame, &header);
    strcpy(view->frame.sketch, sketch);
    view->frame.layers = view->layers;
    if (!slab_view_intact(view->slab.base, view->slab.generation))
        return px_fail(error, PX_E_STALE, "the frame was overwritten while it was read");
    return 0;
}

bool frame_view_intact(const struct frame_view *view, int layer) {
    if (layer >= 0 && (size_t)layer >= view->frame.layer_count)
        return false;
    if (layer >= 0)
        return slab_view_intact(view->slabs[layer].base, view->slabs[layer].generation);
    if (!slab_view_intact(view->slab.base, view->slab.generation))
        return false;
    for (size_t i = 0; i < view->frame.layer_count; i++)
        if (!slab_view_intact(view->slabs[i].base, view->slabs[i].generation))
            return false;
    return true;
}
