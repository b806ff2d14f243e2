/* plane.c: see plane.h. */
#include "daemon/kernel/math/plane.h"

#include <math.h>

static const struct plane flat_already = {.turn = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}};

/* The shortest turn of the unit normal to +z: I + sin K + (1 - cos) K K about (n_y, -n_x, 0) / sin. */
static struct plane plane_of_normal(const double n[3]) {
    double sine = sqrt(n[0] * n[0] + n[1] * n[1]);
    if (sine == 0)
        return flat_already;
    double ax = n[1] / sine, ay = -n[0] / sine;
    double cosine = n[2], rest = 1 - cosine;
    return (struct plane){
        .turn =
            {
                {1 - rest * ay * ay, rest * ax * ay, sine * ay},
                {rest * ax * ay, 1 - rest * ax * ax, -sine * ax},
                {-sine * ay, sine * ax, cosine},
            },
    };
}

static double turned_z(const struct plane *plane, const float *v) {
    const double *row = plane->turn[2];
    return row[0] * (double)v[0] + row[1] * (double)v[1] + row[2] * (double)v[2];
}

struct plane plane_of_line(const float *coords, size_t vertex_count) {
    if (vertex_count < 3)
        return flat_already;
    double a[3], b[3];
    for (int axis = 0; axis < 3; axis++) {
        a[axis] = (double)coords[3 + axis] - (double)coords[axis];
        b[axis] = (double)coords[6 + axis] - (double)coords[axis];
    }
    double n[3] = {a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]};
    double length = sqrt(n[0] * n[0] + n[1] * n[1] + n[2] * n[2]);
    if (length == 0)
        return flat_already;
    for (int axis = 0; axis < 3; axis++)
        n[axis] /= length;
    struct plane plane = plane_of_normal(n);
    plane.shift = turned_z(&plane, coords);
    return plane;
}

double plane_height(const struct plane *plane, const float *coords, size_t vertex_count) {
    double height = 0;
    for (size_t i = 0; i < vertex_count; i++) {
        double z = fabs(turned_z(plane, coords + 3 * i) - plane->shift);
        height = z > height ? z : height;
    }
    return height;
}

double plane_diagonal(const float *coords, size_t vertex_count) {
    struct px_bounds box = px_geometry_bounds(&(struct px_geometry){.coords = coords, .vertex_count = vertex_count});
    double square = 0;
    for (int axis = 0; axis < 3 && vertex_count > 0; axis++) {
        double side = (double)box.max[axis] - (double)box.min[axis];
        square += side * side;
    }
    return sqrt(square);
}

static double tolerance(double diagonal) {
    return fmax(1e-5, 1e-4 * diagonal);
}

/* The turn of the first line that lies in its own plane; false if there is none. */
static bool plane_of_first_flat_line(const struct px_geometry *geometry, struct plane *plane) {
    for (size_t i = 0; i < geometry->line_count; i++) {
        const float *line = geometry->coords + 3 * (size_t)geometry->offsets[i];
        size_t count = (size_t)(geometry->offsets[i + 1] - geometry->offsets[i]);
        if (count < 3)
            continue;
        *plane = plane_of_line(line, count);
        if (plane_height(plane, line, count) <= tolerance(plane_diagonal(line, count)))
            return true;
    }
    return false;
}

/* ---- the plane of least squares --------------------------------------------------------------------------------- */

static void moments(const struct px_geometry *parts, size_t part_count, size_t total, double m[3][3]) {
    double centre[3] = {0};
    for (size_t p = 0; p < part_count; p++)
        for (size_t i = 0; i < parts[p].vertex_count; i++)
            for (int axis = 0; axis < 3; axis++)
                centre[axis] += (double)parts[p].coords[3 * i + (size_t)axis];
    for (int axis = 0; axis < 3; axis++)
        centre[axis] /= (double)total;
    for (size_t p = 0; p < part_count; p++) {
        for (size_t i = 0; i < parts[p].vertex_count; i++) {
            const float *v = parts[p].coords + 3 * i;
            double d[3] = {(double)v[0] - centre[0], (double)v[1] - centre[1], (double)v[2] - centre[2]};
            for (int row = 0; row < 3; row++)
                for (int column = 0; column < 3; column++)
                    m[row][column] += d[row] * d[column];
        }
    }
}

/* One Jacobi rotation that clears m[p][q]; the columns of `vectors` follow. */
static void jacobi_rotate(double m[3][3], double vectors[3][3], int p, int q) {
    if (m[p][q] == 0)
        return;
    double theta = (m[q][q] - m[p][p]) / (2 * m[p][q]);
    double t = 1 / (fabs(theta) + sqrt(theta * theta + 1));
    t = theta < 0 ? -t : t;
    double c = 1 / sqrt(t * t + 1), s = t * c;
    for (int k = 0; k < 3; k++) {
        double kp = m[k][p], kq = m[k][q];
        m[k][p] = c * kp - s * kq;
        m[k][q] = s * kp + c * kq;
    }
    for (int k = 0; k < 3; k++) {
        double pk = m[p][k], qk = m[q][k];
        m[p][k] = c * pk - s * qk;
        m[q][k] = s * pk + c * qk;
    }
    for (int k = 0; k < 3; k++) {
        double kp = vectors[k][p], kq = vectors[k][q];
        vectors[k][p] = c * kp - s * kq;
        vectors[k][q] = s * kp + c * kq;
    }
}

/* The direction of least spread; of the two that are opposite, the one towards +z (then +y, +x). */
static void least_direction(double m[3][3], double n[3]) {
    double vectors[3][3] = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}};
    for (int sweep = 0; sweep < 16; sweep++) {
        jacobi_rotate(m, vectors, 0, 1);
        jacobi_rotate(m, vectors, 0, 2);
        jacobi_rotate(m, vectors, 1, 2);
    }
    int least = 0;
    for (int k = 1; k < 3; k++)
        least = m[k][k] < m[least][least] ? k : least;
    double x = vectors[0][least], y = vectors[1][least], z = vectors[2][least];
    bool down = z < 0 || (z == 0 && (y < 0 || (y == 0 && x < 0)));
    double length = sqrt(x * x + y * y + z * z) * (down ? -1 : 1);
    n[0] = x / length;
    n[1] = y / length;
    n[2] = z / length;
}

/* ---- the whole -------------------------------------------------------------------------------------------------- */

static double whole_diagonal(const struct px_geometry *parts, size_t part_count) {
    double low[3] = {INFINITY, INFINITY, INFINITY}, high[3] = {-INFINITY, -INFINITY, -INFINITY}, square = 0;
    for (size_t p = 0; p < part_count; p++) {
        struct px_bounds box = px_geometry_bounds(&parts[p]);
        for (int axis = 0; axis < 3; axis++) {
            low[axis] = fmin(low[axis], (double)box.min[axis]);
            high[axis] = fmax(high[axis], (double)box.max[axis]);
        }
    }
    for (int axis = 0; axis < 3 && low[0] <= high[0]; axis++)
        square += (high[axis] - low[axis]) * (high[axis] - low[axis]);
    return sqrt(square);
}

static struct plane turn_of_whole(const struct px_geometry *parts, size_t part_count) {
    struct plane plane;
    size_t total = 0;
    for (size_t p = 0; p < part_count; p++) {
        if (plane_of_first_flat_line(&parts[p], &plane))
            return plane;
        total += parts[p].vertex_count;
    }
    if (total < 3)
        return flat_already;
    double m[3][3] = {{0}}, normal[3];
    moments(parts, part_count, total, m);
    least_direction(m, normal);
    return plane_of_normal(normal);
}

bool plane_of_whole(const struct px_geometry *parts, size_t part_count, struct plane *plane) {
    *plane = turn_of_whole(parts, part_count);
    size_t first = 0;
    while (first < part_count && parts[first].vertex_count == 0)
        first++;
    plane->shift = first < part_count ? turned_z(plane, parts[first].coords) : 0;
    double height = 0;
    for (size_t p = 0; p < part_count; p++)
        height = fmax(height, plane_height(plane, parts[p].coords, parts[p].vertex_count));
    return height <= tolerance(whole_diagonal(parts, part_count));
}

void plane_flatten(const struct plane *plane, const float *coords, size_t vertex_count, double *xy) {
    const double *rx = plane->turn[0], *ry = plane->turn[1];
    for (size_t i = 0; i < vertex_count; i++) {
        double x = (double)coords[3 * i], y = (double)coords[3 * i + 1], z = (double)coords[3 * i + 2];
        xy[2 * i] = rx[0] * x + rx[1] * y + rx[2] * z;
        xy[2 * i + 1] = ry[0] * x + ry[1] * y + ry[2] * z;
    }
}
