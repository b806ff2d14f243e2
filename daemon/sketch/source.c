/* source.c: see source.h. */
#include "daemon/sketch/source.h"

#include "daemon/sketch/process.h"
#include "proto/writer.h"
#include "shared/clock.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const uint64_t first_pause_ns = UINT64_C(250000000);
static const uint64_t longest_pause_ns = UINT64_C(8000000000);

struct source {
    struct source_config config;
    char name[64];
    bool script;

    /* a script */
    char chunk[128];
    char *directory;
    char *text;
    size_t text_size;
    struct process *process; /* NULL: to be started by the next draw */
    bool loaded;
    uint64_t retry_ns, pause_ns;

    /* a plan */
    uint8_t *bytes;
    size_t size;
    struct plan *plan; /* decoded with these overrides and this seed; NULL: to be decoded */
    struct overrides *overrides;
    double seed;
    struct work *work;
    struct evaluator_ticket *ticket;

    /* the request under way; the moment is a copy */
    source_done *done;
    void *owner;
    struct source_moment moment;
    double cc[128];
    uint8_t *own;
};

/* ---- the request -------------------------------------------------------------------------------------------------- */

static void keep_moment(struct source *source, const struct source_moment *moment) {
    source->moment = *moment;
    if (moment->cc != NULL)
        memcpy(source->cc, moment->cc, sizeof source->cc);
    else
        memset(source->cc, 0, sizeof source->cc);
    source->moment.cc = source->cc;
    free(source->own);
    source->own = moment->own_size > 0 ? malloc(moment->own_size) : NULL;
    if (source->own != NULL)
        memcpy(source->own, moment->own, moment->own_size);
    else
        source->moment.own_size = 0;
    source->moment.own = source->own;
    source->moment.overrides = overrides_ref(moment->overrides);
}

static void finish(struct source *source, struct source_answer *answer, const struct px_error *error) {
    source_done *done = source->done;
    struct source_answer none = {0};
    source->done = NULL;
    overrides_unref(source->moment.overrides);
    source->moment.overrides = NULL;
    done(source->owner, answer != NULL ? answer : &none, error);
}

/* ---- scripts ------------------------------------------------------------------------------------------------------ */

static struct process_moment process_moment(const struct source *source) {
    return (struct process_moment){.t = source->moment.t,
                                   .frame = source->moment.frame,
                                   .cc = source->cc,
                                   .params = source->own,
                                   .params_size = source->moment.own_size};
}

/* The process is gone: the next start waits, longer each time. */
static void note_death(struct source *source) {
    process_destroy(source->process);
    source->process = NULL;
    source->loaded = false;
    source->pause_ns = source->pause_ns == 0 ? first_pause_ns : source->pause_ns * 2;
    if (source->pause_ns > longest_pause_ns)
        source->pause_ns = longest_pause_ns;
    source->retry_ns = px_clock_ns() + source->pause_ns;
}

static void on_drawn(void *owner, struct process_reply *reply, const struct px_error *error) {
    struct source *source = owner;
    if (error != NULL) {
        struct px_error reason = *error; /* the process and what it holds go */
        if (process_dead(source->process))
            note_death(source);
        finish(source, NULL, &reason);
        return;
    }
    source->pause_ns = 0;
    source->retry_ns = 0;
    struct source_answer answer = {.bytes = reply->plan,
                                   .size = reply->plan_size,
                                   .uses_time = reply->uses_time,
                                   .uses_cc = reply->uses_cc,
                                   .own = reply->own};
    reply->plan = NULL;
    finish(source, &answer, NULL); /* the source may be gone now */
    free(answer.bytes);
}

static void on_loaded(void *owner, struct process_reply *reply, const struct px_error *error) {
    struct source *source = owner;
    if (error != NULL) {
        on_drawn(owner, reply, error);
        return;
    }
    source->loaded = true;
    struct process_moment moment = process_moment(source);
    process_draw(source->process, &moment, on_drawn, source);
}

static int start_process(struct source *source, struct px_error *error) {
    const struct process_config config = {.loop = source->config.loop,
                                          .nursery = source->config.nursery,
                                          .name = source->name,
                                          .directory = source->directory,
                                          .memory_bytes = source->config.memory_bytes,
                                          .time_ms = source->config.time_ms};
    return process_create(&config, &source->process, error);
}

static void draw_script(struct source *source) {
    struct process_moment moment = process_moment(source);
    if (source->process != NULL && process_dead(source->process))
        note_death(source);
    if (source->process != NULL && source->loaded) {
        process_draw(source->process, &moment, on_drawn, source);
        return;
    }
    struct px_error error;
    if (source->process == NULL && start_process(source, &error) != 0) {
        source->retry_ns = px_clock_ns() + longest_pause_ns;
        finish(source, NULL, &error);
        return;
    }
    process_load(source->process, &moment, source->chunk, source->text, source->text_size, on_loaded, source);
}

/* ---- plans -------------------------------------------------------------------------------------------------------- */

static void answer_plan(struct source *source, const double *values, size_t count) {
    struct source_answer answer = {.plan = source->plan, .values = values, .value_count = count};
    for (size_t i = 0; i < source->plan->expression_count; i++) {
        answer.uses_time = answer.uses_time || source->plan->expressions[i].uses_time;
        answer.uses_cc = answer.uses_cc || source->plan->expressions[i].uses_cc;
    }
    finish(source, &answer, NULL);
}

static void on_values(void *owner, const double *values, size_t count, const struct px_error *error) {
    struct source *source = owner;
    source->ticket = NULL;
    if (error != NULL)
        finish(source, NULL, error);
    else
        answer_plan(source, values, count);
}

static void evaluate_plan(struct source *source) {
    if (source->plan->expression_count == 0) {
        answer_plan(source, NULL, 0);
        return;
    }
    const struct evaluator_moment moment = {.t = source->moment.t,
                                            .frame = source->moment.frame,
                                            .seed = (double)source->plan->seed,
                                            .cc = source->cc};
    source->ticket = evaluator_submit(source->config.evaluator, source->plan, &moment, on_values, source);
    if (source->ticket == NULL) {
        struct px_error error;
        px_fail(&error, PX_E_NO_MEMORY, "%s: no memory for its expressions", source->name);
        finish(source, NULL, &error);
    }
}

static void on_decoded(void *owner, struct evaluation *evaluation) {
    struct source *source = owner;
    source->work = NULL;
    const struct px_error *failed = evaluation_error(evaluation);
    if (failed != NULL) {
        struct px_error error = *failed;
        evaluation_destroy(evaluation);
        finish(source, NULL, &error);
        return;
    }
    plan_unref(source->plan);
    source->plan = plan_ref(evaluation_plan(evaluation));
    overrides_unref(source->overrides);
    source->overrides = overrides_ref(source->moment.overrides);
    source->seed = source->moment.seed;
    evaluation_destroy(evaluation);
    evaluate_plan(source);
}

static bool plan_is_old(const struct source *source) {
    bool same_seed = isnan(source->moment.seed) ? isnan(source->seed) : source->seed == source->moment.seed;
    return source->plan == NULL || source->overrides != source->moment.overrides || !same_seed;
}

static void draw_plan(struct source *source) {
    if (!plan_is_old(source)) {
        evaluate_plan(source);
        return;
    }
    struct px_error error;
    uint8_t *bytes = malloc(source->size);
    int status = bytes != NULL ? 0 : px_fail(&error, PX_E_NO_MEMORY, "%s: no memory for its plan", source->name);
    if (status == 0) {
        bool has_seed = !isnan(source->moment.seed);
        memcpy(bytes, source->bytes, source->size);
        const struct evaluation_request request = {.bytes = bytes,
                                                   .size = source->size,
                                                   .path = "plan",
                                                   .overrides = source->moment.overrides,
                                                   .has_seed = has_seed,
                                                   .seed = has_seed ? (uint64_t)source->moment.seed : 0,
                                                   .decode_only = true,
                                                   .priority = POOL_CONTROL};
        status = work_start(source->config.works, request, on_decoded, source, &source->work, &error);
    }
    if (status != 0)
        finish(source, NULL, &error);
}

/* ---- both --------------------------------------------------------------------------------------------------------- */

void source_draw(struct source *source, const struct source_moment *moment, source_done *done, void *owner) {
    keep_moment(source, moment);
    source->done = done;
    source->owner = owner;
    if (source->script)
        draw_script(source);
    else
        draw_plan(source);
}

bool source_busy(const struct source *source) {
    return source->done != NULL;
}

uint64_t source_retry_ns(const struct source *source) {
    return source->retry_ns;
}

static struct source *make(const struct source_config *config, struct px_error *error) {
    struct source *source = calloc(1, sizeof *source);
    if (source == NULL) {
        px_fail(error, PX_E_NO_MEMORY, "%s: no memory for a sketch", config->name);
        return NULL;
    }
    source->config = *config;
    snprintf(source->name, sizeof source->name, "%s", config->name);
    source->config.name = source->name;
    return source;
}

int source_script(const struct source_config *config, const char *chunk, const char *text, size_t size,
                  const char *directory, struct source **out, struct px_error *error) {
    struct source *source = make(config, error);
    if (source == NULL)
        return PX_E_NO_MEMORY;
    source->script = true;
    snprintf(source->chunk, sizeof source->chunk, "%s", chunk);
    source->directory = directory != NULL ? strdup(directory) : NULL;
    source->text = malloc(size + 1);
    if (source->text == NULL || (directory != NULL && source->directory == NULL)) {
        source_destroy(source);
        return px_fail(error, PX_E_NO_MEMORY, "%s: no memory for a source of %zu bytes", config->name, size);
    }
    memcpy(source->text, text, size);
    source->text[size] = '\0';
    source->text_size = size;
    *out = source;
    return 0;
}

int source_data(const struct source_config *config, const struct px_value *plan, struct source **out,
                struct px_error *error) {
    struct source *source = make(config, error);
    if (source == NULL)
        return PX_E_NO_MEMORY;
    struct px_writer writer;
    px_writer_init(&writer, PX_LIMITS_DEFAULT.bytes);
    px_write_value(&writer, plan);
    int status = px_writer_finish(&writer, error);
    if (status == 0)
        source->bytes = px_writer_take(&writer, &source->size);
    px_writer_free(&writer);
    if (status != 0) {
        source_destroy(source);
        return status;
    }
    *out = source;
    return 0;
}

void source_destroy(struct source *source) {
    if (source == NULL)
        return;
    process_destroy(source->process);
    work_drop(source->work);
    evaluator_cancel(source->ticket);
    plan_unref(source->plan);
    overrides_unref(source->overrides);
    overrides_unref(source->moment.overrides);
    free(source->own);
    free(source->bytes);
    free(source->text);
    free(source->directory);
    free(source);
}

bool source_is_script(const struct source *source) {
    return source->script;
}

const char *source_text(const struct source *source, size_t *size) {
    *size = source->text_size;
    return source->text;
}

const uint8_t *source_plan_bytes(const struct source *source, size_t *size) {
    *size = source->size;
    return source->bytes;
}

const char *source_chunk(const struct source *source) {
    return source->chunk;
}

int source_pid(const struct source *source) {
    return source->process != NULL ? process_pid(source->process) : 0;
}
