/* line_set.c: the table of lines that stand in the output. */
#include "daemon/kernel/math/line_set.h"

#include <string.h>

int line_set_init(struct line_set *set, const struct kernel_job *job, size_t vertices, size_t lines,
                  struct px_error *error) {
    const int code = kernel_output_reserve(job->output, vertices, lines, error);
    if (code != 0)
        return code;
    size_t size = 16;
    while (size < 2 * lines)
        size *= 2;
    *set = (struct line_set){.output = job->output, .mask = size - 1};
    set->slots = scratch_take(job->context->scratch, size * sizeof *set->slots);
    if (set->slots == NULL)
        return px_fail(error, PX_E_NO_MEMORY, "no scratch to compare %zu lines", lines);
    memset(set->slots, 0, size * sizeof *set->slots);
    job->output->vertex_count = 0;
    job->output->line_count = 0;
    return 0;
}

/* The key of a coordinate; adding 0 makes one of -0 and +0. */
static double key_of(float coordinate) {
    return math_rint(1e6 * (double)coordinate) + 0.0;
}

/* The three keys of a vertex side by side, one step of the chain a vertex. */
static uint64_t hash_of(const float *coords, size_t n) {
    uint64_t hash = n;
    for (size_t i = 0; i < n; i++) {
        const uint64_t x = math_bits(key_of(coords[3 * i])) * 0x9E3779B97F4A7C15u;
        const uint64_t y = math_bits(key_of(coords[3 * i + 1])) * 0xC2B2AE3D27D4EB4Fu;
        const uint64_t z = math_bits(key_of(coords[3 * i + 2])) * 0x165667B19E3779F9u;
        const uint64_t vertex = (x ^ (x >> 32)) + (y ^ (y >> 29)) + (z ^ (z >> 30));
        hash = ((hash << 23 | hash >> 41) ^ vertex) * 0xBF58476D1CE4E5B9u;
    }
    return hash ^ hash >> 29;
}

static bool lines_equal(const float *a, const float *b, size_t n) {
    for (size_t i = 0; i < 3 * n; i++) {
        if (a[i] != b[i] && key_of(a[i]) != key_of(b[i]))
            return false;
    }
    return true;
}

/* The slot of an equal line, or the free one where it belongs. */
static struct line_slot *find(const struct line_set *set, uint64_t hash, const float *coords, size_t n) {
    const struct kernel_output *output = set->output;
    for (size_t i = hash & set->mask;; i = (i + 1) & set->mask) {
        struct line_slot *slot = &set->slots[i];
        if (slot->line_plus_one == 0)
            return slot;
        if (slot->hash != (uint32_t)(hash >> 32))
            continue;
        const size_t begin = (size_t)output->offsets[slot->line_plus_one - 1];
        const size_t count = (size_t)output->offsets[slot->line_plus_one] - begin;
        if (count == n && lines_equal(&output->coords[3 * begin], coords, n))
            return slot;
    }
}

/* Makes the n vertices that stand behind the last line a line of their own. */
static void keep(struct kernel_output *output, size_t n) {
    output->vertex_count += n;
    output->offsets[++output->line_count] = (int32_t)output->vertex_count;
}

static void write_copy(const double *coords, size_t n, const struct matrix *matrix, const double centre[3],
                       float *out) {
    for (size_t i = 0; i < n; i++) {
        double from[3], to[3];
        for (size_t axis = 0; axis < 3; axis++)
            from[axis] = coords[3 * i + axis] - centre[axis];
        matrix_apply(matrix, from, to);
        for (size_t axis = 0; axis < 3; axis++)
            out[3 * i + axis] = (float)(centre[axis] + to[axis]);
    }
}

void line_set_add(struct line_set *set, const double *coords, size_t n, const struct matrix *matrix,
                  const double centre[3]) {
    struct kernel_output *output = set->output;
    float *out = &output->coords[3 * output->vertex_count];
    write_copy(coords, n, matrix, centre, out);
    const uint64_t hash = hash_of(out, n);
    struct line_slot *slot = find(set, hash, out, n);
    if (slot->line_plus_one != 0)
        return;
    keep(output, n);
    *slot = (struct line_slot){(uint32_t)(hash >> 32), (uint32_t)output->line_count};
}

void line_set_append(struct line_set *set, const double a[3], const double b[3]) {
    struct kernel_output *output = set->output;
    float *out = &output->coords[3 * output->vertex_count];
    for (size_t axis = 0; axis < 3; axis++) {
        out[axis] = (float)a[axis];
        out[3 + axis] = (float)b[axis];
    }
    keep(output, 2);
}
