/* picture.h: what is to be drawn: a canvas and layers, from a frame in shared memory or from an evaluation's reply.
 *
 * Ownership  a view: everything is borrowed from the frame or the reply.
 */
#ifndef VIEW_PICTURE_H
#define VIEW_PICTURE_H

#include "px/px.h"

struct picture {
    double size[2];      /* canvas, mm */
    float background[4]; /* straight alpha */
    const struct px_layer *layers;
    size_t layer_count;
};

static inline struct picture picture_of_frame(const struct px_frame *frame) {
    return (struct picture){
        .size = {frame->canvas_size[0], frame->canvas_size[1]},
        .background = {frame->background[0], frame->background[1], frame->background[2], frame->background[3]},
        .layers = frame->layers,
        .layer_count = frame->layer_count};
}

#endif
