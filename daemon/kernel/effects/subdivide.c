/* subdivide.c: puts midpoints between vertices, several times over. */
#include "daemon/kernel/kernel.h"

#include <string.h>

struct subdivide_params {
    int64_t subdivisions;
};

enum { PASSES_MAX = 10 };

/* A line with a segment below .01 mm (squared: this) is left as it is. */
#define LEAST_SQUARE 1e-4

static const struct param params[] = {
    PARAM(INTEGER, struct subdivide_params, subdivisions, .min = 0, .max = PASSES_MAX, .step = 1, .unit = "",
          .help = "How often each segment is halved; at most 10."),
};

static double least_square(const float *coords, size_t n) {
    double least = INFINITY;
    for (size_t i = 1; i < n; i++) {
        const float *a = &coords[3 * (i - 1)];
        const double dx = (double)a[3] - (double)a[0];
        const double dy = (double)a[4] - (double)a[1];
        const double dz = (double)a[5] - (double)a[2];
        const double square = dx * dx + dy * dy + dz * dz;
        least = square < least ? square : least;
    }
    return least;
}

/* Each pass halves all segments of the line, the shortest too. */
static unsigned passes_of(const float *coords, size_t n, unsigned wanted) {
    if (n < 2)
        return 0;
    unsigned passes = 0;
    for (double least = least_square(coords, n); passes < wanted && !(least < LEAST_SQUARE); least *= 0.25)
        passes++;
    return passes;
}

/* Writes a segment's first 2^passes points, its start included, rounded once. */
static float *write_segment(const float *a, unsigned passes, float *out) {
    const int count = 1 << passes;
    const double part = 1.0 / count;
    const double x = (double)a[0], y = (double)a[1], z = (double)a[2];
    const double dx = ((double)a[3] - x) * part, dy = ((double)a[4] - y) * part, dz = ((double)a[5] - z) * part;
    for (int j = 0; j < count; j++) {
        out[3 * j] = (float)(x + dx * j);
        out[3 * j + 1] = (float)(y + dy * j);
        out[3 * j + 2] = (float)(z + dz * j);
    }
    return out + 3 * (size_t)count;
}

static float *write_line(const float *coords, size_t n, unsigned passes, float *out) {
    if (passes == 0) {
        memcpy(out, coords, 3 * n * sizeof *out);
        return out + 3 * n;
    }
    for (size_t i = 0; i + 1 < n; i++)
        out = write_segment(&coords[3 * i], passes, out);
    memcpy(out, &coords[3 * (n - 1)], 3 * sizeof *out);
    return out + 3;
}

/* Passes of each line of the job; returns the vertices of the result, or -1 if no line changes. */
static double plan_lines(const struct kernel_job *job, unsigned wanted, uint8_t *passes) {
    const struct px_geometry *in = &job->inputs[0];
    double vertices = 0;
    bool changes = false;
    for (size_t line = job->line_begin; line < job->line_end; line++) {
        const size_t begin = (size_t)in->offsets[line];
        const size_t n = (size_t)in->offsets[line + 1] - begin;
        const unsigned count = passes_of(&in->coords[3 * begin], n, wanted);
        passes[line - job->line_begin] = (uint8_t)count;
        changes = changes || count > 0;
        vertices += n < 2 ? (double)n : (double)(n - 1) * (double)(1u << count) + 1.0;
    }
    return changes ? vertices : -1.0;
}

static void write_lines(const struct kernel_job *job, const uint8_t *passes) {
    const struct px_geometry *in = &job->inputs[0];
    float *out = job->output->coords;
    for (size_t i = 0; i < job->line_end - job->line_begin; i++) {
        const size_t begin = (size_t)in->offsets[job->line_begin + i];
        const size_t n = (size_t)in->offsets[job->line_begin + i + 1] - begin;
        out = write_line(&in->coords[3 * begin], n, passes[i], out);
        job->output->offsets[i + 1] = (int32_t)((out - job->output->coords) / 3);
    }
}

static int subdivide_run(const struct kernel_job *job, struct px_error *error) {
    const struct subdivide_params *p = job->params;
    const size_t lines = job->line_end - job->line_begin;
    if (p->subdivisions <= 0)
        return KERNEL_SAME;
    const unsigned wanted = p->subdivisions > PASSES_MAX ? PASSES_MAX : (unsigned)p->subdivisions;
    uint8_t *passes = scratch_take(job->context->scratch, lines);
    if (passes == NULL)
        return px_fail(error, PX_E_NO_MEMORY, "no scratch for %zu lines", lines);
    const double vertices = plan_lines(job, wanted, passes);
    if (vertices < 0)
        return KERNEL_SAME;
    int code = kernel_check_budget(job->context, "subdivide", vertices, (double)lines, error);
    if (code == 0)
        code = kernel_output_reserve(job->output, (size_t)vertices, lines, error);
    if (code != 0)
        return code;
    write_lines(job, passes);
    job->output->vertex_count = (size_t)vertices;
    job->output->line_count = lines;
    return 0;
}

extern const struct kernel KERNEL_SYMBOL(subdivide);
const struct kernel KERNEL_SYMBOL(subdivide) = {
    .name = "subdivide",
    .version = 1,
    .role = KERNEL_EFFECT,
    .kind = KERNEL_LINES,
    .help = "Halves segments, so that later effects can bend them.",
    KERNEL_PARAMS(params, struct subdivide_params),
    .run = subdivide_run,
};
