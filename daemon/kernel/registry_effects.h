/* registry_effects.h: the effects, in the order of the documentation. X(name) stands for <name>_kernel. */
#define KERNEL_EFFECTS(X)                                                                                              \
    X(translate)                                                                                                       \
    X(scale)                                                                                                           \
    X(rotate)                                                                                                          \
    X(affine)                                                                                                          \
    X(twist)                                                                                                           \
    X(wobble)                                                                                                          \
    X(displace)                                                                                                        \
    X(subdivide)                                                                                                       \
    X(dash)                                                                                                            \
    X(trim)                                                                                                            \
    X(repeat)                                                                                                          \
    X(mirror)                                                                                                          \
    X(mirror3d)                                                                                                        \
    X(fill)
