/* affine.c: scales, rotates and shifts, about the centre of all vertices or about a point. */
#include "daemon/kernel/effects/linear.h"
#include "daemon/kernel/kernel.h"

struct affine_params {
    bool auto_center;
    double pivot[3];
    double rotation[3];
    double scale[3];
    double delta[3];
};

static const struct param params[] = {
    PARAM(BOOL, struct affine_params, auto_center, .def = 1, .unit = "", .help = "About the mean of all vertices."),
    PARAM(VECTOR, struct affine_params, pivot, .min = -100, .max = 100, .unit = "mm",
          .help = "The fixed point, where auto_center is off."),
    PARAM(VECTOR, struct affine_params, rotation, .min = -180, .max = 180, .unit = "deg",
          .help = "Angles about x, then y, then z, after scaling."),
    PARAM(VECTOR, struct affine_params, scale, .def = 1, .min = 0, .max = 3, .unit = "", .help = "Factor per axis."),
    PARAM(VECTOR, struct affine_params, delta, .min = -100, .max = 100, .unit = "mm",
          .help = "The shift, neither scaled nor turned."),
};

/* Neither scaled nor turned: only shifted. */
static bool affine_only_shifts(const struct affine_params *p) {
    return linear_all(p->rotation, 0.0) && linear_all(p->scale, 1.0);
}

static unsigned affine_measures(const void *values) {
    const struct affine_params *p = values;
    return p->auto_center && !affine_only_shifts(p) ? MEASURE_CENTRE : MEASURE_NONE;
}

static int affine_prepare(const void *values, const struct measure *measure, const struct kernel_context *context,
                          void *state, struct px_error *error) {
    (void)context, (void)error;
    const struct affine_params *p = values;
    const bool only_shifts = affine_only_shifts(p);
    if (only_shifts && linear_all(p->delta, 0.0))
        return KERNEL_SAME;
    const double origin[3] = {0, 0, 0};
    const double *about = p->auto_center ? measure->centre : p->pivot;
    const struct matrix turned = matrix_rotation(p->rotation);
    const struct matrix matrix = matrix_scaled(&turned, p->scale);
    *(struct linear *)state = linear_of(&matrix, only_shifts ? origin : about, p->delta);
    return 0;
}

extern const struct kernel KERNEL_SYMBOL(affine);
const struct kernel KERNEL_SYMBOL(affine) = {
    .name = "affine",
    .version = 1,
    .role = KERNEL_EFFECT,
    .kind = KERNEL_POINTS,
    .help = "Scales, rotates and shifts about the centre or a point.",
    KERNEL_PARAMS(params, struct affine_params),
    .measures = affine_measures,
    .prepare = affine_prepare,
    .points = linear_points,
    .linear = true,
};
