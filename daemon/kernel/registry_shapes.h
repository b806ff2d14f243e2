/* registry_shapes.h: the shapes, in the order of the documentation. X(name) stands for <name>_kernel. */
#define KERNEL_SHAPES(X)                                                                                               \
    X(line) X(polygon) X(grid) X(lissajous) X(sphere) X(torus) X(cylinder) X(cone) X(capsule) X(polyhedron) X(text)
