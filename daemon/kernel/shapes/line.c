/* line.c: one segment, centred on the origin. */
#include "daemon/kernel/shapes/direction.h"
#include "daemon/kernel/shapes/pen.h"

struct line_params {
    double length;
    double angle;
};

static const struct param params[] = {
    PARAM(NUMBER, struct line_params, length, .def = 1, .min = 0, .max = 1, .unit = "mm",
          .help = "Length of the segment; 0 and less draws nothing."),
    PARAM(NUMBER, struct line_params, angle, .def = 0, .min = 0, .max = 360, .unit = "deg",
          .help = "Direction of the segment, from +x towards +y."),
};

static int line_run(const struct kernel_job *job, struct px_error *error) {
    const struct line_params *p = job->params;
    struct tally tally = {0};
    if (p->length > 0)
        tally_add(&tally, 1, 2);
    struct pen pen;
    int code = pen_open(&pen, job, tally, error);
    if (code < 0)
        return code;
    if (tally.lines > 0) {
        struct direction along = direction_of(radians_of(p->angle));
        double half = p->length / 2;
        pen_point(&pen, -half * along.cos, -half * along.sin, 0);
        pen_point(&pen, half * along.cos, half * along.sin, 0);
        pen_lift(&pen);
    }
    return pen_close(&pen, error);
}

const struct kernel KERNEL_SYMBOL(line) = {
    .name = "line",
    .version = 1,
    .role = KERNEL_SHAPE,
    .kind = KERNEL_WHOLE,
    .help = "One segment, centred on the origin.",
    KERNEL_PARAMS(params, struct line_params),
    .run = line_run,
};
