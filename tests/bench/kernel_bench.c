/* kernel_bench.c: how fast effects run, POINTS against memcpy of the same arrays; one JSON line a figure.
 *
 *     kernel_bench [vertices]      default 200000
 *     kernel_bench --calibrate     only what sets two days' figures against each other: memcpy, one displace
 *
 * Each figure is the median of REPEATS runs on this thread; compare ratios within one run, not times between machines.
 */
#include "daemon/kernel/chain.h"
#include "daemon/kernel/scratch.h"
#include "shared/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { REPEATS = 41, CHAIN = 8, MADE_MAX = 16 };

/* A kernel_output over one allocation that is made before the clock runs. */
struct bench_output {
    struct kernel_output output;
    size_t vertices, lines;
};

static int bench_reserve(struct kernel_output *output, size_t vertices, size_t lines, struct px_error *error) {
    struct bench_output *bench = (struct bench_output *)output;
    if (vertices > bench->vertices || lines > bench->lines)
        return px_fail(error, PX_E_LIMIT, "the bench has no room for %zu vertices", vertices);
    return 0;
}

static struct bench_output output_of(size_t vertices, size_t lines) {
    struct bench_output bench = {.output = {.reserve = bench_reserve}, .vertices = vertices, .lines = lines};
    bench.output.coords = aligned_alloc(64, (vertices * 12 + 127) & ~(size_t)63);
    bench.output.offsets = aligned_alloc(64, (lines * 4 + 131) & ~(size_t)63);
    bench.output.reserved_vertices = vertices;
    bench.output.reserved_lines = lines;
    memset(bench.output.coords, 0, vertices * 12);
    return bench;
}

/* Lines of 100 vertices that wander through a page. */
static struct px_geometry wandering(size_t vertices) {
    const size_t lines = vertices / 100;
    float *coords = aligned_alloc(64, (vertices * 12 + 127) & ~(size_t)63);
    int32_t *offsets = malloc((lines + 1) * sizeof *offsets);
    uint64_t state = 1;
    for (size_t i = 0; i < 3 * vertices; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        const float part = (float)(state >> 40) * 0x1p-24f;
        coords[i] = i % 300 < 3 ? 300.0f * part : coords[i - 3] + 4.0f * part - 2.0f;
    }
    for (size_t i = 0; i <= lines; i++)
        offsets[i] = (int32_t)(i * 100);
    return (struct px_geometry){coords, offsets, lines * 100, lines};
}

static int by_value(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values, size_t count) {
    qsort(values, count, sizeof *values, by_value);
    return values[count / 2];
}

struct bench {
    struct px_geometry input;
    struct bench_output output;
    struct kernel_context context;
    struct kernel_warnings warnings;
};

/* Nanoseconds a vertex. */
static double chain_ns(struct bench *bench, const struct chain_step *steps, size_t count) {
    double times[REPEATS];
    struct px_error error;
    for (size_t i = 0; i < REPEATS; i++) {
        const uint64_t begin = px_clock_ns();
        if (chain_run(steps, count, &bench->input, &bench->output.output, &bench->context, NULL, &error) < 0) {
            fprintf(stderr, "%s\n", error.message);
            exit(1);
        }
        times[i] = (double)(px_clock_ns() - begin) / (double)bench->input.vertex_count;
        scratch_reset(bench->context.scratch);
    }
    return median(times, REPEATS);
}

static double memcpy_ns(struct bench *bench) {
    double times[REPEATS];
    for (size_t i = 0; i < REPEATS; i++) {
        const uint64_t begin = px_clock_ns();
        memcpy(bench->output.output.coords, bench->input.coords, bench->input.vertex_count * 12);
        memcpy(bench->output.output.offsets, bench->input.offsets, (bench->input.line_count + 1) * 4);
        times[i] = (double)(px_clock_ns() - begin) / (double)bench->input.vertex_count;
    }
    return median(times, REPEATS);
}

/* A step with the kernel's defaults and one vector or number set. */
struct bench_step {
    const char *effect;
    const char *param;
    double value;
};

static struct chain_step step_of(const struct bench_step *wanted, void *params) {
    const struct kernel *kernel = kernel_find(KERNEL_EFFECT, wanted->effect, strlen(wanted->effect));
    if (kernel == NULL)
        exit(1);
    params_set_defaults(kernel->params, kernel->param_count, params);
    const struct param *auto_center = params_find(kernel->params, kernel->param_count, "auto_center", 11);
    if (auto_center != NULL)
        *(bool *)((char *)params + auto_center->offset) = false;
    const struct param *param = params_find(kernel->params, kernel->param_count, wanted->param, strlen(wanted->param));
    void *member = (char *)params + param->offset;
    if (param->type == PARAM_INTEGER)
        *(int64_t *)member = (int64_t)wanted->value;
    for (size_t i = 0; param->type != PARAM_INTEGER && i < (param->type == PARAM_VECTOR ? 3u : 1u); i++)
        ((double *)member)[i] = wanted->value;
    return (struct chain_step){.kernel = kernel, .params = params};
}

static const struct bench_step singles[] = {
    {"translate", "delta", 1.5}, {"translate", "delta", 0.1}, {"scale", "scale", 0.99},
    {"rotate", "rotation", 10},  {"affine", "rotation", 10},  {"twist", "angle", 60},
    {"wobble", "amplitude", 2},  {"displace", "t_sec", 0.3},  {"displace", "frequency_gradient", 1},
};

/* Effects that cut and copy, their time against the vertices they make. */
static const struct bench_step makers[] = {
    {"subdivide", "subdivisions", 1}, {"subdivide", "subdivisions", 3}, {"trim", "end_param", 0.9},
    {"repeat", "count", 5},           {"mirror", "n_mirror", 3},        {"mirror3d", "n_azimuth", 3},
};

static _Alignas(64) unsigned char params[CHAIN][512];

static void bench_singles(struct bench *bench, double copy) {
    for (size_t i = 0; i < sizeof singles / sizeof singles[0]; i++) {
        const struct chain_step step = step_of(&singles[i], params[0]);
        const double ns = chain_ns(bench, &step, 1);
        printf("{\"bench\":\"effect\",\"isa\":\"%s\",\"effect\":\"%s\",\"%s\":%g,\"ns_per_vertex\":%.3f,"
               "\"million_vertices_per_s\":%.1f,\"over_memcpy\":%.2f}\n",
               kernel_isa(), singles[i].effect, singles[i].param, singles[i].value, ns, 1e3 / ns, ns / copy);
    }
}

static void bench_makers(struct bench *bench) {
    for (size_t i = 0; i < sizeof makers / sizeof makers[0]; i++) {
        const struct chain_step step = step_of(&makers[i], params[0]);
        const double ns = chain_ns(bench, &step, 1);
        const double made = (double)bench->output.output.vertex_count / (double)bench->input.vertex_count;
        printf("{\"bench\":\"effect\",\"isa\":\"%s\",\"effect\":\"%s\",\"%s\":%g,\"ns_per_vertex\":%.3f,"
               "\"ns_per_vertex_made\":%.3f}\n",
               kernel_isa(), makers[i].effect, makers[i].param, makers[i].value, ns, ns / made);
    }
}

static void bench_chain(struct bench *bench, const char *name, const struct bench_step *kinds, size_t kinds_count,
                        double copy) {
    struct chain_step steps[CHAIN];
    for (size_t i = 0; i < CHAIN; i++)
        steps[i] = step_of(&kinds[i % kinds_count], params[i]);
    const double ns = chain_ns(bench, steps, CHAIN);
    printf("{\"bench\":\"chain\",\"isa\":\"%s\",\"steps\":%d,\"effects\":\"%s\",\"ns_per_vertex\":%.3f,"
           "\"over_memcpy\":%.2f}\n",
           kernel_isa(), (int)CHAIN, name, ns, ns / copy);
}

static double bench_memcpy(struct bench *bench) {
    const double copy = memcpy_ns(bench);
    printf("{\"bench\":\"memcpy\",\"vertices\":%zu,\"ns_per_vertex\":%.3f,\"gb_per_s\":%.1f}\n",
           bench->input.vertex_count, copy, 12.0 / copy);
    return copy;
}

/* The instruction set that every machine of a kind has, so that only the machine shows. */
static void calibrate(struct bench *bench) {
    kernel_use_isa("base");
    const double copy = bench_memcpy(bench);
    const struct chain_step step = step_of(&(struct bench_step){"displace", "t_sec", 0.3}, params[0]);
    const double ns = chain_ns(bench, &step, 1);
    printf("{\"bench\":\"displace\",\"isa\":\"%s\",\"ns_per_vertex\":%.3f,\"million_vertices_per_s\":%.1f,"
           "\"over_memcpy\":%.1f}\n",
           kernel_isa(), ns, 1e3 / ns, ns / copy);
}

static void bench_isa(struct bench *bench) {
    const double copy = bench_memcpy(bench);
    bench_singles(bench, copy);
    bench_makers(bench);
    bench_chain(bench, "translate", &singles[0], 1, copy);
    bench_chain(bench, "scale", &singles[2], 1, copy);
    bench_chain(bench, "translate scale rotate", (const struct bench_step[]){singles[0], singles[2], singles[3]}, 3,
                copy);
    bench_chain(bench, "affine", &singles[4], 1, copy);
}

int main(int argc, char **argv) {
    const bool calibrating = argc > 1 && strcmp(argv[1], "--calibrate") == 0;
    const size_t vertices = argc > 1 && !calibrating ? strtoull(argv[1], NULL, 10) : 200000;
    static struct bench bench;
    bench.input = wandering(vertices);
    bench.output = output_of(bench.input.vertex_count * MADE_MAX, bench.input.vertex_count * MADE_MAX / 2);
    bench.context = (struct kernel_context){
        .scratch = scratch_create((size_t)1 << 30), .warnings = &bench.warnings, .vertex_budget = vertices * MADE_MAX};
    const char *const isas[] = {"base", "v3", "v4"};
    if (calibrating)
        calibrate(&bench);
    for (size_t i = 0; i < sizeof isas / sizeof isas[0] && !calibrating; i++) {
        if (kernel_use_isa(isas[i]))
            bench_isa(&bench);
    }
    scratch_destroy(bench.context.scratch);
    free(bench.output.output.coords);
    free(bench.output.output.offsets);
    free((void *)bench.input.coords);
    free((void *)bench.input.offsets);
    return 0;
}
