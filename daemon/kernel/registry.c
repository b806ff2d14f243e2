/* registry.c: the list of all kernels, once per instruction set, and which set this process uses. */
#include "daemon/kernel/blocks.h"
#include "daemon/kernel/kernel.h"
#include "daemon/kernel/registry_effects.h"
#include "daemon/kernel/registry_shapes.h"

#include <stdlib.h>
#include <string.h>

#define DECLARE_BASE(name) extern const struct kernel name##_kernel_base;
#define DECLARE_V3(name)   extern const struct kernel name##_kernel_v3;
#define DECLARE_V4(name)   extern const struct kernel name##_kernel_v4;
#define LIST_BASE(name)    &name##_kernel_base,
#define LIST_V3(name)      &name##_kernel_v3,
#define LIST_V4(name)      &name##_kernel_v4,

extern const struct blocks blocks_base;
KERNEL_SHAPES(DECLARE_BASE)
KERNEL_EFFECTS(DECLARE_BASE)
static const struct kernel *const kernels_base[] = {KERNEL_SHAPES(LIST_BASE) KERNEL_EFFECTS(LIST_BASE) NULL};
#ifdef KERNEL_HAVE_V3
extern const struct blocks blocks_v3;
KERNEL_SHAPES(DECLARE_V3)
KERNEL_EFFECTS(DECLARE_V3)
static const struct kernel *const kernels_v3[] = {KERNEL_SHAPES(LIST_V3) KERNEL_EFFECTS(LIST_V3) NULL};
#endif
#ifdef KERNEL_HAVE_V4
extern const struct blocks blocks_v4;
KERNEL_SHAPES(DECLARE_V4)
KERNEL_EFFECTS(DECLARE_V4)
static const struct kernel *const kernels_v4[] = {KERNEL_SHAPES(LIST_V4) KERNEL_EFFECTS(LIST_V4) NULL};
#endif

struct isa {
    const char *name;
    const struct kernel *const *kernels;
    const struct blocks *blocks;
};

static const struct isa isas[] = {
    {"base", kernels_base, &blocks_base},
#ifdef KERNEL_HAVE_V3
    {"v3", kernels_v3, &blocks_v3},
#endif
#ifdef KERNEL_HAVE_V4
    {"v4", kernels_v4, &blocks_v4},
#endif
};

/* Chosen once; stated in tests/lint among the writable globals. */
static _Atomic(const struct isa *) chosen_isa;

static bool cpu_has(const char *name) {
#ifdef KERNEL_HAVE_V3
    if (strcmp(name, "v3") == 0)
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2") &&
               __builtin_cpu_supports("fma");
#endif
#ifdef KERNEL_HAVE_V4
    if (strcmp(name, "v4") == 0)
        return cpu_has("v3") && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
               __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
               __builtin_cpu_supports("avx512vl");
#endif
    return strcmp(name, "base") == 0;
}

bool kernel_use_isa(const char *name) {
    for (size_t i = 0; i < sizeof isas / sizeof isas[0]; i++) {
        if (strcmp(isas[i].name, name) == 0 && cpu_has(name)) {
            atomic_store_explicit(&chosen_isa, &isas[i], memory_order_relaxed);
            return true;
        }
    }
    return false;
}

static const struct isa *isa_in_use(void) {
    const struct isa *isa = atomic_load_explicit(&chosen_isa, memory_order_relaxed);
    if (isa != NULL)
        return isa;
    /* Two threads may get here at once: both choose the same. */
    const char *wanted = getenv("PXD_ISA");
    if (wanted == NULL || !kernel_use_isa(wanted)) {
        for (size_t i = sizeof isas / sizeof isas[0]; i-- > 0;) {
            if (kernel_use_isa(isas[i].name))
                break;
        }
    }
    return atomic_load_explicit(&chosen_isa, memory_order_relaxed);
}

const struct blocks *blocks_in_use(void) {
    return isa_in_use()->blocks;
}

const char *kernel_isa(void) {
    return isa_in_use()->name;
}

const struct kernel *const *kernel_list(size_t *count) {
    if (count != NULL)
        *count = sizeof kernels_base / sizeof kernels_base[0] - 1;
    return isa_in_use()->kernels;
}

const struct kernel *kernel_find(enum kernel_role role, const char *name, size_t name_length) {
    for (const struct kernel *const *at = isa_in_use()->kernels; *at != NULL; at++) {
        const struct kernel *kernel = *at;
        if (kernel->role == role && strlen(kernel->name) == name_length && memcmp(kernel->name, name, name_length) == 0)
            return kernel;
    }
    return NULL;
}
