/* lissajous.c: a curve of three sine waves. */
#include "daemon/kernel/shapes/direction.h"
#include "daemon/kernel/shapes/pen.h"

struct lissajous_params {
    double freq_x;
    double freq_y;
    double freq_z;
    double phase;
    double phase_y;
    double phase_z;
    int64_t points;
};

static const struct param params[] = {
    PARAM(NUMBER, struct lissajous_params, freq_x, .def = 3, .min = 0, .max = 10, .unit = "",
          .help = "Periods along x; whole numbers close the curve."),
    PARAM(NUMBER, struct lissajous_params, freq_y, .def = 2, .min = 0, .max = 10, .unit = "",
          .help = "Periods along y."),
    PARAM(NUMBER, struct lissajous_params, freq_z, .def = 4, .min = 0, .max = 10, .unit = "",
          .help = "Periods along z; 0 keeps the curve flat."),
    PARAM(NUMBER, struct lissajous_params, phase, .def = 0, .min = 0, .max = 360, .unit = "deg", .help = "Phase of x."),
    PARAM(NUMBER, struct lissajous_params, phase_y, .def = 0, .min = 0, .max = 360, .unit = "deg",
          .help = "Phase of y."),
    PARAM(NUMBER, struct lissajous_params, phase_z, .def = 0, .min = 0, .max = 360, .unit = "deg",
          .help = "Phase of z."),
    PARAM(INTEGER, struct lissajous_params, points, .def = 1000, .min = 100, .max = 5000, .step = 1, .unit = "",
          .help = "Number of samples, both ends included; below 1 nothing is drawn."),
};

static int lissajous_run(const struct kernel_job *job, struct px_error *error) {
    const struct lissajous_params *p = job->params;
    uint64_t n = count_of(p->points);
    struct tally tally = {0};
    tally_add(&tally, n > 0 ? 1 : 0, n);
    struct pen pen;
    int code = pen_open(&pen, job, tally, error);
    if (code < 0)
        return code;
    double px = radians_of(p->phase), py = radians_of(p->phase_y), pz = radians_of(p->phase_z);
    for (uint64_t k = 0; k < n && (k % 4096 != 0 || pen_goes_on(&pen)); k++) {
        double t = n < 2 ? 0 : 2.0 * MATH_PI * (double)k / (double)(n - 1);
        double z = p->freq_z == 0 ? 0 : 0.5 * math_sin(p->freq_z * t + pz);
        pen_point(&pen, 0.5 * math_sin(p->freq_x * t + px), 0.5 * math_sin(p->freq_y * t + py), z);
    }
    if (n > 0)
        pen_lift(&pen);
    return pen_close(&pen, error);
}

const struct kernel KERNEL_SYMBOL(lissajous) = {
    .name = "lissajous",
    .version = 1,
    .role = KERNEL_SHAPE,
    .kind = KERNEL_WHOLE,
    .help = "A Lissajous curve in three dimensions.",
    KERNEL_PARAMS(params, struct lissajous_params),
    .run = lissajous_run,
};
