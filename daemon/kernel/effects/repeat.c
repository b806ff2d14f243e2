/* repeat.c: the input and copies of it, each scaled, turned and shifted a little further. */
#include "daemon/kernel/blocks.h"
#include "daemon/kernel/effects/linear.h"
#include "daemon/kernel/kernel.h"
#include "daemon/kernel/math/power.h"

struct repeat_params {
    int64_t count;
    bool cumulative_scale;
    bool cumulative_offset;
    bool cumulative_rotate;
    double offset[3];
    double rotation_step[3];
    double scale[3];
    double curve;
    bool auto_center;
    double pivot[3];
};

static const struct param params[] = {
    PARAM(INTEGER, struct repeat_params, count, .def = 3, .min = 0, .max = 100, .step = 1, .unit = "",
          .help = "Number of copies beside the input."),
    PARAM(BOOL, struct repeat_params, cumulative_scale, .unit = "", .help = "The scale follows the curve."),
    PARAM(BOOL, struct repeat_params, cumulative_offset, .unit = "", .help = "The offset follows the curve."),
    PARAM(BOOL, struct repeat_params, cumulative_rotate, .unit = "", .help = "The rotation follows the curve."),
    PARAM(VECTOR, struct repeat_params, offset, .min = -100, .max = 100, .unit = "mm",
          .help = "Shift of the last copy."),
    PARAM(VECTOR, struct repeat_params, rotation_step, .min = -180, .max = 180, .unit = "deg",
          .help = "Rotation of the last copy, about x, then y, then z."),
    PARAM(VECTOR, struct repeat_params, scale, .def = 1, .min = 0, .max = 2, .unit = "",
          .help = "Scale of the last copy, per axis."),
    PARAM(NUMBER, struct repeat_params, curve, .def = 1, .min = 0.1, .max = 5, .unit = "",
          .help = "Exponent of what is cumulative; 1 is even."),
    PARAM(BOOL, struct repeat_params, auto_center, .def = 1, .unit = "", .help = "About the mean of all vertices."),
    PARAM(VECTOR, struct repeat_params, pivot, .min = -100, .max = 100, .unit = "mm",
          .help = "The fixed point, where auto_center is off."),
};

static struct linear copy_of(const struct repeat_params *p, const double centre[3], int64_t index) {
    const double t = (double)index / (double)p->count;
    const double curved = math_pow(t, p->curve > 0.1 ? p->curve : 0.1);
    double angles[3], scale[3], shift[3];
    for (int axis = 0; axis < 3; axis++) {
        angles[axis] = (p->cumulative_rotate ? curved : t) * p->rotation_step[axis];
        scale[axis] = 1.0 + (p->scale[axis] - 1.0) * (p->cumulative_scale ? curved : t);
        shift[axis] = (p->cumulative_offset ? curved : t) * p->offset[axis];
    }
    const struct matrix turned = matrix_rotation(angles);
    const struct matrix matrix = matrix_scaled(&turned, scale);
    return linear_of(&matrix, centre, shift);
}

/* All copies of one block of the input while it is in the cache, each to its own place. */
static void repeat_block(const struct px_geometry *in, const struct linear *copies, size_t count, size_t first,
                         size_t n, float *out) {
    _Alignas(64) float from[3][POINTS_BLOCK + 16];
    _Alignas(64) float to[3][POINTS_BLOCK + 16];
    const float *const from_axes[3] = {from[0], from[1], from[2]};
    float *const to_axes[3] = {to[0], to[1], to[2]};
    memcpy(out + 3 * first, in->coords + 3 * first, 3 * n * sizeof *out);
    BLOCKS.spread(in->coords + 3 * first, from[0], from[1], from[2], n);
    for (size_t i = 0; i < count; i++) {
        linear_apply(&copies[i], from_axes, to_axes, n);
        BLOCKS.gather(to[0], to[1], to[2], out + 3 * ((i + 1) * in->vertex_count + first), n);
    }
}

static void repeat_offsets(const struct px_geometry *in, size_t copies, int32_t *offsets) {
    for (size_t copy = 0; copy <= copies; copy++) {
        const int32_t base = (int32_t)(copy * in->vertex_count);
        int32_t *at = offsets + copy * in->line_count;
        for (size_t i = 0; i < in->line_count; i++)
            at[i + 1] = base + in->offsets[i + 1];
    }
}

static int repeat_write(const struct kernel_job *job, const struct linear *copies, size_t count,
                        struct px_error *error) {
    const struct px_geometry *in = &job->inputs[0];
    for (size_t first = 0; first < in->vertex_count; first += POINTS_BLOCK) {
        if (kernel_cancelled(job->context))
            return px_fail(error, PX_E_CANCELLED, "cancelled");
        const size_t left = in->vertex_count - first;
        repeat_block(in, copies, count, first, left < POINTS_BLOCK ? left : POINTS_BLOCK, job->output->coords);
    }
    repeat_offsets(in, count, job->output->offsets);
    job->output->vertex_count = in->vertex_count * (count + 1);
    job->output->line_count = in->line_count * (count + 1);
    return 0;
}

static int repeat_run(const struct kernel_job *job, struct px_error *error) {
    const struct repeat_params *p = job->params;
    const struct px_geometry *in = &job->inputs[0];
    if (p->count <= 0 || in->line_count == 0)
        return KERNEL_SAME;
    const double times = (double)p->count + 1.0;
    int code = kernel_check_budget(job->context, "repeat", (double)in->vertex_count * times,
                                   (double)in->line_count * times, error);
    if (code != 0)
        return code;
    const size_t count = (size_t)p->count;
    code = kernel_output_reserve(job->output, in->vertex_count * (count + 1), in->line_count * (count + 1), error);
    if (code != 0)
        return code;
    struct linear *copies = scratch_take(job->context->scratch, count * sizeof *copies);
    if (copies == NULL)
        return px_fail(error, PX_E_NO_MEMORY, "no scratch for %zu copies", count);
    double centre[3];
    BLOCKS.centre(in->coords, in->vertex_count, centre);
    for (size_t i = 0; i < count; i++)
        copies[i] = copy_of(p, p->auto_center ? centre : p->pivot, (int64_t)i + 1);
    return repeat_write(job, copies, count, error);
}

extern const struct kernel KERNEL_SYMBOL(repeat);
const struct kernel KERNEL_SYMBOL(repeat) = {
    .name = "repeat",
    .version = 1,
    .role = KERNEL_EFFECT,
    .kind = KERNEL_WHOLE,
    .help = "Copies the drawing with growing scale, rotation and shift.",
    KERNEL_PARAMS(params, struct repeat_params),
    .run = repeat_run,
};
