/* fill.c: hatches the inside of closed lines with parallel lines.
 *
 *     all in one plane    outlines grouped with their holes, each group hatched; all lines first, then the hatching
 *     otherwise           each flat line by itself, its hatching after it; lines that are not flat stay as they are
 *
 * The lists (angle_sets, angle, density, spacing_gradient) cycle over groups, or over lines.
 */
#include "daemon/kernel/math/elementary.h"
#include "daemon/kernel/math/hatch.h"
#include "daemon/kernel/math/plane.h"

#include <string.h>

struct fill_params {
    struct param_numbers angle_sets;
    struct param_numbers angle;
    struct param_numbers density;
    struct param_numbers spacing_gradient;
    bool remove_boundary;
};

static const struct param params[] = {
    PARAM(NUMBERS, struct fill_params, angle_sets, .def = 1, .min = 1, .max = 6, .step = 1, .unit = "",
          .help = "Directions of hatching, spread evenly over 180 degrees; a list cycles over groups."),
    PARAM(NUMBERS, struct fill_params, angle, .def = 45, .min = 0, .max = 180, .unit = "deg",
          .help = "Direction of the first set; a list cycles over groups."),
    PARAM(NUMBERS, struct fill_params, density, .def = 35, .min = 0, .max = 400, .unit = "",
          .help = "Lines over the height of the whole, 2 to 400; 0 and less leaves out; a list cycles over groups."),
    PARAM(NUMBERS, struct fill_params, spacing_gradient, .def = 0, .min = -5, .max = 5, .unit = "",
          .help = "Growth of the spacing across the hatching, clamped to -4..4; a list cycles over groups."),
    PARAM(BOOL, struct fill_params, remove_boundary, .def = 0, .help = "Leave the outlines out of the result."),
};

/* Hatching that stands together in the output. */
struct batch {
    size_t line;                       /* stands after this input line */
    size_t segment_begin, segment_end; /* in hatch.segments */
};

struct filling {
    const struct fill_params *params;
    const struct px_geometry *input;
    const struct kernel_context *context;
    double *xy;         /* the vertices in their plane */
    struct ring *rings; /* one an input line */
    bool *keeps;        /* input lines that stay */
    struct batch *batches;
    size_t batch_count;
    bool flat; /* all in `whole`; else each line in its own plane */
    struct plane whole;
    struct hatch hatch;
};

static double cycled(const struct param_numbers *numbers, size_t i) {
    return numbers->items[i % numbers->count];
}

static bool all_off(const struct param_numbers *density) {
    for (uint32_t i = 0; i < density->count; i++)
        if (density->items[i] > 0)
            return false;
    return true;
}

static int out_of_scratch(struct px_error *error) {
    return px_fail(error, PX_E_NO_MEMORY, "the memory for intermediate results is spent");
}

static size_t line_length(const struct px_geometry *geometry, size_t line) {
    return (size_t)(geometry->offsets[line + 1] - geometry->offsets[line]);
}

static const float *line_coords(const struct px_geometry *geometry, size_t line) {
    return geometry->coords + 3 * (size_t)geometry->offsets[line];
}

/* The hatching of one group, number `index` for the lists: its angle sets one after another. */
static int fill_group(struct filling *f, const uint32_t *members, size_t count, size_t index, double height,
                      bool keep_points, struct px_error *error) {
    double density = cycled(&f->params->density, index);
    if (density <= 0 || !(height > 0))
        return 0;
    double lines = math_rint(fmin(400, density));
    double sets = fmax(1, trunc(cycled(&f->params->angle_sets, index)));
    int code = kernel_check_budget(f->context, "fill: angle_sets", 2 * sets, sets, error);
    struct hatch_rule rule = {
        .spacing = height / fmin(400, fmax(2, lines)),
        .gradient = cycled(&f->params->spacing_gradient, index),
        .keep_points = keep_points,
    };
    for (double set = 0; code == 0 && set < sets; set++) {
        rule.angle = fmod(cycled(&f->params->angle, index), 360.0) + 180.0 * set / sets;
        code = kernel_cancelled(f->context) ? px_fail(error, PX_E_CANCELLED, "cancelled")
                                            : hatch_draw(&f->hatch, f->rings, members, count, &rule, error);
    }
    return code;
}

/* ---- all in one plane ------------------------------------------------------------------------------------------- */

/* Whether the group has any height before it is turned. */
static bool group_stands(const struct filling *f, const uint32_t *members, size_t count) {
    double low = INFINITY, high = -INFINITY;
    for (size_t i = 0; i < count; i++) {
        low = fmin(low, f->rings[members[i]].min[1]);
        high = fmax(high, f->rings[members[i]].max[1]);
    }
    return high > low;
}

static void rings_of_lines(struct filling *f) {
    for (size_t i = 0; i < f->input->line_count; i++)
        f->rings[i] = ring_of(f->xy + 2 * (size_t)f->input->offsets[i], line_length(f->input, i));
}

static double height_of_whole(const struct filling *f) {
    double low = INFINITY, high = -INFINITY;
    for (size_t i = 0; i < f->input->line_count; i++) {
        low = fmin(low, f->rings[i].min[1]);
        high = fmax(high, f->rings[i].max[1]);
    }
    return high - low;
}

static int fill_flat(struct filling *f, struct px_error *error) {
    plane_flatten(&f->whole, f->input->coords, f->input->vertex_count, f->xy);
    rings_of_lines(f);
    double height = height_of_whole(f);
    if (!(height > 0))
        return KERNEL_SAME;
    struct ring_groups groups;
    if (!ring_group(f->rings, f->input->line_count, f->context->scratch, &groups))
        return out_of_scratch(error);
    for (size_t g = 0; g < groups.count; g++) {
        const uint32_t *members = groups.members + groups.starts[g];
        size_t count = groups.starts[g + 1] - groups.starts[g];
        if (!group_stands(f, members, count))
            continue;
        int code = fill_group(f, members, count, g, height, false, error);
        if (code < 0)
            return code;
    }
    for (size_t i = 0; i < f->input->line_count; i++)
        f->keeps[i] = !f->params->remove_boundary;
    f->batches[f->batch_count++] =
        (struct batch){.line = f->input->line_count - 1, .segment_end = f->hatch.segment_count};
    return 0;
}

/* ---- each line by itself ---------------------------------------------------------------------------------------- */

static bool line_is_flat(const struct plane *plane, const float *coords, size_t count) {
    return plane_height(plane, coords, count) <= fmax(1e-6, 1e-5 * plane_diagonal(coords, count));
}

static int fill_line(struct filling *f, uint32_t line, struct px_error *error) {
    const float *coords = line_coords(f->input, line);
    size_t count = line_length(f->input, line);
    f->keeps[line] = true;
    if (cycled(&f->params->density, line) <= 0) {
        f->keeps[line] = !f->params->remove_boundary;
        return 0;
    }
    struct plane plane = plane_of_line(coords, count);
    if (count < 3 || !line_is_flat(&plane, coords, count))
        return 0;
    f->keeps[line] = !f->params->remove_boundary;
    double *xy = f->xy + 2 * (size_t)f->input->offsets[line];
    plane_flatten(&plane, coords, count, xy);
    f->rings[line] = ring_of(xy, count);
    size_t begin = f->hatch.segment_count;
    int code = fill_group(f, &line, 1, line, f->rings[line].max[1] - f->rings[line].min[1], true, error);
    if (code == 0 && f->hatch.segment_count > begin)
        f->batches[f->batch_count++] =
            (struct batch){.line = line, .segment_begin = begin, .segment_end = f->hatch.segment_count};
    return code;
}

static int fill_lines(struct filling *f, struct px_error *error) {
    for (size_t i = 0; i < f->input->line_count; i++) {
        int code = fill_line(f, (uint32_t)i, error);
        if (code < 0)
            return code;
    }
    return 0;
}

/* ---- the result ------------------------------------------------------------------------------------------------- */

static void line_copy(const struct filling *f, struct kernel_output *output, size_t line) {
    size_t count = line_length(f->input, line);
    if (count > 0)
        memcpy(output->coords + 3 * output->vertex_count, line_coords(f->input, line), 3 * count * sizeof(float));
    output->vertex_count += count;
    output->offsets[++output->line_count] = (int32_t)output->vertex_count;
}

static void batch_write(const struct filling *f, struct kernel_output *output, const struct batch *batch) {
    struct plane own = plane_of_line(line_coords(f->input, batch->line), line_length(f->input, batch->line));
    const struct plane *plane = f->flat ? &f->whole : &own;
    for (size_t i = batch->segment_begin; i < batch->segment_end; i++) {
        const double *segment = f->hatch.segments[i];
        float *at = output->coords + 3 * output->vertex_count;
        plane_raise(plane, segment[0], segment[1], at);
        plane_raise(plane, segment[2], segment[3], at + 3);
        output->vertex_count += 2;
        output->offsets[++output->line_count] = (int32_t)output->vertex_count;
    }
}

static int result_write(const struct filling *f, struct kernel_output *output, struct px_error *error) {
    size_t vertices = 2 * f->hatch.segment_count, lines = f->hatch.segment_count;
    for (size_t i = 0; i < f->input->line_count; i++) {
        vertices += f->keeps[i] ? line_length(f->input, i) : 0;
        lines += f->keeps[i];
    }
    int code = kernel_check_budget(f->context, "fill", (double)vertices, (double)lines, error);
    if (code == 0)
        code = kernel_output_reserve(output, vertices, lines, error);
    if (code < 0)
        return code;
    output->vertex_count = output->line_count = 0;
    size_t next = 0;
    for (size_t i = 0; i < f->input->line_count; i++) {
        if (f->keeps[i])
            line_copy(f, output, i);
        for (; next < f->batch_count && f->batches[next].line == i; next++)
            batch_write(f, output, &f->batches[next]);
    }
    return 0;
}

static bool filling_init(struct filling *f, const struct kernel_job *job) {
    struct scratch *scratch = job->context->scratch;
    size_t lines = job->inputs[0].line_count;
    *f = (struct filling){
        .params = job->params,
        .input = &job->inputs[0],
        .context = job->context,
        .hatch = {.context = job->context},
        .xy = scratch_take(scratch, 2 * job->inputs[0].vertex_count * sizeof *f->xy),
        .rings = scratch_take(scratch, lines * sizeof *f->rings),
        .keeps = scratch_take(scratch, lines * sizeof *f->keeps),
        .batches = scratch_take(scratch, lines * sizeof *f->batches),
    };
    return f->xy != NULL && f->rings != NULL && f->keeps != NULL && f->batches != NULL;
}

static int fill_run(const struct kernel_job *job, struct px_error *error) {
    const struct fill_params *p = job->params;
    if (all_off(&p->density) || job->inputs[0].vertex_count == 0)
        return KERNEL_SAME;
    struct filling f;
    if (!filling_init(&f, job))
        return out_of_scratch(error);
    f.flat = plane_of_whole(&job->inputs[0], 1, &f.whole);
    int code = f.flat ? fill_flat(&f, error) : fill_lines(&f, error);
    return code != 0 ? code : result_write(&f, job->output, error);
}

const struct kernel KERNEL_SYMBOL(fill) = {
    .name = "fill",
    .version = 1,
    .role = KERNEL_EFFECT,
    .kind = KERNEL_WHOLE,
    .help = "Hatches the inside of closed lines.",
    KERNEL_PARAMS(params, struct fill_params),
    .run = fill_run,
};
