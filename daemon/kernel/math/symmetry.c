/* symmetry.c: turns about the axes of regular polyhedra, in the order that results have. */
#include "daemon/kernel/math/symmetry.h"

#include <stdbool.h>

#define GOLDEN 0x1.9e3779b97f4a8p+0 /* (1 + sqrt 5) / 2 */

struct group {
    struct matrix *matrices;
    size_t count;
};

static bool same(const struct matrix *a, const struct matrix *b) {
    for (int i = 0; i < 9; i++) {
        if (math_abs(a->m[i] - b->m[i]) > 1e-9)
            return false;
    }
    return true;
}

static void add(struct group *group, const struct matrix *matrix) {
    for (size_t i = 0; i < group->count; i++) {
        if (same(&group->matrices[i], matrix))
            return;
    }
    if (group->count < SYMMETRY_MAX)
        group->matrices[group->count++] = *matrix;
}

/* Turns about an axis of any length, by each angle of a list. */
static void add_turns(struct group *group, double x, double y, double z, const double *angles_deg, size_t count) {
    const double length = math_sqrt(x * x + y * y + z * z);
    const double axis[3] = {x / length, y / length, z / length};
    for (size_t i = 0; i < count; i++) {
        const struct matrix turn = matrix_turn(axis, angles_deg[i] * MATH_DEGREE);
        add(group, &turn);
    }
}

static const double half[] = {180};
static const double thirds[] = {120, -120};
static const double quarters[] = {90, -90, 180};
static const double fifths[] = {72, 144, 216, 288};
static const double two_thirds[] = {120, 240};
static const double signs[] = {-1, 1};

static void add_diagonals(struct group *group) {
    add_turns(group, 1, 1, 1, thirds, 2);
    add_turns(group, -1, -1, 1, thirds, 2);
    add_turns(group, -1, 1, -1, thirds, 2);
    add_turns(group, 1, -1, -1, thirds, 2);
}

static void add_axes(struct group *group, const double *angles_deg, size_t count) {
    add_turns(group, 1, 0, 0, angles_deg, count);
    add_turns(group, 0, 1, 0, angles_deg, count);
    add_turns(group, 0, 0, 1, angles_deg, count);
}

static void add_octahedral(struct group *group) {
    add_axes(group, quarters, 3);
    add_diagonals(group);
    add_turns(group, 1, 1, 0, half, 1);
    add_turns(group, 1, -1, 0, half, 1);
    add_turns(group, 1, 0, 1, half, 1);
    add_turns(group, 1, 0, -1, half, 1);
    add_turns(group, 0, 1, 1, half, 1);
    add_turns(group, 0, 1, -1, half, 1);
}

/* The vertices of the icosahedron, in the order of their signs. */
static void icosahedron(double vertices[12][3]) {
    size_t count = 0;
    for (size_t i = 0; i < 2; i++) {
        for (size_t j = 0; j < 2; j++) {
            const double a = signs[i], b = signs[j] * GOLDEN;
            const double three[3][3] = {{0, a, b}, {a, b, 0}, {b, 0, a}};
            for (size_t k = 0; k < 3; k++, count++) {
                for (size_t axis = 0; axis < 3; axis++)
                    vertices[count][axis] = three[k][axis];
            }
        }
    }
}

/* Axes through the middles of faces: the vertices of a dodecahedron. */
static void add_faces(struct group *group) {
    for (size_t i = 0; i < 8; i++)
        add_turns(group, signs[i >> 2], signs[i >> 1 & 1], signs[i & 1], two_thirds, 2);
    for (size_t i = 0; i < 2; i++) {
        for (size_t j = 0; j < 2; j++) {
            const double a = signs[i] / GOLDEN, b = signs[j] * GOLDEN;
            add_turns(group, 0, a, b, two_thirds, 2);
            add_turns(group, a, b, 0, two_thirds, 2);
            add_turns(group, b, 0, a, two_thirds, 2);
        }
    }
}

static void add_icosahedral(struct group *group) {
    double v[12][3];
    icosahedron(v);
    for (size_t i = 0; i < 12; i++)
        add_turns(group, v[i][0], v[i][1], v[i][2], fifths, 4);
    add_faces(group);
    for (size_t i = 0; i < 12; i++) {
        for (size_t j = i + 1; j < 12; j++) {
            const double dx = v[i][0] - v[j][0], dy = v[i][1] - v[j][1], dz = v[i][2] - v[j][2];
            if (math_abs(dx * dx + dy * dy + dz * dz - 4.0) < 1e-9)
                add_turns(group, v[i][0] + v[j][0], v[i][1] + v[j][1], v[i][2] + v[j][2], half, 1);
        }
    }
}

size_t symmetry_matrices(enum symmetry_group which, struct matrix out[SYMMETRY_MAX]) {
    struct group group = {.matrices = out};
    const struct matrix identity = matrix_identity();
    add(&group, &identity);
    switch (which) {
    case SYMMETRY_T:
        add_diagonals(&group);
        add_axes(&group, half, 1);
        break;
    case SYMMETRY_O:
        add_octahedral(&group);
        break;
    case SYMMETRY_I:
        add_icosahedral(&group);
        break;
    }
    return group.count;
}
