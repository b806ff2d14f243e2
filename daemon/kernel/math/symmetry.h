/* symmetry.h: the rotation groups of the tetrahedron, octahedron and icosahedron as lists of matrices. */
#ifndef KERNEL_MATH_SYMMETRY_H
#define KERNEL_MATH_SYMMETRY_H

#include "daemon/kernel/math/matrix.h"

#include <stddef.h>

enum symmetry_group { SYMMETRY_T, SYMMETRY_O, SYMMETRY_I };
enum { SYMMETRY_MAX = 60 };

/* symmetry_matrices: the identity first, equal matrices once, in the order of their axes; returns 12, 24 or 60. */
size_t symmetry_matrices(enum symmetry_group group, struct matrix out[SYMMETRY_MAX]);

#endif
