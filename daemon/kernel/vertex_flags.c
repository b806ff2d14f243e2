/* vertex_flags.c: one byte a vertex that says where lines begin, end and close. */
#include "daemon/kernel/chain.h"
#include "shared/slab_layout.h"

#include <string.h>

static bool line_is_closed(const float *first, const float *last) {
    return memcmp(first, last, 3 * sizeof *first) == 0;
}

void chain_vertex_flags(const struct px_geometry *geometry, uint8_t *flags) {
    memset(flags, 0, geometry->vertex_count);
    for (size_t i = 0; i < geometry->line_count; i++) {
        const size_t begin = (size_t)geometry->offsets[i];
        const size_t end = (size_t)geometry->offsets[i + 1];
        if (begin == end)
            continue;
        const bool closed =
            end - begin >= 3 && line_is_closed(&geometry->coords[3 * begin], &geometry->coords[3 * (end - 1)]);
        const uint8_t closing = closed ? PX_VERTEX_CLOSED : 0;
        flags[begin] = (uint8_t)(flags[begin] | PX_VERTEX_STARTS | closing);
        flags[end - 1] = (uint8_t)(flags[end - 1] | PX_VERTEX_ENDS | closing);
    }
}
