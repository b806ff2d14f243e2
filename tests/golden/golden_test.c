/* golden_test.c: every recorded case of every kernel that is here, one line a case; see README.md and compare.h. */
#include "daemon/kernel/chain.h"
#include "daemon/kernel/math/plane.h"
#include "daemon/kernel/scratch.h"
#include "tests/golden/cases.h"
#include "tests/golden/compare.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One test each: a file of data/. */
static const char *const kernels[] = {
    "line",       "polygon", "grid",      "lissajous", "sphere", "torus",  "cylinder", "cone",   "capsule",
    "polyhedron", "text",    "translate", "scale",     "rotate", "affine", "twist",    "wobble", "displace",
    "subdivide",  "repeat",  "dash",      "trim",      "fill",   "mirror", "mirror3d",
};

/* Cases that contradict a rule of ours: where the rule wins. */
struct exception {
    const char *name;
    size_t first_lines; /* only so many lines are compared */
    const char *reason;
};
static const struct exception exceptions[] = {
    {"text_1", 18, "composite glyphs are drawn: the recorded text ends in one that was not"},
};

static const struct exception *exception_of(const char *name) {
    for (size_t i = 0; i < sizeof exceptions / sizeof exceptions[0]; i++)
        if (strcmp(exceptions[i].name, name) == 0)
            return &exceptions[i];
    return NULL;
}

/* ---- running a case --------------------------------------------------------------------------------------------- */

static int heap_reserve(struct kernel_output *output, size_t vertices, size_t lines, struct px_error *error) {
    float *coords = realloc(output->coords, (vertices + 1) * 3 * sizeof *coords);
    int32_t *offsets = realloc(output->offsets, (lines + 1) * sizeof *offsets);
    if (coords == NULL || offsets == NULL)
        return px_fail(error, PX_E_NO_MEMORY, "no memory");
    output->coords = coords;
    output->offsets = offsets;
    output->reserved_vertices = vertices;
    output->reserved_lines = lines;
    return 0;
}

static struct px_geometry geometry_of(const struct kernel_output *output) {
    return (struct px_geometry){output->coords, output->offsets, output->vertex_count, output->line_count};
}

struct run {
    int code;
    struct px_error error;
    struct kernel_output output;
    struct px_geometry result; /* of the output, or the input itself */
};

typedef int chain_function(const struct chain_step *, size_t, const struct px_geometry *, struct kernel_output *,
                           struct kernel_context *, size_t *, struct px_error *);

static struct run chain_do(chain_function *chain, const struct chain_step *steps, size_t count,
                           const struct px_geometry *input) {
    struct scratch *scratch = scratch_create((size_t)1 << 30);
    struct kernel_warnings warnings = {0};
    struct kernel_context context = {
        .scratch = scratch, .warnings = &warnings, .vertex_budget = PX_GEOMETRY_VERTICES_MAX, .seed = 1};
    struct run run = {.output = {.reserve = heap_reserve}};
    size_t failed = 0;
    run.code = chain(steps, count, input, &run.output, &context, &failed, &run.error);
    run.result = run.code == KERNEL_SAME ? *input : geometry_of(&run.output);
    scratch_destroy(scratch);
    return run;
}

static void run_free(struct run *run) {
    free(run->output.coords);
    free(run->output.offsets);
}

static const struct kernel *case_kernel(const struct golden_case *golden) {
    return kernel_find(golden->role, golden->kernel, strlen(golden->kernel));
}

static struct chain_step case_step(const struct golden_case *golden, const struct decoded *decoded) {
    return (struct chain_step){
        .kernel = case_kernel(golden),
        .params = decoded->values,
        .further = decoded->further_count > 0 ? decoded->further : NULL,
        .further_count = decoded->further_count,
    };
}

/* ---- laws beside the recorded result ---------------------------------------------------------------------------- */

static bool base_gives_the_same(const struct golden_case *golden, const struct decoded *decoded,
                                const struct px_geometry *input, const struct run *best) {
    char isa[16];
    snprintf(isa, sizeof isa, "%s", kernel_isa());
    kernel_use_isa("base");
    struct chain_step step = case_step(golden, decoded);
    struct run run = chain_do(chain_run, &step, 1, input);
    bool same = run.code == best->code && geometry_same(&run.result, &best->result);
    run_free(&run);
    kernel_use_isa(isa);
    return same;
}

/* Fused and unfused; an effect twice over, so that there is something to fuse. */
static bool unfused_gives_the_same(const struct golden_case *golden, const struct decoded *decoded,
                                   const struct px_geometry *input) {
    struct chain_step step = case_step(golden, decoded);
    const struct chain_step steps[2] = {step, step};
    size_t count = golden->role == KERNEL_SHAPE ? 1 : 2;
    struct run fused = chain_do(chain_run, steps, count, input);
    struct run unfused = chain_do(chain_run_unfused, steps, count, input);
    bool same = fused.code == unfused.code && (fused.code < 0 || geometry_same(&fused.result, &unfused.result));
    run_free(&fused);
    run_free(&unfused);
    return same;
}

/* The lines of a LINES kernel in two ranges, put together. */
static bool split_gives_the_same(const struct golden_case *golden, const struct decoded *decoded,
                                 const struct px_geometry *input, const struct run *whole) {
    const struct kernel *kernel = case_kernel(golden);
    if (kernel->kind != KERNEL_LINES || input->line_count < 2 || whole->code != 0)
        return true;
    size_t vertices = 0, lines = 0, middle = input->line_count / 2;
    bool same = true;
    for (int half = 0; half < 2; half++) {
        struct scratch *scratch = scratch_create((size_t)1 << 30);
        struct kernel_warnings warnings = {0};
        struct kernel_context context = {
            .scratch = scratch, .warnings = &warnings, .vertex_budget = PX_GEOMETRY_VERTICES_MAX, .seed = 1};
        struct kernel_output output = {.reserve = heap_reserve};
        struct kernel_job job = {.params = decoded->values,
                                 .inputs = input,
                                 .input_count = 1,
                                 .output = &output,
                                 .context = &context,
                                 .line_begin = half == 0 ? 0 : middle,
                                 .line_end = half == 0 ? middle : input->line_count};
        int code = kernel->run(&job, NULL);
        size_t room = whole->result.vertex_count - vertices;
        same = same && code == 0 && output.vertex_count <= room &&
               memcmp(output.coords, whole->result.coords + 3 * vertices, output.vertex_count * 3 * sizeof(float)) == 0;
        vertices += output.vertex_count;
        lines += output.line_count;
        free(output.coords);
        free(output.offsets);
        scratch_destroy(scratch);
    }
    return same && vertices == whole->result.vertex_count && lines == whole->result.line_count;
}

/* ---- one case --------------------------------------------------------------------------------------------------- */

/* The greatest density of a fill, as it is clamped. */
static double fill_density(const struct golden_case *golden) {
    double density = 35;
    for (uint32_t i = 0; golden->params.type == MSGPACK_OBJECT_MAP && i < golden->params.via.map.size; i++) {
        const msgpack_object_kv *entry = &golden->params.via.map.ptr[i];
        if (strncmp(entry->key.via.str.ptr, "density", entry->key.via.str.size) != 0)
            continue;
        bool list = entry->val.type == MSGPACK_OBJECT_ARRAY;
        density = 2;
        for (uint32_t k = 0; k < (list ? entry->val.via.array.size : 1); k++)
            density = fmax(density, list ? entry->val.via.array.ptr[k].via.f64 : entry->val.via.f64);
    }
    return fmin(400, density);
}

/* The spacing of a fill, for the class of that name: height in the plane of the whole over the density. */
static double fill_spacing(const struct golden_case *golden, const struct px_geometry *input) {
    struct plane plane;
    double height = 0, low = INFINITY, high = -INFINITY;
    double *xy = malloc((input->vertex_count + 1) * 2 * sizeof *xy);
    plane_of_whole(input, 1, &plane);
    plane_flatten(&plane, input->coords, input->vertex_count, xy);
    for (size_t i = 0; i < input->vertex_count; i++) {
        low = fmin(low, xy[2 * i + 1]);
        high = fmax(high, xy[2 * i + 1]);
        height = high - low;
    }
    free(xy);
    return height / fill_density(golden);
}

static struct px_geometry first_lines(const struct px_geometry *geometry, size_t lines) {
    struct px_geometry first = *geometry;
    if (lines < first.line_count) {
        first.line_count = lines;
        first.vertex_count = (size_t)first.offsets[lines];
    }
    return first;
}

static bool result_holds(const struct golden_case *golden, const struct px_geometry *input, const struct run *run,
                         char *why, size_t why_size) {
    if (strcmp(golden->class, "error") == 0) {
        snprintf(why, why_size, "%s", run->code < 0 ? run->error.message : "no error");
        return run->code < 0;
    }
    if (run->code < 0) {
        snprintf(why, why_size, "%s: %s", px_error_name(run->code), run->error.message);
        return false;
    }
    struct px_geometry expected = golden->expected, actual = run->result;
    const struct exception *exception = exception_of(golden->name);
    if (exception != NULL) {
        expected = first_lines(&expected, exception->first_lines);
        actual = first_lines(&actual, exception->first_lines);
    }
    return px_geometry_check(&run->result, NULL, NULL) == 0 &&
           compare(golden->class, &expected, &actual, input == NULL ? 0 : fill_spacing(golden, input), why, why_size);
}

static bool case_holds(const struct golden_case *golden, const struct book *inputs) {
    char why[600] = "";
    struct decoded decoded;
    struct run run = {0};
    const char *broken = NULL;
    const struct px_geometry *input = golden->input[0] != '\0' ? book_geometry(inputs, golden->input) : NULL;
    run.code = decode(case_kernel(golden), &golden->params, inputs, &decoded, &run.error);
    if (run.code == 0) {
        struct chain_step step = case_step(golden, &decoded);
        run = chain_do(chain_run, &step, 1, input);
        if (!base_gives_the_same(golden, &decoded, input, &run))
            broken = "differs between instruction sets";
        else if (!unfused_gives_the_same(golden, &decoded, input))
            broken = "differs when not fused";
        else if (run.code >= 0 && input != NULL && !split_gives_the_same(golden, &decoded, input, &run))
            broken = "differs when split";
    }
    bool holds = result_holds(golden, input, &run, why, sizeof why);
    const struct exception *exception = exception_of(golden->name);
    printf("%-4s %-22s %-5s %s%s%s%s%s\n", holds && broken == NULL ? "ok" : "FAIL", golden->name, golden->class, why,
           broken != NULL ? "; " : "", broken != NULL ? broken : "", exception != NULL ? "; excepted: " : "",
           exception != NULL ? exception->reason : "");
    run_free(&run);
    decoded_free(&decoded);
    return holds && broken == NULL;
}

START_TEST(results_hold_against_the_recorded_ones) {
    struct book inputs, book;
    book_open(&inputs, "inputs");
    book_open(&book, kernels[_i]);
    size_t held = 0, skipped = 0;
    for (size_t i = 0; i < book.count; i++) {
        if (case_kernel(&book.cases[i]) == NULL)
            skipped++;
        else
            held += case_holds(&book.cases[i], &inputs);
    }
    printf("%-12s %zu of %zu cases hold, %zu skipped: no such kernel here\n\n", kernels[_i], held, book.count, skipped);
    fflush(stdout);
    ck_assert_msg(held + skipped == book.count, "%s: %zu of %zu cases hold", kernels[_i], held, book.count - skipped);
    book_close(&book);
    book_close(&inputs);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("golden");
    TCase *cases = tcase_create("kernels");
    tcase_add_loop_test(cases, results_hold_against_the_recorded_ones, 0, (int)(sizeof kernels / sizeof kernels[0]));
    tcase_set_timeout(cases, 60);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
