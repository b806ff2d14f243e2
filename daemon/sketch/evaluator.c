/* evaluator.c: see evaluator.h. */
#include "daemon/sketch/evaluator.h"

#include "daemon/sketch/process.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CC_COUNT = 128 };

struct evaluator_ticket {
    struct evaluator_ticket *next;
    struct plan *plan;
    struct evaluator_moment moment;
    double cc[CC_COUNT];
    evaluator_done *done; /* NULL: cancelled */
    void *owner;
};

struct evaluator {
    struct evaluator_config config;
    struct process *process; /* NULL until first needed */
    struct process *spare;
    struct evaluator_ticket *first, *last; /* the first is at work when `busy` */
    bool busy;
    struct loop_timer *wake; /* begins the next one, from LOOP and not from a caller */
};

static void start_next(void *argument);

int evaluator_create(const struct evaluator_config *config, struct evaluator **out, struct px_error *error) {
    struct evaluator *evaluator = calloc(1, sizeof *evaluator);
    if (evaluator == NULL)
        return px_fail(error, PX_E_NO_MEMORY, "no memory for the evaluator");
    evaluator->config = *config;
    int status = loop_timer_create(config->loop, start_next, evaluator, &evaluator->wake, error);
    if (status != 0) {
        free(evaluator);
        return status;
    }
    *out = evaluator;
    return 0;
}

static void free_ticket(struct evaluator_ticket *ticket) {
    plan_unref(ticket->plan);
    free(ticket);
}

void evaluator_destroy(struct evaluator *evaluator) {
    if (evaluator == NULL)
        return;
    process_destroy(evaluator->process);
    process_destroy(evaluator->spare);
    loop_timer_destroy(evaluator->wake);
    while (evaluator->first != NULL) {
        struct evaluator_ticket *ticket = evaluator->first;
        evaluator->first = ticket->next;
        free_ticket(ticket);
    }
    free(evaluator);
}

static int make_process(const struct evaluator *evaluator, struct process **process, struct px_error *error) {
    const struct process_config config = {
        .loop = evaluator->config.loop,
        .nursery = evaluator->config.nursery,
        .name = "expressions",
        .expressions = true,
        .memory_bytes = evaluator->config.memory_bytes,
        .time_ms = evaluator->config.time_ms,
    };
    return process_create(&config, process, error);
}

/* A process to work with, and another in hand for when it must be killed. */
static int ready_process(struct evaluator *evaluator, struct px_error *error) {
    if (evaluator->process != NULL && process_dead(evaluator->process)) {
        process_destroy(evaluator->process);
        evaluator->process = evaluator->spare;
        evaluator->spare = NULL;
    }
    if (evaluator->process != NULL && process_dead(evaluator->process)) {
        process_destroy(evaluator->process);
        evaluator->process = NULL;
    }
    int status = evaluator->process == NULL ? make_process(evaluator, &evaluator->process, error) : 0;
    if (status == 0 && evaluator->spare == NULL)
        make_process(evaluator, &evaluator->spare, NULL); /* without one the next failure costs a start */
    return status;
}

/* Takes the first ticket off the queue and answers it. */
static void answer(struct evaluator *evaluator, const double *values, size_t count, const struct px_error *error) {
    struct evaluator_ticket *ticket = evaluator->first;
    evaluator->first = ticket->next;
    if (evaluator->first == NULL)
        evaluator->last = NULL;
    evaluator->busy = false;
    if (evaluator->first != NULL)
        loop_timer_start(evaluator->wake, 0);
    if (ticket->done != NULL)
        ticket->done(ticket->owner, values, count, error);
    free_ticket(ticket);
}

static void on_values(void *owner, struct process_reply *reply, const struct px_error *reason) {
    struct evaluator *evaluator = owner;
    const struct plan *plan = evaluator->first->plan;
    if (reason == NULL && reply->value_count == plan->expression_count) {
        answer(evaluator, reply->values, reply->value_count, NULL);
        return;
    }
    struct px_error error;
    const struct plan_expression *expression =
        &plan->expressions[reply->failed < plan->expression_count ? reply->failed : 0];
    px_fail(&error, PX_E_SKETCH, "%.200s: \"=%.80s\" %.180s", expression->path, expression->source,
            reason != NULL ? reason->message : "gave too few values");
    answer(evaluator, NULL, 0, &error);
}

static void send_ticket(struct evaluator *evaluator, const struct evaluator_ticket *ticket) {
    size_t count = ticket->plan->expression_count;
    const char **sources = calloc(count + 1, sizeof *sources);
    if (sources == NULL) {
        struct px_error error;
        px_fail(&error, PX_E_NO_MEMORY, "no memory for %zu expressions", count);
        answer(evaluator, NULL, 0, &error);
        return;
    }
    for (size_t i = 0; i < count; i++)
        sources[i] = ticket->plan->expressions[i].source;
    const struct process_moment moment = {
        .t = ticket->moment.t, .frame = ticket->moment.frame, .seed = ticket->moment.seed, .cc = ticket->cc};
    evaluator->busy = true;
    process_evaluate(evaluator->process, &moment, sources, count, on_values, evaluator);
    free((void *)sources);
}

static void start_next(void *argument) {
    struct evaluator *evaluator = argument;
    if (evaluator->busy || evaluator->first == NULL)
        return;
    struct px_error error;
    if (evaluator->first->done == NULL)
        answer(evaluator, NULL, 0, NULL); /* cancelled while it waited */
    else if (ready_process(evaluator, &error) != 0)
        answer(evaluator, NULL, 0, &error);
    else
        send_ticket(evaluator, evaluator->first);
}

struct evaluator_ticket *evaluator_submit(struct evaluator *evaluator, struct plan *plan,
                                          const struct evaluator_moment *moment, evaluator_done *done, void *owner) {
    struct evaluator_ticket *ticket = calloc(1, sizeof *ticket);
    if (ticket == NULL)
        return NULL;
    ticket->plan = plan_ref(plan);
    ticket->moment = *moment;
    ticket->moment.cc = NULL;
    if (moment->cc != NULL)
        memcpy(ticket->cc, moment->cc, sizeof ticket->cc);
    ticket->done = done;
    ticket->owner = owner;
    if (evaluator->last != NULL)
        evaluator->last->next = ticket;
    else
        evaluator->first = ticket;
    evaluator->last = ticket;
    if (!evaluator->busy)
        loop_timer_start(evaluator->wake, 0);
    return ticket;
}

void evaluator_cancel(struct evaluator_ticket *ticket) {
    if (ticket != NULL)
        ticket->done = NULL;
}
