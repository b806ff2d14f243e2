#include "daemon/slab/geometry_slab.h"
#include "daemon/kernel/chain.h"
#include "shared/clock.h"

#include <math.h>
#include <string.h>

/* Positions of the parts for so many vertices and lines, bytes from the header; each a multiple of 64. */
struct parts {
    size_t offsets_at, coords_at, flags_at;
    size_t size; /* used bytes, header included */
};

static size_t aligned(size_t bytes) {
    return (bytes + PX_SLAB_ALIGNMENT - 1) / PX_SLAB_ALIGNMENT * PX_SLAB_ALIGNMENT;
}

/* With room for `lines` offsets; coords follow that room, flags the vertices. */
static struct parts parts_for(size_t vertices, size_t lines) {
    struct parts parts = {.offsets_at = aligned(sizeof(struct px_slab_header))};
    parts.coords_at = aligned(parts.offsets_at + (lines + 1) * sizeof(int32_t));
    parts.flags_at = aligned(parts.coords_at + vertices * 3 * sizeof(float));
    parts.size = parts.flags_at + vertices;
    return parts;
}

/* ---- the kernel's output ------------------------------------------------------------------------------------- */

/* Room for half as much again, so that growing step by step copies each byte a few times at most. */
static size_t grown(size_t now, size_t asked, size_t most) {
    size_t more = now + now / 2;
    if (now == 0 || asked > more)
        return asked;
    return more < most ? more : most;
}

static void point_at(struct geometry_slab *writer, struct slab *slab, size_t vertices, size_t lines) {
    unsigned char *block = (unsigned char *)slab_header(slab);
    struct parts parts = parts_for(vertices, lines);
    writer->output.offsets = (int32_t *)(void *)(block + parts.offsets_at);
    writer->output.coords = (float *)(void *)(block + parts.coords_at);
    writer->output.reserved_vertices = vertices;
    writer->output.reserved_lines = lines;
    writer->slab = slab;
}

/* Takes more of the block that is there: the offsets stay where they are. */
static bool widen_in_place(struct geometry_slab *writer, size_t vertices, size_t lines) {
    if (writer->slab == NULL || lines > writer->output.reserved_lines ||
        parts_for(vertices, writer->output.reserved_lines).size > slab_capacity(writer->slab))
        return false;
    if (vertices > writer->output.reserved_vertices)
        writer->output.reserved_vertices = vertices;
    return true;
}

static int move_to_larger(struct geometry_slab *writer, size_t vertices, size_t lines, struct px_error *error) {
    struct kernel_output *output = &writer->output;
    struct slab *old = writer->slab, *slab;
    int code = slab_reserve(writer->store, parts_for(vertices, lines).size - sizeof(struct px_slab_header), &slab, error);
    if (code < 0)
        return code;
    const float *coords = output->coords;
    const int32_t *offsets = output->offsets;
    size_t had_vertices = output->reserved_vertices, had_lines = output->reserved_lines;
    point_at(writer, slab, vertices, lines);
    if (old == NULL) {
        output->offsets[0] = 0;
        return 0;
    }
    memcpy(output->coords, coords, had_vertices * 3 * sizeof(float));
    memcpy(output->offsets, offsets, (had_lines + 1) * sizeof(int32_t));
    slab_unref(old);
    writer->grown++;
    return 0;
}

static int reserve(struct kernel_output *output, size_t vertices, size_t lines, struct px_error *error) {
    struct geometry_slab *writer = (struct geometry_slab *)(void *)output;
    if (vertices > writer->vertex_budget || lines > PX_GEOMETRY_LINES_MAX)
        return px_fail(error, PX_E_LIMIT, "%zu vertices in %zu lines; at most %zu and %d fit here", vertices, lines,
                       writer->vertex_budget, PX_GEOMETRY_LINES_MAX);
    if (widen_in_place(writer, vertices, lines))
        return 0;
    if (lines < output->reserved_lines)
        lines = output->reserved_lines;
    if (vertices < output->reserved_vertices)
        vertices = output->reserved_vertices;
    return move_to_larger(writer, grown(output->reserved_vertices, vertices, writer->vertex_budget),
                          grown(output->reserved_lines, lines, PX_GEOMETRY_LINES_MAX), error);
}

void geometry_slab_begin(struct geometry_slab *writer, struct slab_store *store, size_t vertex_budget) {
    *writer = (struct geometry_slab){
        .output.reserve = reserve,
        .store = store,
        .vertex_budget = vertex_budget < PX_GEOMETRY_VERTICES_MAX ? vertex_budget : PX_GEOMETRY_VERTICES_MAX,
    };
}

/* ---- stage D ------------------------------------------------------------------------------------------------- */

/* Least and greatest of floats k, k + LANES, k + 2 LANES, ...: LANES is a multiple of 3, so a lane is of one axis. */
enum { LANES = 24 };
struct lanes {
    float least[LANES], greatest[LANES];
    float trace[LANES]; /* 0, and NaN once a value was not finite: 0 * inf */
};

static void lanes_take(struct lanes *lanes, const float *values, size_t n) {
    for (size_t k = 0; k < n; k++) {
        lanes->least[k] = values[k] < lanes->least[k] ? values[k] : lanes->least[k];
        lanes->greatest[k] = values[k] > lanes->greatest[k] ? values[k] : lanes->greatest[k];
        lanes->trace[k] += values[k] * 0.0f;
    }
}

/* The box, and whether all of it is finite. */
static struct px_bounds bounds_of(const float *coords, size_t vertex_count, bool *finite) {
    struct lanes lanes;
    for (size_t k = 0; k < LANES; k++) {
        lanes.least[k] = INFINITY;
        lanes.greatest[k] = -INFINITY;
        lanes.trace[k] = 0;
    }
    size_t n = 3 * vertex_count, i = 0;
    for (; i + LANES <= n; i += LANES)
        lanes_take(&lanes, coords + i, LANES);
    lanes_take(&lanes, coords + i, n - i);
    struct px_bounds box = {{INFINITY, INFINITY, INFINITY}, {-INFINITY, -INFINITY, -INFINITY}};
    for (size_t k = 0; k < LANES; k++) {
        box.min[k % 3] = fminf(box.min[k % 3], lanes.least[k]);
        box.max[k % 3] = fmaxf(box.max[k % 3], lanes.greatest[k]);
    }
    *finite = true;
    for (size_t k = 0; k < LANES; k++)
        *finite = *finite && lanes.trace[k] == 0.0f;
    return box;
}

enum { CLOSED_BLOCK = 1024 };

/* The digest of offsets, and of which lines are closed. */
static struct px_signature topology_of(const struct px_geometry *geometry, const uint8_t *flags) {
    struct px_hasher hasher;
    px_hasher_init(&hasher);
    px_hasher_add_bytes(&hasher, geometry->offsets, (geometry->line_count + 1) * sizeof(int32_t));
    uint8_t closed[CLOSED_BLOCK];
    for (size_t first = 0; first < geometry->line_count; first += CLOSED_BLOCK) {
        size_t n = geometry->line_count - first < CLOSED_BLOCK ? geometry->line_count - first : CLOSED_BLOCK;
        for (size_t i = 0; i < n; i++) {
            const int32_t *line = geometry->offsets + first + i;
            closed[i] = line[1] > line[0] ? flags[line[0]] & PX_VERTEX_CLOSED : 0;
        }
        px_hasher_add_bytes(&hasher, closed, n);
    }
    return px_hasher_finish(&hasher);
}

/* A kernel that breaks the rules must not make us read past the block. */
static int check_result(const struct geometry_slab *writer, struct px_error *error) {
    const struct kernel_output *output = &writer->output;
    if (output->vertex_count > output->reserved_vertices || output->line_count > output->reserved_lines)
        return px_fail(error, PX_E_INTERNAL, "a kernel wrote %zu vertices in %zu lines with room for %zu in %zu",
                       output->vertex_count, output->line_count, output->reserved_vertices, output->reserved_lines);
    const int32_t *offsets = output->offsets;
    int32_t falls = offsets[0];
    for (size_t i = 0; i < output->line_count; i++)
        falls |= offsets[i + 1] < offsets[i];
    if (falls != 0 || (size_t)offsets[output->line_count] != output->vertex_count)
        return px_fail(error, PX_E_INTERNAL, "a kernel's offsets do not run from 0 to its %zu vertices",
                       output->vertex_count);
    return 0;
}

static size_t make_ready(struct geometry_slab *writer, bool *finite) {
    const struct kernel_output *output = &writer->output;
    struct px_slab_header *header = slab_header(writer->slab);
    struct px_geometry geometry = {output->coords, output->offsets, output->vertex_count, output->line_count};
    struct parts parts = parts_for(output->vertex_count, output->reserved_lines);
    uint8_t *flags = (uint8_t *)header + parts.flags_at;
    chain_vertex_flags(&geometry, flags);
    header->topology = topology_of(&geometry, flags);
    header->vertex_count = output->vertex_count;
    header->line_count = output->line_count;
    header->offsets_at = (uint32_t)(parts.offsets_at / PX_SLAB_ALIGNMENT);
    header->coords_at = (uint32_t)(parts.coords_at / PX_SLAB_ALIGNMENT);
    header->flags_at = (uint32_t)(parts.flags_at / PX_SLAB_ALIGNMENT);
    header->reserved = 0;
    header->reserved2 = 0;
    header->bounds = bounds_of(output->coords, output->vertex_count, finite);
    return parts.size;
}

int geometry_slab_finish(struct geometry_slab *writer, struct px_signature signature, struct slab **slab,
                         uint64_t *ready_ns, struct px_error *error) {
    uint64_t began = px_clock_ns();
    int code = writer->slab == NULL ? reserve(&writer->output, 0, 0, error) : 0;
    if (code == 0)
        code = check_result(writer, error);
    if (code < 0) {
        geometry_slab_abandon(writer);
        return code;
    }
    bool finite;
    size_t used_bytes = make_ready(writer, &finite);
    if (!finite) {
        geometry_slab_abandon(writer);
        return px_fail(error, PX_E_KERNEL, "coordinates went beyond what a float holds: use smaller numbers");
    }
    slab_seal(writer->slab, PX_SLAB_GEOMETRY, used_bytes, signature);
    *slab = writer->slab;
    writer->slab = NULL;
    if (ready_ns != NULL)
        *ready_ns = px_clock_ns() - began;
    return 0;
}

void geometry_slab_abandon(struct geometry_slab *writer) {
    slab_unref(writer->slab);
    writer->slab = NULL;
}

int geometry_slab_copy(struct slab_store *store, const struct px_geometry *geometry, struct px_signature signature,
                       struct slab **slab, struct px_error *error) {
    struct geometry_slab writer;
    geometry_slab_begin(&writer, store, PX_GEOMETRY_VERTICES_MAX);
    int code = reserve(&writer.output, geometry->vertex_count, geometry->line_count, error);
    if (code < 0)
        return code;
    if (geometry->vertex_count > 0)
        memcpy(writer.output.coords, geometry->coords, geometry->vertex_count * 3 * sizeof(float));
    if (geometry->offsets != NULL)
        memcpy(writer.output.offsets, geometry->offsets, (geometry->line_count + 1) * sizeof(int32_t));
    writer.output.vertex_count = geometry->vertex_count;
    writer.output.line_count = geometry->line_count;
    return geometry_slab_finish(&writer, signature, slab, NULL, error);
}
