/* wobble.c: moves each coordinate by a sine of itself. */
#include "daemon/kernel/effects/linear.h"
#include "daemon/kernel/kernel.h"
#include "daemon/kernel/math/elementary.h"

struct wobble_params {
    double amplitude;
    double frequency[3];
    double phase;
};

struct wobble_state {
    double amplitude;
    double pace[3]; /* radians a millimetre */
    double phase;   /* radians */
};

static const struct param params[] = {
    PARAM(NUMBER, struct wobble_params, amplitude, .def = 2, .min = 0, .max = 20, .unit = "mm",
          .help = "The largest shift."),
    PARAM(VECTOR, struct wobble_params, frequency, .def = 0.1, .min = 0, .max = 0.2, .unit = "1/mm",
          .help = "Waves a millimetre, per axis."),
    PARAM(NUMBER, struct wobble_params, phase, .min = 0, .max = 360, .unit = "deg",
          .help = "Where the waves start; with a phase, flat drawings leave z = 0."),
};

static int wobble_prepare(const void *values, const struct measure *measure, const struct kernel_context *context,
                          void *state, struct px_error *error) {
    (void)measure, (void)context, (void)error;
    const struct wobble_params *p = values;
    const double phase = fmod(p->phase, 360.0);
    if (p->amplitude == 0.0 || (phase == 0.0 && linear_all(p->frequency, 0.0)))
        return KERNEL_SAME;
    struct wobble_state *s = state;
    s->amplitude = p->amplitude;
    s->phase = phase * MATH_DEGREE;
    for (int axis = 0; axis < 3; axis++)
        s->pace[axis] = 2.0 * MATH_PI * p->frequency[axis];
    return 0;
}

static void wobble_axis(double amplitude, double pace, double phase, float *values, size_t n) {
    for (size_t i = 0; i < n; i++) {
        const double q = (double)values[i];
        values[i] = (float)(q + amplitude * math_sin(q * pace + phase));
    }
}

static void wobble_points(const void *state, float *x, float *y, float *z, size_t n) {
    const struct wobble_state *s = state;
    wobble_axis(s->amplitude, s->pace[0], s->phase, x, n);
    wobble_axis(s->amplitude, s->pace[1], s->phase, y, n);
    wobble_axis(s->amplitude, s->pace[2], s->phase, z, n);
}

extern const struct kernel KERNEL_SYMBOL(wobble);
const struct kernel KERNEL_SYMBOL(wobble) = {
    .name = "wobble",
    .version = 1,
    .role = KERNEL_EFFECT,
    .kind = KERNEL_POINTS,
    .help = "Bends lines by sine waves.",
    KERNEL_PARAMS(params, struct wobble_params),
    .prepare = wobble_prepare,
    .points = wobble_points,
};
