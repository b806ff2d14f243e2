/* live.c: see live.h. */
#include "daemon/sketch/live.h"

#include "daemon/host/log.h"
#include "shared/clock.h"
#include "shared/signature.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A source that is being proved. */
struct loading {
    struct source *source;
    struct work *work;
    bool uses_time, uses_cc;
    uint64_t revision;    /* of the values it was drawn with */
    struct px_writer own; /* its own parameters, as it listed them */
    sketch_done *done;
    void *argument;
};

/* A plan asked for outside of the clock. */
struct plan_request {
    struct plan_request *next;
    struct live *live;
    struct work *work; /* decoding */
    double t;
    void (*done)(void *argument, struct plan *plan, const struct px_error *error); /* NULL: a refresh */
    sketch_done *refreshed;
    void *argument;
    uint64_t revision; /* of the values it was drawn with */
};

struct live {
    struct live_context *context;
    char name[64];
    struct source *source;   /* NULL: none yet, or frames are submitted */
    struct loading *loading; /* NULL: none */
    struct flights *flights;
    struct live_params *params;
    struct overrides *overrides; /* in force; rebuilt when a value changes */
    struct px_writer own_values; /* MessagePack map of the sketch's own, as sent to its process */
    struct sketch_clock clock;
    struct loop_timer *timer;
    uint64_t tick;  /* of the clock, last seen */
    uint64_t frame; /* number of the newest frame wanted */
    uint64_t revision;
    bool uses_time, uses_cc;

    /* the next frame: one at most */
    bool changed; /* a value changed since the last draw began */
    bool force;   /* a frame even if the plan comes out the same: somebody began to watch */
    bool wanted;
    double wanted_t;
    uint64_t wanted_frame;
    uint64_t began_ns; /* when the last draw began */

    /* the draw under way */
    struct flight_moment drawing;
    bool drawing_forced;
    struct px_signature drawn; /* of the last plan that was started */

    struct plan_request *asked;    /* waiting for the source */
    struct plan_request *answered; /* drawn, being decoded */
    bool asked_last;               /* the last draw was for one of them: a frame is next */

    struct plan *plan;
    uint64_t plan_revision; /* of the values it was drawn with */
    struct px_document own;
    uint8_t *own_bytes;
    size_t own_size;
    struct px_error failure; /* code 0: none */
    struct live_counts counts;
};

static void pump(struct live *live);
static void schedule(struct live *live);

/* ---- telling ------------------------------------------------------------------------------------------------------ */

static void tell(const struct live *live, enum sketch_event event, const struct px_error *error) {
    const struct sketches_config *config = &live->context->config;
    if (config->event != NULL)
        config->event(config->argument, event, live->name, error);
}

static void fail(struct live *live, const struct px_error *error) {
    bool known = live->failure.code == error->code && strcmp(live->failure.message, error->message) == 0;
    live->counts.failed++;
    live->failure = *error;
    if (known)
        return; /* said once, not at every frame */
    log_warning("sketch", "%s: %s", live->name, error->message);
    tell(live, SKETCH_FAILED, error);
}

static void recover(struct live *live) {
    if (live->failure.code == 0)
        return;
    live->failure = (struct px_error){0};
    tell(live, SKETCH_RECOVERED, NULL);
}

/* ---- values ------------------------------------------------------------------------------------------------------- */

static void rebuild_values(struct live *live) {
    struct px_error error;
    struct overrides *fresh;
    if (live_params_overrides(live->params, &live->context->controllers, &fresh, &error) != 0) {
        fail(live, &error);
        return;
    }
    overrides_unref(live->overrides);
    live->overrides = fresh;
    live->own_values.size = 0;
    live->own_values.failed = 0;
    live_params_write_own(live->params, &live->context->controllers, &live->own_values);
}

/* The value of the plan's seed as a person set it; NaN: the sketch's own. */
static double seed_given(const struct live *live) {
    double seed;
    const struct px_value *value = live_params_override(live->params, "seed");
    return value != NULL && px_value_number(value, &seed) ? seed : NAN;
}

static struct source_moment moment_at(const struct live *live, double t, double frame) {
    return (struct source_moment){.t = t,
                                  .frame = frame,
                                  .cc = live->context->controllers.values,
                                  .own = live->own_values.bytes,
                                  .own_size = live->own_values.failed == 0 ? live->own_values.size : 0,
                                  .seed = seed_given(live),
                                  .overrides = live->overrides};
}

/* Keeps the list of the sketch's own parameters; frees the writer. */
static void keep_own(struct live *live, struct px_writer *writer) {
    bool same = writer->size == live->own_size &&
                (writer->size == 0 || memcmp(writer->bytes, live->own_bytes, writer->size) == 0);
    if (!same && writer->failed == 0) {
        px_document_free(&live->own);
        free(live->own_bytes);
        live->own = (struct px_document){0};
        live->own_bytes = px_writer_take(writer, &live->own_size);
        if (live->own_size > 0)
            px_value_decode(live->own_bytes, live->own_size, &PX_LIMITS_DEFAULT, &live->own, NULL);
    }
    px_writer_free(writer);
}

static void take_own(struct live *live, const struct px_value *own) {
    struct px_writer writer;
    px_writer_init(&writer, 0);
    if (own != NULL)
        px_write_value(&writer, own);
    keep_own(live, &writer);
}

/* ---- an answer as a request --------------------------------------------------------------------------------------- */

/* Takes the answer's bytes. */
static struct evaluation_request request_of(const struct live *live, struct source_answer *answer) {
    struct evaluation_request request = {.bytes = answer->bytes,
                                         .size = answer->size,
                                         .plan = answer->plan,
                                         .path = answer->plan != NULL ? "plan" : "draw(t)",
                                         .overrides = live->overrides,
                                         .values = answer->values,
                                         .value_count = answer->value_count};
    double seed = seed_given(live);
    request.has_seed = answer->value_count > 0 && !isnan(seed);
    request.seed = request.has_seed ? (uint64_t)seed : 0;
    answer->bytes = NULL;
    return request;
}

/* What a script's plan lacks is the script's fault: the message gets its name. */
static struct px_error error_of(const struct source *source, const struct px_error *error) {
    struct px_error named = *error;
    if (source != NULL && source_is_script(source) && error->code != PX_E_SKETCH && error->code != PX_E_KERNEL &&
        error->code != PX_E_BUSY && error->code != PX_E_CANCELLED && error->code != PX_E_NO_MEMORY)
        px_fail(&named, error->code == PX_E_LIMIT ? PX_E_LIMIT : PX_E_SKETCH, "%s: %.380s", source_chunk(source),
                error->message);
    return named;
}

/* ---- loading ------------------------------------------------------------------------------------------------------ */

static void end_loading(struct live *live, const struct px_error *error) {
    struct loading *loading = live->loading;
    live->loading = NULL;
    work_drop(loading->work);
    source_destroy(loading->source);
    sketch_done *done = loading->done;
    void *argument = loading->argument;
    px_writer_free(&loading->own);
    free(loading);
    if (error != NULL) {
        log_warning("sketch", "%s: %s", live->name, error->message);
        if (error->code != PX_E_CANCELLED)
            tell(live, SKETCH_FAILED, error);
    }
    done(argument, error);
}

static void keep_plan(struct live *live, struct plan *plan, uint64_t revision) {
    plan_unref(live->plan);
    live->plan = plan_ref(plan);
    live->plan_revision = revision;
}

/* The source is proved: it takes over, with time and values as they are. */
static void take_over(struct live *live, struct plan *plan) {
    struct loading *loading = live->loading;
    source_destroy(live->source);
    live->source = loading->source;
    loading->source = NULL;
    live->uses_time = loading->uses_time;
    live->uses_cc = loading->uses_cc;
    keep_own(live, &loading->own);
    bool fresh = loading->revision == live->revision;
    live->revision++;
    keep_plan(live, plan, fresh ? live->revision : 0);
    live->failure = (struct px_error){0};
    live->drawn = (struct px_signature){0};
    live->changed = true;
    live->force = true;
    tell(live, SKETCH_LOADED, NULL);
    end_loading(live, NULL);
    pump(live);
    schedule(live);
}

static void on_checked(void *owner, struct evaluation *evaluation) {
    struct live *live = owner;
    live->loading->work = NULL;
    if (evaluation_error(evaluation) != NULL) {
        struct px_error error = error_of(live->loading->source, evaluation_error(evaluation));
        evaluation_destroy(evaluation);
        end_loading(live, &error);
        return;
    }
    struct plan *plan = plan_ref(evaluation_plan(evaluation));
    evaluation_destroy(evaluation);
    take_over(live, plan);
    plan_unref(plan);
}

static void on_first_plan(void *owner, struct source_answer *answer, const struct px_error *error) {
    struct live *live = owner;
    struct loading *loading = live->loading;
    struct px_error reason;
    if (error != NULL) {
        reason = *error;
        end_loading(live, &reason);
        return;
    }
    loading->uses_time = answer->uses_time;
    loading->uses_cc = answer->uses_cc;
    if (answer->own != NULL)
        px_write_value(&loading->own, answer->own);
    struct evaluation_request request = request_of(live, answer);
    request.keep = true; /* the first frame is mostly the same */
    request.priority = POOL_FRAME;
    if (work_start(&live->context->works, request, on_checked, live, &loading->work, &reason) != 0)
        end_loading(live, &reason);
}

void live_load(struct live *live, struct source *source, sketch_done *done, void *argument) {
    struct px_error error;
    struct loading *loading = calloc(1, sizeof *loading);
    if (live->loading != NULL) {
        px_fail(&error, PX_E_CANCELLED, "%s: a newer version came before this one was ready", live->name);
        end_loading(live, &error);
    }
    if (loading == NULL) {
        source_destroy(source);
        px_fail(&error, PX_E_NO_MEMORY, "%s: no memory to load it", live->name);
        done(argument, &error);
        return;
    }
    *loading = (struct loading){.source = source, .revision = live->revision, .done = done, .argument = argument};
    px_writer_init(&loading->own, 0);
    live->loading = loading;
    double t = sketch_clock_time(&live->clock, px_clock_ns());
    const struct source_moment moment = moment_at(live, t, (double)live->frame);
    source_draw(source, &moment, on_first_plan, live);
}

/* ---- plans outside of the clock ----------------------------------------------------------------------------------- */

static void take_out(struct plan_request **list, const struct plan_request *request) {
    while (*list != NULL && *list != request)
        list = &(*list)->next;
    if (*list != NULL)
        *list = request->next;
}

/* Answers a request that is in no list any more. plan, error: one of them. */
static void answer_request(struct plan_request *request, struct plan *plan, const struct px_error *error) {
    bool cancelled = error != NULL && error->code == PX_E_CANCELLED;
    if (request->done != NULL) {
        request->done(request->argument, plan != NULL ? plan_ref(plan) : NULL, error);
    } else {
        if (plan != NULL)
            keep_plan(request->live, plan, request->revision);
        request->refreshed(request->argument, cancelled ? error : NULL);
    }
    free(request);
}

static void on_plan_decoded(void *owner, struct evaluation *evaluation) {
    struct plan_request *request = owner;
    struct live *live = request->live;
    take_out(&live->answered, request);
    if (evaluation_error(evaluation) != NULL) {
        struct px_error error = error_of(live->source, evaluation_error(evaluation));
        answer_request(request, NULL, &error);
    } else {
        answer_request(request, evaluation_plan(evaluation), NULL);
    }
    evaluation_destroy(evaluation);
}

static void on_asked_plan(void *owner, struct source_answer *drawn, const struct px_error *error) {
    struct plan_request *request = owner;
    struct live *live = request->live;
    struct px_error reason = {0};
    take_out(&live->asked, request);
    if (error == NULL && request->done == NULL)
        take_own(live, drawn->own);
    if (error != NULL) {
        reason = *error;
    } else if (drawn->plan != NULL && drawn->value_count == 0) {
        answer_request(request, drawn->plan, NULL);
    } else {
        struct evaluation_request evaluation = request_of(live, drawn);
        evaluation.decode_only = true;
        evaluation.priority = POOL_BACKGROUND;
        request->next = live->answered;
        live->answered = request;
        if (work_start(&live->context->works, evaluation, on_plan_decoded, request, &request->work, &reason) != 0)
            take_out(&live->answered, request);
    }
    if (reason.code != 0)
        answer_request(request, NULL, &reason);
    pump(live);
    schedule(live);
}

static void ask(struct live *live, struct plan_request *request) {
    struct plan_request **last = &live->asked;
    while (*last != NULL)
        last = &(*last)->next;
    *last = request;
    pump(live);
}

void live_plan_at(struct live *live, double t,
                  void (*done)(void *argument, struct plan *plan, const struct px_error *error), void *argument) {
    struct px_error error;
    if (live->source == NULL && live->plan != NULL) {
        done(argument, plan_ref(live->plan), NULL); /* submitted: the newest there is */
        return;
    }
    struct plan_request *request = live->source != NULL ? calloc(1, sizeof *request) : NULL;
    if (request == NULL) {
        px_fail(&error, live->source != NULL ? PX_E_NO_MEMORY : PX_E_NOT_FOUND, "%s has no plan yet", live->name);
        done(argument, NULL, &error);
        return;
    }
    *request = (struct plan_request){.live = live, .t = t, .done = done, .argument = argument};
    ask(live, request);
}

void live_refresh(struct live *live, sketch_done *done, void *argument) {
    uint64_t now_ns = px_clock_ns();
    bool draws = live->source != NULL && live->plan_revision != live->revision && now_ns >= source_retry_ns(live->source);
    struct plan_request *request = draws ? calloc(1, sizeof *request) : NULL;
    if (request == NULL) {
        done(argument, NULL);
        return;
    }
    *request = (struct plan_request){
        .live = live, .t = sketch_clock_time(&live->clock, now_ns), .refreshed = done, .argument = argument};
    ask(live, request);
}

static void drop_requests(struct live *live, struct plan_request *list) {
    struct px_error error;
    px_fail(&error, PX_E_CANCELLED, "%s was removed", live->name);
    while (list != NULL) {
        struct plan_request *request = list;
        list = request->next;
        work_drop(request->work);
        answer_request(request, NULL, &error);
    }
}

/* ---- frames ------------------------------------------------------------------------------------------------------- */

/* Whether a plan is the one that was started last, with the same values. */
static bool is_same(struct live *live, const struct source_answer *answer) {
    struct px_hasher hasher;
    px_hasher_init(&hasher);
    px_hasher_add_integer(&hasher, (int64_t)live->revision);
    if (answer->bytes != NULL)
        px_hasher_add_bytes(&hasher, answer->bytes, answer->size);
    px_hasher_add_integer(&hasher, (int64_t)answer->value_count);
    for (size_t i = 0; i < answer->value_count; i++)
        px_hasher_add_number(&hasher, answer->values[i]);
    struct px_signature signature = px_hasher_finish(&hasher);
    bool same = px_signature_equal(signature, live->drawn);
    live->drawn = signature;
    return same;
}

static void on_plan(void *owner, struct source_answer *answer, const struct px_error *error) {
    struct live *live = owner;
    if (error != NULL) {
        struct px_error reason = *error;
        fail(live, &reason);
    } else {
        live->uses_time = answer->uses_time;
        live->uses_cc = answer->uses_cc;
        take_own(live, answer->own);
        struct px_error reason;
        if (is_same(live, answer) && !live->drawing_forced) {
            live->counts.unchanged++;
            recover(live);
        } else if (flights_start(live->flights, request_of(live, answer), &live->drawing, &reason) != 0) {
            live->drawn = (struct px_signature){0};
            live->counts.dropped++;
            if (reason.code != PX_E_BUSY)
                fail(live, &reason);
        }
    }
    pump(live);
    schedule(live);
}

static void on_published(void *owner, struct plan *plan, uint64_t revision) {
    struct live *live = owner;
    live->counts.frames++;
    keep_plan(live, plan, revision);
    recover(live);
}

static void on_failed(void *owner, const struct px_error *error) {
    struct live *live = owner;
    live->drawn = (struct px_signature){0};
    struct px_error named = error_of(live->source, error);
    if (error->code != PX_E_CANCELLED)
        fail(live, &named);
}

static void on_room(void *owner) {
    struct live *live = owner;
    pump(live);
    schedule(live);
}

static void begin_frame(struct live *live, uint64_t now_ns) {
    live->wanted = false;
    live->changed = false;
    live->drawing_forced = live->force;
    live->force = false;
    live->began_ns = now_ns;
    live->asked_last = false;
    live->drawing = (struct flight_moment){
        .frame = live->wanted_frame, .t = live->wanted_t, .planned_ns = now_ns, .revision = live->revision};
    const struct source_moment moment = moment_at(live, live->wanted_t, (double)live->wanted_frame);
    source_draw(live->source, &moment, on_plan, live);
}

static void begin_asked(struct live *live) {
    struct plan_request *request = live->asked;
    live->asked_last = true;
    request->revision = live->revision;
    const struct source_moment moment = moment_at(live, request->t, floor(request->t * live->clock.fps + 0.5));
    source_draw(live->source, &moment, on_asked_plan, request);
}

/* Begins what can begin now: a frame, or a plan somebody asked for, in turn. */
static void pump(struct live *live) {
    uint64_t now_ns = px_clock_ns();
    if (live->source == NULL || source_busy(live->source) || now_ns < source_retry_ns(live->source))
        return;
    bool frame = live->wanted && live->context->watched && !flights_full(live->flights);
    if (live->asked != NULL && (!frame || !live->asked_last))
        begin_asked(live);
    else if (frame)
        begin_frame(live, now_ns);
}

/* ---- time --------------------------------------------------------------------------------------------------------- */

static bool is_moving(const struct live *live) {
    return live->clock.playing && live->uses_time;
}

static void want(struct live *live, uint64_t steps, double t) {
    live->frame += steps;
    live->counts.dropped += steps - 1 + live->wanted;
    live->wanted = true;
    live->wanted_frame = live->frame;
    live->wanted_t = t;
}

/* Sets the timer to when something is next to be done; stops it when nothing is. */
static void schedule(struct live *live) {
    uint64_t now_ns = px_clock_ns();
    uint64_t at_ns = UINT64_MAX;
    if (live->source != NULL && live->context->watched) {
        if (is_moving(live))
            at_ns = sketch_clock_next_ns(&live->clock, now_ns);
        if (live->force && !live->wanted)
            at_ns = now_ns;
        else if (live->changed && !live->wanted && !is_moving(live))
            at_ns = live->began_ns + sketch_clock_interval_ns(&live->clock);
    }
    if (live->source != NULL && (live->wanted || live->asked != NULL) && now_ns < source_retry_ns(live->source) &&
        source_retry_ns(live->source) < at_ns)
        at_ns = source_retry_ns(live->source);
    if (at_ns == UINT64_MAX)
        loop_timer_stop(live->timer);
    else
        loop_timer_start(live->timer, at_ns);
}

static void on_timer(void *argument) {
    struct live *live = argument;
    uint64_t now_ns = px_clock_ns();
    uint64_t tick = sketch_clock_tick(&live->clock, now_ns);
    uint64_t steps = tick > live->tick ? tick - live->tick : 0;
    bool due = is_moving(live) ? steps > 0 || live->force : live->changed || live->force;
    if (due && live->context->watched)
        want(live, is_moving(live) && steps > 0 ? steps : 1, sketch_clock_time_of(&live->clock, tick));
    live->tick = tick;
    pump(live);
    schedule(live);
}

void live_watch(struct live *live) {
    live->tick = sketch_clock_tick(&live->clock, px_clock_ns()); /* what went by unseen was not dropped */
    live->wanted = false;
    live->force = live->context->watched;
    live->changed = live->changed || live->context->watched;
    schedule(live);
}

void live_clock_changed(struct live *live) {
    live->tick = sketch_clock_tick(&live->clock, px_clock_ns());
    live->changed = live->changed || live->uses_time;
    live->wanted_t = sketch_clock_time_of(&live->clock, live->tick); /* of a frame that waits for its turn */
    schedule(live);
}

/* ---- changes ------------------------------------------------------------------------------------------------------ */

void live_params_changed(struct live *live) {
    rebuild_values(live);
    live->revision++;
    live->changed = true;
    schedule(live);
}

void live_cc_changed(struct live *live) {
    if (live_params_bound(live->params))
        live_params_changed(live);
    else if (live->uses_cc) {
        live->changed = true;
        schedule(live);
    }
}

void live_submit(struct live *live, uint64_t frame, double t, const struct px_value *plan, flights_accepted *accepted,
                 void *argument) {
    struct px_error error;
    if (live->source != NULL || live->loading != NULL) {
        px_fail(&error, PX_E_EXISTS, "%s is a sketch of its own; remove it, or submit under another name", live->name);
        accepted(argument, 0, &error);
        return;
    }
    if (frame > live->frame)
        live->frame = frame;
    const struct flight_moment moment = {.frame = frame,
                                         .t = t,
                                         .planned_ns = px_clock_ns(),
                                         .revision = live->revision,
                                         .overrides = live->overrides,
                                         .cc = live->context->controllers.values};
    flights_submit(live->flights, plan, &moment, accepted, argument);
}

/* ---- birth and death ---------------------------------------------------------------------------------------------- */

int live_create(struct live_context *context, const char *name, const struct sketch_clock *clock, struct live **out,
                struct px_error *error) {
    struct live *live = calloc(1, sizeof *live);
    if (live == NULL)
        return px_fail(error, PX_E_NO_MEMORY, "no memory for a sketch");
    live->context = context;
    live->clock = *clock;
    snprintf(live->name, sizeof live->name, "%s", name);
    px_writer_init(&live->own_values, 0);
    const struct flights_config flights = {.sketches = &context->config,
                                           .works = &context->works,
                                           .evaluator = context->evaluator,
                                           .name = live->name,
                                           .published = on_published,
                                           .failed = on_failed,
                                           .room = on_room,
                                           .owner = live};
    live->flights = flights_create(&flights);
    live->params = live_params_create(context->config.state_dir, name);
    int status = live->flights != NULL && live->params != NULL
                     ? 0
                     : px_fail(error, PX_E_NO_MEMORY, "no memory for the sketch %s", name);
    if (status == 0)
        status = loop_timer_create(context->config.loop, on_timer, live, &live->timer, error);
    if (status == 0)
        status = board_channel_open(context->config.board, name, error);
    if (status != 0) {
        live_destroy(live);
        return status;
    }
    rebuild_values(live);
    *out = live;
    return 0;
}

void live_destroy(struct live *live) {
    if (live == NULL)
        return;
    struct px_error error;
    px_fail(&error, PX_E_CANCELLED, "%s was removed", live->name);
    if (live->loading != NULL)
        end_loading(live, &error);
    source_destroy(live->source);
    live->source = NULL;
    drop_requests(live, live->asked);
    drop_requests(live, live->answered);
    flights_destroy(live->flights);
    loop_timer_destroy(live->timer);
    live_params_destroy(live->params);
    overrides_unref(live->overrides);
    px_writer_free(&live->own_values);
    plan_unref(live->plan);
    px_document_free(&live->own);
    free(live->own_bytes);
    free(live);
}

const char *live_name(const struct live *live) {
    return live->name;
}

struct sketch_clock *live_clock(struct live *live) {
    return &live->clock;
}

uint64_t live_frame(const struct live *live) {
    return live->frame;
}

struct live_params *live_values(struct live *live) {
    return live->params;
}

const struct plan *live_plan(const struct live *live) {
    return live->plan;
}

const struct px_value *live_own(const struct live *live) {
    return live->own.root.type == PX_ARRAY ? &live->own.root : NULL;
}

const struct source *live_source(const struct live *live) {
    return live->source;
}

const struct px_error *live_failure(const struct live *live) {
    return live->failure.code != 0 ? &live->failure : NULL;
}

bool live_ready(const struct live *live) {
    return live->source != NULL || live->plan != NULL || flights_count(live->flights) > 0;
}

bool live_moves(const struct live *live) {
    return live->uses_time;
}

struct live_counts live_counts(const struct live *live) {
    return live->counts;
}
