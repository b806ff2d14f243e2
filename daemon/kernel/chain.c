/* chain.c: one run of a chain: where each step reads and writes, and the passes of fused POINTS steps. */
#include "daemon/kernel/chain.h"

#include "daemon/kernel/blocks.h"
#include "daemon/kernel/effects/linear.h"
#include "daemon/kernel/scratch.h"

#include <assert.h>
#include <string.h>

/* Blocks between two looks at the cancel flag. */
enum { BLOCKS_PER_LOOK = 16 };

/* Where the geometry made so far stands. Slots are scratch; each takes two of scratch.h, coords and offsets. */
enum place { PLACE_INPUT, PLACE_SLOT_A, PLACE_SLOT_B, PLACE_OUTPUT };

/* A kernel_output over scratch slots. */
struct slot_output {
    struct kernel_output output;
    const struct kernel_context *context;
    unsigned first_slot;
};

struct run {
    const struct chain_step *steps;
    size_t count;
    struct kernel_output *output;
    struct kernel_context *context;
    struct slot_output slots[2];
    bool fused;
    struct px_geometry at; /* made so far */
    enum place place;
    struct measure measure; /* of `at`, as far as `measured` says */
    unsigned measured;
};

/* One POINTS step of a pass that has something to do. */
struct pass_step {
    _Alignas(64) unsigned char state[KERNEL_STATE_MAX];
    const struct kernel *kernel;
    size_t linear; /* so many steps from this one on are linear */
};

struct pass {
    struct pass_step *steps;
    size_t count;
    unsigned gather; /* enum kernel_measure: what the step after it must know */
};

/* ---- scratch as output ---- */

static int slot_reserve(struct kernel_output *output, size_t vertices, size_t lines, struct px_error *error) {
    struct slot_output *slot = (struct slot_output *)output;
    if (vertices > slot->context->vertex_budget)
        return px_fail(error, PX_E_LIMIT, "a step would make %zu vertices, the budget is %zu", vertices,
                       slot->context->vertex_budget);
    float *coords = scratch_slot(slot->context->scratch, slot->first_slot, vertices * 3 * sizeof *coords,
                                 output->reserved_vertices * 3 * sizeof *coords);
    int32_t *offsets = scratch_slot(slot->context->scratch, slot->first_slot + 1, (lines + 1) * sizeof *offsets,
                                    output->offsets == NULL ? 0 : (output->reserved_lines + 1) * sizeof *offsets);
    if (coords == NULL || offsets == NULL)
        return px_fail(error, PX_E_NO_MEMORY, "no scratch for %zu vertices in %zu lines", vertices, lines);
    output->coords = coords;
    output->offsets = offsets;
    output->reserved_vertices = vertices > output->reserved_vertices ? vertices : output->reserved_vertices;
    output->reserved_lines = lines > output->reserved_lines ? lines : output->reserved_lines;
    return 0;
}

static struct kernel_output *output_at(struct run *run, enum place place) {
    return place == PLACE_OUTPUT ? run->output : &run->slots[place - PLACE_SLOT_A].output;
}

/* Slots are used again and again: what stood there is forgotten. */
static void output_empty(struct run *run, enum place place) {
    if (place == PLACE_OUTPUT)
        return;
    struct kernel_output *output = output_at(run, place);
    *output = (struct kernel_output){.reserve = slot_reserve};
}

static void run_moved_to(struct run *run, enum place place) {
    const struct kernel_output *output = output_at(run, place);
    run->place = place;
    run->at = (struct px_geometry){output->coords, output->offsets, output->vertex_count, output->line_count};
    run->measured = 0;
    run->measure.vertex_count = output->vertex_count;
    assert((size_t)output->offsets[output->line_count] == output->vertex_count);
}

/* ---- where to write ---- */

static bool only_points_from(const struct run *run, size_t step) {
    for (; step < run->count; step++) {
        if (run->steps[step].kernel->kind != KERNEL_POINTS)
            return false;
    }
    return true;
}

/* The result of the steps before `next`: into the caller's output as soon as only POINTS steps are left, which go on
 * there in place; else into the slot that is not being read. */
static enum place place_for(const struct run *run, size_t next) {
    if (only_points_from(run, next))
        return PLACE_OUTPUT;
    return run->place == PLACE_SLOT_A ? PLACE_SLOT_B : PLACE_SLOT_A;
}

static int copy_offsets(struct run *run, enum place place, struct px_error *error) {
    output_empty(run, place);
    struct kernel_output *output = output_at(run, place);
    const int code = kernel_output_reserve(output, run->at.vertex_count, run->at.line_count, error);
    if (code != 0)
        return code;
    if (run->at.line_count > 0)
        memcpy(output->offsets, run->at.offsets, (run->at.line_count + 1) * sizeof *output->offsets);
    output->vertex_count = run->at.vertex_count;
    output->line_count = run->at.line_count;
    return 0;
}

/* ---- POINTS ---- */

/* Arrays stand an odd number of cache lines apart: 4096 bytes apart, a store to one would hold up a load of the next.
 */
struct points_block {
    _Alignas(64) float x[POINTS_BLOCK + 16];
    _Alignas(64) float y[POINTS_BLOCK + 16];
    _Alignas(64) float z[POINTS_BLOCK + 16];
};

static void measure_clear(struct measure *measure, size_t vertex_count) {
    *measure = (struct measure){
        .min = {INFINITY, INFINITY, INFINITY}, .max = {-INFINITY, -INFINITY, -INFINITY}, .vertex_count = vertex_count};
}

/* Sums stand in centre until measure_finish. */
static void measure_add(struct measure *measure, unsigned wanted, const struct blocks *blocks,
                        const struct points_block *block, size_t n) {
    const float *const arrays[3] = {block->x, block->y, block->z};
    for (size_t axis = 0; axis < 3; axis++) {
        if (wanted & MEASURE_CENTRE)
            measure->centre[axis] += blocks->sum(arrays[axis], n);
        if (wanted & MEASURE_BOUNDS)
            blocks->extend(arrays[axis], n, &measure->min[axis], &measure->max[axis]);
    }
}

static void measure_finish(struct measure *measure) {
    for (size_t axis = 0; axis < 3; axis++)
        measure->centre[axis] /= (double)measure->vertex_count;
}

static bool is_linear(const struct pass_step *step) {
    return step->kernel->linear && ((const struct linear *)(const void *)step->state)->kind != LINEAR_NONE;
}

/* Counts neighbours that are linear, from the last to the first. */
static void pass_group(const struct pass *pass) {
    size_t linear = 0;
    for (size_t i = pass->count; i-- > 0;) {
        linear = is_linear(&pass->steps[i]) ? linear + 1 : 0;
        pass->steps[i].linear = linear;
    }
}

static void pass_steps(const struct pass *pass, const struct blocks *blocks, struct points_block *block, size_t n) {
    for (size_t i = 0; i < pass->count;) {
        const struct pass_step *step = &pass->steps[i];
        if (step->linear > 1)
            blocks->linear(step->state, sizeof *step, step->linear, block->x, block->y, block->z, n);
        else
            step->kernel->points(step->state, block->x, block->y, block->z, n);
        i += step->linear > 1 ? step->linear : 1;
    }
}

/* Runs all steps of a pass over `at`, block by block, into coords (which may be at's own); coords NULL: only measures.
 */
static int pass_run(struct run *run, const struct pass *pass, float *coords, struct px_error *error) {
    const struct blocks *blocks = blocks_in_use();
    struct points_block block;
    struct measure measure;
    const size_t count = run->at.vertex_count;
    measure_clear(&measure, count);
    pass_group(pass);
    for (size_t first = 0; first < count; first += POINTS_BLOCK) {
        if (first % (POINTS_BLOCK * BLOCKS_PER_LOOK) == 0 && kernel_cancelled(run->context))
            return px_fail(error, PX_E_CANCELLED, "cancelled");
        const size_t n = count - first < POINTS_BLOCK ? count - first : POINTS_BLOCK;
        blocks->spread(run->at.coords + 3 * first, block.x, block.y, block.z, n);
        pass_steps(pass, blocks, &block, n);
        if (pass->gather != 0)
            measure_add(&measure, pass->gather, blocks, &block, n);
        if (coords != NULL)
            blocks->gather(block.x, block.y, block.z, coords + 3 * first, n);
    }
    measure_finish(&measure);
    run->measure = measure;
    return 0;
}

static int measure_geometry(struct run *run, unsigned wanted, struct px_error *error) {
    const struct pass nothing = {.gather = wanted | run->measured};
    const int code = pass_run(run, &nothing, NULL, error);
    if (code == 0)
        run->measured = nothing.gather;
    return code;
}

static unsigned measures_of(const struct chain_step *step) {
    return step->kernel->measures == NULL ? 0 : step->kernel->measures(step->params);
}

/* Adds a step to the pass, unless it has nothing to do. */
static int pass_add(struct run *run, struct pass *pass, const struct chain_step *step, struct px_error *error) {
    struct pass_step *added = &pass->steps[pass->count];
    added->kernel = step->kernel;
    const int code = step->kernel->prepare(step->params, &run->measure, run->context, added->state, error);
    if (code == KERNEL_SAME)
        return 0;
    pass->count += code == 0;
    return code;
}

/* Collects POINTS steps from *next on that one pass can do; *next is the first that it cannot. */
static int pass_collect(struct run *run, struct pass *pass, size_t *next, struct px_error *error) {
    for (; *next < run->count && run->steps[*next].kernel->kind == KERNEL_POINTS; (*next)++) {
        const struct chain_step *step = &run->steps[*next];
        const unsigned wanted = measures_of(step);
        if (pass->count > 0 && (wanted != 0 || !run->fused)) {
            pass->gather = run->fused ? wanted : 0;
            return 0;
        }
        int code = (wanted & ~run->measured) != 0 ? measure_geometry(run, wanted, error) : 0;
        if (code == 0)
            code = pass_add(run, pass, step, error);
        if (code != 0)
            return code;
    }
    return 0;
}

static int pass_write(struct run *run, const struct pass *pass, size_t next, struct px_error *error) {
    enum place place = run->place;
    if (place != PLACE_OUTPUT && (place == PLACE_INPUT || only_points_from(run, next))) {
        place = place_for(run, next);
        const int code = copy_offsets(run, place, error);
        if (code != 0)
            return code;
    }
    const int code = pass_run(run, pass, output_at(run, place)->coords, error);
    if (code != 0)
        return code;
    const struct measure measure = run->measure;
    run_moved_to(run, place);
    run->measure = measure;
    run->measured = pass->gather;
    return 0;
}

/* One pass from *next on; *next moves past the steps that are done. */
static int run_points(struct run *run, size_t *next, struct px_error *error) {
    if (run->at.vertex_count == 0) {
        (*next)++;
        return 0;
    }
    const size_t mark = scratch_mark(run->context->scratch);
    struct pass pass = {.steps = scratch_take(run->context->scratch, (run->count - *next) * sizeof *pass.steps)};
    if (pass.steps == NULL)
        return px_fail(error, PX_E_NO_MEMORY, "no scratch for a pass");
    int code = pass_collect(run, &pass, next, error);
    if (code == 0 && pass.count > 0)
        code = pass_write(run, &pass, *next, error);
    scratch_release_to(run->context->scratch, mark);
    return code;
}

/* ---- LINES, WHOLE ---- */

static int run_whole(struct run *run, size_t index, struct px_error *error) {
    const struct chain_step *step = &run->steps[index];
    struct scratch *scratch = run->context->scratch;
    const enum place place = place_for(run, index + 1);
    output_empty(run, place);
    const size_t mark = scratch_mark(scratch);
    struct px_geometry *inputs = scratch_take(scratch, (1 + step->further_count) * sizeof *inputs);
    if (inputs == NULL)
        return px_fail(error, PX_E_NO_MEMORY, "no scratch for inputs");
    inputs[0] = run->at;
    if (step->further_count > 0)
        memcpy(&inputs[1], step->further, step->further_count * sizeof *inputs);
    const struct kernel_job job = {
        .params = step->params,
        .inputs = inputs,
        .input_count = 1 + step->further_count,
        .line_begin = 0,
        .line_end = run->at.line_count,
        .output = output_at(run, place),
        .context = run->context,
    };
    const int code = step->kernel->run(&job, error);
    scratch_release_to(scratch, mark);
    if (code == 0)
        run_moved_to(run, place);
    return code == KERNEL_SAME ? 0 : code;
}

/* ---- the chain ---- */

/* Steps after the last one that wrote to scratch had nothing to do, or there was no input at all. */
static int copy_to_output(struct run *run, struct px_error *error) {
    const int code = copy_offsets(run, PLACE_OUTPUT, error);
    if (code == 0 && run->at.vertex_count > 0)
        memcpy(run->output->coords, run->at.coords, run->at.vertex_count * 3 * sizeof *run->output->coords);
    return code;
}

static int run_steps(struct run *run, size_t *failed, struct px_error *error) {
    for (size_t next = 0; next < run->count;) {
        int code;
        if (run->steps[next].kernel->kind == KERNEL_POINTS) {
            code = run_points(run, &next, error);
        } else {
            code = run_whole(run, next, error);
            next += code == 0;
        }
        if (code != 0) {
            *failed = next < run->count ? next : run->count - 1;
            return code;
        }
    }
    return 0;
}

static int run_chain(const struct chain_step *steps, size_t count, const struct px_geometry *input, bool fused,
                     struct kernel_output *output, struct kernel_context *context, size_t *failed,
                     struct px_error *error) {
    static const struct px_geometry nothing;
    struct run run = {
        .steps = steps,
        .count = count,
        .output = output,
        .context = context,
        .slots = {{.context = context, .first_slot = 0}, {.context = context, .first_slot = 2}},
        .fused = fused,
        .at = input != NULL ? *input : nothing,
    };
    run.measure.vertex_count = run.at.vertex_count;
    size_t step = 0;
    const int code = run_steps(&run, &step, error);
    if (code != 0) {
        if (failed != NULL)
            *failed = step;
        return code;
    }
    if (run.place == PLACE_OUTPUT)
        return 0;
    if (run.place == PLACE_INPUT && input != NULL)
        return KERNEL_SAME;
    return copy_to_output(&run, error);
}

int chain_run(const struct chain_step *steps, size_t count, const struct px_geometry *input,
              struct kernel_output *output, struct kernel_context *context, size_t *failed, struct px_error *error) {
    return run_chain(steps, count, input, true, output, context, failed, error);
}

int chain_run_unfused(const struct chain_step *steps, size_t count, const struct px_geometry *input,
                      struct kernel_output *output, struct kernel_context *context, size_t *failed,
                      struct px_error *error) {
    return run_chain(steps, count, input, false, output, context, failed, error);
}
