/* translate.c: shifts every vertex. */
#include "daemon/kernel/effects/linear.h"
#include "daemon/kernel/kernel.h"

struct translate_params {
    double delta[3];
};

/* Begins with what runs when float32 holds the shift exactly; else its kind is LINEAR_NONE. */
struct translate_state {
    struct linear linear;
    double delta[3];
};

static const struct param params[] = {
    PARAM(VECTOR, struct translate_params, delta, .min = -100, .max = 100, .unit = "mm", .help = "The shift."),
};

static int translate_prepare(const void *values, const struct measure *measure, const struct kernel_context *context,
                             void *state, struct px_error *error) {
    (void)measure, (void)context, (void)error;
    const struct translate_params *p = values;
    if (linear_all(p->delta, 0.0))
        return KERNEL_SAME;
    struct translate_state *s = state;
    *s = (struct translate_state){.linear.kind = LINEAR_SHIFT};
    for (int axis = 0; axis < 3; axis++) {
        s->delta[axis] = p->delta[axis];
        s->linear.k[axis] = (float)p->delta[axis];
        if ((double)s->linear.k[axis] != p->delta[axis])
            s->linear.kind = LINEAR_NONE;
    }
    return 0;
}

static void translate_axis(double delta, float *values, size_t n) {
    for (size_t i = 0; i < n; i++)
        values[i] = (float)((double)values[i] + delta);
}

/* Rounded once either way. */
static void translate_points(const void *state, float *x, float *y, float *z, size_t n) {
    const struct translate_state *s = state;
    if (s->linear.kind != LINEAR_NONE) {
        linear_points(&s->linear, x, y, z, n);
        return;
    }
    translate_axis(s->delta[0], x, n);
    translate_axis(s->delta[1], y, n);
    translate_axis(s->delta[2], z, n);
}

extern const struct kernel KERNEL_SYMBOL(translate);
const struct kernel KERNEL_SYMBOL(translate) = {
    .name = "translate",
    .version = 1,
    .role = KERNEL_EFFECT,
    .kind = KERNEL_POINTS,
    .help = "Shifts the drawing.",
    KERNEL_PARAMS(params, struct translate_params),
    .prepare = translate_prepare,
    .points = translate_points,
    .linear = true,
};
