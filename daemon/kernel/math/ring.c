/* ring.c: see ring.h. Containment is found by a sweep over y that keeps the rings about the current height. */
#include "daemon/kernel/math/ring.h"

#include "daemon/kernel/math/sort.h"

#include <math.h>

struct ring ring_of(const double *xy, size_t count) {
    struct ring ring = {xy, count, {INFINITY, INFINITY}, {-INFINITY, -INFINITY}, 0};
    double twice = 0;
    for (size_t i = 0; i < count; i++) {
        const double *p = xy + 2 * i, *q = xy + 2 * (i + 1 < count ? i + 1 : 0);
        twice += p[0] * q[1] - q[0] * p[1];
        for (int axis = 0; axis < 2; axis++) {
            ring.min[axis] = p[axis] < ring.min[axis] ? p[axis] : ring.min[axis];
            ring.max[axis] = p[axis] > ring.max[axis] ? p[axis] : ring.max[axis];
        }
    }
    ring.area = fabs(twice) / 2;
    return ring;
}

static bool edge_counts(const double *p, const double *q, double x, double y) {
    if ((p[1] < y) == (q[1] < y)) /* not min < y <= max */
        return false;
    if (x > (p[0] > q[0] ? p[0] : q[0]))
        return false;
    return p[0] == q[0] || x <= p[0] + (y - p[1]) * (q[0] - p[0]) / (q[1] - p[1]);
}

bool ring_contains(const struct ring *ring, double x, double y) {
    bool inside = false;
    const double *p = ring->xy + 2 * (ring->count - 1);
    for (size_t i = 0; i < ring->count; i++) {
        const double *q = ring->xy + 2 * i;
        inside ^= edge_counts(p, q, x, y);
        p = q;
    }
    return inside;
}

enum { NOBODY = UINT32_MAX };

struct nesting {
    const struct ring *rings;
    size_t count;
    struct sort_key *points; /* rings by the height of their first point */
    size_t point_count;
    struct sort_key *bottoms; /* rings that can hold anything, by their lowest point */
    size_t bottom_count;
    uint32_t *active;
    size_t active_count;
    bool *odd;       /* stands in an odd number of others */
    uint32_t *owner; /* the outer ring it joins; NOBODY */
};

/* Is ring `outer` about the first point of ring `inner`? */
static bool stands_in(const struct nesting *n, uint32_t inner, uint32_t outer) {
    const struct ring *about = &n->rings[outer];
    const double *point = n->rings[inner].xy;
    return inner != outer && point[0] >= about->min[0] && point[0] <= about->max[0] &&
           ring_contains(about, point[0], point[1]);
}

static bool better_owner(const struct nesting *n, uint32_t outer, uint32_t than) {
    if (than == NOBODY)
        return true;
    double a = n->rings[outer].area, b = n->rings[than].area;
    return a < b || (a == b && outer < than);
}

static void visit_depth(struct nesting *n, uint32_t inner, uint32_t outer) {
    if (stands_in(n, inner, outer))
        n->odd[inner] = !n->odd[inner];
}

static void visit_owner(struct nesting *n, uint32_t inner, uint32_t outer) {
    if (n->odd[inner] && !n->odd[outer] && better_owner(n, outer, n->owner[inner]) && stands_in(n, inner, outer))
        n->owner[inner] = outer;
}

/* Visits each ring with every ring whose span of heights holds its first point. */
static void sweep(struct nesting *n, void (*visit)(struct nesting *, uint32_t, uint32_t)) {
    size_t next = 0;
    n->active_count = 0;
    for (size_t i = 0; i < n->point_count; i++) {
        double y = n->points[i].key;
        for (; next < n->bottom_count && n->bottoms[next].key < y; next++)
            n->active[n->active_count++] = n->bottoms[next].index;
        for (size_t a = 0; a < n->active_count;) {
            if (n->rings[n->active[a]].max[1] < y) {
                n->active[a] = n->active[--n->active_count];
                continue;
            }
            visit(n, n->points[i].index, n->active[a++]);
        }
    }
}

static bool nesting_init(struct nesting *n, struct scratch *scratch) {
    n->points = scratch_take(scratch, n->count * sizeof *n->points);
    n->bottoms = scratch_take(scratch, n->count * sizeof *n->bottoms);
    n->active = scratch_take(scratch, n->count * sizeof *n->active);
    n->odd = scratch_take(scratch, n->count * sizeof *n->odd);
    n->owner = scratch_take(scratch, n->count * sizeof *n->owner);
    struct sort_key *room = scratch_take(scratch, n->count * sizeof *room);
    if (n->points == NULL || n->bottoms == NULL || n->active == NULL || n->odd == NULL || n->owner == NULL ||
        room == NULL)
        return false;
    for (uint32_t i = 0; i < n->count; i++) {
        n->odd[i] = false;
        n->owner[i] = NOBODY;
        if (n->rings[i].count == 0)
            continue;
        n->points[n->point_count++] = (struct sort_key){n->rings[i].xy[1], i};
        if (n->rings[i].count >= 3)
            n->bottoms[n->bottom_count++] = (struct sort_key){n->rings[i].min[1], i};
    }
    sort_keys(n->points, room, n->point_count);
    sort_keys(n->bottoms, room, n->bottom_count);
    sweep(n, visit_depth);
    sweep(n, visit_owner);
    return true;
}

/* Numbers the groups: group_of[ring], NOBODY for a ring without points. */
static size_t number_groups(const struct nesting *n, uint32_t *group_of) {
    uint32_t count = 0;
    for (size_t i = 0; i < n->count; i++)
        group_of[i] = n->rings[i].count > 0 && !n->odd[i] ? count++ : NOBODY;
    for (size_t i = 0; i < n->count; i++) {
        if (n->rings[i].count > 0 && n->odd[i])
            group_of[i] = n->owner[i] == NOBODY ? count++ : group_of[n->owner[i]];
    }
    return count;
}

bool ring_group(const struct ring *rings, size_t count, struct scratch *scratch, struct ring_groups *groups) {
    struct nesting nesting = {.rings = rings, .count = count};
    uint32_t *group_of = scratch_take(scratch, count * sizeof *group_of);
    groups->members = scratch_take(scratch, count * sizeof *groups->members);
    groups->starts = scratch_take(scratch, (count + 1) * sizeof *groups->starts);
    if (group_of == NULL || groups->members == NULL || groups->starts == NULL || !nesting_init(&nesting, scratch))
        return false;
    groups->count = number_groups(&nesting, group_of);
    uint32_t *starts = groups->starts;
    for (size_t g = 0; g <= groups->count; g++)
        starts[g] = 0;
    for (size_t i = 0; i < count; i++)
        if (group_of[i] != NOBODY)
            starts[group_of[i]]++;
    for (size_t g = 1; g <= groups->count; g++)
        starts[g] += starts[g - 1];
    for (size_t i = count; i-- > 0;)
        if (group_of[i] != NOBODY)
            groups->members[--starts[group_of[i]]] = (uint32_t)i;
    return true;
}
