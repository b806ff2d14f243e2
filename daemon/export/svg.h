/* svg.h: writes layers as a plotter-ready SVG: true millimetres, one group a layer, one path a polyline.
 *
 * Numbers have at most `decimals` decimals (no zeros at the end) and always a point, whatever the locale; a line whose
 * last vertex lies on its first ends with Z. z is dropped, and so are lines of fewer than two vertices: a viewer draws
 * nothing there either. Nothing is clipped.
 *
 * Threads  any (POOL normally): pure. Errors: PX_E_NO_MEMORY, PX_E_CANCELLED.
 */
#ifndef EXPORT_SVG_H
#define EXPORT_SVG_H

#include "shared/geometry.h"

#include <stdatomic.h>
#include <stdbool.h>

struct export_layer {
    struct px_geometry geometry;
    const char *name;
    float color[4];
    float thickness; /* mm */
};

struct export_page {
    double size[2]; /* mm */
    float background[4];
};

struct svg_options {
    int decimals;    /* 0..6, default 3 */
    bool background; /* draw the paper as a rectangle (for screens); a plotter wants none: default true */
};

/* svg_write: gives malloc'd bytes. progress (may be NULL): 0..1, stored as parts of 10000. */
int svg_write(const struct export_page *page, const struct export_layer *layers, size_t layer_count,
              const struct svg_options *options, _Atomic unsigned *progress, const _Atomic bool *cancel, char **bytes,
              size_t *size, struct px_error *error);

#endif
