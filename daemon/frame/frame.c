#include "daemon/frame/frame.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* One block of memory: the frame, its layers, and all names behind them. */
struct frame {
    struct slab *slab; /* FRAME */
    struct frame_info info;
    uint64_t serial;
    size_t used_bytes; /* of the slab */
    size_t layer_count;
    struct frame_layer layers[];
};

static size_t text_bytes(const char *text) {
    return text != NULL ? strlen(text) + 1 : 1;
}

static size_t names_bytes(const struct frame_info *info, const struct frame_layer *layers, size_t layer_count) {
    size_t bytes = text_bytes(info->sketch);
    for (size_t i = 0; i < layer_count; i++)
        bytes += text_bytes(layers[i].name);
    return bytes;
}

/* Copies a name to *at and moves *at behind it. */
static const char *put_text(char **at, const char *text) {
    char *copy = *at;
    size_t bytes = text_bytes(text);
    memcpy(copy, text != NULL ? text : "", bytes);
    *at += bytes;
    return copy;
}

static struct frame *frame_new(const struct frame_info *info, const struct frame_layer *layers, size_t layer_count) {
    struct frame *frame =
        malloc(sizeof *frame + layer_count * sizeof layers[0] + names_bytes(info, layers, layer_count));
    if (frame == NULL)
        return NULL;
    frame->slab = NULL;
    frame->serial = 0;
    frame->info = *info;
    frame->layer_count = layer_count;
    char *names = (char *)(frame->layers + layer_count);
    frame->info.sketch = put_text(&names, info->sketch);
    for (size_t i = 0; i < layer_count; i++) {
        frame->layers[i] = layers[i];
        frame->layers[i].slab = slab_ref(layers[i].slab);
        frame->layers[i].name = put_text(&names, layers[i].name);
    }
    return frame;
}

static struct px_frame_header *body_of(const struct frame *frame) {
    return (struct px_frame_header *)(void *)((unsigned char *)slab_header(frame->slab) +
                                              sizeof(struct px_slab_header));
}

static void fill_header(const struct frame *frame, struct px_frame_header *header, size_t sketch_at) {
    const struct frame_info *info = &frame->info;
    *header = (struct px_frame_header){
        .version = PX_FRAME_VERSION,
        .layer_count = (uint32_t)frame->layer_count,
        .frame = info->frame,
        .t = info->t,
        .canvas_size = {info->canvas_size[0], info->canvas_size[1]},
        .thickness = info->thickness,
        .sketch_at = (uint32_t)sketch_at,
        .planned_ns = info->planned_ns,
        .seed = info->seed,
        .revision = info->revision,
        .cache_hits = info->cache_hits,
        .computed = info->computed,
    };
    memcpy(header->background, info->background, sizeof header->background);
    memcpy(header->color, info->color, sizeof header->color);
    memcpy(header->stage_ns, info->stage_ns, sizeof header->stage_ns);
}

static void fill_layer(struct px_frame_layer *out, const struct frame_layer *layer, size_t name_at) {
    *out = (struct px_frame_layer){
        .handle = slab_handle(layer->slab),
        .thickness = layer->thickness,
        .name_at = (uint32_t)name_at,
    };
    memcpy(out->color, layer->color, sizeof out->color);
}

/* Writes the body of the slab: all but session, serial and time of publication. */
static void fill_slab(struct frame *frame) {
    struct px_slab_header *slab = slab_header(frame->slab);
    memset(slab, 0, offsetof(struct px_slab_header, generation));
    memset((unsigned char *)slab + offsetof(struct px_slab_header, signature), 0,
           sizeof *slab - offsetof(struct px_slab_header, signature));
    struct px_frame_header *header = body_of(frame);
    struct px_frame_layer *layers = (struct px_frame_layer *)(void *)(header + 1);
    char *base = (char *)header, *names = (char *)(layers + frame->layer_count);
    fill_header(frame, header, (size_t)(put_text(&names, frame->info.sketch) - base));
    for (size_t i = 0; i < frame->layer_count; i++)
        fill_layer(&layers[i], &frame->layers[i], (size_t)(put_text(&names, frame->layers[i].name) - base));
    frame->used_bytes = (size_t)(names - (char *)slab);
}

int frame_create(struct slab_store *store, const struct frame_info *info, const struct frame_layer *layers,
                 size_t layer_count, struct frame **frame, struct px_error *error) {
    if (layer_count > PX_FRAME_LAYERS_MAX)
        return px_fail(error, PX_E_LIMIT, "a frame of %zu layers; at most %d", layer_count, PX_FRAME_LAYERS_MAX);
    if (text_bytes(info->sketch) > PX_SKETCH_NAME_MAX + 1)
        return px_fail(error, PX_E_LIMIT, "a sketch's name has at most %d bytes", PX_SKETCH_NAME_MAX);
    struct frame *made = frame_new(info, layers, layer_count);
    if (made == NULL)
        return px_fail(error, PX_E_NO_MEMORY, "no memory for a frame");
    size_t body = sizeof(struct px_frame_header) + layer_count * sizeof(struct px_frame_layer) +
                  names_bytes(info, layers, layer_count);
    int code = slab_reserve(store, body, &made->slab, error);
    if (code < 0) {
        frame_destroy(made);
        return code;
    }
    fill_slab(made);
    *frame = made;
    return 0;
}

void frame_destroy(struct frame *frame) {
    if (frame == NULL)
        return;
    slab_unref(frame->slab);
    for (size_t i = 0; i < frame->layer_count; i++)
        slab_unref(frame->layers[i].slab);
    free(frame);
}

const struct frame_info *frame_info(const struct frame *frame) {
    return &frame->info;
}

const struct frame_layer *frame_layers(const struct frame *frame, size_t *count) {
    *count = frame->layer_count;
    return frame->layers;
}

void frame_seal(struct frame *frame, uint64_t session, uint64_t serial, uint64_t published_ns) {
    assert(frame->serial == 0 && serial != 0);
    struct px_frame_header *header = body_of(frame);
    header->session = session;
    header->serial = serial;
    header->published_ns = published_ns;
    frame->serial = serial;
    slab_seal(frame->slab, PX_SLAB_FRAME, frame->used_bytes, (struct px_signature){0, 0});
}

struct px_handle frame_handle(const struct frame *frame) {
    return slab_handle(frame->slab);
}

uint64_t frame_serial(const struct frame *frame) {
    return frame->serial;
}
