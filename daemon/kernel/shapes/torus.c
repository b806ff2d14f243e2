/* torus.c: meridians, then parallels of a torus about z. */
#include "daemon/kernel/shapes/direction.h"
#include "daemon/kernel/shapes/pen.h"

struct torus_params {
    double major_radius;
    double minor_radius;
    int64_t major_segments;
    int64_t minor_segments;
};

static const struct param params[] = {
    PARAM(NUMBER, struct torus_params, major_radius, .def = 0.25, .min = 0, .max = 1, .unit = "mm",
          .help = "From the axis to the middle of the tube."),
    PARAM(NUMBER, struct torus_params, minor_radius, .def = 0.125, .min = 0, .max = 1, .unit = "mm",
          .help = "Radius of the tube."),
    PARAM(INTEGER, struct torus_params, major_segments, .def = 32, .min = 3, .max = 256, .step = 1, .unit = "",
          .help = "Pieces round the axis: the number of meridians."),
    PARAM(INTEGER, struct torus_params, minor_segments, .def = 16, .min = 3, .max = 256, .step = 1, .unit = "",
          .help = "Pieces round the tube: the number of parallels."),
};

static void torus_point(struct pen *pen, const struct torus_params *p, struct direction theta, struct direction phi) {
    double ring = p->major_radius + p->minor_radius * phi.cos;
    pen_point(pen, ring * theta.cos, ring * theta.sin, p->minor_radius * phi.sin);
}

static void meridian(struct pen *pen, const struct torus_params *p, struct direction theta, uint64_t segments) {
    size_t first = pen->vertices;
    for (uint64_t k = 0; k < segments && (k % 4096 != 0 || pen_goes_on(pen)); k++)
        torus_point(pen, p, theta, direction_on_ring(k, segments));
    pen_again(pen, first);
    pen_lift(pen);
}

static void parallel(struct pen *pen, const struct torus_params *p, struct direction phi, uint64_t segments) {
    size_t first = pen->vertices;
    for (uint64_t k = 0; k < segments && (k % 4096 != 0 || pen_goes_on(pen)); k++)
        torus_point(pen, p, direction_on_ring(k, segments), phi);
    pen_again(pen, first);
    pen_lift(pen);
}

static int torus_run(const struct kernel_job *job, struct px_error *error) {
    const struct torus_params *p = job->params;
    uint64_t major = count_of(p->major_segments), minor = count_of(p->minor_segments);
    if (major == 0 || minor == 0)
        major = minor = 0;
    struct tally tally = {0};
    tally_add(&tally, major, minor + 1);
    tally_add(&tally, minor, major + 1);
    struct pen pen;
    int code = pen_open(&pen, job, tally, error);
    if (code < 0)
        return code;
    for (uint64_t i = 0; i < major && pen_goes_on(&pen); i++)
        meridian(&pen, p, direction_on_ring(i, major), minor);
    for (uint64_t j = 0; j < minor && pen_goes_on(&pen); j++)
        parallel(&pen, p, direction_on_ring(j, minor), major);
    return pen_close(&pen, error);
}

const struct kernel KERNEL_SYMBOL(torus) = {
    .name = "torus",
    .version = 1,
    .role = KERNEL_SHAPE,
    .kind = KERNEL_WHOLE,
    .help = "A torus about the z axis: meridians and parallels.",
    KERNEL_PARAMS(params, struct torus_params),
    .run = torus_run,
};
