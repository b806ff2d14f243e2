/* lines.h: draws polylines with true width in mm, anti-aliased, with round joins and caps, under alpha.
 *
 * A geometry shader makes one quad a segment; the fragment shader takes the distance to the segment. Neighbouring
 * segments are cut at the bisecting plane of their join, where both distances are equal, so that every pixel of a join
 * belongs to one of them and dense curves keep their soft edge. The coverage of a transparent layer is gathered in a
 * mask first and its ink goes on once: no beads at joins, no darker crossings. Lines thinner than a pixel are drawn one
 * pixel wide and fainter.
 *
 * Units    widths in mm times the camera's scale. Threads: the main thread.
 * Source   distance to a segment, and the round join as the union of distances, as in Rideout, "Antialiased Polylines".
 */
#ifndef VIEW_LINES_H
#define VIEW_LINES_H

#include "client/view/camera.h"
#include "client/view/upload.h"

#include <stdint.h>

struct lines;

int lines_create(struct lines **lines, struct px_error *error);
void lines_destroy(struct lines *lines); /* NULL is fine */

/* lines_draw: paper, its outline (outline_alpha 0: none), then the layers whose bit in `hidden` is clear (layers past
 * the 64th are always drawn). Into the current framebuffer of that size. */
void lines_draw(struct lines *lines, const struct camera *camera, int width, int height, const double canvas[2],
                const float background[4], float outline_alpha, const struct upload_layer *layers, size_t layer_count,
                uint64_t hidden);

#endif
