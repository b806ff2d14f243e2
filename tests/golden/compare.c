/* compare.c: see compare.h. */
#include "tests/golden/compare.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

bool geometry_same(const struct px_geometry *a, const struct px_geometry *b) {
    if (a->vertex_count != b->vertex_count || a->line_count != b->line_count)
        return false;
    if (a->line_count > 0 && memcmp(a->offsets, b->offsets, (a->line_count + 1) * sizeof *a->offsets) != 0)
        return false;
    return a->vertex_count == 0 || memcmp(a->coords, b->coords, a->vertex_count * 3 * sizeof *a->coords) == 0;
}

double geometry_extent(const struct px_geometry *geometry) {
    struct px_bounds box = px_geometry_bounds(geometry);
    double extent = 0;
    for (int axis = 0; axis < 3 && geometry->vertex_count > 0; axis++)
        extent = fmax(extent, (double)box.max[axis] - (double)box.min[axis]);
    return extent;
}

static double distance(const float *a, const float *b) {
    double x = (double)b[0] - (double)a[0], y = (double)b[1] - (double)a[1], z = (double)b[2] - (double)a[2];
    return sqrt(x * x + y * y + z * z);
}

static double total_length(const struct px_geometry *g) {
    double length = 0;
    for (size_t line = 0; line < g->line_count; line++)
        for (int32_t i = g->offsets[line]; i + 1 < g->offsets[line + 1]; i++)
            length += distance(g->coords + 3 * i, g->coords + 3 * (i + 1));
    return length;
}

static double distance_to_segment(const double p[3], const float *a, const float *b) {
    double along[3], from[3], dot = 0, square = 0, left = 0;
    for (int axis = 0; axis < 3; axis++) {
        along[axis] = (double)b[axis] - (double)a[axis];
        from[axis] = p[axis] - (double)a[axis];
        dot += along[axis] * from[axis];
        square += along[axis] * along[axis];
    }
    double t = square > 0 ? fmin(1, fmax(0, dot / square)) : 0;
    for (int axis = 0; axis < 3; axis++)
        left += (from[axis] - t * along[axis]) * (from[axis] - t * along[axis]);
    return sqrt(left);
}

static double distance_to_geometry(const double p[3], const struct px_geometry *g) {
    double least = INFINITY;
    for (size_t line = 0; line < g->line_count; line++) {
        int32_t begin = g->offsets[line], end = g->offsets[line + 1];
        for (int32_t i = begin; i < end; i++) {
            int32_t next = i + 1 < end ? i + 1 : i;
            least = fmin(least, distance_to_segment(p, g->coords + 3 * i, g->coords + 3 * next));
        }
    }
    return least;
}

static double one_sided(const struct px_geometry *a, const struct px_geometry *b) {
    double most = 0;
    for (size_t line = 0; line < a->line_count; line++) {
        int32_t begin = a->offsets[line], end = a->offsets[line + 1];
        for (int32_t i = begin; i < end; i++) {
            int32_t next = i + 1 < end ? i + 1 : i;
            double at[3], middle[3];
            for (int axis = 0; axis < 3; axis++) {
                at[axis] = (double)a->coords[3 * i + axis];
                middle[axis] = (at[axis] + (double)a->coords[3 * next + axis]) / 2;
            }
            most = fmax(most, fmax(distance_to_geometry(at, b), distance_to_geometry(middle, b)));
        }
    }
    return most;
}

static double hausdorff(const struct px_geometry *a, const struct px_geometry *b) {
    return fmax(one_sided(a, b), one_sided(b, a));
}

static bool offsets_same(const struct px_geometry *a, const struct px_geometry *b) {
    return a->line_count == b->line_count && a->vertex_count == b->vertex_count &&
           (a->line_count == 0 || memcmp(a->offsets, b->offsets, (a->line_count + 1) * sizeof *a->offsets) == 0);
}

static bool coords_near(const struct px_geometry *expected, const struct px_geometry *actual, double tolerance,
                        char *why, size_t why_size) {
    if (!offsets_same(expected, actual)) {
        snprintf(why, why_size, "%zu vertices in %zu lines, recorded %zu in %zu", actual->vertex_count,
                 actual->line_count, expected->vertex_count, expected->line_count);
        return false;
    }
    double extent = geometry_extent(expected), most = 0;
    for (size_t i = 0; i < 3 * expected->vertex_count; i++)
        most = fmax(most, fabs((double)expected->coords[i] - (double)actual->coords[i]));
    snprintf(why, why_size, "greatest difference %.2g at extent %.3g", most, extent);
    return most <= tolerance * extent + 1e-5;
}

static bool share_near(double expected, double actual, double share) {
    return fabs(actual - expected) <= share * expected;
}

static bool fills_alike(const struct px_geometry *expected, const struct px_geometry *actual, double spacing, char *why,
                        size_t why_size) {
    double apart = expected->vertex_count == 0 && actual->vertex_count == 0 ? 0 : hausdorff(expected, actual);
    double expected_length = total_length(expected), actual_length = total_length(actual);
    snprintf(why, why_size, "lines %zu of %zu, vertices %zu of %zu, length %+.3f %%, distance %.2g of %.2g%s",
             actual->line_count, expected->line_count, actual->vertex_count, expected->vertex_count,
             expected_length > 0 ? 100 * (actual_length / expected_length - 1) : 0, apart, spacing,
             offsets_same(expected, actual) ? ", offsets equal" : "");
    return share_near((double)expected->vertex_count, (double)actual->vertex_count, 0.02) &&
           share_near((double)expected->line_count, (double)actual->line_count, 0.02) &&
           share_near(expected_length, actual_length, 0.005) && apart <= spacing * (1 + 1e-4);
}

static bool topology_alike(const struct px_geometry *expected, const struct px_geometry *actual, char *why,
                           size_t why_size) {
    double apart = expected->vertex_count == 0 && actual->vertex_count == 0 ? 0 : hausdorff(expected, actual);
    snprintf(why, why_size, "lines %zu of %zu, distance %.2g", actual->line_count, expected->line_count, apart);
    return expected->line_count == actual->line_count &&
           share_near(total_length(expected), total_length(actual), 0.005) && apart <= 0.01 * geometry_extent(expected);
}

static bool within_factor(double expected, double actual) {
    return actual <= 2 * expected && expected <= 2 * actual;
}

static bool box_holds(const struct px_geometry *expected, const struct px_geometry *actual) {
    struct px_bounds outer = px_geometry_bounds(expected), inner = px_geometry_bounds(actual);
    double room = geometry_extent(expected) / 4;
    for (int axis = 0; axis < 3 && actual->vertex_count > 0; axis++)
        if ((double)inner.min[axis] < (double)outer.min[axis] - room ||
            (double)inner.max[axis] > (double)outer.max[axis] + room)
            return false;
    return true;
}

static bool size_alike(const struct px_geometry *expected, const struct px_geometry *actual, char *why,
                       size_t why_size) {
    snprintf(why, why_size, "lines %zu of %zu, vertices %zu of %zu, length %.4g of %.4g", actual->line_count,
             expected->line_count, actual->vertex_count, expected->vertex_count, total_length(actual),
             total_length(expected));
    return within_factor((double)expected->line_count, (double)actual->line_count) &&
           within_factor((double)expected->vertex_count, (double)actual->vertex_count) &&
           within_factor(total_length(expected), total_length(actual)) && box_holds(expected, actual);
}

bool compare(const char *class, const struct px_geometry *expected, const struct px_geometry *actual, double spacing,
             char *why, size_t why_size) {
    why[0] = '\0';
    if (strcmp(class, "exact") == 0)
        return geometry_same(expected, actual);
    if (strcmp(class, "f32") == 0)
        return coords_near(expected, actual, 2e-5, why, why_size);
    if (strcmp(class, "fast") == 0)
        return coords_near(expected, actual, 2e-4, why, why_size);
    if (strcmp(class, "fill") == 0)
        return fills_alike(expected, actual, spacing, why, why_size);
    if (strcmp(class, "topo") == 0)
        return topology_alike(expected, actual, why, why_size);
    if (strcmp(class, "stat") == 0)
        return size_alike(expected, actual, why, why_size);
    snprintf(why, why_size, "unknown class %s", class);
    return false;
}
