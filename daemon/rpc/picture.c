#include "daemon/rpc/picture.h"

#include "daemon/sketch/sketch.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const double FRAMES_A_SECOND = 60; /* what `frame` counts where no clock runs */

static void finish(struct picture *picture, const struct px_error *error) {
    struct px_error cancelled;
    if (picture->cancelled) {
        px_fail(&cancelled, PX_E_CANCELLED, "cancelled");
        error = &cancelled;
    }
    picture->done(picture->owner, error);
}

/* ---- evaluating -------------------------------------------------------------------------------------------------- */

static void evaluated(void *owner, struct evaluation *evaluation);

static void evaluate(struct picture *picture, struct evaluation_request request) {
    struct px_error error = {0};
    request.path = "plan";
    request.has_seed = picture->has_seed;
    request.seed = picture->seed;
    request.done = evaluated;
    request.owner = picture;
    if (picture->cancelled || evaluation_start(picture->daemon->pipeline, &request, &picture->evaluation, &error) < 0)
        finish(picture, &error);
}

static void have_values(void *argument, const double *values, size_t count, const struct px_error *error) {
    struct picture *picture = argument;
    if (error != NULL || picture->cancelled) {
        finish(picture, error);
        return;
    }
    evaluate(picture,
             (struct evaluation_request){
                 .plan = picture->plan, .values = values, .value_count = count, .priority = picture->priority});
}

static void ask_values(struct picture *picture) {
    const struct sketch_moment moment = {
        .t = picture->t,
        .frame = rint(picture->t * FRAMES_A_SECOND),
        .seed = picture->has_seed ? picture->seed : picture->plan->seed,
        .cc = picture->cc,
    };
    sketches_expressions(picture->daemon->sketches, picture->plan, &moment, have_values, picture);
}

/* The plan is there, its layers may be too. */
static void evaluated(void *owner, struct evaluation *evaluation) {
    struct picture *picture = owner;
    const struct px_error *error = evaluation_error(evaluation);
    bool is_template = error == NULL && evaluation_wants_values(evaluation);
    bool only_planned = error == NULL && picture->plan == NULL && (is_template || picture->planned != NULL);
    if (!only_planned || picture->cancelled) {
        finish(picture, error);
        return;
    }
    picture->plan = plan_ref(evaluation_plan(evaluation));
    picture->evaluation = NULL;
    evaluation_destroy(evaluation);
    if (picture->planned != NULL)
        picture->planned(picture->owner);
    if (is_template)
        ask_values(picture);
    else
        evaluate(picture, (struct evaluation_request){.plan = picture->plan, .priority = picture->priority});
}

static void have_sketch_plan(void *argument, struct plan *plan, const struct px_error *error) {
    struct picture *picture = argument;
    picture->plan = plan;
    if (error != NULL || picture->cancelled) {
        finish(picture, error);
        return;
    }
    if (picture->planned != NULL)
        picture->planned(picture->owner);
    evaluate(picture, (struct evaluation_request){.plan = plan, .priority = picture->priority});
}

/* ---- the request ------------------------------------------------------------------------------------------------- */

static int take_controller(struct picture *picture, long index, const struct px_value *value,
                           const struct px_path *path, struct px_error *error) {
    double number;
    if (index < 0 || index >= PICTURE_CONTROLLERS)
        return px_fail_at(error, PX_E_RANGE, path, "controllers are numbered from 0 to %d", PICTURE_CONTROLLERS - 1);
    if (!px_value_number(value, &number))
        return px_fail_at(error, PX_E_TYPE, path, "expected a number from 0 to 1, got %s", px_type_name(value->type));
    if (!(number >= 0 && number <= 1))
        return px_fail_at(error, PX_E_RANGE, path, "expected a number from 0 to 1, got %g", number);
    picture->cc[index] = number;
    return 0;
}

static long number_of_key(const struct px_value *key) {
    long number = key->count > 0 && key->count <= 3 ? 0 : -1;
    for (uint32_t i = 0; i < key->count && number >= 0; i++)
        number = key->text[i] >= '0' && key->text[i] <= '9' ? number * 10 + (key->text[i] - '0') : -1;
    return number;
}

static int take_controllers(struct picture *picture, const struct px_value *cc, struct px_error *error) {
    const struct px_path path = {NULL, "cc", 0};
    if (cc == NULL || cc->type == PX_NIL)
        return 0;
    if (cc->type != PX_ARRAY && cc->type != PX_MAP)
        return px_fail_at(error, PX_E_TYPE, &path, "expected a map from numbers to values, got %s",
                          px_type_name(cc->type));
    int code = 0;
    for (uint32_t i = 0; i < cc->count && code == 0; i++) {
        char key[32] = "";
        struct px_path at = {&path, NULL, (long)i};
        if (cc->type == PX_MAP) {
            snprintf(key, sizeof key, "%.*s", (int)(cc->pairs[i].key.count < 24 ? cc->pairs[i].key.count : 24),
                     cc->pairs[i].key.text);
            at.key = key;
            code = take_controller(picture, number_of_key(&cc->pairs[i].key), &cc->pairs[i].value, &at, error);
        } else {
            code = take_controller(picture, (long)i, &cc->items[i], &at, error);
        }
    }
    return code;
}

int picture_start(struct picture *picture, const struct picture_request *request, struct px_error *error) {
    bool has_plan = request->plan != NULL, has_sketch = request->sketch.text != NULL;
    char name[PX_SKETCH_NAME_MAX + 1];
    if (has_plan == has_sketch)
        return px_fail(error, PX_E_PARAM, "%s: a sketch or a plan is needed, one of them",
                       has_plan ? "sketch and plan" : "neither sketch nor plan");
    if (has_sketch && !px_text_copy(request->sketch, name, sizeof name))
        return px_fail(error, PX_E_RANGE, "sketch: a name has 1 to %d bytes, none of them zero", PX_SKETCH_NAME_MAX);
    int code = take_controllers(picture, request->cc, error);
    if (code < 0)
        return code;
    picture->t = request->t;
    picture->has_seed = request->has_seed;
    picture->seed = request->seed;
    picture->priority = request->priority;
    if (has_sketch)
        sketch_plan_at(picture->daemon->sketches, name, request->t, have_sketch_plan, picture);
    else
        evaluate(picture,
                 (struct evaluation_request){.value = request->plan,
                                             .decode_only = request->check_first,
                                             .priority = request->check_first ? POOL_CONTROL : request->priority});
    return 0;
}

void picture_cancel(struct picture *picture) {
    picture->cancelled = true;
    if (picture->evaluation != NULL)
        evaluation_cancel(picture->evaluation);
}

void picture_fini(struct picture *picture) {
    evaluation_destroy(picture->evaluation);
    plan_unref(picture->plan);
    picture->evaluation = NULL;
    picture->plan = NULL;
}
