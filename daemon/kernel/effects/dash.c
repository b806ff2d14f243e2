/* dash.c: cuts lines into dashes by arc length. */
#include "daemon/kernel/kernel.h"
#include "daemon/kernel/math/arc.h"

#include <string.h>

struct dash_params {
    struct param_numbers dash_length;
    struct param_numbers gap_length;
    struct param_numbers offset;
};

static const struct param params[] = {
    PARAM(NUMBERS, struct dash_params, dash_length, .def = 6, .min = 0, .max = 50, .unit = "mm",
          .help = "Length of a dash; a list is cycled along each line."),
    PARAM(NUMBERS, struct dash_params, gap_length, .def = 3, .min = 0, .max = 50, .unit = "mm",
          .help = "Length of a gap; a list is cycled along each line."),
    PARAM(NUMBERS, struct dash_params, offset, .def = 0, .min = 0, .max = 50, .unit = "mm",
          .help = "Where in the pattern a line starts; a list is cycled over lines."),
};

static size_t pairs_of(const struct dash_params *p) {
    return p->dash_length.count > p->gap_length.count ? p->dash_length.count : p->gap_length.count;
}

static double dash_at(const struct dash_params *p, size_t pair) {
    return p->dash_length.items[pair % p->dash_length.count];
}

static double gap_at(const struct dash_params *p, size_t pair) {
    return p->gap_length.items[pair % p->gap_length.count];
}

static double mean_of(struct param_numbers numbers) {
    double sum = 0.0;
    for (size_t i = 0; i < numbers.count; i++)
        sum += numbers.items[i];
    return sum / numbers.count;
}

/* Whether the pattern goes on at every step; if not, nothing is cut. */
static bool pattern_advances(const struct dash_params *p) {
    for (size_t i = 0; i < pairs_of(p); i++) {
        if (dash_at(p, i) + gap_at(p, i) <= 0.0)
            return false;
    }
    return mean_of(p->dash_length) + mean_of(p->gap_length) > 0.0;
}

/* One line and what its pattern has come to. */
struct dasher {
    const struct dash_params *params;
    const float *coords;
    const double *s;
    size_t n;
    double length;
    double offset;
    double at; /* along the pattern */
    size_t pair;
    size_t vertex; /* a guess for arc_lower */
};

/* A dash: from start to end, with the vertices first..last - 1 in between. */
struct dash {
    double start;
    double end;
    size_t first;
    size_t last;
};

static bool dasher_next(struct dasher *d, struct dash *dash) {
    const double end_of_pattern = d->length + d->offset;
    while (d->at < end_of_pattern) {
        const double length = dash_at(d->params, d->pair);
        const double from = d->at;
        const double to = from + length < end_of_pattern ? from + length : end_of_pattern;
        d->at = from + (length + gap_at(d->params, d->pair));
        d->pair++;
        dash->start = (from > d->offset ? from : d->offset) - d->offset;
        dash->end = to - d->offset < d->length ? to - d->offset : d->length;
        if (dash->end > dash->start) {
            dash->first = arc_lower(d->s, d->n, dash->start, d->vertex);
            dash->last = arc_lower(d->s, d->n, dash->end, dash->first);
            d->vertex = dash->last;
            return true;
        }
    }
    return false;
}

/* The dasher of a line, its arc lengths in s. length 0: the line is left as it is. */
static struct dasher dasher_of(const struct kernel_job *job, size_t line, double *s) {
    const struct dash_params *p = job->params;
    const struct px_geometry *in = &job->inputs[0];
    const size_t begin = (size_t)in->offsets[line];
    const size_t n = (size_t)in->offsets[line + 1] - begin;
    const float *coords = &in->coords[3 * begin];
    const double offset = p->offset.items[line % p->offset.count];
    return (struct dasher){.params = p,
                           .coords = coords,
                           .s = s,
                           .n = n,
                           .length = arc_lengths(coords, n, s),
                           .offset = offset > 0.0 ? offset : 0.0};
}

static void write_point(const struct dasher *d, size_t k, double t, float *out) {
    double point[3];
    if (k == 0) {
        memcpy(out, d->coords, 3 * sizeof *out);
        return;
    }
    arc_point(d->coords, d->s, k < d->n ? k : d->n - 1, t, point);
    for (size_t axis = 0; axis < 3; axis++)
        out[axis] = (float)point[axis];
}

static float *write_dash(const struct dasher *d, const struct dash *dash, float *out) {
    const size_t inner = dash->last - dash->first;
    write_point(d, dash->first, dash->start, out);
    memcpy(out + 3, d->coords + 3 * dash->first, 3 * inner * sizeof *out);
    write_point(d, dash->last, dash->end, out + 3 + 3 * inner);
    return out + 3 * (inner + 2);
}

/* Vertices and lines of the result. */
struct size {
    size_t vertices;
    size_t lines;
};

/* More steps along the pattern than a result can have lines: refused before they are walked. */
static int check_steps(const struct kernel_job *job, const struct dasher *d, struct px_error *error) {
    const double step = mean_of(d->params->dash_length) + mean_of(d->params->gap_length);
    const double steps = (d->length + d->offset) / step;
    return kernel_check_budget(job->context, "dash", 0, steps, error);
}

static int count_line(const struct kernel_job *job, struct dasher *d, struct size *size, struct px_error *error) {
    int code = check_steps(job, d, error);
    const size_t before = size->lines;
    struct dash dash;
    while (code == 0 && dasher_next(d, &dash)) {
        size->lines++;
        size->vertices += 2 + (dash.last - dash.first);
        if (size->lines % 4096 == 0)
            code = kernel_check_budget(job->context, "dash", (double)size->vertices, (double)size->lines, error);
    }
    if (size->lines == before) {
        size->lines++;
        size->vertices += d->n;
    }
    return code;
}

static int count_lines(const struct kernel_job *job, double *s, struct size *size, struct px_error *error) {
    for (size_t line = job->line_begin; line < job->line_end; line++) {
        struct dasher d = dasher_of(job, line, s);
        const int code = count_line(job, &d, size, error);
        if (code != 0)
            return code;
    }
    return kernel_check_budget(job->context, "dash", (double)size->vertices, (double)size->lines, error);
}

static void write_lines(const struct kernel_job *job, double *s) {
    struct kernel_output *output = job->output;
    float *out = output->coords;
    size_t lines = 0;
    for (size_t line = job->line_begin; line < job->line_end; line++) {
        struct dasher d = dasher_of(job, line, s);
        struct dash dash;
        const size_t before = lines;
        while (dasher_next(&d, &dash)) {
            out = write_dash(&d, &dash, out);
            output->offsets[++lines] = (int32_t)((out - output->coords) / 3);
        }
        if (lines == before) {
            if (d.n > 0)
                memcpy(out, d.coords, 3 * d.n * sizeof *out);
            out += 3 * d.n;
            output->offsets[++lines] = (int32_t)((out - output->coords) / 3);
        }
    }
}

static size_t longest_line(const struct kernel_job *job) {
    const int32_t *offsets = job->inputs[0].offsets;
    size_t longest = 0;
    for (size_t line = job->line_begin; line < job->line_end; line++) {
        const size_t n = (size_t)(offsets[line + 1] - offsets[line]);
        longest = n > longest ? n : longest;
    }
    return longest;
}

static int dash_run(const struct kernel_job *job, struct px_error *error) {
    if (!pattern_advances(job->params) || job->line_begin == job->line_end)
        return KERNEL_SAME;
    const size_t longest = longest_line(job);
    double *s = scratch_take(job->context->scratch, longest * sizeof *s);
    if (s == NULL)
        return px_fail(error, PX_E_NO_MEMORY, "no scratch for a line of %zu vertices", longest);
    struct size size = {0, 0};
    int code = count_lines(job, s, &size, error);
    if (code == 0)
        code = kernel_output_reserve(job->output, size.vertices, size.lines, error);
    if (code != 0)
        return code;
    write_lines(job, s);
    job->output->vertex_count = size.vertices;
    job->output->line_count = size.lines;
    return 0;
}

extern const struct kernel KERNEL_SYMBOL(dash);
const struct kernel KERNEL_SYMBOL(dash) = {
    .name = "dash",
    .version = 1,
    .role = KERNEL_EFFECT,
    .kind = KERNEL_LINES,
    .help = "Cuts lines into dashes.",
    KERNEL_PARAMS(params, struct dash_params),
    .run = dash_run,
};
