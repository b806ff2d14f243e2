/* mirror.c: clips to a half-plane, a quadrant or a wedge, and fills the plane with reflections and turns of it. */
#include "daemon/kernel/kernel.h"
#include "daemon/kernel/math/half_space.h"
#include "daemon/kernel/math/line_set.h"

struct mirror_params {
    int64_t n_mirror;
    double cx;
    double cy;
    struct param_bools source_side;
    bool show_planes;
};

static const struct param params[] = {
    PARAM(INTEGER, struct mirror_params, n_mirror, .def = 1, .min = 1, .max = 8, .step = 1, .unit = "",
          .help = "1: a half-plane, 2: a quadrant, 3 and more: a wedge of half a turn / n."),
    PARAM(NUMBER, struct mirror_params, cx, .min = 0, .max = 400, .unit = "mm", .help = "The centre's x."),
    PARAM(NUMBER, struct mirror_params, cy, .min = 0, .max = 400, .unit = "mm", .help = "The centre's y."),
    PARAM(BOOLS, struct mirror_params, source_side, .def = 1, .unit = "",
          .help = "Which side is the source, + if true; a list is for x, then y."),
    PARAM(BOOL, struct mirror_params, show_planes, .unit = "", .help = "Draws the planes too."),
};

static int mirror_check(const void *values, const char **param, struct px_error *error) {
    const struct mirror_params *p = values;
    if (p->n_mirror >= 1)
        return 0;
    *param = "n_mirror";
    return px_fail(error, PX_E_RANGE, "n_mirror is %lld; it must be at least 1", (long long)p->n_mirror);
}

static double sign_at(const struct mirror_params *p, size_t i) {
    return p->source_side.items[i % p->source_side.count] ? 1.0 : -1.0;
}

/* The source; returns how many half-spaces it takes. */
static size_t source_of(const struct mirror_params *p, struct half_space out[2]) {
    const double centre[3] = {p->cx, p->cy, 0.0};
    out[0] = out[1] = (struct half_space){.point = {centre[0], centre[1], centre[2]}};
    if (p->n_mirror <= 2) {
        out[0].normal[0] = sign_at(p, 0);
        out[1].normal[1] = sign_at(p, 1);
        return (size_t)p->n_mirror;
    }
    double sine, cosine;
    math_sincos(MATH_PI / (double)p->n_mirror, &sine, &cosine);
    out[0].normal[1] = 1.0;
    out[1].normal[0] = sine;
    out[1].normal[1] = -cosine;
    return 2;
}

static struct matrix reflection(double x, double y) {
    return (struct matrix){{x, 0, 0, 0, y, 0, 0, 0, 1}};
}

static double copies_of(const struct mirror_params *p) {
    return 2.0 * (double)p->n_mirror;
}

/* The copies of each piece, in the order they are drawn: 2 n_mirror of them. */
static void matrices_of(const struct mirror_params *p, struct matrix *out) {
    if (p->n_mirror <= 2) {
        out[0] = reflection(1, 1);
        out[1] = reflection(-1, 1);
        if (p->n_mirror == 2) {
            out[2] = reflection(1, -1);
            out[3] = reflection(-1, -1);
        }
        return;
    }
    const size_t n = (size_t)p->n_mirror;
    const struct matrix across = reflection(1, -1);
    for (size_t m = 0; m < n; m++) {
        out[m] = matrix_turn((const double[3]){0, 0, 1}, 2.0 * MATH_PI * (double)m / (double)n);
        out[n + m] = matrix_product(&out[m], &across);
    }
}

/* ---- planes ---- */

/* How far vertices reach from the centre: along y as it is, along x made symmetric, and as a distance. */
struct reach {
    bool any;
    double half_x;
    double half_y;
    double y_min;
    double y_max;
    double radius;
};

static struct reach reach_of(const struct mirror_params *p, const float *coords, size_t n) {
    struct reach reach = {.any = n > 0, .y_min = INFINITY, .y_max = -INFINITY};
    for (size_t i = 0; i < n; i++) {
        const double dx = (double)coords[3 * i] - p->cx;
        const double y = (double)coords[3 * i + 1];
        const double dy = y - p->cy;
        const double square = dx * dx + dy * dy;
        reach.half_x = math_abs(dx) > reach.half_x ? math_abs(dx) : reach.half_x;
        reach.half_y = math_abs(dy) > reach.half_y ? math_abs(dy) : reach.half_y;
        reach.y_min = y < reach.y_min ? y : reach.y_min;
        reach.y_max = y > reach.y_max ? y : reach.y_max;
        reach.radius = square > reach.radius ? square : reach.radius;
    }
    reach.radius = math_sqrt(reach.radius);
    if (!reach.any) {
        reach.half_x = reach.half_y = 1.0;
        reach.y_min = p->cy - 1.0;
        reach.y_max = p->cy + 1.0;
    }
    return reach;
}

static void append_axes(const struct mirror_params *p, const struct reach *reach, struct line_set *set) {
    const bool both = p->n_mirror == 2;
    const double low = both ? p->cy - reach->half_y : reach->y_min;
    const double high = both ? p->cy + reach->half_y : reach->y_max;
    line_set_append(set, (double[3]){p->cx, low, 0}, (double[3]){p->cx, high, 0});
    if (both)
        line_set_append(set, (double[3]){p->cx - reach->half_x, p->cy, 0},
                        (double[3]){p->cx + reach->half_x, p->cy, 0});
}

/* The full line through the centre at an angle. */
static void append_spoke(const struct mirror_params *p, double radius, double angle, struct line_set *set) {
    double sine, cosine;
    math_sincos(angle, &sine, &cosine);
    const double x = radius * cosine, y = radius * sine;
    line_set_append(set, (double[3]){p->cx - x, p->cy - y, 0}, (double[3]){p->cx + x, p->cy + y, 0});
}

static void append_planes(const struct mirror_params *p, const struct reach *reach, struct line_set *set) {
    if (p->n_mirror <= 2) {
        append_axes(p, reach, set);
        return;
    }
    const double n = (double)p->n_mirror;
    const double radius = 1.05 * (reach->radius > 0.0 ? reach->radius : 1.0);
    for (int64_t k = 0; k < p->n_mirror; k++) {
        append_spoke(p, radius, 2.0 * MATH_PI * (double)k / n, set);
        append_spoke(p, radius, 2.0 * MATH_PI * (double)k / n + MATH_PI / n, set);
    }
}

/* ---- the run ---- */

static int write_copies(const struct kernel_job *job, const struct pieces *pieces, struct line_set *set,
                        struct px_error *error) {
    const struct mirror_params *p = job->params;
    const double centre[3] = {p->cx, p->cy, 0.0};
    const size_t copies = (size_t)copies_of(p);
    struct matrix *matrices = scratch_take(job->context->scratch, copies * sizeof *matrices);
    if (matrices == NULL)
        return px_fail(error, PX_E_NO_MEMORY, "no scratch for %zu copies", copies);
    matrices_of(p, matrices);
    for (size_t i = 0; i < pieces->count; i++) {
        if (kernel_cancelled(job->context))
            return px_fail(error, PX_E_CANCELLED, "cancelled");
        const size_t begin = pieces->starts[i];
        for (size_t copy = 0; copy < copies; copy++)
            line_set_add(set, &pieces->coords[3 * begin], pieces->starts[i + 1] - begin, &matrices[copy], centre);
    }
    return 0;
}

static int write_result(const struct kernel_job *job, const struct pieces *pieces, struct px_error *error) {
    const struct mirror_params *p = job->params;
    const double copies = copies_of(p);
    const double planes = p->show_planes ? copies : 0.0;
    const double vertices = (double)pieces->vertex_count * copies + 2.0 * planes;
    const double lines = (double)pieces->count * copies + planes;
    int code = kernel_check_budget(job->context, "mirror", vertices, lines, error);
    struct line_set set;
    if (code == 0)
        code = line_set_init(&set, job, (size_t)vertices, (size_t)lines, error);
    if (code == 0 && pieces->count > 0)
        code = write_copies(job, pieces, &set, error);
    if (code != 0 || !p->show_planes)
        return code;
    const struct px_geometry *in = &job->inputs[0];
    const bool drawn = pieces->count > 0;
    const struct reach reach =
        reach_of(p, drawn ? job->output->coords : in->coords, drawn ? job->output->vertex_count : in->vertex_count);
    append_planes(p, &reach, &set);
    return 0;
}

static int mirror_run(const struct kernel_job *job, struct px_error *error) {
    const struct mirror_params *p = job->params;
    const char *param;
    const int code = mirror_check(p, &param, error);
    if (code != 0)
        return code;
    struct half_space source[2];
    const size_t count = source_of(p, source);
    struct pieces pieces;
    if (!pieces_init(&pieces, job->context->scratch, job->inputs[0].vertex_count) ||
        !half_spaces_clip(source, count, &job->inputs[0], &pieces))
        return px_fail(error, PX_E_NO_MEMORY, "no scratch for %zu vertices", job->inputs[0].vertex_count);
    if (pieces.count == 0 && !p->show_planes)
        return KERNEL_SAME;
    return write_result(job, &pieces, error);
}

extern const struct kernel KERNEL_SYMBOL(mirror);
const struct kernel KERNEL_SYMBOL(mirror) = {
    .name = "mirror",
    .version = 1,
    .role = KERNEL_EFFECT,
    .kind = KERNEL_WHOLE,
    .help = "Mirrors a part of the plane into all the others.",
    KERNEL_PARAMS(params, struct mirror_params),
    .run = mirror_run,
    .check = mirror_check,
};
