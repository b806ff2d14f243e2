/* registry_shapes.h: the shapes, in the order of the documentation. X(name) stands for <name>_kernel. */
#define KERNEL_SHAPES(X)
