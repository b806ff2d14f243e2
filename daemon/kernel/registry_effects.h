/* registry_effects.h: the effects, in the order of the documentation. X(name) stands for <name>_kernel. */
#define KERNEL_EFFECTS(X) X(fill)
