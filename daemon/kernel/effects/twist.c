/* twist.c: turns each vertex about an axis through the origin, by an angle that grows along that axis. */
#include "daemon/kernel/kernel.h"
#include "daemon/kernel/math/elementary.h"

struct twist_params {
    double angle;
    struct param_string axis;
};

/* The turn at height q is q * slope + start, radians. */
struct twist_state {
    double slope;
    double start;
    int axis;
};

enum { AXIS_X, AXIS_Y, AXIS_Z };

static const char *const axes[] = {"x", "y", "z", NULL};

static const struct param params[] = {
    PARAM(NUMBER, struct twist_params, angle, .def = 60, .min = 0, .max = 360, .unit = "deg",
          .help = "The turn at the far end; the near end turns the other way."),
    PARAM(STRING, struct twist_params, axis, .def_text = "y", .choices = axes, .unit = "",
          .help = "The axis through the origin; any other word means y."),
};

static int axis_of(struct param_string word) {
    if (word.length != 1)
        return AXIS_Y;
    switch (word.text[0]) {
    case 'x':
    case 'X':
        return AXIS_X;
    case 'z':
    case 'Z':
        return AXIS_Z;
    default:
        return AXIS_Y;
    }
}

static unsigned twist_measures(const void *values) {
    const struct twist_params *p = values;
    return p->angle != 0.0 ? MEASURE_BOUNDS : MEASURE_NONE;
}

static int twist_prepare(const void *values, const struct measure *measure, const struct kernel_context *context,
                         void *state, struct px_error *error) {
    (void)context, (void)error;
    const struct twist_params *p = values;
    if (p->angle == 0.0)
        return KERNEL_SAME;
    const int axis = axis_of(p->axis);
    const double low = (double)measure->min[axis];
    const double height = (double)measure->max[axis] - low;
    if (height <= 1e-9)
        return KERNEL_SAME;
    const double slope = 2.0 * p->angle * MATH_DEGREE / height;
    *(struct twist_state *)state =
        (struct twist_state){.slope = slope, .start = -p->angle * MATH_DEGREE - low * slope, .axis = axis};
    return 0;
}

static void twist_plane(const struct twist_state *s, const float *restrict height, float *restrict a, float *restrict b,
                        size_t n) {
    const double slope = s->slope;
    const double start = s->start;
    for (size_t i = 0; i < n; i++) {
        double sine, cosine;
        math_sincos((double)height[i] * slope + start, &sine, &cosine);
        const double first = (double)a[i];
        const double second = (double)b[i];
        a[i] = (float)(first * cosine - second * sine);
        b[i] = (float)(first * sine + second * cosine);
    }
}

static void twist_points(const void *state, float *x, float *y, float *z, size_t n) {
    const struct twist_state *s = state;
    if (s->axis == AXIS_X)
        twist_plane(s, x, y, z, n);
    else if (s->axis == AXIS_Y)
        twist_plane(s, y, x, z, n);
    else
        twist_plane(s, z, x, y, n);
}

extern const struct kernel KERNEL_SYMBOL(twist);
const struct kernel KERNEL_SYMBOL(twist) = {
    .name = "twist",
    .version = 1,
    .role = KERNEL_EFFECT,
    .kind = KERNEL_POINTS,
    .help = "Turns one end against the other.",
    KERNEL_PARAMS(params, struct twist_params),
    .measures = twist_measures,
    .prepare = twist_prepare,
    .points = twist_points,
};
