/* half_space.c: the walk along a line that cuts it at a plane. */
#include "daemon/kernel/math/half_space.h"

#include "daemon/kernel/kernel.h"
#include "daemon/kernel/math/elementary.h"

#include <string.h>

/* How far outside still counts as on the plane, and how close two points are one. */
#define TOLERANCE 1e-6

bool pieces_init(struct pieces *pieces, struct scratch *scratch, size_t vertices) {
    const size_t room = vertices < 16 ? 16 : vertices;
    *pieces = (struct pieces){.scratch = scratch, .vertex_room = room, .piece_room = 16};
    pieces->coords = scratch_take(scratch, room * 3 * sizeof *pieces->coords);
    pieces->starts = scratch_take(scratch, (pieces->piece_room + 1) * sizeof *pieces->starts);
    if (pieces->coords == NULL || pieces->starts == NULL)
        return false;
    pieces->starts[0] = 0;
    return true;
}

void pieces_clear(struct pieces *pieces) {
    pieces->count = 0;
    pieces->vertex_count = 0;
}

/* Makes room for n more vertices in the piece under way. */
static bool room_for_vertices(struct pieces *pieces, size_t n) {
    const size_t wanted = pieces->vertex_count + n;
    if (wanted <= pieces->vertex_room)
        return true;
    const size_t room = wanted > 2 * pieces->vertex_room ? wanted : 2 * pieces->vertex_room;
    double *grown = scratch_take(pieces->scratch, room * 3 * sizeof *grown);
    if (grown == NULL)
        return false;
    memcpy(grown, pieces->coords, pieces->vertex_count * 3 * sizeof *grown);
    pieces->coords = grown;
    pieces->vertex_room = room;
    return true;
}

static bool add_vertex(struct pieces *pieces, const double v[3]) {
    if (!room_for_vertices(pieces, 1))
        return false;
    memcpy(&pieces->coords[3 * pieces->vertex_count++], v, 3 * sizeof *v);
    return true;
}

static bool end_piece(struct pieces *pieces) {
    if (pieces->count == pieces->piece_room) {
        const size_t room = 2 * pieces->piece_room;
        size_t *grown = scratch_take(pieces->scratch, (room + 1) * sizeof *grown);
        if (grown == NULL)
            return false;
        memcpy(grown, pieces->starts, (pieces->count + 1) * sizeof *grown);
        pieces->starts = grown;
        pieces->piece_room = room;
    }
    pieces->starts[++pieces->count] = pieces->vertex_count;
    return true;
}

bool pieces_add(struct pieces *pieces, const double *coords, size_t n) {
    if (!room_for_vertices(pieces, n))
        return false;
    memcpy(&pieces->coords[3 * pieces->vertex_count], coords, 3 * n * sizeof *coords);
    pieces->vertex_count += n;
    return end_piece(pieces);
}

static double side_of(const struct half_space *h, const double v[3]) {
    return h->normal[0] * (v[0] - h->point[0]) + h->normal[1] * (v[1] - h->point[1]) +
           h->normal[2] * (v[2] - h->point[2]);
}

/* The axis that the plane is square to, or -1. */
static int axis_of(const struct half_space *h) {
    int axis = -1;
    for (int i = 0; i < 3; i++) {
        if (h->normal[i] == 0.0)
            continue;
        if (axis >= 0)
            return -1;
        axis = i;
    }
    return axis;
}

/* Where a-b crosses the plane; exactly on it where it is square to an axis. */
static void crossing(const struct half_space *h, const double a[3], const double b[3], double sa, double sb,
                     double out[3]) {
    double t = sa / (sa - sb);
    t = t < 0.0 ? 0.0 : (t > 1.0 ? 1.0 : t);
    for (int i = 0; i < 3; i++)
        out[i] = a[i] + (b[i] - a[i]) * t;
    const int axis = axis_of(h);
    if (axis >= 0)
        out[axis] = h->point[axis];
}

static bool is_close(const double p[3], const double q[3]) {
    for (int i = 0; i < 3; i++) {
        if (math_abs(p[i] - q[i]) > TOLERANCE + 1e-5 * math_abs(q[i]))
            return false;
    }
    return true;
}

/* One segment of the walk; false: no scratch. */
static bool clip_segment(const struct half_space *h, const double a[3], const double b[3], struct pieces *to) {
    const double sa = side_of(h, a), sb = side_of(h, b);
    const bool a_inside = sa >= -TOLERANCE, b_inside = sb >= -TOLERANCE;
    if (a_inside && b_inside)
        return add_vertex(to, b);
    if (!a_inside && !b_inside)
        return true;
    double p[3];
    crossing(h, a, b, sa, sb, p);
    if (b_inside)
        return add_vertex(to, p) && add_vertex(to, b);
    const bool close = is_close(&to->coords[3 * (to->vertex_count - 1)], p);
    return (close || add_vertex(to, p)) && end_piece(to);
}

static bool clip_line(const struct half_space *h, const double *coords, size_t n, struct pieces *to) {
    if (n == 0)
        return true;
    if (side_of(h, coords) >= -TOLERANCE && !add_vertex(to, coords))
        return false;
    for (size_t i = 1; i < n; i++) {
        if (!clip_segment(h, &coords[3 * (i - 1)], &coords[3 * i], to))
            return false;
    }
    return to->vertex_count == to->starts[to->count] || end_piece(to);
}

bool half_space_clip(const struct half_space *half_space, const struct pieces *from, struct pieces *to) {
    for (size_t i = 0; i < from->count; i++) {
        const size_t begin = from->starts[i];
        if (!clip_line(half_space, &from->coords[3 * begin], from->starts[i + 1] - begin, to))
            return false;
    }
    return true;
}

/* One float32 line as the only piece. */
static bool load_line(const struct px_geometry *lines, size_t line, struct pieces *to) {
    const size_t begin = (size_t)lines->offsets[line];
    const size_t n = (size_t)lines->offsets[line + 1] - begin;
    pieces_clear(to);
    if (!room_for_vertices(to, n))
        return false;
    for (size_t i = 0; i < 3 * n; i++)
        to->coords[i] = (double)lines->coords[3 * begin + i];
    to->vertex_count = n;
    return end_piece(to);
}

static bool append(const struct pieces *from, struct pieces *to) {
    for (size_t i = 0; i < from->count; i++) {
        const size_t begin = from->starts[i];
        if (!pieces_add(to, &from->coords[3 * begin], from->starts[i + 1] - begin))
            return false;
    }
    return true;
}

bool half_spaces_clip(const struct half_space *half_spaces, size_t count, const struct px_geometry *lines,
                      struct pieces *pieces) {
    struct pieces between[2];
    if (!pieces_init(&between[0], pieces->scratch, 64) || !pieces_init(&between[1], pieces->scratch, 64))
        return false;
    for (size_t line = 0; line < lines->line_count; line++) {
        struct pieces *from = &between[0], *to = &between[1];
        if (!load_line(lines, line, from))
            return false;
        for (size_t i = 0; i < count; i++) {
            pieces_clear(to);
            if (!half_space_clip(&half_spaces[i], from, to))
                return false;
            struct pieces *swapped = from;
            from = to;
            to = swapped;
        }
        if (!append(from, pieces))
            return false;
    }
    return true;
}
