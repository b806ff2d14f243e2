/* rotate.c: rotates about x, then y, then z through the centre of all vertices, or through a point. */
#include "daemon/kernel/effects/linear.h"
#include "daemon/kernel/kernel.h"

struct rotate_params {
    bool auto_center;
    double pivot[3];
    double rotation[3];
};

static const struct param params[] = {
    PARAM(BOOL, struct rotate_params, auto_center, .def = 1, .unit = "", .help = "About the mean of all vertices."),
    PARAM(VECTOR, struct rotate_params, pivot, .min = -100, .max = 100, .unit = "mm",
          .help = "The fixed point, where auto_center is off."),
    PARAM(VECTOR, struct rotate_params, rotation, .min = -180, .max = 180, .unit = "deg",
          .help = "Angles about x, then y, then z."),
};

static unsigned rotate_measures(const void *values) {
    const struct rotate_params *p = values;
    return p->auto_center && !linear_all(p->rotation, 0.0) ? MEASURE_CENTRE : MEASURE_NONE;
}

static int rotate_prepare(const void *values, const struct measure *measure, const struct kernel_context *context,
                          void *state, struct px_error *error) {
    (void)context, (void)error;
    const struct rotate_params *p = values;
    if (linear_all(p->rotation, 0.0))
        return KERNEL_SAME;
    const struct matrix matrix = matrix_rotation(p->rotation);
    *(struct linear *)state = linear_of(&matrix, p->auto_center ? measure->centre : p->pivot, (double[3]){0, 0, 0});
    return 0;
}

extern const struct kernel KERNEL_SYMBOL(rotate);
const struct kernel KERNEL_SYMBOL(rotate) = {
    .name = "rotate",
    .version = 1,
    .role = KERNEL_EFFECT,
    .kind = KERNEL_POINTS,
    .help = "Rotates about the centre or a point.",
    KERNEL_PARAMS(params, struct rotate_params),
    .measures = rotate_measures,
    .prepare = rotate_prepare,
    .points = linear_points,
    .linear = true,
};
