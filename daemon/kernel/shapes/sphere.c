/* sphere.c: a sphere of radius one half, drawn in one of four ways.
 *
 *     0  longitudes and latitudes about z         2  the edges of a subdivided icosahedron, each once
 *     1  zigzag spirals of 2-point pieces about y  3  rings about all three axes
 *
 * Rings get as many pieces as keep a piece about as long as one at the equator.
 */
#include "daemon/kernel/shapes/direction.h"
#include "daemon/kernel/shapes/pen.h"

struct sphere_params {
    int64_t subdivisions;
    int64_t sphere_type;
    int64_t mode;
};

static const struct param params[] = {
    PARAM(INTEGER, struct sphere_params, subdivisions, .def = 1, .min = 0, .max = 7, .step = 1, .unit = "",
          .help = "Fineness; each step of an icosphere has four times the edges."),
    PARAM(INTEGER, struct sphere_params, sphere_type, .def = 0, .min = 0, .max = 3, .step = 1, .unit = "",
          .help = "0 latitude and longitude, 1 zigzag, 2 icosphere, 3 rings about three axes; clamped."),
    PARAM(INTEGER, struct sphere_params, mode, .def = 2, .min = 0, .max = 2, .step = 1, .unit = "",
          .help = "Types 0 and 3: 0 horizontal, 1 vertical, 2 both; clamped."),
};

static const double RADIUS = 0.5;

/* ---- rings of types 0 and 3 ------------------------------------------------------------------------------------ */

enum ring_axis { RING_ABOUT_X, RING_ABOUT_Y, RING_ABOUT_Z };

/* The density of pieces: an equator has `equator` of them, each `step` long, and no ring fewer than `least`. */
struct fineness {
    uint64_t equator;
    uint64_t least;
    double step;
    bool coarse; /* subdivisions 0 */
};

static struct fineness fineness_of(uint64_t subdivisions) {
    struct fineness f = {.coarse = subdivisions == 0};
    f.equator = f.coarse ? 160 : tally_product(64, subdivisions + 1);
    f.least = f.coarse ? 24 : 8;
    f.step = 2.0 * MATH_PI * RADIUS / (double)f.equator;
    return f;
}

static uint64_t ring_pieces(const struct fineness *f, double radius) {
    uint64_t pieces = (uint64_t)ceil(2.0 * MATH_PI * radius / f->step);
    return pieces < f->least ? f->least : pieces;
}

static bool ring_shows(double radius) {
    return radius > 1e-9;
}

static void ring_tally(struct tally *tally, const struct fineness *f, double radius) {
    if (ring_shows(radius))
        tally_add(tally, 1, ring_pieces(f, radius) + 1);
}

/* What is asked for when the equator alone is past the budget. */
static struct tally equator_tally(const struct fineness *f) {
    return (struct tally){.vertices = f->equator, .lines = 1, .partial = true};
}

static void ring_draw(struct pen *pen, const struct fineness *f, enum ring_axis axis, double radius, double height) {
    if (!ring_shows(radius))
        return;
    uint64_t n = ring_pieces(f, radius);
    size_t first = pen->vertices;
    for (uint64_t k = 0; k < n && (k % 4096 != 0 || pen_goes_on(pen)); k++) {
        struct direction at = direction_on_ring(k, n);
        double u = radius * at.cos, v = radius * at.sin;
        switch (axis) {
        case RING_ABOUT_X:
            pen_point(pen, height, u, v);
            break;
        case RING_ABOUT_Y:
            pen_point(pen, u, height, v);
            break;
        case RING_ABOUT_Z:
            pen_point(pen, u, v, height);
            break;
        }
    }
    pen_again(pen, first);
    pen_lift(pen);
}

/* ---- type 0: longitudes, then latitudes ------------------------------------------------------------------------ */

struct globe {
    struct fineness fineness;
    uint64_t samples;    /* pieces of a meridian */
    uint64_t latitudes;  /* bands between rings */
    uint64_t skip;       /* every so many equator points carry a meridian */
    uint64_t longitudes; /* meridians drawn */
    uint64_t rings_end;  /* rings 1 .. rings_end - 1 are drawn */
};

static uint64_t at_least(uint64_t value, uint64_t least) {
    return value < least ? least : value;
}

static struct globe globe_of(uint64_t subdivisions, int64_t mode) {
    struct globe g = {.fineness = fineness_of(subdivisions)};
    g.samples = at_least(g.fineness.equator / 2, 12);
    g.latitudes = g.fineness.coarse ? at_least(g.samples / 4, 4) : g.samples;
    g.skip = at_least(g.fineness.equator / at_least(g.latitudes, 8), 1);
    g.longitudes = mode == 0 ? 0 : (g.fineness.equator - 1) / g.skip + 1;
    g.rings_end = mode == 1 ? 1 : g.latitudes;
    return g;
}

static struct direction globe_latitude(const struct globe *g, uint64_t i) {
    return direction_of(MATH_PI * (double)i / (double)g->latitudes);
}

/* Stops counting once past the budget: there may be 10^15 rings. */
static struct tally globe_tally(const struct globe *g, size_t budget) {
    struct tally tally = {0};
    if (g->fineness.equator > budget)
        return equator_tally(&g->fineness);
    tally_add(&tally, g->longitudes, g->samples + 1);
    uint64_t i = 1;
    for (; i < g->rings_end && tally.vertices <= budget; i++)
        ring_tally(&tally, &g->fineness, RADIUS * globe_latitude(g, i).sin);
    tally.partial = i < g->rings_end;
    return tally;
}

static void globe_meridian(const struct globe *g, struct pen *pen, struct direction longitude) {
    for (uint64_t k = 0; k <= g->samples && (k % 4096 != 0 || pen_goes_on(pen)); k++) {
        struct direction u = direction_of(MATH_PI * (double)k / (double)g->samples);
        pen_point(pen, RADIUS * u.sin * longitude.cos, RADIUS * u.sin * longitude.sin, RADIUS * u.cos);
    }
    pen_lift(pen);
}

static void globe_draw(const struct globe *g, struct pen *pen) {
    for (uint64_t j = 0; j < g->longitudes && pen_goes_on(pen); j++)
        globe_meridian(g, pen, direction_on_ring(j * g->skip, g->fineness.equator));
    for (uint64_t i = 1; i < g->rings_end && pen_goes_on(pen); i++) {
        struct direction u = globe_latitude(g, i);
        ring_draw(pen, &g->fineness, RING_ABOUT_Z, RADIUS * u.sin, RADIUS * u.cos);
    }
}

/* ---- type 1: spirals from pole to pole about y ------------------------------------------------------------------ */

struct zigzag {
    uint64_t turns;
    uint64_t strands;
    uint64_t samples; /* of a strand */
};

static struct zigzag zigzag_of(uint64_t subdivisions) {
    uint64_t fine = subdivisions < 2 ? subdivisions : 2;
    uint64_t base = 64 + 16 * fine;
    struct zigzag z = {.turns = 8 + 4 * subdivisions, .strands = 2 + fine};
    uint64_t a_turn = z.strands == 2 ? base : at_least(base - 24, 48);
    z.samples = tally_product(z.turns, a_turn);
    return z;
}

static struct tally zigzag_tally(const struct zigzag *z) {
    struct tally tally = {0};
    tally_add(&tally, tally_product(z->strands, z->samples - 1), 2);
    return tally;
}

struct point {
    double x, y, z;
};

static struct point zigzag_point(const struct zigzag *z, uint64_t strand, uint64_t i) {
    double t = (double)i / (double)(z->samples - 1);
    double y = 1 - 2 * t;
    double theta = 2.0 * MATH_PI * (double)z->turns * t + 2.0 * MATH_PI * (double)strand / (double)z->strands;
    double square = 1 - y * y;
    double rho = square > 0 ? sqrt(square) : 0;
    struct direction around = direction_of(theta);
    return (struct point){RADIUS * rho * around.cos, RADIUS * y, RADIUS * rho * around.sin};
}

static void segment_draw(struct pen *pen, struct point a, struct point b) {
    pen_point(pen, a.x, a.y, a.z);
    pen_point(pen, b.x, b.y, b.z);
    pen_lift(pen);
}

static void zigzag_draw(const struct zigzag *z, struct pen *pen) {
    for (uint64_t strand = 0; strand < z->strands; strand++) {
        struct point from = zigzag_point(z, strand, 0);
        for (uint64_t i = 1; i < z->samples && pen_goes_on(pen); i++) {
            struct point to = zigzag_point(z, strand, i);
            segment_draw(pen, from, to);
            from = to;
        }
    }
}

/* ---- type 2: icosphere -------------------------------------------------------------------------------------------
 * A face knows which of its sides an earlier face has drawn already; halves of a side inherit that, and the face in
 * the middle, drawn last of four, finds all of its sides drawn. So each edge comes once, at its first appearance,
 * without any look-up; midpoints agree bit for bit from both sides because (a + b) / 2 is symmetric. */

#define GOLDEN 1.6180339887498948482

static const double ico_corners[12][3] = {
    {-1, GOLDEN, 0},  {1, GOLDEN, 0},  {-1, -GOLDEN, 0}, {1, -GOLDEN, 0}, {0, -1, GOLDEN},  {0, 1, GOLDEN},
    {0, -1, -GOLDEN}, {0, 1, -GOLDEN}, {GOLDEN, 0, -1},  {GOLDEN, 0, 1},  {-GOLDEN, 0, -1}, {-GOLDEN, 0, 1},
};

static const uint8_t ico_faces[20][3] = {
    {0, 11, 5}, {0, 5, 1}, {0, 1, 7},  {0, 7, 10}, {0, 10, 11}, {3, 9, 4},   {3, 4, 2},
    {3, 2, 6},  {3, 6, 8}, {3, 8, 9},  {1, 5, 9},  {5, 11, 4},  {11, 10, 2}, {10, 7, 6},
    {7, 1, 8},  {9, 5, 4}, {4, 11, 2}, {2, 10, 6}, {6, 7, 8},   {8, 1, 9},
};

struct face {
    struct point corner[3];
    bool draws[3]; /* side corner[i] -> corner[i + 1] */
};

static struct point on_sphere(double x, double y, double z) {
    double out = RADIUS / sqrt(x * x + y * y + z * z);
    return (struct point){x * out, y * out, z * out};
}

static struct point middle(struct point a, struct point b) {
    return on_sphere((a.x + b.x) / 2, (a.y + b.y) / 2, (a.z + b.z) / 2);
}

static struct tally ico_tally(uint64_t level) {
    struct tally tally = {0};
    tally_add(&tally, level > 28 ? UINT64_MAX : 30u * (1ull << (2 * level)), 2);
    return tally;
}

/* At most as deep as the vertex budget allows levels: about ten. */
static void ico_face(struct pen *pen, const struct face *face, uint64_t level) {
    const struct point *c = face->corner;
    const bool *draws = face->draws;
    if (level == 0) {
        for (int side = 0; side < 3; side++)
            if (draws[side])
                segment_draw(pen, c[side], c[(side + 1) % 3]);
        return;
    }
    if (!pen_goes_on(pen))
        return;
    struct point ab = middle(c[0], c[1]), bc = middle(c[1], c[2]), ca = middle(c[2], c[0]);
    const struct face parts[4] = {
        {{c[0], ab, ca}, {draws[0], true, draws[2]}},
        {{ab, c[1], bc}, {draws[0], draws[1], true}},
        {{ca, bc, c[2]}, {true, draws[1], draws[2]}},
        {{ab, bc, ca}, {false, false, false}},
    };
    for (int part = 0; part < 4; part++)
        ico_face(pen, &parts[part], level - 1);
}

static void ico_draw(struct pen *pen, uint64_t level) {
    bool drawn[12][12] = {{false}};
    for (size_t f = 0; f < 20; f++) {
        struct face face;
        for (size_t side = 0; side < 3; side++) {
            uint8_t from = ico_faces[f][side], to = ico_faces[f][(side + 1) % 3];
            const double *corner = ico_corners[from];
            face.corner[side] = on_sphere(corner[0], corner[1], corner[2]);
            face.draws[side] = !drawn[from][to];
            drawn[from][to] = drawn[to][from] = true;
        }
        ico_face(pen, &face, level);
    }
}

/* ---- type 3: slices across y, then across x and z ---------------------------------------------------------------- */

struct slices {
    struct fineness fineness;
    uint64_t count; /* across one axis, the two ends (which do not show) included */
    int64_t mode;
};

static struct slices slices_of(uint64_t subdivisions, int64_t mode) {
    return (struct slices){
        .fineness = fineness_of(subdivisions), .count = tally_sum(5, tally_product(12, subdivisions)), .mode = mode};
}

static double slice_height(const struct slices *s, uint64_t i) {
    return -RADIUS + 2.0 * RADIUS * (double)i / (double)(s->count - 1);
}

static double slice_radius(double height) {
    double square = RADIUS * RADIUS - height * height;
    return square > 0 ? sqrt(square) : 0;
}

static struct tally slices_tally(const struct slices *s, size_t budget) {
    struct tally one = {0};
    if (s->fineness.equator > budget)
        return equator_tally(&s->fineness);
    uint64_t i = 0;
    for (; i < s->count && one.vertices <= budget; i++)
        ring_tally(&one, &s->fineness, slice_radius(slice_height(s, i)));
    uint64_t axes = s->mode == 0 ? 1 : s->mode == 1 ? 2 : 3;
    return (struct tally){
        .vertices = tally_product(axes, one.vertices),
        .lines = tally_product(axes, one.lines),
        .partial = i < s->count,
    };
}

static void slices_across(const struct slices *s, struct pen *pen, enum ring_axis axis) {
    for (uint64_t i = 0; i < s->count && pen_goes_on(pen); i++) {
        double height = slice_height(s, i);
        ring_draw(pen, &s->fineness, axis, slice_radius(height), height);
    }
}

static void slices_draw(const struct slices *s, struct pen *pen) {
    if (s->mode != 1)
        slices_across(s, pen, RING_ABOUT_Y);
    if (s->mode != 0) {
        slices_across(s, pen, RING_ABOUT_X);
        slices_across(s, pen, RING_ABOUT_Z);
    }
}

/* ---- the kernel -------------------------------------------------------------------------------------------------- */

static int64_t clamped(int64_t value, int64_t low, int64_t high) {
    return value < low ? low : value > high ? high : value;
}

static int globe_run(const struct kernel_job *job, uint64_t fine, int64_t mode, struct px_error *error) {
    struct globe globe = globe_of(fine, mode);
    struct pen pen;
    int code = pen_open(&pen, job, globe_tally(&globe, job->context->vertex_budget), error);
    if (code < 0)
        return code;
    globe_draw(&globe, &pen);
    return pen_close(&pen, error);
}

static int zigzag_run(const struct kernel_job *job, uint64_t fine, struct px_error *error) {
    struct zigzag zigzag = zigzag_of(fine);
    struct pen pen;
    int code = pen_open(&pen, job, zigzag_tally(&zigzag), error);
    if (code < 0)
        return code;
    zigzag_draw(&zigzag, &pen);
    return pen_close(&pen, error);
}

static int ico_run(const struct kernel_job *job, uint64_t fine, struct px_error *error) {
    struct pen pen;
    int code = pen_open(&pen, job, ico_tally(fine), error);
    if (code < 0)
        return code;
    ico_draw(&pen, fine);
    return pen_close(&pen, error);
}

static int slices_run(const struct kernel_job *job, uint64_t fine, int64_t mode, struct px_error *error) {
    struct slices slices = slices_of(fine, mode);
    struct pen pen;
    int code = pen_open(&pen, job, slices_tally(&slices, job->context->vertex_budget), error);
    if (code < 0)
        return code;
    slices_draw(&slices, &pen);
    return pen_close(&pen, error);
}

static int sphere_run(const struct kernel_job *job, struct px_error *error) {
    const struct sphere_params *p = job->params;
    uint64_t fine = count_of(p->subdivisions);
    int64_t mode = clamped(p->mode, 0, 2);
    switch (clamped(p->sphere_type, 0, 3)) {
    case 0:
        return globe_run(job, fine, mode, error);
    case 1:
        return zigzag_run(job, fine, error);
    case 2:
        return ico_run(job, fine, error);
    default:
        return slices_run(job, fine, mode, error);
    }
}

const struct kernel KERNEL_SYMBOL(sphere) = {
    .name = "sphere",
    .version = 1,
    .role = KERNEL_SHAPE,
    .kind = KERNEL_WHOLE,
    .help = "A sphere of radius 0.5: latitude and longitude, zigzag, icosphere or rings.",
    KERNEL_PARAMS(params, struct sphere_params),
    .run = sphere_run,
};
