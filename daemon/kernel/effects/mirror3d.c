/* mirror3d.c: clips to a wedge about an axis, or to an octant, and fills space with reflections and turns of it. */
#include "daemon/kernel/kernel.h"
#include "daemon/kernel/math/half_space.h"
#include "daemon/kernel/math/line_set.h"
#include "daemon/kernel/math/symmetry.h"

struct mirror3d_params {
    int64_t n_azimuth;
    double cx;
    double cy;
    double cz;
    double axis[3];
    double phi0;
    bool mirror_equator;
    struct param_bools source_side;
    int32_t mode;
    int32_t group;
    bool use_reflection;
    bool show_planes;
};

enum { MODE_AZIMUTH, MODE_POLYHEDRAL };

static const char *const modes[] = {"azimuth", "polyhedral", NULL};
static const char *const groups[] = {"T", "O", "I", NULL};
static const double axis_z[] = {0, 0, 1};

static const struct param params[] = {
    PARAM(INTEGER, struct mirror3d_params, n_azimuth, .def = 1, .min = 1, .max = 64, .step = 1, .unit = "",
          .help = "The wedge is half a turn / n; 2 n copies."),
    PARAM(NUMBER, struct mirror3d_params, cx, .min = 0, .max = 400, .unit = "mm", .help = "The centre's x."),
    PARAM(NUMBER, struct mirror3d_params, cy, .min = 0, .max = 400, .unit = "mm", .help = "The centre's y."),
    PARAM(NUMBER, struct mirror3d_params, cz, .min = -200, .max = 200, .unit = "mm", .help = "The centre's z."),
    PARAM(VECTOR, struct mirror3d_params, axis, .def_list = axis_z, .def_count = 3, .min = -1, .max = 1, .unit = "",
          .help = "The direction in which the planes of the wedge meet."),
    PARAM(NUMBER, struct mirror3d_params, phi0, .min = -180, .max = 180, .unit = "deg",
          .help = "Where the wedge begins."),
    PARAM(BOOL, struct mirror3d_params, mirror_equator, .unit = "",
          .help = "All again, reflected in the plane across the axis."),
    PARAM(BOOLS, struct mirror3d_params, source_side, .def = 1, .unit = "", .help = "Has no effect."),
    PARAM(CHOICE, struct mirror3d_params, mode, .choices = modes, .unit = "",
          .help = "A wedge about the axis, or an octant with the turns of a polyhedron."),
    PARAM(CHOICE, struct mirror3d_params, group, .choices = groups, .unit = "",
          .help = "Turns of the tetrahedron, octahedron or icosahedron."),
    PARAM(BOOL, struct mirror3d_params, use_reflection, .unit = "",
          .help = "With a polyhedron: all again, reflected in y."),
    PARAM(BOOL, struct mirror3d_params, show_planes, .unit = "", .help = "Draws two lines in each plane too."),
};

static double length_of(const double v[3]) {
    return math_sqrt(v[0] * v[0] + v[1] * v[1] + v[2] * v[2]);
}

static int mirror3d_check(const void *values, const char **param, struct px_error *error) {
    const struct mirror3d_params *p = values;
    if (p->n_azimuth < 1) {
        *param = "n_azimuth";
        return px_fail(error, PX_E_RANGE, "n_azimuth is %lld; it must be at least 1", (long long)p->n_azimuth);
    }
    const double length = length_of(p->axis);
    if (p->mode == MODE_AZIMUTH && !(length > 0.0 && length < INFINITY)) {
        *param = "axis";
        return px_fail(error, PX_E_RANGE, "axis has no direction; give a vector that is neither 0 nor enormous");
    }
    return 0;
}

/* ---- planes and matrices ---- */

static void cross_unit(const double a[3], const double b[3], double out[3]) {
    const double v[3] = {a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]};
    const double length = length_of(v);
    for (int i = 0; i < 3; i++)
        out[i] = v[i] / length;
}

/* Two unit vectors across a unit vector and each other. */
static void across(const double v[3], double first[3], double second[3]) {
    const double x[3] = {1, 0, 0}, y[3] = {0, 1, 0};
    cross_unit(v, math_abs(v[0]) > 0.95 ? y : x, first);
    cross_unit(v, first, second);
}

/* What the parameters come to: planes that bound the source, and the copies. */
struct plan {
    double centre[3];
    struct half_space source[3];
    size_t source_count;
    double normals[3][3]; /* of the planes that are drawn */
    size_t normal_count;
    struct matrix *matrices; /* of each piece, in order */
    size_t matrix_count;
    bool twice; /* afterwards all of them again, through `again` */
    struct matrix again;
};

static struct matrix reflection_in(const double n[3]) {
    struct matrix matrix = matrix_identity();
    for (int i = 0; i < 9; i++)
        matrix.m[i] -= 2.0 * n[i / 3] * n[i % 3];
    return matrix;
}

/* The normal of the plane that holds the axis and the direction at an angle from b0 towards b1. */
static void normal_at(const double axis[3], const double b0[3], const double b1[3], double angle, double out[3]) {
    double sine, cosine, u[3];
    math_sincos(angle, &sine, &cosine);
    for (int i = 0; i < 3; i++)
        u[i] = cosine * b0[i] + sine * b1[i];
    cross_unit(axis, u, out);
}

static void plan_azimuth(const struct mirror3d_params *p, struct plan *plan) {
    const size_t n = (size_t)p->n_azimuth;
    const double length = length_of(p->axis);
    double *const n0 = plan->normals[0], *const n1 = plan->normals[1], *const axis = plan->normals[2];
    double b0[3], b1[3];
    for (int i = 0; i < 3; i++)
        axis[i] = p->axis[i] / length;
    across(axis, b0, b1);
    const double phi = fmod(p->phi0, 360.0) * MATH_DEGREE;
    normal_at(axis, b0, b1, phi, n0);
    normal_at(axis, b0, b1, phi + MATH_PI / (double)n, n1);
    plan->source_count = 2;
    for (int i = 0; i < 3; i++) {
        plan->source[0].normal[i] = n0[i];
        plan->source[1].normal[i] = -n1[i];
    }
    const struct matrix reflected = reflection_in(n0);
    for (size_t m = 0; m < n; m++) {
        plan->matrices[m] = matrix_turn(axis, 2.0 * MATH_PI * (double)m / (double)n);
        plan->matrices[n + m] = matrix_product(&plan->matrices[m], &reflected);
    }
    plan->matrix_count = 2 * n;
    plan->twice = p->mirror_equator;
    plan->again = reflection_in(axis);
    plan->normal_count = p->mirror_equator ? 3 : 2;
}

static void plan_polyhedral(const struct mirror3d_params *p, struct plan *plan) {
    plan->source_count = plan->normal_count = 3;
    for (int i = 0; i < 3; i++)
        plan->source[i].normal[i] = plan->normals[i][i] = 1.0;
    plan->matrix_count = symmetry_matrices((enum symmetry_group)p->group, plan->matrices);
    plan->twice = p->use_reflection;
    plan->again = reflection_in((const double[3]){0, 1, 0});
}

static int plan_make(const struct kernel_job *job, struct plan *plan, struct px_error *error) {
    const struct mirror3d_params *p = job->params;
    *plan = (struct plan){.centre = {p->cx, p->cy, p->cz}};
    const double copies = p->mode == MODE_AZIMUTH ? 2.0 * (double)p->n_azimuth : SYMMETRY_MAX;
    const int code = kernel_check_budget(job->context, "mirror3d", 0, copies, error);
    if (code != 0)
        return code;
    plan->matrices = scratch_take(job->context->scratch, (size_t)copies * sizeof *plan->matrices);
    if (plan->matrices == NULL)
        return px_fail(error, PX_E_NO_MEMORY, "no scratch for %.0f copies", copies);
    for (int i = 0; i < 3; i++) {
        for (int axis = 0; axis < 3; axis++)
            plan->source[i].point[axis] = plan->centre[axis];
    }
    if (p->mode == MODE_AZIMUTH)
        plan_azimuth(p, plan);
    else
        plan_polyhedral(p, plan);
    return 0;
}

/* ---- the run ---- */

static int write_copies(const struct kernel_job *job, const struct plan *plan, const struct pieces *pieces,
                        struct line_set *set, struct px_error *error) {
    for (size_t i = 0; i < pieces->count; i++) {
        if (kernel_cancelled(job->context))
            return px_fail(error, PX_E_CANCELLED, "cancelled");
        const size_t begin = pieces->starts[i];
        for (size_t copy = 0; copy < plan->matrix_count; copy++)
            line_set_add(set, &pieces->coords[3 * begin], pieces->starts[i + 1] - begin, &plan->matrices[copy],
                         plan->centre);
    }
    return 0;
}

static double radius_of(const double centre[3], const float *coords, size_t n) {
    double greatest = 0.0;
    for (size_t i = 0; i < n; i++) {
        const double v[3] = {(double)coords[3 * i] - centre[0], (double)coords[3 * i + 1] - centre[1],
                             (double)coords[3 * i + 2] - centre[2]};
        const double square = v[0] * v[0] + v[1] * v[1] + v[2] * v[2];
        greatest = square > greatest ? square : greatest;
    }
    return math_sqrt(greatest);
}

static void append_through(const double centre[3], const double direction[3], double radius, struct line_set *set) {
    double a[3], b[3];
    for (int i = 0; i < 3; i++) {
        a[i] = centre[i] - radius * direction[i];
        b[i] = centre[i] + radius * direction[i];
    }
    line_set_append(set, a, b);
}

static void append_planes(const struct plan *plan, double radius, struct line_set *set) {
    for (size_t i = 0; i < plan->normal_count; i++) {
        double u[3], w[3];
        across(plan->normals[i], u, w);
        append_through(plan->centre, u, radius, set);
        append_through(plan->centre, w, radius, set);
    }
}

static int write_result(const struct kernel_job *job, struct plan *plan, const struct pieces *pieces,
                        struct px_error *error) {
    const struct mirror3d_params *p = job->params;
    const double copies = (double)plan->matrix_count * (plan->twice ? 2.0 : 1.0);
    const double planes = p->show_planes ? 2.0 * (double)plan->normal_count : 0.0;
    const double vertices = (double)pieces->vertex_count * copies + 2.0 * planes;
    const double lines = (double)pieces->count * copies + planes;
    int code = kernel_check_budget(job->context, "mirror3d", vertices, lines, error);
    struct line_set set;
    if (code == 0)
        code = line_set_init(&set, job, (size_t)vertices, (size_t)lines, error);
    if (code == 0)
        code = write_copies(job, plan, pieces, &set, error);
    for (size_t i = 0; plan->twice && i < plan->matrix_count; i++)
        plan->matrices[i] = matrix_product(&plan->again, &plan->matrices[i]);
    if (code == 0 && plan->twice)
        code = write_copies(job, plan, pieces, &set, error);
    if (code != 0 || !p->show_planes)
        return code;
    const struct px_geometry *in = &job->inputs[0];
    const bool drawn = pieces->count > 0;
    const double radius = radius_of(plan->centre, drawn ? job->output->coords : in->coords,
                                    drawn ? job->output->vertex_count : in->vertex_count);
    append_planes(plan, 1.05 * (radius > 0.0 ? radius : 1.0), &set);
    return 0;
}

static int mirror3d_run(const struct kernel_job *job, struct px_error *error) {
    const struct mirror3d_params *p = job->params;
    const struct px_geometry *in = &job->inputs[0];
    struct plan plan;
    const char *param;
    int code = mirror3d_check(p, &param, error);
    if (code == 0)
        code = plan_make(job, &plan, error);
    if (code != 0)
        return code;
    struct pieces pieces;
    if (!pieces_init(&pieces, job->context->scratch, in->vertex_count) ||
        !half_spaces_clip(plan.source, plan.source_count, in, &pieces))
        return px_fail(error, PX_E_NO_MEMORY, "no scratch for %zu vertices", in->vertex_count);
    if (pieces.count == 0 && !p->show_planes)
        return KERNEL_SAME;
    return write_result(job, &plan, &pieces, error);
}

extern const struct kernel KERNEL_SYMBOL(mirror3d);
const struct kernel KERNEL_SYMBOL(mirror3d) = {
    .name = "mirror3d",
    .version = 1,
    .role = KERNEL_EFFECT,
    .kind = KERNEL_WHOLE,
    .help = "Mirrors a part of space into all the others.",
    KERNEL_PARAMS(params, struct mirror3d_params),
    .run = mirror3d_run,
    .check = mirror3d_check,
};
