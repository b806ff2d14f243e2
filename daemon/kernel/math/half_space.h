/* half_space.h: clips polylines to one side of planes.
 *
 *     s = normal . (v - point);  inside: s >= -1e-6
 *
 * A line becomes pieces, in order: vertices inside stay, crossings are put in. A crossing into the half-space begins a
 * piece with [crossing, vertex], even if both are equal; a crossing out is left out where it is close to the last
 * vertex. A closed line is not joined at its seam. One vertex stays if inside; a line of none vanishes.
 *
 * Units      coordinates are xyz triples of double.
 * Ownership  pieces live in the scratch they grow in.
 */
#ifndef KERNEL_MATH_HALF_SPACE_H
#define KERNEL_MATH_HALF_SPACE_H

#include <stdbool.h>
#include <stddef.h>

struct scratch;

struct half_space {
    double normal[3]; /* of length 1, pointing inward */
    double point[3];  /* on the plane */
};

/* Polylines that are being collected: piece i = coords[3 * starts[i] .. 3 * starts[i + 1]). */
struct pieces {
    struct scratch *scratch;
    double *coords;
    size_t *starts; /* count + 1 of them */
    size_t count;
    size_t vertex_count;
    size_t vertex_room;
    size_t piece_room;
};

/* pieces_init: empty, with room for some vertices. False: no scratch. */
bool pieces_init(struct pieces *pieces, struct scratch *scratch, size_t vertices);

/* pieces_clear: empty again; room is kept. */
void pieces_clear(struct pieces *pieces);

/* pieces_add: n vertices as one more piece. False: no scratch. */
bool pieces_add(struct pieces *pieces, const double *coords, size_t n);

/* half_space_clip: adds what lies inside of each piece of `from` to `to`. False: no scratch. */
bool half_space_clip(const struct half_space *half_space, const struct pieces *from, struct pieces *to);

/* half_spaces_clip: clips float32 polylines to all of `count` half-spaces, one after the other. False: no scratch. */
struct px_geometry;
bool half_spaces_clip(const struct half_space *half_spaces, size_t count, const struct px_geometry *lines,
                      struct pieces *pieces);

#endif
