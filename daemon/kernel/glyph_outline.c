/* glyph_outline.c: see glyph_outline.h. Each contour is walked twice: once to count, once to write. */
#include "daemon/kernel/glyph_outline.h"

#include "daemon/kernel/math/elementary.h"

struct point {
    double x, y;
};

/* Walks along one contour. */
struct walk {
    double (*points)[2]; /* NULL: only counted */
    size_t count;
    double piece;
    struct point first; /* of the contour, as written */
    struct point last;  /* as written */
    struct point at;    /* where the next edge begins */
};

static void walk_point(struct walk *walk, struct point point) {
    if (walk->points != NULL) {
        walk->points[walk->count][0] = point.x;
        walk->points[walk->count][1] = point.y;
    }
    walk->count++;
    walk->last = point;
}

static void walk_begin(struct walk *walk, struct point point) {
    walk->first = walk->at = point;
    walk_point(walk, point);
}

static bool same(struct point a, struct point b) {
    return a.x == b.x && a.y == b.y;
}

static double distance(struct point a, struct point b) {
    return sqrt((b.x - a.x) * (b.x - a.x) + (b.y - a.y) * (b.y - a.y));
}

static struct point midway(struct point a, struct point b) {
    return (struct point){(a.x + b.x) / 2, (a.y + b.y) / 2};
}

/* Number of pieces for a length, and the step of t: k * step may miss 1 by an ulp, on purpose (kernel-details). */
static size_t pieces(const struct walk *walk, double length) {
    double count = math_rint(length / walk->piece);
    return count < 1 ? 1 : (size_t)count;
}

static void walk_straight(struct walk *walk, struct point to) {
    struct point from = walk->at;
    if (same(from, to))
        return;
    size_t count = pieces(walk, distance(from, to));
    double step = 1.0 / (double)count;
    for (size_t k = 1; k <= count; k++) {
        double t = (double)k * step;
        walk_point(walk, (struct point){from.x + (to.x - from.x) * t, from.y + (to.y - from.y) * t});
    }
    walk->at = to;
}

/* ---- quadratics ------------------------------------------------------------------------------------------------- */

static double root_at(double a, double b, double c, double t) {
    double square = (a * t + b) * t + c;
    return square > 0 ? sqrt(square) : 0;
}

/* Integral of sqrt(a t^2 + b t + c) over 0..1 by Gauss-Legendre: for a nearly constant speed. */
static double length_smooth(double a, double b, double c) {
    static const double node[4] = {0.1834346424956498, 0.5255324099163290, 0.7966664774136267, 0.9602898564975363};
    static const double weight[4] = {0.3626837833783620, 0.3137066458778873, 0.2223810344533745, 0.1012285362903763};
    double sum = 0;
    for (int i = 0; i < 4; i++)
        sum += weight[i] * (root_at(a, b, c, 0.5 - node[i] / 2) + root_at(a, b, c, 0.5 + node[i] / 2));
    return sum / 2;
}

/* u + sqrt(u^2 + k) without cancellation for u < 0. */
static double lifted(double u, double root, double k) {
    return u < 0 ? k / (root - u) : u + root;
}

/* The same integral in closed form: u = t + b / 2a, k = c / a - (b / 2a)^2. */
static double length_closed(double a, double b, double c) {
    double shift = b / (2 * a);
    double k = c / a - shift * shift;
    k = k > 0 ? k : 0;
    double u0 = shift, u1 = 1 + shift;
    double r0 = sqrt(u0 * u0 + k), r1 = sqrt(u1 * u1 + k);
    double sum = u1 * r1 - u0 * r0;
    double low = lifted(u0, r0, k), high = lifted(u1, r1, k);
    if (k > 0 && low > 0 && high > 0)
        sum += k * math_log(high / low);
    return sqrt(a) * sum / 2;
}

static double quadratic_length(struct point p, struct point q, struct point r) {
    double dx = 2 * (q.x - p.x), dy = 2 * (q.y - p.y);
    double ex = 2 * (p.x - 2 * q.x + r.x), ey = 2 * (p.y - 2 * q.y + r.y);
    double a = ex * ex + ey * ey, b = 2 * (dx * ex + dy * ey), c = dx * dx + dy * dy;
    return a <= 1e-4 * c ? length_smooth(a, b, c) : length_closed(a, b, c);
}

static void walk_quadratic(struct walk *walk, struct point control, struct point to) {
    struct point from = walk->at;
    if (same(control, from) || same(control, to)) {
        walk_straight(walk, to);
        return;
    }
    size_t count = pieces(walk, quadratic_length(from, control, to));
    double step = 1.0 / (double)count;
    for (size_t k = 1; k <= count; k++) {
        double t = (double)k * step, s = 1 - t;
        double wa = s * s, wb = 2 * s * t, wc = t * t;
        walk_point(walk,
                   (struct point){wa * from.x + wb * control.x + wc * to.x, wa * from.y + wb * control.y + wc * to.y});
    }
    walk->at = to;
}

/* ---- cubics ----------------------------------------------------------------------------------------------------- */

static struct point cubic_at(const struct point p[4], double t) {
    double s = 1 - t;
    double wa = s * s * s, wb = 3 * s * s * t, wc = 3 * s * t * t, wd = t * t * t;
    return (struct point){wa * p[0].x + wb * p[1].x + wc * p[2].x + wd * p[3].x,
                          wa * p[0].y + wb * p[1].y + wc * p[2].y + wd * p[3].y};
}

static void walk_cubic(struct walk *walk, struct point c1, struct point c2, struct point to) {
    const struct point p[4] = {walk->at, c1, c2, to};
    if (same(p[0], c1) && same(c2, to)) {
        walk_straight(walk, to);
        return;
    }
    double length = 0;
    for (int chord = 1; chord <= 10; chord++)
        length += distance(cubic_at(p, (chord - 1) / 10.0), cubic_at(p, chord / 10.0));
    size_t count = pieces(walk, length);
    double step = 1.0 / (double)count;
    for (size_t k = 1; k <= count; k++)
        walk_point(walk, cubic_at(p, (double)k * step));
    walk->at = to;
}

/* ---- contours --------------------------------------------------------------------------------------------------- */

/* The points of one contour, cyclic. */
struct contour {
    const FT_Vector *points;
    const char *tags;
    size_t count;
};

static struct point contour_point(const struct contour *contour, size_t i) {
    const FT_Vector *at = &contour->points[i % contour->count];
    return (struct point){(double)at->x, (double)at->y};
}

static int contour_tag(const struct contour *contour, size_t i) {
    return FT_CURVE_TAG(contour->tags[i % contour->count]);
}

static void walk_contour(struct walk *walk, const struct contour *contour) {
    size_t begin = 0, n = contour->count;
    while (begin < n && contour_tag(contour, begin) != FT_CURVE_TAG_ON)
        begin++;
    bool implied = begin == n; /* no point on the curve */
    begin = implied ? n - 1 : begin;
    walk_begin(walk, implied ? midway(contour_point(contour, n - 1), contour_point(contour, 0))
                             : contour_point(contour, begin));
    const struct point home = walk->at;
    struct point controls[2];
    int waiting = 0;
    /* Round to the first point again; if that is implied, every point is a control and home is the end. */
    for (size_t i = begin + 1; i <= begin + n; i++) {
        struct point point = contour_point(contour, i);
        int tag = contour_tag(contour, i);
        if (tag == FT_CURVE_TAG_ON) {
            if (waiting == 0)
                walk_straight(walk, point);
            else if (waiting == 1)
                walk_quadratic(walk, controls[0], point);
            else
                walk_cubic(walk, controls[0], controls[1], point);
            waiting = 0;
        } else if (tag == FT_CURVE_TAG_CONIC) {
            if (waiting == 1)
                walk_quadratic(walk, controls[0], midway(controls[0], point));
            controls[0] = point;
            waiting = 1;
        } else {
            controls[waiting == 1] = point;
            waiting = waiting == 1 ? 2 : 1;
        }
    }
    if (waiting == 1)
        walk_quadratic(walk, controls[0], home);
    if (!same(walk->last, walk->first))
        walk_point(walk, walk->first);
}

static void walk_outline(struct walk *walk, const FT_Outline *source, struct glyph_outline *outline) {
    size_t begin = 0;
    outline->contour_count = 0;
    for (int c = 0; c < source->n_contours; c++) {
        size_t end = (size_t)source->contours[c] + 1;
        if (end > begin) {
            walk_contour(walk, &(struct contour){source->points + begin, source->tags + begin, end - begin});
            if (outline->ends != NULL)
                outline->ends[outline->contour_count] = (uint32_t)walk->count;
            outline->contour_count++;
        }
        begin = end;
    }
}

bool glyph_outline_make(const FT_Outline *source, double piece, struct scratch *scratch,
                        struct glyph_outline *outline) {
    *outline = (struct glyph_outline){0};
    struct walk counting = {.piece = piece};
    walk_outline(&counting, source, outline);
    outline->point_count = counting.count;
    if (counting.count == 0)
        return true;
    outline->points = scratch_take(scratch, counting.count * sizeof *outline->points);
    outline->ends = scratch_take(scratch, outline->contour_count * sizeof *outline->ends);
    if (outline->points == NULL || outline->ends == NULL)
        return false;
    struct walk writing = {.piece = piece, .points = outline->points};
    walk_outline(&writing, source, outline);
    return true;
}
