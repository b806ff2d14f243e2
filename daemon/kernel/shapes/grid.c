/* grid.c: vertical, then horizontal lines over the unit square about the origin. */
#include "daemon/kernel/shapes/pen.h"

struct grid_params {
    int64_t nx;
    int64_t ny;
};

static const struct param params[] = {
    PARAM(INTEGER, struct grid_params, nx, .def = 20, .min = 1, .max = 500, .step = 1, .unit = "",
          .help = "Number of vertical lines; below 1 there are none."),
    PARAM(INTEGER, struct grid_params, ny, .def = 20, .min = 1, .max = 500, .step = 1, .unit = "",
          .help = "Number of horizontal lines; below 1 there are none."),
};

/* Where line i of n stands; a single one at the low end. */
static double place(uint64_t i, uint64_t n) {
    return n < 2 ? -0.5 : -0.5 + (double)i / (double)(n - 1);
}

static int grid_run(const struct kernel_job *job, struct px_error *error) {
    const struct grid_params *p = job->params;
    uint64_t nx = count_of(p->nx), ny = count_of(p->ny);
    struct tally tally = {0};
    tally_add(&tally, nx, 2);
    tally_add(&tally, ny, 2);
    struct pen pen;
    int code = pen_open(&pen, job, tally, error);
    if (code < 0)
        return code;
    for (uint64_t i = 0; i < nx && pen_goes_on(&pen); i++) {
        double x = place(i, nx);
        pen_point(&pen, x, -0.5, 0);
        pen_point(&pen, x, 0.5, 0);
        pen_lift(&pen);
    }
    for (uint64_t i = 0; i < ny && pen_goes_on(&pen); i++) {
        double y = place(i, ny);
        pen_point(&pen, -0.5, y, 0);
        pen_point(&pen, 0.5, y, 0);
        pen_lift(&pen);
    }
    return pen_close(&pen, error);
}

const struct kernel KERNEL_SYMBOL(grid) = {
    .name = "grid",
    .version = 1,
    .role = KERNEL_SHAPE,
    .kind = KERNEL_WHOLE,
    .help = "Vertical and horizontal lines over the unit square.",
    KERNEL_PARAMS(params, struct grid_params),
    .run = grid_run,
};
