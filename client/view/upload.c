#include "client/view/upload.h"

#include "shared/slab_layout.h"

#include <glad/gl.h>
#include <stdlib.h>
#include <string.h>

/* A vertex array with its two buffers. used_by: 0 spare, else bits. */
struct buffer {
    GLuint vertex_array, coords, flags;
    size_t coords_room, flags_room; /* vertices, padding included */
    struct px_signature signature, topology;
    size_t vertex_count;
    bool shown, coming; /* part of the picture on the screen; of the one being uploaded */
};

struct upload {
    struct buffer *buffers;
    size_t buffer_count, buffer_room;
    struct upload_layer *shown, *coming;
    size_t shown_count, coming_count, shown_room, coming_room;
    char *shown_names, *coming_names;
    struct upload_stats stats;
};

struct upload *upload_create(void) {
    return calloc(1, sizeof(struct upload));
}

static void buffer_drop(struct upload *upload, struct buffer *buffer) {
    upload->stats.gpu_bytes -= buffer->coords_room * 12 + buffer->flags_room;
    glDeleteVertexArrays(1, &buffer->vertex_array);
    glDeleteBuffers(1, &buffer->coords);
    glDeleteBuffers(1, &buffer->flags);
}

void upload_destroy(struct upload *upload) {
    if (upload == NULL)
        return;
    for (size_t i = 0; i < upload->buffer_count; i++)
        buffer_drop(upload, &upload->buffers[i]);
    free(upload->buffers);
    free(upload->shown);
    free(upload->coming);
    free(upload->shown_names);
    free(upload->coming_names);
    free(upload);
}

/* The memory with room for `wanted` items, moved if need be; NULL: out of memory, the old one stays. */
static void *grown(void *memory, size_t *room, size_t wanted, size_t item) {
    if (wanted <= *room)
        return memory;
    size_t count = wanted + wanted / 2 + 8;
    void *moved = realloc(memory, count * item);
    if (moved != NULL)
        *room = count;
    return moved;
}

static struct buffer *buffer_new(struct upload *upload) {
    struct buffer *buffers = grown(upload->buffers, &upload->buffer_room, upload->buffer_count + 1, sizeof *buffers);
    if (buffers == NULL)
        return NULL;
    upload->buffers = buffers;
    struct buffer *buffer = &upload->buffers[upload->buffer_count++];
    *buffer = (struct buffer){0};
    glGenVertexArrays(1, &buffer->vertex_array);
    glGenBuffers(1, &buffer->coords);
    glGenBuffers(1, &buffer->flags);
    glBindVertexArray(buffer->vertex_array);
    glBindBuffer(GL_ARRAY_BUFFER, buffer->coords);
    glEnableVertexAttribArray(0);
    glVertexAttribPointer(0, 3, GL_FLOAT, GL_FALSE, 12, (void *)0);
    glBindBuffer(GL_ARRAY_BUFFER, buffer->flags);
    glEnableVertexAttribArray(1);
    glVertexAttribIPointer(1, 1, GL_UNSIGNED_BYTE, 1, (void *)0);
    return buffer;
}

static struct buffer *buffer_of(struct upload *upload, struct px_signature signature) {
    for (size_t i = 0; i < upload->buffer_count; i++) {
        struct buffer *buffer = &upload->buffers[i];
        if ((buffer->shown || buffer->coming) && px_signature_equal(buffer->signature, signature))
            return buffer;
    }
    return NULL;
}

/* A spare one: of the same topology if there is one (its flags are right already), else the best fitting. */
static struct buffer *buffer_spare(struct upload *upload, struct px_signature topology, size_t vertices) {
    struct buffer *best = NULL;
    for (size_t i = 0; i < upload->buffer_count; i++) {
        struct buffer *buffer = &upload->buffers[i];
        if (buffer->shown || buffer->coming)
            continue;
        if (px_signature_equal(buffer->topology, topology) && buffer->vertex_count == vertices)
            return buffer;
        bool fits = buffer->coords_room >= vertices + 2, best_fits = best != NULL && best->coords_room >= vertices + 2;
        if (best == NULL || (fits && !best_fits) || (fits == best_fits && buffer->coords_room < best->coords_room))
            best = buffer;
    }
    return best != NULL ? best : buffer_new(upload);
}

static void buffer_room(struct upload *upload, GLuint name, size_t *room, size_t vertices, size_t item) {
    glBindBuffer(GL_ARRAY_BUFFER, name);
    if (*room < vertices + 2 || *room > 8 * (vertices + 64)) {
        upload->stats.gpu_bytes -= *room * item;
        *room = vertices + vertices / 8 + 2;
        upload->stats.gpu_bytes += *room * item;
        glBufferData(GL_ARRAY_BUFFER, (GLsizeiptr)(*room * item), NULL, GL_STREAM_DRAW);
    }
}

static int buffer_fill(struct upload *upload, struct buffer *buffer, const struct px_layer *layer,
                       struct px_error *error) {
    size_t count = layer->geometry.vertex_count;
    while (glGetError() != GL_NO_ERROR)
        continue;
    buffer_room(upload, buffer->coords, &buffer->coords_room, count, 12);
    glBufferSubData(GL_ARRAY_BUFFER, 12, (GLsizeiptr)(count * 12), layer->geometry.coords);
    upload->stats.bytes += count * 12;
    if (!px_signature_equal(buffer->topology, layer->topology) || buffer->vertex_count != count ||
        buffer->flags_room < count + 2) {
        static const uint8_t apart = PX_VERTEX_STARTS | PX_VERTEX_ENDS;
        buffer_room(upload, buffer->flags, &buffer->flags_room, count, 1);
        glBufferSubData(GL_ARRAY_BUFFER, 0, 1, &apart);
        glBufferSubData(GL_ARRAY_BUFFER, 1, (GLsizeiptr)count, layer->flags);
        glBufferSubData(GL_ARRAY_BUFFER, (GLintptr)count + 1, 1, &apart);
        upload->stats.bytes += count + 2;
    }
    buffer->vertex_count = count;
    buffer->signature = layer->signature;
    buffer->topology = layer->topology;
    upload->stats.uploads++;
    if (glGetError() == GL_OUT_OF_MEMORY) {
        buffer->topology = buffer->signature = (struct px_signature){0, 0};
        return px_fail(error, PX_E_NO_MEMORY, "the graphics memory does not hold %zu vertices", count);
    }
    return 0;
}

static int layer_add(struct upload *upload, const struct px_layer *layer, size_t name_at, struct px_error *error) {
    struct buffer *buffer = buffer_of(upload, layer->signature);
    if (buffer != NULL && buffer->vertex_count == layer->geometry.vertex_count) {
        upload->stats.reused++;
    } else {
        buffer = buffer_spare(upload, layer->topology, layer->geometry.vertex_count);
        if (buffer == NULL)
            return px_fail(error, PX_E_NO_MEMORY, "out of memory");
        int code = buffer_fill(upload, buffer, layer, error);
        if (code < 0)
            return code;
    }
    buffer->coming = true;
    struct upload_layer *made = &upload->coming[upload->coming_count++];
    *made = (struct upload_layer){.vertex_array = buffer->vertex_array,
                                  .vertex_count = buffer->vertex_count,
                                  .thickness = layer->thickness,
                                  .bounds = layer->bounds,
                                  .name = upload->coming_names + name_at};
    memcpy(made->color, layer->color, sizeof made->color);
    return 0;
}

int upload_picture(struct upload *upload, const struct picture *picture, struct px_error *error) {
    upload_abandon(upload);
    size_t names = 1;
    for (size_t i = 0; i < picture->layer_count; i++)
        names += strlen(picture->layers[i].name) + 1;
    free(upload->coming_names);
    upload->coming_names = malloc(names);
    struct upload_layer *coming = grown(upload->coming, &upload->coming_room, picture->layer_count + 1, sizeof *coming);
    if (upload->coming_names == NULL || coming == NULL)
        return px_fail(error, PX_E_NO_MEMORY, "out of memory");
    upload->coming = coming;
    size_t at = 0;
    for (size_t i = 0; i < picture->layer_count; i++) {
        size_t length = strlen(picture->layers[i].name) + 1;
        memcpy(upload->coming_names + at, picture->layers[i].name, length);
        int code = layer_add(upload, &picture->layers[i], at, error);
        if (code < 0) {
            upload_abandon(upload);
            return code;
        }
        at += length;
    }
    return 0;
}

/* Spares beyond twice the picture are given back, the largest too: a picture that shrank frees its memory. */
static void spares_trim(struct upload *upload) {
    size_t keep = 2 * upload->shown_count + 2;
    for (size_t i = upload->buffer_count; i-- > 0 && upload->buffer_count > keep;) {
        if (upload->buffers[i].shown)
            continue;
        buffer_drop(upload, &upload->buffers[i]);
        upload->buffers[i] = upload->buffers[--upload->buffer_count];
    }
}

void upload_commit(struct upload *upload) {
    for (size_t i = 0; i < upload->buffer_count; i++) {
        upload->buffers[i].shown = upload->buffers[i].coming;
        upload->buffers[i].coming = false;
    }
    struct upload_layer *layers = upload->shown;
    upload->shown = upload->coming;
    upload->coming = layers;
    size_t room = upload->shown_room;
    upload->shown_room = upload->coming_room;
    upload->coming_room = room;
    char *names = upload->shown_names;
    upload->shown_names = upload->coming_names;
    upload->coming_names = names;
    upload->shown_count = upload->coming_count;
    upload->coming_count = 0;
    spares_trim(upload);
}

void upload_abandon(struct upload *upload) {
    for (size_t i = 0; i < upload->buffer_count; i++) {
        struct buffer *buffer = &upload->buffers[i];
        if (!buffer->coming)
            continue;
        buffer->coming = false;
        if (!buffer->shown) /* what went up may be torn: nobody may take it for its signature */
            buffer->signature = buffer->topology = (struct px_signature){0, 0};
    }
    upload->coming_count = 0;
}

const struct upload_layer *upload_layers(const struct upload *upload, size_t *count) {
    *count = upload->shown_count;
    return upload->shown;
}

struct upload_stats upload_stats(const struct upload *upload) {
    return upload->stats;
}
