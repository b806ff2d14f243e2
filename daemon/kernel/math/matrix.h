/* matrix.h: 3 by 3 matrices of doubles that act on columns, rows first: m[3 * row + column].
 *
 * Units  angles in degrees, as at every interface.
 */
#ifndef KERNEL_MATH_MATRIX_H
#define KERNEL_MATH_MATRIX_H

#include "daemon/kernel/math/elementary.h"

struct matrix {
    double m[9];
};

static inline struct matrix matrix_identity(void) {
    return (struct matrix){{1, 0, 0, 0, 1, 0, 0, 0, 1}};
}

static inline struct matrix matrix_product(const struct matrix *a, const struct matrix *b) {
    struct matrix product;
    for (int row = 0; row < 3; row++) {
        for (int column = 0; column < 3; column++)
            product.m[3 * row + column] = a->m[3 * row] * b->m[column] + a->m[3 * row + 1] * b->m[3 + column] +
                                          a->m[3 * row + 2] * b->m[6 + column];
    }
    return product;
}

static inline void matrix_apply(const struct matrix *a, const double v[3], double out[3]) {
    for (int row = 0; row < 3; row++)
        out[row] = a->m[3 * row] * v[0] + a->m[3 * row + 1] * v[1] + a->m[3 * row + 2] * v[2];
}

/* matrix_sincos_deg: whole turns are taken off first, so that large angles keep their accuracy. */
static inline void matrix_sincos_deg(double angle_deg, double *sine, double *cosine) {
    math_sincos(fmod(angle_deg, 360.0) * MATH_DEGREE, sine, cosine);
}

/* matrix_rotation: about x, then y, then z: Rz Ry Rx. */
static inline struct matrix matrix_rotation(const double angles_deg[3]) {
    double sx, cx, sy, cy, sz, cz;
    matrix_sincos_deg(angles_deg[0], &sx, &cx);
    matrix_sincos_deg(angles_deg[1], &sy, &cy);
    matrix_sincos_deg(angles_deg[2], &sz, &cz);
    const struct matrix x = {{1, 0, 0, 0, cx, -sx, 0, sx, cx}};
    const struct matrix y = {{cy, 0, sy, 0, 1, 0, -sy, 0, cy}};
    const struct matrix z = {{cz, -sz, 0, sz, cz, 0, 0, 0, 1}};
    const struct matrix yx = matrix_product(&y, &x);
    return matrix_product(&z, &yx);
}

/* matrix_scaled: of the vector scaled first: A diag(scale). */
static inline struct matrix matrix_scaled(const struct matrix *a, const double scale[3]) {
    struct matrix scaled;
    for (int i = 0; i < 9; i++)
        scaled.m[i] = a->m[i] * scale[i % 3];
    return scaled;
}

/* matrix_turn: right-handed about a unit axis by an angle in radians (Rodrigues). */
static inline struct matrix matrix_turn(const double axis[3], double angle) {
    double s, c;
    math_sincos(angle, &s, &c);
    const double x = axis[0], y = axis[1], z = axis[2], d = 1.0 - c;
    return (struct matrix){{c + d * x * x, d * x * y - s * z, d * x * z + s * y, d * x * y + s * z, c + d * y * y,
                            d * y * z - s * x, d * x * z - s * y, d * y * z + s * x, c + d * z * z}};
}

#endif
