/* frame_layout.h: the body of a frame slab, version 1: the list of layers and their handles.
 *
 *     [ px_slab_header, kind FRAME ][ px_frame_header 256 ][ px_frame_layer x layer_count ][ names, zero-terminated ]
 *
 * Positions of strings are bytes from px_frame_header. Everything is checked by the reader before use.
 */
#ifndef PX_SHARED_FRAME_LAYOUT_H
#define PX_SHARED_FRAME_LAYOUT_H

#include "shared/handle.h"

enum { PX_FRAME_VERSION = 1, PX_FRAME_LAYERS_MAX = 4096, PX_SKETCH_NAME_MAX = 63 };

/* Nanoseconds spent in each stage for this frame (see the stages of the README). */
enum px_stage { PX_STAGE_PLAN, PX_STAGE_PREFIX, PX_STAGE_SUFFIX, PX_STAGE_READY, PX_STAGE_PUBLISH, PX_STAGE_COUNT };

struct px_frame_header {
    uint32_t version;
    uint32_t layer_count;
    uint64_t session;       /* of the daemon, random at each start */
    uint64_t serial;        /* publication number over all sketches of the session, from 1; what a lease names */
    uint64_t frame;         /* number within its sketch */
    double t;               /* seconds */
    double canvas_size[2];  /* mm */
    float background[4];    /* r g b a, 0..1, straight alpha */
    float color[4];         /* the canvas's default line colour */
    float thickness;        /* the canvas's default, mm */
    uint32_t sketch_at;     /* name of the sketch */
    uint64_t published_ns;  /* px_clock_ns at publication */
    uint64_t planned_ns;    /* px_clock_ns when stage A began */
    uint64_t seed;
    uint64_t stage_ns[PX_STAGE_COUNT];
    uint64_t revision;      /* of the sketch: grows with every load, set and change of a parameter */
    uint64_t cache_hits;    /* geometries taken from the cache for this frame */
    uint64_t computed;      /* geometries computed for it */
    uint8_t reserved[72];
};
_Static_assert(sizeof(struct px_frame_header) == 256, "the frame header has 256 bytes on every side");

struct px_frame_layer {
    struct px_handle handle; /* a GEOMETRY slab */
    float color[4];
    float thickness; /* mm */
    uint32_t name_at;
    uint32_t reserved[2];
};
_Static_assert(sizeof(struct px_frame_layer) == 80, "a frame's layer has 80 bytes on every side");

#endif
