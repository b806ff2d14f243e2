/* kernel.h: a pure function that makes a geometry (a shape) or turns one into another (an effect).
 *
 * A kernel sees memory and parameters only: no slab, no cache, no uv, no log, no file. Same parameters and inputs, same
 * bytes, on every machine and however the work is split. What it has to say comes back as warnings.
 *
 *     KERNEL_POINTS  moves points, keeps offsets; may be split anywhere. prepare() once, then points() per block.
 *     KERNEL_LINES   each input line gives its own output lines; run() may be given a range of lines.
 *     KERNEL_WHOLE   everything else, shapes too.
 *
 * Parameters were checked against the table before: numbers are finite, types right. run() and prepare() return
 *     0             the output was written
 *     KERNEL_SAME   nothing to do: the output is the (first) input, and nothing was written
 *     PX_E_...      an error, with a message (no path: the caller adds layer, step and kernel)
 *
 * Every file below shapes/ and effects/ is compiled once per instruction set (KERNEL_ISA = base, v3, v4) with equal
 * bits; each kernel is defined as `const struct kernel KERNEL_SYMBOL(twist) = {...}` and listed in registry.c.
 *
 * Threads  a kernel runs on any thread; context and scratch belong to that thread for the run.
 */
#ifndef KERNEL_KERNEL_H
#define KERNEL_KERNEL_H

#include "daemon/kernel/param.h"
#include "shared/error.h"
#include "shared/geometry.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef KERNEL_ISA
#define KERNEL_PASTE_(a, b) a##_kernel_##b
#define KERNEL_PASTE(a, b)  KERNEL_PASTE_(a, b)
#define KERNEL_SYMBOL(name) KERNEL_PASTE(name, KERNEL_ISA)
#endif

enum kernel_kind { KERNEL_POINTS, KERNEL_LINES, KERNEL_WHOLE };
enum kernel_role { KERNEL_SHAPE, KERNEL_EFFECT };
enum { KERNEL_SAME = 1 };

/* What a POINTS kernel must know of its whole input before it moves anything. */
enum kernel_measure { MEASURE_NONE = 0, MEASURE_CENTRE = 1, MEASURE_BOUNDS = 2 };
struct measure {
    double centre[3]; /* mean of all vertices: double sums over fixed blocks of 1024 in index order */
    float min[3];     /* bounds; only with MEASURE_BOUNDS and at least one vertex */
    float max[3];
    size_t vertex_count; /* always set */
};

/* Largest state that prepare() may leave for points(), bytes. */
enum { KERNEL_STATE_MAX = 512 };

/* Where a kernel writes: implemented by the caller (a slab, or scratch for a step in between). */
struct kernel_output {
    float *coords;    /* (reserved_vertices, 3) after reserve */
    int32_t *offsets; /* (reserved_lines + 1) after reserve */
    size_t reserved_vertices;
    size_t reserved_lines;
    size_t vertex_count; /* set by the kernel before it returns 0 */
    size_t line_count;
    /* Use kernel_output_reserve. Gives room for at least that much; what was written before is kept (grown by copy). */
    int (*reserve)(struct kernel_output *output, size_t vertices, size_t lines, struct px_error *error);
};

/* kernel_output_reserve: asks for room, exact counts or an upper bound; past the vertex budget E_LIMIT. May be called
 * again to grow (costs a copy). Sets offsets[0] = 0. Zero vertices and lines are fine. */
int kernel_output_reserve(struct kernel_output *output, size_t vertices, size_t lines, struct px_error *error);

/* kernel_check_budget: before anything is reserved: E_LIMIT with the numbers when a result of that size (counted in
 * double, so that nothing overflows) passes the vertex budget or the limit of lines. `what` is the kernel's name. */
struct kernel_context;
int kernel_check_budget(const struct kernel_context *context, const char *what, double vertices, double lines,
                        struct px_error *error);

/* Memory for the run, released as a whole by the caller; never freed singly. */
struct scratch;

/* scratch_take: 64-byte aligned, not cleared; NULL when the scratch budget is spent (the kernel returns
 * PX_E_NO_MEMORY). */
void *scratch_take(struct scratch *scratch, size_t size_bytes);

/* Things to say beside the result: bounded, the rest is counted. */
enum { KERNEL_WARNINGS_MAX = 8, KERNEL_WARNING_BYTES = 160 };
struct kernel_warnings {
    uint32_t count; /* also those that found no room */
    char text[KERNEL_WARNINGS_MAX][KERNEL_WARNING_BYTES];
};
__attribute__((format(printf, 2, 3))) void kernel_warn(struct kernel_warnings *warnings, const char *format, ...);

/* What every run gets beside its parameters. */
struct kernel_context {
    struct scratch *scratch;
    struct kernel_warnings *warnings; /* never NULL */
    const _Atomic bool *cancel;       /* may be NULL; kernels look every few thousand vertices: kernel_cancelled */
    size_t vertex_budget;             /* of one result */
    uint64_t seed;                    /* the plan's seed, for kernels without a seed parameter */
    void *library; /* of the worker, for kernels that need one: see text (FreeType); NULL: made and freed in the run */
};
static inline bool kernel_cancelled(const struct kernel_context *context) {
    return context->cancel != NULL && atomic_load_explicit(context->cancel, memory_order_relaxed);
}

/* One run of a LINES or WHOLE kernel. */
struct kernel_job {
    const void *params;
    const struct px_geometry *inputs; /* [0] the geometry (effects), [1..] NODE parameters; shapes: their NODEs only,
                                         with [0] empty */
    size_t input_count;
    size_t line_begin, line_end; /* LINES: the range to work on, normally all; others: all */
    struct kernel_output *output;
    struct kernel_context *context;
};

struct kernel {
    const char *name;
    uint32_t version; /* grows when the bytes of any result change: part of the signature */
    enum kernel_role role;
    enum kernel_kind kind;
    const char *help; /* one sentence */
    const struct param *params;
    size_t param_count;
    size_t params_size; /* of the parameter struct, bytes */
    bool uses_seed;     /* draws random numbers and has no seed parameter: the plan's seed is in its signature */
    bool untrusted;     /* wants a process of its own */

    /* LINES, WHOLE */
    int (*run)(const struct kernel_job *job, struct px_error *error);

    /* POINTS. measures: which of enum kernel_measure prepare() needs, given these parameters (NULL: none). */
    unsigned (*measures)(const void *params);
    int (*prepare)(const void *params, const struct measure *measure, const struct kernel_context *context, void *state,
                   struct px_error *error);
    /* n points, separate arrays, in place; 64-byte aligned, n <= POINTS_BLOCK. */
    void (*points)(const void *state, float *x, float *y, float *z, size_t n);
    bool linear; /* the state begins with a struct linear (effects/linear.h): neighbours run together */

    /* Parameters with no meaning together (n_mirror < 1): E_RANGE. Checked when a plan is decoded and also with empty
     * input. NULL: nothing beyond the table. `*param` is set to the name of the offending parameter. */
    int (*check)(const void *params, const char **param, struct px_error *error);
};
enum { POINTS_BLOCK = 1024 };

#define KERNEL_PARAMS(table, strct)                                                                                    \
    .params = table, .param_count = sizeof(table) / sizeof(table)[0], .params_size = sizeof(strct)

/* kernel_find: by name and role; NULL if there is none. The table of the best instruction set of this CPU, or of the
 * one named by PXD_ISA (base, v3), chosen at first use. */
const struct kernel *kernel_find(enum kernel_role role, const char *name, size_t name_length);

/* kernel_list: all kernels, shapes first, each part in the order of the documentation. */
const struct kernel *const *kernel_list(size_t *count);

/* kernel_isa: "base", "v3" or "v4". kernel_use_isa: chooses for this process, before any run (tests); false if not
 * here. */
const char *kernel_isa(void);
bool kernel_use_isa(const char *isa);

#endif
