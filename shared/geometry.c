#include "shared/geometry.h"

#include <math.h>

static int check_offsets(const struct px_geometry *geometry, const struct px_path *path, struct px_error *error) {
    if (geometry->offsets[0] != 0)
        return px_fail_at(error, PX_E_RANGE, path, "offsets[0] is %d, it must be 0", geometry->offsets[0]);
    for (size_t i = 0; i < geometry->line_count; i++) {
        if (geometry->offsets[i + 1] < geometry->offsets[i])
            return px_fail_at(error, PX_E_RANGE, path, "offsets[%zu] is %d, below the one before it (%d)", i + 1,
                              geometry->offsets[i + 1], geometry->offsets[i]);
    }
    if ((size_t)geometry->offsets[geometry->line_count] != geometry->vertex_count)
        return px_fail_at(error, PX_E_RANGE, path, "the last of offsets is %d, it must be the number of vertices (%zu)",
                          geometry->offsets[geometry->line_count], geometry->vertex_count);
    return 0;
}

int px_geometry_check(const struct px_geometry *geometry, const struct px_path *path, struct px_error *error) {
    if (geometry->vertex_count > PX_GEOMETRY_VERTICES_MAX || geometry->line_count > PX_GEOMETRY_LINES_MAX)
        return px_fail_at(error, PX_E_LIMIT, path, "%zu vertices in %zu lines; at most %d and %d are accepted",
                          geometry->vertex_count, geometry->line_count, PX_GEOMETRY_VERTICES_MAX,
                          PX_GEOMETRY_LINES_MAX);
    if (geometry->offsets == NULL && (geometry->line_count != 0 || geometry->vertex_count != 0))
        return px_fail_at(error, PX_E_RANGE, path, "offsets are missing");
    if (geometry->offsets != NULL) {
        int code = check_offsets(geometry, path, error);
        if (code < 0)
            return code;
    }
    for (size_t i = 0; i < geometry->vertex_count * 3; i++) {
        if (!isfinite(geometry->coords[i]))
            return px_fail_at(error, PX_E_RANGE, path, "coordinate %c of vertex %zu is not finite", "xyz"[i % 3],
                              i / 3);
    }
    return 0;
}

struct px_bounds px_geometry_bounds(const struct px_geometry *geometry) {
    struct px_bounds box = {{INFINITY, INFINITY, INFINITY}, {-INFINITY, -INFINITY, -INFINITY}};
    for (size_t i = 0; i < geometry->vertex_count; i++) {
        for (int axis = 0; axis < 3; axis++) {
            float value = geometry->coords[3 * i + (size_t)axis];
            box.min[axis] = value < box.min[axis] ? value : box.min[axis];
            box.max[axis] = value > box.max[axis] ? value : box.max[axis];
        }
    }
    return box;
}
