/* hatch.c: see hatch.h. */
#include "daemon/kernel/math/hatch.h"

#include "daemon/kernel/math/elementary.h"
#include "daemon/kernel/math/sort.h"

/* A group of rings in its turned plane: origin in the mean of its vertices. */
struct field {
    struct hatch *hatch;
    double centre[2];
    double sine, cosine;
    double (*points)[2]; /* turned, ring after ring */
    uint32_t *ends;      /* of each ring in points */
    size_t ring_count;
    size_t point_count;
    double low, high; /* y of the turned points */
    double *lines;    /* y of the scan lines, ascending */
    size_t line_count;
    uint32_t *first;  /* of each point: the first scan line not below it */
    uint32_t *starts; /* crossings of line k: crossings[starts[k]] .. crossings[starts[k + 1] - 1] */
    double *crossings;
    size_t crossing_count;
};

static int out_of_scratch(struct px_error *error) {
    return px_fail(error, PX_E_NO_MEMORY, "the memory for intermediate results is spent");
}

static int too_much(const struct field *field, const char *what, double count, struct px_error *error) {
    return px_fail(error, PX_E_LIMIT, "%.0f %s asked for; the budget is %zu", count, what,
                   field->hatch->context->vertex_budget);
}

/* Room for count items, at least; what was there is gone. NULL: scratch is spent. */
static void *room_for(const struct field *field, struct hatch_room *room, size_t count, size_t item_bytes) {
    size_t size;
    if (__builtin_mul_overflow(count, item_bytes, &size))
        return NULL;
    if (size <= room->size_bytes && room->at != NULL)
        return room->at;
    size_t grown = size > 2 * room->size_bytes ? size : 2 * room->size_bytes;
    grown = grown > 0 ? grown : item_bytes;
    void *at = scratch_take(field->hatch->context->scratch, grown);
    if (at != NULL)
        *room = (struct hatch_room){at, grown};
    return at;
}

/* ---- turning ---------------------------------------------------------------------------------------------------- */

static void field_centre(struct field *field, const struct ring *rings, const uint32_t *members) {
    double sum[2] = {0};
    for (size_t r = 0; r < field->ring_count; r++) {
        const struct ring *ring = &rings[members[r]];
        for (size_t i = 0; i < ring->count; i++) {
            sum[0] += ring->xy[2 * i];
            sum[1] += ring->xy[2 * i + 1];
        }
        field->point_count += ring->count;
    }
    for (int axis = 0; axis < 2 && field->point_count > 0; axis++)
        field->centre[axis] = sum[axis] / (double)field->point_count;
}

static void field_turn(struct field *field, const struct ring *rings, const uint32_t *members) {
    size_t at = 0;
    field->low = INFINITY;
    field->high = -INFINITY;
    for (size_t r = 0; r < field->ring_count; r++) {
        const struct ring *ring = &rings[members[r]];
        for (size_t i = 0; i < ring->count; i++, at++) {
            double x = ring->xy[2 * i] - field->centre[0], y = ring->xy[2 * i + 1] - field->centre[1];
            double turned_y = y * field->cosine - x * field->sine;
            field->points[at][0] = x * field->cosine + y * field->sine;
            field->points[at][1] = turned_y;
            field->low = turned_y < field->low ? turned_y : field->low;
            field->high = turned_y > field->high ? turned_y : field->high;
        }
        field->ends[r] = (uint32_t)at;
    }
}

/* Sine and cosine, exact at whole quarters, so that level and upright edges stay so when turned. */
static void field_direction(struct field *field, double angle) {
    double reduced = fmod(angle, 360.0);
    reduced = reduced < 0 ? reduced + 360.0 : reduced;
    double quarters = floor(reduced / 90.0);
    double sine, cosine;
    math_sincos((reduced - 90.0 * quarters) * MATH_DEGREE, &sine, &cosine);
    const double turned[4][2] = {{sine, cosine}, {cosine, -sine}, {-sine, -cosine}, {-cosine, sine}};
    const double *pair = turned[(int)quarters % 4];
    field->sine = pair[0];
    field->cosine = pair[1];
}

static int field_init(struct field *field, const struct ring *rings, const uint32_t *members, double angle,
                      struct px_error *error) {
    field_direction(field, angle);
    struct hatch *hatch = field->hatch;
    field->points = room_for(field, &hatch->point_room, field->point_count, sizeof *field->points);
    field->ends = room_for(field, &hatch->end_room, field->ring_count, sizeof *field->ends);
    field->first = room_for(field, &hatch->first_room, field->point_count, sizeof *field->first);
    if (field->points == NULL || field->ends == NULL || field->first == NULL)
        return out_of_scratch(error);
    field_turn(field, rings, members);
    return 0;
}

/* ---- scan lines ------------------------------------------------------------------------------------------------- */

static int lines_take(struct field *field, double most, struct px_error *error) {
    field->lines = room_for(field, &field->hatch->line_room, (size_t)most, sizeof *field->lines);
    return field->lines == NULL ? out_of_scratch(error) : 0;
}

static int lines_even(struct field *field, double spacing, struct px_error *error) {
    double count = ceil((field->high - field->low) / spacing);
    int code = lines_take(field, count, error);
    if (code < 0)
        return code;
    field->line_count = (size_t)count;
    for (size_t k = 0; k < field->line_count; k++)
        field->lines[k] = field->low + (double)k * spacing;
    return 0;
}

/* Exponential spacing, normalised so that a field of the same extent gets about as many lines. */
static int lines_graded(struct field *field, double spacing, double gradient, struct px_error *error) {
    double k = fmin(4, fmax(-4, gradient));
    double extent = field->high - field->low;
    double unit = fabs(k) < 1e-3 ? 1 : k / (math_exp(k / 2) - math_exp(-k / 2));
    double least = fmax(spacing / 1000, spacing * unit * math_exp(-fabs(k) / 2) * 0.999);
    double most = ceil(extent / least) + 1;
    int code = lines_take(field, most, error);
    if (code < 0)
        return code;
    for (double y = field->low; y < field->high && field->line_count < (size_t)most;) {
        field->lines[field->line_count++] = y;
        double step = spacing * unit * math_exp(k * ((y - field->low) / extent - 0.5));
        y += fmax(spacing / 1000, step);
    }
    return 0;
}

static int field_rule(struct field *field, const struct hatch_rule *rule, struct px_error *error) {
    double about = ceil((field->high - field->low) / rule->spacing) + (double)field->hatch->line_total;
    if (!(about <= (double)field->hatch->context->vertex_budget))
        return too_much(field, "scan lines", about, error);
    int code = fabs(rule->gradient) < 1e-6 ? lines_even(field, rule->spacing, error)
                                           : lines_graded(field, rule->spacing, rule->gradient, error);
    field->hatch->line_total += field->line_count;
    return code;
}

/* The first scan line not below y; the guess is exact but for rounding where lines are even. */
static uint32_t line_at(const struct field *field, double y, double guess) {
    size_t n = field->line_count;
    size_t k = guess <= 0 ? 0 : guess >= (double)n ? n : (size_t)guess;
    while (k > 0 && field->lines[k - 1] >= y)
        k--;
    while (k < n && field->lines[k] < y)
        k++;
    return (uint32_t)k;
}

static uint32_t line_search(const struct field *field, double y) {
    size_t low = 0, high = field->line_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (field->lines[middle] < y)
            low = middle + 1;
        else
            high = middle;
    }
    return (uint32_t)low;
}

static void points_place(struct field *field, const struct hatch_rule *rule) {
    bool even = fabs(rule->gradient) < 1e-6;
    for (size_t i = 0; i < field->point_count; i++) {
        double y = field->points[i][1];
        field->first[i] = even ? line_at(field, y, ceil((y - field->low) / rule->spacing)) : line_search(field, y);
    }
}

/* ---- crossings -------------------------------------------------------------------------------------------------- */

/* Calls visit for each cyclic edge of each ring, by the index of its ends. */
static void each_edge(struct field *field, void (*visit)(struct field *, uint32_t p, uint32_t q)) {
    uint32_t begin = 0;
    for (size_t r = 0; r < field->ring_count; r++) {
        uint32_t end = field->ends[r];
        for (uint32_t i = begin; i < end; i++)
            visit(field, i, i + 1 < end ? i + 1 : begin);
        begin = end;
    }
}

static void edge_sum(struct field *field, uint32_t p, uint32_t q) {
    uint32_t a = field->first[p], b = field->first[q];
    field->crossing_count += a < b ? b - a : a - b;
}

static void edge_tally(struct field *field, uint32_t p, uint32_t q) {
    uint32_t a = field->first[p], b = field->first[q];
    for (uint32_t k = a < b ? a : b, end = a < b ? b : a; k < end; k++)
        field->starts[k]++;
}

static void edge_enter(struct field *field, uint32_t p, uint32_t q) {
    uint32_t a = field->first[p], b = field->first[q];
    if (a == b)
        return;
    const double *from = field->points[p], *to = field->points[q];
    double slope = (to[0] - from[0]) / (to[1] - from[1]);
    for (uint32_t k = a < b ? a : b, end = a < b ? b : a; k < end; k++)
        field->crossings[--field->starts[k]] = from[0] + (field->lines[k] - from[1]) * slope;
}

/* Sorts the crossings into rows: counts a row, sums, then fills each from its end. */
static int field_cross(struct field *field, struct px_error *error) {
    each_edge(field, edge_sum);
    struct hatch *hatch = field->hatch;
    size_t vertices = field->crossing_count + 2 * hatch->segment_count;
    if (vertices > hatch->context->vertex_budget)
        return too_much(field, "vertices", (double)vertices, error);
    field->starts = room_for(field, &hatch->start_room, field->line_count + 1, sizeof *field->starts);
    field->crossings = room_for(field, &hatch->crossing_room, field->crossing_count, sizeof *field->crossings);
    if (field->starts == NULL || field->crossings == NULL)
        return out_of_scratch(error);
    for (size_t k = 0; k <= field->line_count; k++)
        field->starts[k] = 0;
    each_edge(field, edge_tally);
    for (size_t k = 1; k <= field->line_count; k++)
        field->starts[k] += field->starts[k - 1];
    each_edge(field, edge_enter);
    return 0;
}

/* ---- segments --------------------------------------------------------------------------------------------------- */

/* Room for so many more; those drawn before are kept. */
static int segments_take(struct field *field, size_t more, struct px_error *error) {
    struct hatch *hatch = field->hatch;
    double(*before)[4] = hatch->segments;
    double(*segments)[4] = room_for(field, &hatch->segment_room, hatch->segment_count + more, sizeof *segments);
    if (segments == NULL)
        return out_of_scratch(error);
    if (segments != before && hatch->segment_count > 0)
        memcpy(segments, before, hatch->segment_count * sizeof *segments);
    hatch->segments = segments;
    return 0;
}

static void segment_add(const struct field *field, double x1, double x2, double y) {
    double *segment = field->hatch->segments[field->hatch->segment_count++];
    segment[0] = field->centre[0] + (x1 * field->cosine - y * field->sine);
    segment[1] = field->centre[1] + (x1 * field->sine + y * field->cosine);
    segment[2] = field->centre[0] + (x2 * field->cosine - y * field->sine);
    segment[3] = field->centre[1] + (x2 * field->sine + y * field->cosine);
}

static int field_segments(struct field *field, bool keep_points, struct px_error *error) {
    int code = segments_take(field, field->crossing_count / 2, error);
    if (code < 0)
        return code;
    for (size_t k = 0; k < field->line_count; k++) {
        double *row = field->crossings + field->starts[k];
        size_t count = field->starts[k + 1] - field->starts[k];
        sort_numbers(row, count);
        for (size_t i = 0; i + 1 < count; i += 2)
            if (keep_points || row[i + 1] - row[i] > 1e-9)
                segment_add(field, row[i], row[i + 1], field->lines[k]);
        if (k % 256 == 0 && kernel_cancelled(field->hatch->context))
            return px_fail(error, PX_E_CANCELLED, "cancelled");
    }
    return 0;
}

int hatch_draw(struct hatch *hatch, const struct ring *rings, const uint32_t *members, size_t member_count,
               const struct hatch_rule *rule, struct px_error *error) {
    struct field field = {.hatch = hatch, .ring_count = member_count};
    field_centre(&field, rings, members);
    if (field.point_count == 0)
        return 0;
    int code = field_init(&field, rings, members, rule->angle, error);
    if (code < 0 || !(field.high > field.low))
        return code;
    code = field_rule(&field, rule, error);
    if (code < 0)
        return code;
    points_place(&field, rule);
    code = field_cross(&field, error);
    return code < 0 ? code : field_segments(&field, rule->keep_points, error);
}
