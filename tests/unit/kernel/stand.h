/* stand.h: a test stand that one kernel is run on: parameters by name, room on the heap, warnings to look at. */
#ifndef TESTS_UNIT_KERNEL_STAND_H
#define TESTS_UNIT_KERNEL_STAND_H

#include "daemon/kernel/kernel.h"
#include "daemon/kernel/scratch.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct stand {
    const struct kernel *kernel;
    _Alignas(16) unsigned char params[512];
    struct kernel_warnings warnings;
    struct kernel_context context;
    struct kernel_output output;
    struct px_error error;
    size_t reservations; /* how often room was asked for */
};

static inline int stand_reserve(struct kernel_output *output, size_t vertices, size_t lines, struct px_error *error) {
    struct stand *stand = (struct stand *)(void *)((char *)output - offsetof(struct stand, output));
    stand->reservations++;
    output->coords = realloc(output->coords, (vertices + 1) * 3 * sizeof(float));
    output->offsets = realloc(output->offsets, (lines + 1) * sizeof(int32_t));
    output->reserved_vertices = vertices;
    output->reserved_lines = lines;
    return output->coords != NULL && output->offsets != NULL ? 0 : px_fail(error, PX_E_NO_MEMORY, "no memory");
}

static inline void stand_open(struct stand *stand, enum kernel_role role, const char *name) {
    *stand = (struct stand){.kernel = kernel_find(role, name, strlen(name)), .output = {.reserve = stand_reserve}};
    ck_assert_ptr_nonnull(stand->kernel);
    stand->context = (struct kernel_context){
        .scratch = scratch_create((size_t)1 << 28),
        .warnings = &stand->warnings,
        .vertex_budget = 8u << 20,
    };
    params_set_defaults(stand->kernel->params, stand->kernel->param_count, stand->params);
}

static inline void stand_close(struct stand *stand) {
    scratch_destroy(stand->context.scratch);
    free(stand->output.coords);
    free(stand->output.offsets);
}

static inline void *stand_param(struct stand *stand, const char *name, enum param_type type) {
    const struct param *param = params_find(stand->kernel->params, stand->kernel->param_count, name, strlen(name));
    ck_assert_msg(param != NULL && param->type == type, "%s.%s", stand->kernel->name, name);
    return stand->params + param->offset;
}

static inline void stand_number(struct stand *stand, const char *name, double value) {
    *(double *)stand_param(stand, name, PARAM_NUMBER) = value;
}
static inline void stand_integer(struct stand *stand, const char *name, int64_t value) {
    *(int64_t *)stand_param(stand, name, PARAM_INTEGER) = value;
}
static inline void stand_bool(struct stand *stand, const char *name, bool value) {
    *(bool *)stand_param(stand, name, PARAM_BOOL) = value;
}
static inline void stand_string(struct stand *stand, const char *name, const char *text) {
    *(struct param_string *)stand_param(stand, name, PARAM_STRING) =
        (struct param_string){text, (uint32_t)strlen(text)};
}
/* items are borrowed until the run. */
static inline void stand_numbers(struct stand *stand, const char *name, const double *items, uint32_t count) {
    *(struct param_numbers *)stand_param(stand, name, PARAM_NUMBERS) = (struct param_numbers){items, count};
}

/* stand_run: input NULL for a shape. What stood in scratch before is gone. */
static inline int stand_run(struct stand *stand, const struct px_geometry *input) {
    static const struct px_geometry nothing;
    const struct px_geometry *inputs = input != NULL ? input : &nothing;
    scratch_reset(stand->context.scratch);
    stand->output.vertex_count = stand->output.line_count = 0;
    struct kernel_job job = {
        .params = stand->params,
        .inputs = inputs,
        .input_count = 1,
        .line_end = inputs->line_count,
        .output = &stand->output,
        .context = &stand->context,
    };
    return stand->kernel->run(&job, &stand->error);
}

static inline struct px_geometry stand_result(const struct stand *stand) {
    return (struct px_geometry){stand->output.coords, stand->output.offsets, stand->output.vertex_count,
                                stand->output.line_count};
}

/* stand_runs_well: runs, and the result is a sound geometry of exactly the room asked for. */
static inline void stand_runs_well(struct stand *stand, const struct px_geometry *input) {
    int code = stand_run(stand, input);
    ck_assert_msg(code == 0, "%s: %s", stand->kernel->name, stand->error.message);
    struct px_geometry result = stand_result(stand);
    struct px_error error = {0};
    ck_assert_msg(px_geometry_check(&result, NULL, &error) == 0, "%s: %s", stand->kernel->name, error.message);
}

static inline double stand_coord(const struct stand *stand, size_t vertex, int axis) {
    return (double)stand->output.coords[3 * vertex + (size_t)axis];
}

/* stand_file: a whole file on the heap; fails the test when there is none. */
static inline uint8_t *stand_file(const char *path, size_t *size) {
    FILE *file = fopen(path, "rb");
    ck_assert_msg(file != NULL, "%s is missing", path);
    fseek(file, 0, SEEK_END);
    *size = (size_t)ftell(file);
    rewind(file);
    uint8_t *bytes = malloc(*size);
    ck_assert_ptr_nonnull(bytes);
    ck_assert_uint_eq(fread(bytes, 1, *size, file), *size);
    fclose(file);
    return bytes;
}

#endif
