/* flights.c: see flights.h. */
#include "daemon/sketch/flights.h"

#include "proto/writer.h"
#include "shared/clock.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { SPARE_CREDIT = 2 };

struct flight {
    struct flight *next;
    struct flights *flights;
    struct work *work; /* decoding or evaluating */
    struct evaluator_ticket *ticket;
    struct evaluation *evaluation; /* done */
    bool landed;
    struct px_error failure; /* code 0: none */
    uint64_t frame;
    double t;
    uint64_t planned_ns, revision;

    /* submitted */
    bool submitted;
    struct plan *plan;
    struct overrides *overrides;
    double cc[128];
    flights_accepted *accepted; /* NULL: answered */
    void *argument;
};

struct flights {
    struct flights_config config;
    struct history *history;
    struct flight *first, *last;
    size_t count, submitted;
    bool has_accepted;
    uint64_t last_accepted, last_credit; /* of a submitted frame: a resend gets the same answer */
};

struct flights *flights_create(const struct flights_config *config) {
    struct flights *flights = calloc(1, sizeof *flights);
    if (flights == NULL)
        return NULL;
    flights->config = *config;
    flights->history = history_create();
    if (flights->history == NULL) {
        free(flights);
        return NULL;
    }
    return flights;
}

static void free_flight(struct flight *flight) {
    work_drop(flight->work);
    evaluator_cancel(flight->ticket);
    evaluation_destroy(flight->evaluation);
    plan_unref(flight->plan);
    overrides_unref(flight->overrides);
    free(flight);
}

void flights_destroy(struct flights *flights) {
    if (flights == NULL)
        return;
    while (flights->first != NULL) {
        struct flight *flight = flights->first;
        flights->first = flight->next;
        if (flight->accepted != NULL) {
            struct px_error error;
            px_fail(&error, PX_E_CANCELLED, "%s was removed or replaced", flights->config.name);
            flight->accepted(flight->argument, 0, &error);
        }
        free_flight(flight);
    }
    history_unref(flights->history);
    free(flights);
}

static size_t credit_total(const struct flights *flights) {
    return (size_t)flights->config.sketches->frames_in_flight + SPARE_CREDIT;
}

bool flights_full(const struct flights *flights) {
    return flights->count >= (size_t)flights->config.sketches->frames_in_flight;
}

size_t flights_count(const struct flights *flights) {
    return flights->count;
}

/* ---- publishing --------------------------------------------------------------------------------------------------- */

static struct frame_info describe(const struct flight *flight, const struct plan *plan) {
    struct evaluation_timings timings = evaluation_timings(flight->evaluation);
    struct frame_info info = {
        .sketch = flight->flights->config.name,
        .frame = flight->frame,
        .t = flight->t,
        .canvas_size = {plan->canvas.size[0], plan->canvas.size[1]},
        .thickness = plan->canvas.thickness,
        .seed = plan->seed,
        .revision = flight->revision,
        .planned_ns = flight->planned_ns,
        .cache_hits = timings.hits,
        .computed = timings.computed,
    };
    memcpy(info.background, plan->canvas.background, sizeof info.background);
    memcpy(info.color, plan->canvas.color, sizeof info.color);
    memcpy(info.stage_ns, timings.stage_ns, sizeof info.stage_ns);
    return info;
}

static int make_frame(const struct flight *flight, const struct plan *plan, struct frame **frame,
                      struct px_error *error) {
    size_t count;
    const struct evaluation_layer *from = evaluation_layers(flight->evaluation, &count);
    struct frame_layer *layers = calloc(count + 1, sizeof *layers);
    if (layers == NULL)
        return px_fail(error, PX_E_NO_MEMORY, "no memory for a frame of %zu layers", count);
    for (size_t i = 0; i < count; i++) {
        layers[i] = (struct frame_layer){.slab = from[i].slab, .thickness = from[i].thickness, .name = from[i].name};
        memcpy(layers[i].color, from[i].color, sizeof layers[i].color);
    }
    const struct frame_info info = describe(flight, plan);
    int status = frame_create(flight->flights->config.sketches->store, &info, layers, count, frame, error);
    free(layers);
    return status;
}

static int publish(const struct flight *flight, struct px_error *error) {
    const struct sketches_config *to = flight->flights->config.sketches;
    struct plan *plan = evaluation_plan(flight->evaluation);
    struct frame *frame;
    int status = make_frame(flight, plan, &frame, error);
    if (status != 0)
        return status;
    status = board_publish(to->board, frame, error);
    if (status != 0) {
        frame_destroy(frame);
        return status;
    }
    if (to->announce != NULL)
        announce_frame(to->announce, frame);
    if (to->frame != NULL)
        to->frame(to->argument, frame);
    return 0;
}

/* Takes a flight off the list, wherever it stands. */
static void take_out(struct flights *flights, struct flight *flight) {
    struct flight **link = &flights->first;
    flights->last = NULL;
    while (*link != NULL) {
        if (*link == flight)
            *link = flight->next;
        else {
            flights->last = *link;
            link = &(*link)->next;
        }
    }
    flights->count--;
    flights->submitted -= flight->submitted;
}

/* Publishes what has landed, up to the first that has not. The callbacks may start others. */
static void publish_landed(struct flights *flights) {
    while (flights->first != NULL && flights->first->landed) {
        struct flight *flight = flights->first;
        take_out(flights, flight);
        struct px_error error = flight->failure;
        if (error.code == 0 && evaluation_error(flight->evaluation) != NULL)
            error = *evaluation_error(flight->evaluation);
        if (error.code == 0)
            publish(flight, &error);
        if (error.code != 0)
            flights->config.failed(flights->config.owner, &error);
        else
            flights->config.published(flights->config.owner, evaluation_plan(flight->evaluation), flight->revision);
        free_flight(flight);
    }
    flights->config.room(flights->config.owner);
}

static void on_evaluated(void *owner, struct evaluation *evaluation) {
    struct flight *flight = owner;
    flight->work = NULL;
    flight->evaluation = evaluation;
    flight->landed = true;
    publish_landed(flight->flights);
}

/* ---- live --------------------------------------------------------------------------------------------------------- */

static struct flight *add_flight(struct flights *flights, const struct flight_moment *moment) {
    struct flight *flight = calloc(1, sizeof *flight);
    if (flight == NULL)
        return NULL;
    *flight = (struct flight){.flights = flights,
                              .frame = moment->frame,
                              .t = moment->t,
                              .planned_ns = moment->planned_ns,
                              .revision = moment->revision};
    if (flights->last != NULL)
        flights->last->next = flight;
    else
        flights->first = flight;
    flights->last = flight;
    flights->count++;
    return flight;
}

int flights_start(struct flights *flights, struct evaluation_request request, const struct flight_moment *moment,
                  struct px_error *error) {
    struct flight *flight = add_flight(flights, moment);
    if (flight == NULL) {
        free(request.bytes);
        return px_fail(error, PX_E_NO_MEMORY, "no memory for a frame");
    }
    request.history = flights->history;
    request.priority = POOL_FRAME;
    int status = work_start(flights->config.works, request, on_evaluated, flight, &flight->work, error);
    if (status != 0) {
        take_out(flights, flight);
        free_flight(flight);
    }
    return status;
}

/* ---- submitted ---------------------------------------------------------------------------------------------------- */

static void answer(struct flight *flight, const struct px_error *error) {
    flights_accepted *accepted = flight->accepted;
    struct flights *flights = flight->flights;
    flight->accepted = NULL;
    uint64_t credit = credit_total(flights) - flights->submitted;
    if (error == NULL && flight->frame == flights->last_accepted)
        flights->last_credit = credit;
    accepted(flight->argument, error == NULL ? credit : 0, error);
}

/* Before it was accepted: the sender is told, and may send the same frame again. */
static void refuse(struct flight *flight, const struct px_error *error) {
    struct flights *flights = flight->flights;
    take_out(flights, flight);
    if (flights->last_accepted == flight->frame)
        flights->has_accepted = false;
    answer(flight, error);
    free_flight(flight);
    publish_landed(flights);
}

static void evaluate_submitted(struct flight *flight, const double *values, size_t count) {
    struct flights *flights = flight->flights;
    const struct evaluation_request request = {.plan = flight->plan,
                                               .path = "plan",
                                               .overrides = flight->overrides,
                                               .values = values,
                                               .value_count = count,
                                               .history = flights->history,
                                               .priority = POOL_FRAME};
    struct px_error error;
    if (work_start(flights->config.works, request, on_evaluated, flight, &flight->work, &error) != 0)
        refuse(flight, &error);
    else
        answer(flight, NULL);
}

static void on_values(void *owner, const double *values, size_t count, const struct px_error *error) {
    struct flight *flight = owner;
    flight->ticket = NULL;
    if (error != NULL)
        refuse(flight, error);
    else
        evaluate_submitted(flight, values, count);
}

static void on_decoded(void *owner, struct evaluation *evaluation) {
    struct flight *flight = owner;
    flight->work = NULL;
    struct px_error error = {0};
    if (evaluation_error(evaluation) != NULL)
        error = *evaluation_error(evaluation);
    else
        flight->plan = plan_ref(evaluation_plan(evaluation));
    evaluation_destroy(evaluation);
    if (error.code != 0) {
        refuse(flight, &error);
        return;
    }
    if (flight->plan->expression_count == 0) {
        evaluate_submitted(flight, NULL, 0);
        return;
    }
    const struct evaluator_moment moment = {.t = flight->t,
                                            .frame = (double)flight->frame,
                                            .seed = (double)flight->plan->seed,
                                            .cc = flight->cc};
    flight->ticket = evaluator_submit(flight->flights->config.evaluator, flight->plan, &moment, on_values, flight);
    if (flight->ticket == NULL) {
        px_fail(&error, PX_E_NO_MEMORY, "no memory for the expressions of a plan");
        refuse(flight, &error);
    }
}

static int check_turn(struct flights *flights, uint64_t frame, struct px_error *error) {
    const char *name = flights->config.name;
    if (flights->has_accepted && frame < flights->last_accepted)
        return px_fail(error, PX_E_STALE, "frame %" PRIu64 " of %s: the last accepted one is %" PRIu64, frame, name,
                       flights->last_accepted);
    if (flights->submitted >= credit_total(flights))
        return px_fail(error, PX_E_BUSY, "frame %" PRIu64 " of %s: %zu frames wait already; send it again later", frame,
                       name, flights->submitted);
    return 0;
}

static int start_submission(struct flight *flight, const struct px_value *plan, struct px_error *error) {
    struct px_writer writer;
    px_writer_init(&writer, PX_LIMITS_DEFAULT.bytes);
    px_write_value(&writer, plan);
    int status = px_writer_finish(&writer, error);
    if (status == 0) {
        size_t size;
        uint8_t *bytes = px_writer_take(&writer, &size);
        const struct evaluation_request request = {.bytes = bytes,
                                                   .size = size,
                                                   .path = "plan",
                                                   .overrides = flight->overrides,
                                                   .decode_only = true,
                                                   .priority = POOL_CONTROL};
        status = work_start(flight->flights->config.works, request, on_decoded, flight, &flight->work, error);
    }
    px_writer_free(&writer);
    return status;
}

void flights_submit(struct flights *flights, const struct px_value *plan, const struct flight_moment *moment,
                    flights_accepted *accepted, void *argument) {
    struct px_error error;
    if (flights->has_accepted && moment->frame == flights->last_accepted) {
        accepted(argument, flights->last_credit, NULL);
        return;
    }
    int status = check_turn(flights, moment->frame, &error);
    struct flight *flight = status == 0 ? add_flight(flights, moment) : NULL;
    if (flight == NULL) {
        if (status == 0)
            px_fail(&error, PX_E_NO_MEMORY, "no memory for a frame");
        accepted(argument, 0, &error);
        return;
    }
    flight->submitted = true;
    flights->submitted++;
    flight->accepted = accepted;
    flight->argument = argument;
    flight->overrides = overrides_ref(moment->overrides);
    if (moment->cc != NULL)
        memcpy(flight->cc, moment->cc, sizeof flight->cc);
    flights->has_accepted = true;
    flights->last_accepted = moment->frame;
    flights->last_credit = credit_total(flights) - flights->submitted;
    if (start_submission(flight, plan, &error) != 0)
        refuse(flight, &error);
}
