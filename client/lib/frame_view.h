/* frame_view.h: a frame slab and its geometry slabs, checked, as the px_frame that a program sees.
 *
 * Small things (header, names, colours) are copied, so they stay what they are; coordinates stay in shared memory.
 * Memory grows to the largest frame seen: no allocation in the steady state.
 */
#ifndef CLIENT_LIB_FRAME_VIEW_H
#define CLIENT_LIB_FRAME_VIEW_H

#include "client/lib/arenas.h"
#include "client/lib/board_view.h"
#include "px/px.h"

struct frame_view_slab {
    const uint8_t *base;
    uint64_t generation;
};

struct frame_view {
    struct px_frame frame; /* what is lent out */
    struct frame_view_slab slab;
    struct px_layer *layers;
    struct frame_view_slab *slabs; /* one a layer */
    size_t layer_room;
    char *names;
    size_t name_room;
};

void frame_view_free(struct frame_view *view); /* zeroed is fine */

/* frame_view_read: the frame of a leased entry. Errors as arenas_slab; the frame is unusable then. */
int frame_view_read(struct frame_view *view, const struct arenas *arenas, const struct board_entry *entry,
                    uint64_t session, struct px_error *error);

/* frame_view_intact: of one layer, or of the frame and all layers (-1). */
bool frame_view_intact(const struct frame_view *view, int layer);

#endif
