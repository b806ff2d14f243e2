/* run.h: runs chains over an input of all kinds of lines and keeps the result on the heap. */
#ifndef TESTS_UNIT_KERNEL_RUN_H
#define TESTS_UNIT_KERNEL_RUN_H

#include "daemon/kernel/chain.h"
#include "daemon/kernel/scratch.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

enum { RUN_STEPS_MAX = 8, RUN_PARAMS_BYTES = 512 };

struct run_state {
    struct kernel_context context;
    struct kernel_warnings warnings;
    struct chain_step steps[RUN_STEPS_MAX];
    size_t count;
    _Alignas(64) unsigned char params[RUN_STEPS_MAX][RUN_PARAMS_BYTES];
};

/* A result; the caller frees coords and offsets with ran_free. Where a chain gives its input, that is copied. */
struct ran {
    struct kernel_output output;
    int code;
    size_t failed;
    size_t reservations;
    struct px_error error;
};

static inline int ran_reserve(struct kernel_output *output, size_t vertices, size_t lines, struct px_error *error) {
    (void)error;
    ((struct ran *)output)->reservations++;
    output->coords = realloc(output->coords, (vertices + 1) * 3 * sizeof(float));
    output->offsets = realloc(output->offsets, (lines + 1) * sizeof(int32_t));
    output->reserved_vertices = vertices;
    output->reserved_lines = lines;
    return 0;
}

static inline void ran_free(struct ran *ran) {
    free(ran->output.coords);
    free(ran->output.offsets);
}

static inline struct px_geometry ran_geometry(const struct ran *ran) {
    return (struct px_geometry){ran->output.coords, ran->output.offsets, ran->output.vertex_count,
                                ran->output.line_count};
}

static inline void run_open(struct run_state *run) {
    memset(run, 0, sizeof *run);
    run->context = (struct kernel_context){
        .scratch = scratch_create((size_t)1 << 30), .warnings = &run->warnings, .vertex_budget = 2000000, .seed = 7};
}

static inline void run_close(struct run_state *run) {
    scratch_destroy(run->context.scratch);
}

/* Adds a step with defaults; returns its parameters. */
static inline void *run_add(struct run_state *run, enum kernel_role role, const char *name) {
    const struct kernel *kernel = kernel_find(role, name, strlen(name));
    ck_assert_msg(kernel != NULL, "%s", name);
    ck_assert_uint_le(kernel->params_size, RUN_PARAMS_BYTES);
    void *params = run->params[run->count];
    params_set_defaults(kernel->params, kernel->param_count, params);
    run->steps[run->count++] = (struct chain_step){.kernel = kernel, .params = params};
    return params;
}

/* Sets a parameter of the last step: all components of a vector, an integer, a number, a bool. */
static inline void run_set(struct run_state *run, const char *name, double value) {
    const struct kernel *kernel = run->steps[run->count - 1].kernel;
    const struct param *param = params_find(kernel->params, kernel->param_count, name, strlen(name));
    ck_assert_msg(param != NULL, "%s.%s", kernel->name, name);
    void *member = run->params[run->count - 1] + param->offset;
    if (param->type == PARAM_VECTOR) {
        for (size_t i = 0; i < 3; i++)
            ((double *)member)[i] = value;
    } else if (param->type == PARAM_INTEGER) {
        *(int64_t *)member = (int64_t)value;
    } else if (param->type == PARAM_BOOL) {
        *(bool *)member = value != 0;
    } else if (param->type == PARAM_NUMBERS) {
        static double numbers[RUN_STEPS_MAX * 8];
        static size_t used;
        numbers[used] = value;
        *(struct param_numbers *)member = (struct param_numbers){&numbers[used], 1};
        used = (used + 1) % (sizeof numbers / sizeof numbers[0]);
    } else {
        ck_assert_int_eq(param->type, PARAM_NUMBER);
        *(double *)member = value;
    }
}

static inline struct ran run_chain_with(struct run_state *run, const struct px_geometry *input, bool fused) {
    struct ran ran = {.output = {.reserve = ran_reserve}};
    scratch_reset(run->context.scratch);
    ran.code = (fused ? chain_run : chain_run_unfused)(run->steps, run->count, input, &ran.output, &run->context,
                                                       &ran.failed, &ran.error);
    if (ran.code == KERNEL_SAME) {
        ran_reserve(&ran.output, input->vertex_count, input->line_count, NULL);
        memcpy(ran.output.coords, input->coords, input->vertex_count * 3 * sizeof(float));
        memcpy(ran.output.offsets, input->offsets, (input->line_count + 1) * sizeof(int32_t));
        ran.output.vertex_count = input->vertex_count;
        ran.output.line_count = input->line_count;
    }
    return ran;
}

static inline struct ran run_it(struct run_state *run, const struct px_geometry *input) {
    return run_chain_with(run, input, true);
}

static inline void ran_equal(const struct ran *a, const struct ran *b, const char *what) {
    ck_assert_msg(a->code < 0 ? a->code == b->code : b->code >= 0, "%s: %s / %s", what, a->error.message,
                  b->error.message);
    if (a->code < 0)
        return;
    ck_assert_msg(a->output.vertex_count == b->output.vertex_count && a->output.line_count == b->output.line_count,
                  "%s: %zu vertices in %zu lines, %zu in %zu", what, a->output.vertex_count, a->output.line_count,
                  b->output.vertex_count, b->output.line_count);
    ck_assert_msg(memcmp(a->output.offsets, b->output.offsets, (a->output.line_count + 1) * sizeof(int32_t)) == 0 &&
                      memcmp(a->output.coords, b->output.coords, a->output.vertex_count * 3 * sizeof(float)) == 0,
                  "%s: bytes differ", what);
}

static inline uint64_t run_random(uint64_t *state) {
    uint64_t z = *state += 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

static inline double run_between(uint64_t *state, double low, double high) {
    return low + (high - low) * ((double)(run_random(state) >> 11) * 0x1p-53);
}

/* Lines of every kind: none, one and two vertices, closed, flat, long, with repeated vertices. */
struct variety {
    struct px_geometry geometry;
    float *coords;
    int32_t *offsets;
};

static inline struct variety variety_make(void) {
    static const int32_t lengths[] = {0, 1, 2, 5, 1, 0, 2, 60, 1500, 3, 2300, 2, 0};
    enum { LINES = sizeof lengths / sizeof lengths[0] };
    struct variety v = {.offsets = calloc(LINES + 1, sizeof(int32_t))};
    for (size_t i = 0; i < LINES; i++)
        v.offsets[i + 1] = v.offsets[i] + lengths[i];
    const size_t count = (size_t)v.offsets[LINES];
    v.coords = malloc(count * 3 * sizeof(float));
    uint64_t state = 11;
    for (size_t line = 0; line < LINES; line++) {
        double at[3];
        for (int axis = 0; axis < 3; axis++)
            at[axis] = run_between(&state, -20, 60);
        for (size_t i = (size_t)v.offsets[line]; i < (size_t)v.offsets[line + 1]; i++) {
            for (int axis = 0; axis < 3; axis++) {
                at[axis] += line % 4 == 3 && axis == 2 ? 0 : run_between(&state, -1, 1);
                v.coords[3 * i + (size_t)axis] = (float)at[axis];
            }
            if (i % 97 == 96)
                memcpy(&v.coords[3 * i], &v.coords[3 * i - 3], 3 * sizeof(float));
        }
        if (lengths[line] >= 3)
            memcpy(&v.coords[3 * (size_t)(v.offsets[line + 1] - 1)], &v.coords[3 * (size_t)v.offsets[line]],
                   3 * sizeof(float));
    }
    v.geometry = (struct px_geometry){v.coords, v.offsets, count, LINES};
    return v;
}

static inline void variety_free(struct variety *v) {
    free(v->coords);
    free(v->offsets);
}

#endif
