/* polygon.c: a regular polygon of radius one half, closed. */
#include "daemon/kernel/shapes/direction.h"
#include "daemon/kernel/shapes/pen.h"

struct polygon_params {
    int64_t n_sides;
    double phase;
};

static const struct param params[] = {
    PARAM(INTEGER, struct polygon_params, n_sides, .def = 6, .min = 3, .max = 120, .step = 1, .unit = "",
          .rounded = true, .help = "Number of sides, rounded and clamped to 3..120."),
    PARAM(NUMBER, struct polygon_params, phase, .def = 0, .min = 0, .max = 360, .unit = "deg",
          .help = "Turn of the first corner from +x towards +y."),
};

static int polygon_run(const struct kernel_job *job, struct px_error *error) {
    const struct polygon_params *p = job->params;
    uint64_t n = p->n_sides < 3 ? 3 : p->n_sides > 120 ? 120 : (uint64_t)p->n_sides;
    struct tally tally = {0};
    tally_add(&tally, 1, n + 1);
    struct pen pen;
    int code = pen_open(&pen, job, tally, error);
    if (code < 0)
        return code;
    struct direction phase = direction_of(radians_of(p->phase));
    for (uint64_t i = 0; i < n; i++) {
        struct direction corner = direction_on_ring(i, n);
        double x = 0.5 * corner.cos, y = 0.5 * corner.sin;
        pen_point(&pen, x * phase.cos - y * phase.sin, x * phase.sin + y * phase.cos, 0);
    }
    pen_again(&pen, 0);
    pen_lift(&pen);
    return pen_close(&pen, error);
}

const struct kernel KERNEL_SYMBOL(polygon) = {
    .name = "polygon",
    .version = 1,
    .role = KERNEL_SHAPE,
    .kind = KERNEL_WHOLE,
    .help = "A regular polygon of radius 0.5, closed.",
    KERNEL_PARAMS(params, struct polygon_params),
    .run = polygon_run,
};
