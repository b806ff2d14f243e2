/* hatch.h: parallel lines across the inside of a group of rings.
 *
 * The rings are turned so that the lines run along x; every edge is entered at the scan lines it crosses, the crossings
 * of each are sorted and joined in pairs (even-odd rule), and the pairs turned back. The lowest point of the turned
 * group sets the phase.
 *
 *     edge p -> q crosses a line at y when  p_y <= y < q_y  or  q_y <= y < p_y
 *
 * Units    of the plane; the angle in degrees.
 * Errors   E_LIMIT past the vertex budget (scan lines count too: it bounds the work), E_NO_MEMORY past the scratch
 *          budget, E_CANCELLED.
 * Cost     vertices + crossings, and their sorting line by line.
 */
#ifndef KERNEL_MATH_HATCH_H
#define KERNEL_MATH_HATCH_H

#include "daemon/kernel/math/ring.h"

struct hatch_rule {
    double angle;     /* degrees */
    double spacing;   /* > 0 */
    double gradient;  /* 0: even; else spacing grows towards +y in the turned plane (k < 0: shrinks); clamped to +-4 */
    bool keep_points; /* pairs that meet in one point are kept */
};

/* Memory in scratch that is kept from call to call, and doubled when it is too small. */
struct hatch_room {
    void *at;
    size_t size_bytes;
};

/* What has been drawn so far, and room that further calls use again. Begin with {.context = context}. */
struct hatch {
    const struct kernel_context *context;
    double (*segments)[4]; /* (x1, y1, x2, y2) in the plane, in the order drawn */
    size_t segment_count;
    size_t line_total; /* scan lines so far */
    struct hatch_room segment_room, point_room, first_room, end_room, line_room, start_room, crossing_room;
};

/* hatch_draw: appends the lines across the rings rings[members[0 .. member_count)], taken together. */
int hatch_draw(struct hatch *hatch, const struct ring *rings, const uint32_t *members, size_t member_count,
               const struct hatch_rule *rule, struct px_error *error);

#endif
