/* scale.c: scales about the centre of all vertices, or about a point. */
#include "daemon/kernel/effects/linear.h"
#include "daemon/kernel/kernel.h"

struct scale_params {
    bool auto_center;
    double pivot[3];
    double scale[3];
};

static const struct param params[] = {
    PARAM(BOOL, struct scale_params, auto_center, .def = 1, .unit = "", .help = "About the mean of all vertices."),
    PARAM(VECTOR, struct scale_params, pivot, .min = -100, .max = 100, .unit = "mm",
          .help = "The fixed point, where auto_center is off."),
    PARAM(VECTOR, struct scale_params, scale, .def = 0.75, .min = 0, .max = 3, .unit = "", .help = "Factor per axis."),
};

static unsigned scale_measures(const void *values) {
    const struct scale_params *p = values;
    return p->auto_center && !linear_all(p->scale, 1.0) ? MEASURE_CENTRE : MEASURE_NONE;
}

static int scale_prepare(const void *values, const struct measure *measure, const struct kernel_context *context,
                         void *state, struct px_error *error) {
    (void)context, (void)error;
    const struct scale_params *p = values;
    if (linear_all(p->scale, 1.0))
        return KERNEL_SAME;
    const struct matrix identity = matrix_identity();
    const struct matrix matrix = matrix_scaled(&identity, p->scale);
    *(struct linear *)state = linear_of(&matrix, p->auto_center ? measure->centre : p->pivot, (double[3]){0, 0, 0});
    return 0;
}

extern const struct kernel KERNEL_SYMBOL(scale);
const struct kernel KERNEL_SYMBOL(scale) = {
    .name = "scale",
    .version = 1,
    .role = KERNEL_EFFECT,
    .kind = KERNEL_POINTS,
    .help = "Scales about the centre or a point.",
    KERNEL_PARAMS(params, struct scale_params),
    .measures = scale_measures,
    .prepare = scale_prepare,
    .points = linear_points,
    .linear = true,
};
