/* trim.c: keeps a window of each line's arc length. */
#include "daemon/kernel/kernel.h"
#include "daemon/kernel/math/arc.h"

#include <string.h>

struct trim_params {
    double start_param;
    double end_param;
};

static const struct param params[] = {
    PARAM(NUMBER, struct trim_params, start_param, .def = 0.1, .min = 0, .max = 1, .unit = "",
          .help = "Where the window begins, as a part of the line's length."),
    PARAM(NUMBER, struct trim_params, end_param, .def = 0.5, .min = 0, .max = 1, .unit = "",
          .help = "Where the window ends, as a part of the line's length."),
};

/* The last point is left out where it is this close to the one before, plus 1e-5 of each coordinate. */
#define CLOSE 1e-8

static double clamped(double value) {
    return value < 0.0 ? 0.0 : (value > 1.0 ? 1.0 : value);
}

/* The point at length t, on the first segment that reaches it. */
static void point_at(const float *coords, const double *s, size_t n, double t, double out[3]) {
    const size_t k = t <= 0.0 ? 0 : (t >= s[n - 1] ? n : arc_lower(s, n, t, 0));
    if (k > 0 && k < n) {
        arc_point(coords, s, k, t, out);
        return;
    }
    for (size_t axis = 0; axis < 3; axis++)
        out[axis] = (double)coords[3 * (k == 0 ? 0 : n - 1) + axis];
}

static bool is_close(const double p[3], const double q[3]) {
    for (size_t axis = 0; axis < 3; axis++) {
        if (math_abs(p[axis] - q[axis]) > CLOSE + 1e-5 * math_abs(q[axis]))
            return false;
    }
    return true;
}

static void write_point(const double point[3], float *out) {
    for (size_t axis = 0; axis < 3; axis++)
        out[axis] = (float)point[axis];
}

/* Writes the window of a line of some length; returns its number of vertices, 1 if it shrinks to a point. */
static size_t write_window(const float *coords, const double *s, size_t n, double from, double to, float *out) {
    double point[3], last[3];
    point_at(coords, s, n, from, point);
    write_point(point, out);
    size_t count = 1;
    for (size_t k = arc_lower(s, n, from, 0); k < n && s[k] < to; k++) {
        if (s[k] <= from)
            continue;
        memcpy(out + 3 * count++, coords + 3 * k, 3 * sizeof *out);
        for (size_t axis = 0; axis < 3; axis++)
            point[axis] = (double)coords[3 * k + axis];
    }
    point_at(coords, s, n, to, last);
    if (!is_close(point, last))
        write_point(last, out + 3 * count++);
    return count;
}

/* Vertices written for a line; 0: it is dropped, if it had any. */
static size_t write_line(const struct trim_params *p, const float *coords, size_t n, double *s, float *out) {
    const double length = arc_lengths(coords, n, s);
    if (n < 2 || length <= 0.0) {
        if (n > 0)
            memcpy(out, coords, 3 * n * sizeof *out);
        return n;
    }
    const size_t count =
        write_window(coords, s, n, clamped(p->start_param) * length, clamped(p->end_param) * length, out);
    return count < 2 ? 0 : count;
}

static int trim_run(const struct kernel_job *job, struct px_error *error) {
    const struct trim_params *p = job->params;
    const struct px_geometry *in = &job->inputs[0];
    struct kernel_output *output = job->output;
    if (clamped(p->start_param) >= clamped(p->end_param))
        return KERNEL_SAME;
    double *s = scratch_take(job->context->scratch, in->vertex_count * sizeof *s);
    if (s == NULL)
        return px_fail(error, PX_E_NO_MEMORY, "no scratch for %zu vertices", in->vertex_count);
    /* A window has no more vertices than its line: each end that moves inward leaves a vertex outside. */
    const int code = kernel_output_reserve(output, in->vertex_count, in->line_count, error);
    if (code != 0)
        return code;
    size_t vertices = 0, lines = 0;
    for (size_t line = 0; line < in->line_count; line++) {
        const size_t begin = (size_t)in->offsets[line];
        const size_t n = (size_t)in->offsets[line + 1] - begin;
        const size_t count = write_line(p, &in->coords[3 * begin], n, s, output->coords + 3 * vertices);
        if (count == 0 && n > 0)
            continue;
        vertices += count;
        output->offsets[++lines] = (int32_t)vertices;
    }
    output->vertex_count = vertices;
    output->line_count = lines;
    return lines == 0 ? KERNEL_SAME : 0;
}

extern const struct kernel KERNEL_SYMBOL(trim);
const struct kernel KERNEL_SYMBOL(trim) = {
    .name = "trim",
    .version = 1,
    .role = KERNEL_EFFECT,
    .kind = KERNEL_WHOLE, /* one line's fate depends on the others: nothing left gives the input */
    .help = "Keeps a part of each line.",
    KERNEL_PARAMS(params, struct trim_params),
    .run = trim_run,
};
