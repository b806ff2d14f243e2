#include "client/view/evaluated.h"

#include "proto/value.h"
#include "proto/writer.h"
#include "shared/slab_layout.h"

#include <stdlib.h>
#include <string.h>

enum { EVALUATION_TIMEOUT_MS = 60000 };

struct evaluated {
    struct px_reply reply;
    struct px_document document;
    struct picture picture;
    struct px_layer *layers;
    char *names;
};

static bool numbers(const struct px_value *list, double *out, uint32_t count) {
    if (list == NULL || list->type != PX_ARRAY || list->count != count)
        return false;
    for (uint32_t i = 0; i < count; i++) {
        if (!px_value_number(&list->items[i], &out[i]))
            return false;
    }
    return true;
}

static bool color_of(const struct px_value *list, float out[4]) {
    double value[4];
    if (!numbers(list, value, 4))
        return false;
    for (int i = 0; i < 4; i++)
        out[i] = (float)value[i];
    return true;
}

/* The flags that a slab has ready; here they are made from the offsets. */
static uint8_t *flags_make(const struct px_geometry *geometry) {
    uint8_t *flags = calloc(geometry->vertex_count + 1, 1);
    for (size_t i = 0; flags != NULL && i < geometry->line_count; i++) {
        int32_t first = geometry->offsets[i], end = geometry->offsets[i + 1];
        if (end > first) {
            flags[first] |= PX_VERTEX_STARTS;
            flags[end - 1] |= PX_VERTEX_ENDS;
        }
    }
    return flags;
}

/* Binaries in a message stand at any address: they are copied to where floats may be read. */
static void *aligned_copy(const struct px_value *bin) {
    void *copy = malloc(bin->count + 1);
    if (copy != NULL && bin->count > 0)
        memcpy(copy, bin->bytes, bin->count);
    return copy;
}

static bool layer_read(const struct px_value *map, struct px_layer *layer, char *name) {
    const struct px_value *coords = px_value_get(map, "coords"), *offsets = px_value_get(map, "offsets");
    const struct px_value *signature = px_value_get(map, "signature"), *text = px_value_get(map, "name");
    double thickness = 0;
    if (coords == NULL || coords->type != PX_BIN || coords->count % 12 != 0 || offsets == NULL ||
        offsets->type != PX_BIN || offsets->count % 4 != 0 || offsets->count == 0 || signature == NULL ||
        signature->type != PX_BIN || signature->count != 16 || text == NULL || text->type != PX_STR ||
        !color_of(px_value_get(map, "color"), layer->color) || px_value_get(map, "thickness") == NULL ||
        !px_value_number(px_value_get(map, "thickness"), &thickness))
        return false;
    memcpy(name, text->text, text->count);
    name[text->count] = '\0';
    layer->name = name;
    layer->thickness = (float)thickness;
    layer->signature = px_signature_from_bytes(signature->bytes);
    layer->geometry = (struct px_geometry){.coords = aligned_copy(coords),
                                           .offsets = aligned_copy(offsets),
                                           .vertex_count = coords->count / 12,
                                           .line_count = offsets->count / 4 - 1};
    if (layer->geometry.coords == NULL || layer->geometry.offsets == NULL ||
        px_geometry_check(&layer->geometry, NULL, NULL) < 0)
        return false;
    layer->topology = px_signature_of_bytes(layer->geometry.offsets, offsets->count);
    layer->bounds = px_geometry_bounds(&layer->geometry);
    layer->flags = flags_make(&layer->geometry);
    return layer->flags != NULL;
}

static int picture_read(struct evaluated *evaluated, struct px_error *error) {
    const struct px_value *root = &evaluated->document.root, *canvas = px_value_get(root, "canvas");
    const struct px_value *layers = px_value_get(root, "layers");
    if (canvas == NULL || !numbers(px_value_get(canvas, "size"), evaluated->picture.size, 2) ||
        !color_of(px_value_get(canvas, "background"), evaluated->picture.background) || layers == NULL ||
        layers->type != PX_ARRAY)
        return px_fail(error, PX_E_PROTOCOL, "the daemon's picture has no canvas or no layers");
    size_t names = 1;
    for (uint32_t i = 0; i < layers->count; i++) {
        const struct px_value *name = px_value_get(&layers->items[i], "name");
        names += name != NULL && name->type == PX_STR ? name->count + 1u : 1u;
    }
    evaluated->layers = calloc(layers->count + 1u, sizeof *evaluated->layers);
    evaluated->names = malloc(names);
    if (evaluated->layers == NULL || evaluated->names == NULL)
        return px_fail(error, PX_E_NO_MEMORY, "out of memory");
    evaluated->picture.layers = evaluated->layers;
    char *name = evaluated->names;
    for (uint32_t i = 0; i < layers->count; i++) {
        evaluated->picture.layer_count = i + 1u; /* what was read of a broken one is freed, too */
        if (!layer_read(&layers->items[i], &evaluated->layers[i], name))
            return px_fail(error, PX_E_PROTOCOL, "layer %u of the daemon's picture is not whole", i);
        name += strlen(name) + 1;
    }
    return 0;
}

int evaluated_get(struct px *px, const char *sketch, double t, struct evaluated **evaluated, struct px_error *error) {
    struct evaluated *made = calloc(1, sizeof *made);
    if (made == NULL)
        return px_fail(error, PX_E_NO_MEMORY, "out of memory");
    struct px_writer params;
    px_writer_init(&params, 0);
    px_write_map(&params, 2);
    px_key(&params, "sketch");
    px_write_string(&params, sketch);
    px_key(&params, "t");
    px_write_real(&params, t);
    int code = px_call(px, "geometry.eval", params.bytes, params.size, EVALUATION_TIMEOUT_MS, &made->reply, error);
    px_writer_free(&params);
    if (code == 0)
        code = px_value_decode(made->reply.bytes, made->reply.size, &PX_LIMITS_DEFAULT, &made->document, error);
    if (code == 0)
        code = picture_read(made, error);
    if (code < 0) {
        evaluated_free(made);
        return code;
    }
    *evaluated = made;
    return 0;
}

struct picture evaluated_picture(const struct evaluated *evaluated) {
    return evaluated->picture;
}

void evaluated_free(struct evaluated *evaluated) {
    if (evaluated == NULL)
        return;
    for (size_t i = 0; i < evaluated->picture.layer_count; i++) {
        free((void *)(uintptr_t)evaluated->layers[i].geometry.coords);
        free((void *)(uintptr_t)evaluated->layers[i].geometry.offsets);
        free((void *)(uintptr_t)evaluated->layers[i].flags);
    }
    free(evaluated->layers);
    free(evaluated->names);
    px_document_free(&evaluated->document);
    px_reply_free(&evaluated->reply);
    free(evaluated);
}
