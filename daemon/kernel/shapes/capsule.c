/* capsule.c: a capsule about z, of 2-point pieces.
 *
 * Drawn at radius .5 with a cylinder of |z| <= .5 and hemispheres beyond, then scaled by (radius, radius, height / 2):
 * the whole is `radius` wide and `height` long.
 */
#include "daemon/kernel/shapes/direction.h"
#include "daemon/kernel/shapes/pen.h"

struct capsule_params {
    double radius;
    double height;
    int64_t segments;
    int64_t latitude_segments;
};

static const struct param params[] = {
    PARAM(NUMBER, struct capsule_params, radius, .def = 0.4, .min = 0.05, .max = 1, .unit = "mm",
          .help = "Width of the capsule."),
    PARAM(NUMBER, struct capsule_params, height, .def = 0.8, .min = 0.1, .max = 2, .unit = "mm",
          .help = "Length of the whole capsule along z."),
    PARAM(INTEGER, struct capsule_params, segments, .def = 32, .min = 6, .max = 128, .step = 1, .unit = "",
          .help = "Pieces round the axis; below 1 nothing is drawn."),
    PARAM(INTEGER, struct capsule_params, latitude_segments, .def = 16, .min = 4, .max = 64, .step = 1, .unit = "",
          .help = "Pieces from a pole to the cylinder; below 1 there are no hemispheres."),
};

struct capsule {
    const struct capsule_params *params;
    uint64_t segments;
    uint64_t latitudes;
    struct pen pen;
};

static void capsule_point(struct capsule *c, struct direction around, double radius, double z) {
    pen_point(&c->pen, radius * around.cos * c->params->radius, radius * around.sin * c->params->radius,
              z * (c->params->height / 2));
}

static struct direction latitude(const struct capsule *c, uint64_t l) {
    return direction_of(MATH_PI * (double)l / (double)(2 * c->latitudes));
}

static void verticals(struct capsule *c) {
    for (uint64_t i = 0; i < c->segments && pen_goes_on(&c->pen); i++) {
        struct direction around = direction_on_ring(i, c->segments);
        capsule_point(c, around, 0.5, 0.5);
        capsule_point(c, around, 0.5, -0.5);
        pen_lift(&c->pen);
    }
}

static void ring(struct capsule *c, double radius, double z) {
    struct direction from = direction_on_ring(0, c->segments);
    for (uint64_t i = 0; i < c->segments && pen_goes_on(&c->pen); i++) {
        struct direction to = direction_on_ring(i + 1, c->segments);
        capsule_point(c, from, radius, z);
        capsule_point(c, to, radius, z);
        pen_lift(&c->pen);
        from = to;
    }
}

/* The rings of one hemisphere, from the pole outwards; side is +1 or -1. */
static void latitude_rings(struct capsule *c, double side) {
    for (uint64_t l = 1; l < c->latitudes && pen_goes_on(&c->pen); l++) {
        struct direction phi = latitude(c, l);
        ring(c, 0.5 * phi.sin, side * (0.5 + 0.5 * phi.cos));
    }
}

static void meridian(struct capsule *c, struct direction around, double side) {
    struct direction from = latitude(c, 0);
    for (uint64_t l = 0; l < c->latitudes && pen_goes_on(&c->pen); l++) {
        struct direction to = latitude(c, l + 1);
        capsule_point(c, around, 0.5 * from.sin, side * (0.5 + 0.5 * from.cos));
        capsule_point(c, around, 0.5 * to.sin, side * (0.5 + 0.5 * to.cos));
        pen_lift(&c->pen);
        from = to;
    }
}

static void meridians(struct capsule *c, double side) {
    for (uint64_t i = 0; i < c->segments && pen_goes_on(&c->pen); i++)
        meridian(c, direction_on_ring(i, c->segments), side);
}

static struct tally capsule_tally(uint64_t segments, uint64_t latitudes) {
    struct tally tally = {0};
    tally_add(&tally, tally_product(3, segments), 2);
    if (latitudes > 0) {
        tally_add(&tally, tally_product(2, tally_product(latitudes - 1, segments)), 2);
        tally_add(&tally, tally_product(2, tally_product(latitudes, segments)), 2);
    }
    return tally;
}

static int capsule_run(const struct kernel_job *job, struct px_error *error) {
    const struct capsule_params *p = job->params;
    struct capsule c = {.params = p, .segments = count_of(p->segments), .latitudes = count_of(p->latitude_segments)};
    int code = pen_open(&c.pen, job, capsule_tally(c.segments, c.latitudes), error);
    if (code < 0)
        return code;
    if (c.segments > 0) {
        verticals(&c);
        ring(&c, 0.5, 0.5);
        ring(&c, 0.5, -0.5);
        latitude_rings(&c, 1);
        latitude_rings(&c, -1);
        meridians(&c, 1);
        meridians(&c, -1);
    }
    return pen_close(&c.pen, error);
}

const struct kernel KERNEL_SYMBOL(capsule) = {
    .name = "capsule",
    .version = 1,
    .role = KERNEL_SHAPE,
    .kind = KERNEL_WHOLE,
    .help = "A capsule about the z axis, of 2-point pieces.",
    KERNEL_PARAMS(params, struct capsule_params),
    .run = capsule_run,
};
