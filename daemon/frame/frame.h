/* frame.h: a published frame: a slab with the list of layers, and the references that keep its geometry.
 *
 *     frame_create -> board_publish -> (retired by the ring, or leased aside) -> frame_destroy
 *
 * Threads  LOOP. Ownership: a frame holds one reference on its own slab and on each layer's.
 */
#ifndef FRAME_FRAME_H
#define FRAME_FRAME_H

#include "daemon/slab/slab.h"
#include "shared/frame_layout.h"

struct frame_layer {
    struct slab *slab; /* GEOMETRY, sealed */
    float color[4];
    float thickness; /* mm */
    const char *name;
};

/* What a frame says beside its layers; everything else in px_frame_header is filled by the board. */
struct frame_info {
    const char *sketch;
    uint64_t frame;
    double t;
    double canvas_size[2];
    float background[4];
    float color[4];
    float thickness;
    uint64_t seed, revision, planned_ns, cache_hits, computed;
    uint64_t stage_ns[PX_STAGE_COUNT];
};

struct frame;

/* frame_create: takes new references on the layers' slabs. Up to PX_FRAME_LAYERS_MAX layers, else PX_E_LIMIT. */
int frame_create(struct slab_store *store, const struct frame_info *info, const struct frame_layer *layers,
                 size_t layer_count, struct frame **frame, struct px_error *error);
void frame_destroy(struct frame *frame); /* NULL is fine */

/* Borrowed until the frame goes. */
const struct frame_info *frame_info(const struct frame *frame);
const struct frame_layer *frame_layers(const struct frame *frame, size_t *count);

/* frame_seal: writes what only publication knows, and seals the frame's slab. The board calls it, once. */
void frame_seal(struct frame *frame, uint64_t session, uint64_t serial, uint64_t published_ns);

/* After frame_seal; before it the serial is 0. */
struct px_handle frame_handle(const struct frame *frame);
uint64_t frame_serial(const struct frame *frame);

#endif
