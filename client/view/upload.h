/* upload.h: geometry on the GPU, known by signature: one upload a changed layer, none for an unchanged one.
 *
 *     upload_begin -> upload_layer (each) -> upload_commit: the new picture is the one drawn
 *                                         `-> upload_abandon: the frame was not intact: the old picture stays
 *
 * Buffers of the picture on the screen are never written: a new layer goes into a spare one, so that a frame that
 * turns out torn costs nothing. Spares are kept for reuse, at most as many as the largest picture had, twice.
 * Offsets and flags go up only when the topology changed.
 *
 * Threads  the main thread.
 */
#ifndef VIEW_UPLOAD_H
#define VIEW_UPLOAD_H

#include "client/view/picture.h"

struct upload;

/* One layer on the GPU. The arrays have one vertex of padding at each end. */
struct upload_layer {
    unsigned vertex_array;
    size_t vertex_count;
    float color[4];
    float thickness; /* mm */
    struct px_bounds bounds;
    const char *name; /* valid until the next commit */
};

struct upload_stats {
    uint64_t uploads, reused, bytes, gpu_bytes; /* since the start; gpu_bytes: held now */
};

struct upload *upload_create(void);
void upload_destroy(struct upload *upload); /* NULL is fine */

/* upload_picture: begins and uploads all layers. PX_E_NO_MEMORY: the old picture stays. */
int upload_picture(struct upload *upload, const struct picture *picture, struct px_error *error);
void upload_commit(struct upload *upload);
void upload_abandon(struct upload *upload);

/* The committed picture. */
const struct upload_layer *upload_layers(const struct upload *upload, size_t *count);
struct upload_stats upload_stats(const struct upload *upload);

#endif
