/* source.h: where a live sketch's plans come from: a Lua script in its process, or a plan given as data.
 *
 *     source_script | source_data -> source_draw (the first one loads: it proves the source) ... -> source_destroy
 *
 * One request at a time. A script whose process died is started again by the next draw, not before `source_retry_ns`:
 * each death doubles the pause.
 *
 * Threads    LOOP. `done` comes once a request, perhaps from within source_draw; not after source_destroy.
 * Errors     as the sketch's: PX_E_SKETCH with file and line, or those of the plan's decoding with its path.
 */
#ifndef SKETCH_SOURCE_H
#define SKETCH_SOURCE_H

#include "daemon/sketch/evaluator.h"
#include "daemon/sketch/work.h"

struct source;

struct source_config {
    struct loop *loop;
    struct nursery *nursery;
    struct work_group *works;
    struct evaluator *evaluator;
    const char *name;
    size_t memory_bytes;
    int time_ms;
};

/* What a draw gets; borrowed during the call, overrides by reference. */
struct source_moment {
    double t;
    double frame;
    const double *cc;            /* 128 */
    const uint8_t *own;          /* the sketch's own parameters: MessagePack map */
    size_t own_size;
    double seed;                 /* of a plan given as data; NaN: its own */
    struct overrides *overrides; /* of a plan given as data */
};

/* A plan, one of two ways: bytes still to be decoded (with the overrides), or a plan with its expressions' values. */
struct source_answer {
    uint8_t *bytes; /* malloc'd; taken by setting it to NULL */
    size_t size;
    struct plan *plan;
    const double *values;
    size_t value_count;
    bool uses_time, uses_cc;
    const struct px_value *own; /* list of the sketch's own parameters; NULL: it can have none */
};
typedef void source_done(void *owner, struct source_answer *answer, const struct px_error *error);

int source_script(const struct source_config *config, const char *chunk, const char *text, size_t size,
                  const char *directory, struct source **source, struct px_error *error);
int source_data(const struct source_config *config, const struct px_value *plan, struct source **source,
                struct px_error *error);
void source_destroy(struct source *source); /* NULL is fine */

void source_draw(struct source *source, const struct source_moment *moment, source_done *done, void *owner);
bool source_busy(const struct source *source);
uint64_t source_retry_ns(const struct source *source); /* 0: at once */
bool source_is_script(const struct source *source);
const char *source_text(const struct source *source, size_t *size);          /* of a script; else NULL */
const uint8_t *source_plan_bytes(const struct source *source, size_t *size); /* of a plan; else NULL */
const char *source_chunk(const struct source *source);                       /* "" for a plan */
int source_pid(const struct source *source);                                 /* of a script's process; 0: none */

#endif
