/* cone.c: the base circle of a cone about z, and lines from the apex down to it. */
#include "daemon/kernel/shapes/direction.h"
#include "daemon/kernel/shapes/pen.h"

struct cone_params {
    double radius;
    double height;
    int64_t segments;
};

static const struct param params[] = {
    PARAM(NUMBER, struct cone_params, radius, .def = 0.3, .min = 0, .max = 1, .unit = "mm",
          .help = "Radius of the base."),
    PARAM(NUMBER, struct cone_params, height, .def = 0.6, .min = 0, .max = 2, .unit = "mm",
          .help = "Extent along z, centred on the origin."),
    PARAM(INTEGER, struct cone_params, segments, .def = 32, .min = 3, .max = 128, .step = 1, .unit = "",
          .help = "Pieces round the axis; below 1 nothing is drawn."),
};

static void circle(struct pen *pen, double radius, double z, uint64_t segments) {
    size_t first = pen->vertices;
    for (uint64_t i = 0; i < segments && (i % 4096 != 0 || pen_goes_on(pen)); i++) {
        struct direction at = direction_on_ring(i, segments);
        pen_point(pen, radius * at.cos, radius * at.sin, z);
    }
    pen_again(pen, first);
    pen_lift(pen);
}

static int cone_run(const struct kernel_job *job, struct px_error *error) {
    const struct cone_params *p = job->params;
    uint64_t n = count_of(p->segments);
    struct tally tally = {0};
    if (n > 0)
        tally_add(&tally, 1, n + 1);
    tally_add(&tally, n, 2);
    struct pen pen;
    int code = pen_open(&pen, job, tally, error);
    if (code < 0)
        return code;
    if (n > 0)
        circle(&pen, p->radius, -p->height / 2, n);
    for (uint64_t i = 0; i < n && pen_goes_on(&pen); i++) {
        struct direction at = direction_on_ring(i, n);
        pen_point(&pen, 0, 0, p->height / 2);
        pen_point(&pen, p->radius * at.cos, p->radius * at.sin, -p->height / 2);
        pen_lift(&pen);
    }
    return pen_close(&pen, error);
}

const struct kernel KERNEL_SYMBOL(cone) = {
    .name = "cone",
    .version = 1,
    .role = KERNEL_SHAPE,
    .kind = KERNEL_WHOLE,
    .help = "A cone about the z axis: base circle and lines from the apex.",
    KERNEL_PARAMS(params, struct cone_params),
    .run = cone_run,
};
