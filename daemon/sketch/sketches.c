/* sketches.c: all sketches of a daemon by their names, and what is theirs together: clock, controllers, focus. */
#include "daemon/sketch/sketch.h"

#include "daemon/host/log.h"
#include "daemon/sketch/clock.h"
#include "daemon/sketch/live.h"
#include "daemon/sketch/parameters.h"
#include "daemon/sketch/source_file.h"
#include "proto/utf8.h"
#include "shared/clock.h"

#include <libgen.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STEP_KEYS = 64, STEP_KEY_BYTES = 64 };
static const uint64_t save_pause_ns = UINT64_C(500000000);

/* The answer to a step that had a key. */
struct step {
    char key[STEP_KEY_BYTES];
    char name[PX_SKETCH_NAME_MAX + 1];
    struct sketch_clock_state state;
};

struct sketches {
    struct live_context context;
    struct live *list[SKETCHES_MAX]; /* in the order they came */
    size_t count;
    struct live *focus;             /* NULL: there is none */
    struct sketch_clock clock;      /* what a new sketch starts with */
    struct loop_timer *save;
    struct step steps[STEP_KEYS]; /* a ring */
    size_t next_step;
    void (*stopped)(void *argument);
    void *argument;
};

/* ---- birth and death ---------------------------------------------------------------------------------------------- */

void sketches_save(struct sketches *sketches) {
    for (size_t i = 0; i < sketches->count; i++)
        live_params_save(live_values(sketches->list[i]));
}

static void save_now(void *argument) {
    sketches_save(argument);
}

static void works_idle(void *argument) {
    struct sketches *sketches = argument;
    void (*stopped)(void *argument) = sketches->stopped;
    sketches->stopped = NULL;
    if (stopped != NULL)
        stopped(sketches->argument);
}

int sketches_create(const struct sketches_config *config, struct sketches **out, struct px_error *error) {
    struct sketches *sketches = calloc(1, sizeof *sketches);
    if (sketches == NULL)
        return px_fail(error, PX_E_NO_MEMORY, "no memory for sketches");
    sketches->context.config = *config;
    sketches->context.works =
        (struct work_group){.pipeline = config->pipeline, .idle = works_idle, .argument = sketches};
    sketch_clock_init(&sketches->clock, px_clock_ns());
    const struct evaluator_config evaluator = {.loop = config->loop,
                                               .nursery = config->nursery,
                                               .memory_bytes = config->memory_bytes,
                                               .time_ms = config->time_ms};
    int status = loop_timer_create(config->loop, save_now, sketches, &sketches->save, error);
    if (status == 0)
        status = evaluator_create(&evaluator, &sketches->context.evaluator, error);
    if (status != 0) {
        loop_timer_destroy(sketches->save);
        free(sketches);
        return status;
    }
    *out = sketches;
    return 0;
}

void sketches_stop(struct sketches *sketches, void (*stopped)(void *argument), void *argument) {
    sketches->context.watched = false;
    sketches->focus = NULL;
    while (sketches->count > 0)
        live_destroy(sketches->list[--sketches->count]);
    if (sketches->context.works.running == 0) {
        stopped(argument);
        return;
    }
    sketches->stopped = stopped;
    sketches->argument = argument;
}

void sketches_destroy(struct sketches *sketches) {
    if (sketches == NULL)
        return;
    while (sketches->count > 0)
        live_destroy(sketches->list[--sketches->count]);
    evaluator_destroy(sketches->context.evaluator);
    loop_timer_destroy(sketches->save);
    free(sketches);
}

void sketches_watch(struct sketches *sketches, bool watched) {
    if (sketches->context.watched == watched)
        return;
    sketches->context.watched = watched;
    for (size_t i = 0; i < sketches->count; i++)
        live_watch(sketches->list[i]);
}

/* ---- by name ------------------------------------------------------------------------------------------------------ */

int sketch_name_check(const char *name, struct px_error *error) {
    size_t length = strlen(name);
    bool plain = length > 0 && length <= PX_SKETCH_NAME_MAX;
    for (size_t i = 0; i < length && plain; i++)
        plain = name[i] != '/' && (unsigned char)name[i] >= 0x20 && name[i] != 0x7f;
    if (plain)
        return 0;
    return px_fail(error, PX_E_RANGE, "name: 1 to %d bytes without / and control characters are expected",
                   PX_SKETCH_NAME_MAX);
}

static struct live *find(const struct sketches *sketches, const char *name) {
    for (size_t i = 0; i < sketches->count; i++)
        if (strcmp(live_name(sketches->list[i]), name) == 0)
            return sketches->list[i];
    return NULL;
}

/* name NULL: the focused one. */
static struct live *need(const struct sketches *sketches, const char *name, struct px_error *error) {
    struct live *live = name != NULL ? find(sketches, name) : sketches->focus;
    if (live == NULL && name != NULL)
        px_fail(error, PX_E_NOT_FOUND, "there is no sketch named \"%s\"", name);
    else if (live == NULL)
        px_fail(error, PX_E_NOT_FOUND, "there is no sketch yet");
    return live;
}

static void set_focus(struct sketches *sketches, struct live *live) {
    const struct sketches_config *config = &sketches->context.config;
    sketches->focus = live;
    board_focus(config->board, live != NULL ? live_name(live) : NULL);
    if (live != NULL && config->event != NULL)
        config->event(config->argument, SKETCH_FOCUSED, live_name(live), NULL);
}

static struct live *find_or_add(struct sketches *sketches, const char *name, struct px_error *error) {
    struct live *live = find(sketches, name);
    if (live != NULL)
        return live;
    if (sketch_name_check(name, error) != 0)
        return NULL;
    if (sketches->count == SKETCHES_MAX) {
        px_fail(error, PX_E_LIMIT, "there are %d sketches already; remove one first", SKETCHES_MAX);
        return NULL;
    }
    struct sketch_clock clock = sketches->clock;
    clock.base_ns = px_clock_ns();
    if (live_create(&sketches->context, name, &clock, &live, error) != 0)
        return NULL;
    sketches->list[sketches->count++] = live;
    return live;
}

static void remove_live(struct sketches *sketches, struct live *live) {
    size_t place = 0;
    char name[PX_SKETCH_NAME_MAX + 1];
    while (sketches->list[place] != live)
        place++;
    memmove(&sketches->list[place], &sketches->list[place + 1],
            (sketches->count - place - 1) * sizeof sketches->list[0]);
    sketches->count--;
    snprintf(name, sizeof name, "%s", live_name(live));
    bool focused = sketches->focus == live;
    if (focused)
        sketches->focus = NULL;
    live_destroy(live);
    board_channel_close(sketches->context.config.board, name);
    if (focused) {
        struct live *next = NULL;
        for (size_t i = 0; i < sketches->count && next == NULL; i++)
            next = live_ready(sketches->list[i]) ? sketches->list[i] : NULL;
        set_focus(sketches, next);
    }
}

/* ---- loading ------------------------------------------------------------------------------------------------------ */

/* A load on its way: a sketch that never was any good does not stay. */
struct load {
    struct sketches *sketches;
    char name[PX_SKETCH_NAME_MAX + 1];
    sketch_done *done;
    void *argument;
};

static void loaded(void *argument, const struct px_error *error) {
    struct load *load = argument;
    struct live *live = find(load->sketches, load->name);
    struct px_error reason = error != NULL ? *error : (struct px_error){0};
    bool replaced = error != NULL && error->code == PX_E_CANCELLED;
    if (live != NULL && error != NULL && !replaced && !live_ready(live))
        remove_live(load->sketches, live);
    else if (live != NULL && error == NULL && load->sketches->focus == NULL)
        set_focus(load->sketches, live);
    load->done(load->argument, error != NULL ? &reason : NULL);
    free(load);
}

/* Takes the source. */
static void begin_load(struct sketches *sketches, const char *name, struct source *source, sketch_done *done,
                       void *argument) {
    struct px_error error;
    struct load *load = calloc(1, sizeof *load);
    struct live *live = load != NULL ? find_or_add(sketches, name, &error) : NULL;
    if (live == NULL) {
        if (load == NULL)
            px_fail(&error, PX_E_NO_MEMORY, "no memory to load a sketch");
        free(load);
        source_destroy(source);
        done(argument, &error);
        return;
    }
    *load = (struct load){.sketches = sketches, .done = done, .argument = argument};
    snprintf(load->name, sizeof load->name, "%s", name);
    live_load(live, source, loaded, load);
}

static struct source_config source_config(struct sketches *sketches, const char *name) {
    const struct sketches_config *config = &sketches->context.config;
    return (struct source_config){.loop = config->loop,
                                  .nursery = config->nursery,
                                  .works = &sketches->context.works,
                                  .evaluator = sketches->context.evaluator,
                                  .name = name,
                                  .memory_bytes = config->memory_bytes,
                                  .time_ms = config->time_ms};
}

/* What messages call the file: its name without directories, or the sketch's name. */
static void chunk_name(const char *name, const char *path, char out[120]) {
    const char *slash = path != NULL ? strrchr(path, '/') : NULL;
    if (path != NULL)
        snprintf(out, 120, "%.100s", slash != NULL ? slash + 1 : path);
    else
        snprintf(out, 120, "%.100s.lua", name);
}

void sketch_load(struct sketches *sketches, const char *name, const char *source, size_t size, const char *path,
                 const char *directory, sketch_done *done, void *argument) {
    struct px_error error;
    struct source *made = NULL;
    char chunk[120];
    chunk_name(name, path, chunk);
    const struct source_config config = source_config(sketches, name);
    int status = sketch_name_check(name, &error);
    if (status == 0 && size > SOURCE_FILE_MAX_BYTES)
        status = px_fail(&error, PX_E_LIMIT, "source: a sketch has at most %d bytes", SOURCE_FILE_MAX_BYTES);
    if (status == 0)
        status = source_script(&config, chunk, source, size, directory, &made, &error);
    if (status != 0)
        done(argument, &error);
    else
        begin_load(sketches, name, made, done, argument);
}

void sketch_load_file(struct sketches *sketches, const char *name, const char *path, sketch_done *done,
                      void *argument) {
    struct px_error error;
    char *text;
    size_t size;
    char directory[4096];
    char own_name[120];
    if (source_file_read(path, &text, &size, &error) != 0) {
        done(argument, &error);
        return;
    }
    snprintf(directory, sizeof directory, "%s", path);
    chunk_name("", path, own_name);
    char *end = strrchr(own_name, '.');
    if (end != NULL && end != own_name)
        *end = '\0';
    sketch_load(sketches, name != NULL ? name : own_name, text, size, path, dirname(directory), done, argument);
    free(text);
}

void sketch_set(struct sketches *sketches, const char *name, const struct px_value *plan, sketch_done *done,
                void *argument) {
    struct px_error error;
    struct source *made = NULL;
    const struct source_config config = source_config(sketches, name);
    int status = sketch_name_check(name, &error);
    if (status == 0)
        status = source_data(&config, plan, &made, &error);
    if (status != 0)
        done(argument, &error);
    else
        begin_load(sketches, name, made, done, argument);
}

int sketch_remove(struct sketches *sketches, const char *name, struct px_error *error) {
    struct live *live = need(sketches, name, error);
    if (live == NULL)
        return PX_E_NOT_FOUND;
    char held[PX_SKETCH_NAME_MAX + 1];
    snprintf(held, sizeof held, "%s", live_name(live));
    remove_live(sketches, live);
    const struct sketches_config *config = &sketches->context.config;
    if (config->event != NULL)
        config->event(config->argument, SKETCH_REMOVED, held, NULL);
    return 0;
}

int sketch_focus(struct sketches *sketches, const char *name, struct px_error *error) {
    struct live *live = need(sketches, name, error);
    if (live == NULL)
        return PX_E_NOT_FOUND;
    set_focus(sketches, live);
    return 0;
}

const char *sketches_focused(const struct sketches *sketches) {
    return sketches->focus != NULL ? live_name(sketches->focus) : NULL;
}

void sketch_submit(struct sketches *sketches, const char *name, uint64_t frame, double t, const struct px_value *plan,
                   void (*accepted)(void *argument, uint64_t credit, const struct px_error *error), void *argument) {
    struct px_error error;
    struct live *live = find_or_add(sketches, name, &error);
    if (live == NULL) {
        accepted(argument, 0, &error);
        return;
    }
    if (sketches->focus == NULL)
        set_focus(sketches, live);
    live_submit(live, frame, t, plan, accepted, argument);
}

/* ---- plans and expressions for others ----------------------------------------------------------------------------- */

void sketch_plan_at(struct sketches *sketches, const char *name, double t,
                    void (*done)(void *argument, struct plan *plan, const struct px_error *error), void *argument) {
    struct px_error error;
    struct live *live = need(sketches, name, &error);
    if (live == NULL)
        done(argument, NULL, &error);
    else
        live_plan_at(live, t, done, argument);
}

void sketches_expressions(struct sketches *sketches, struct plan *plan, const struct sketch_moment *moment,
                          void (*done)(void *argument, const double *values, size_t count,
                                       const struct px_error *error),
                          void *argument) {
    const struct evaluator_moment at = {
        .t = moment->t, .frame = moment->frame, .seed = (double)moment->seed, .cc = moment->cc};
    if (evaluator_submit(sketches->context.evaluator, plan, &at, done, argument) == NULL) {
        struct px_error error;
        px_fail(&error, PX_E_NO_MEMORY, "no memory for the expressions of a plan");
        done(argument, NULL, 0, &error);
    }
}

/* ---- the clock ---------------------------------------------------------------------------------------------------- */

static struct sketch_clock_state state_of(const struct sketch_clock *clock, struct live *live) {
    return (struct sketch_clock_state){.playing = clock->playing,
                                       .t = sketch_clock_time(clock, px_clock_ns()),
                                       .fps = clock->fps,
                                       .rate = clock->rate,
                                       .frame = live != NULL ? live_frame(live) : 0,
                                       .sketch = live != NULL ? live_name(live) : NULL};
}

int sketch_clock_get(struct sketches *sketches, const char *name, struct sketch_clock_state *state,
                     struct px_error *error) {
    struct live *live = name != NULL ? need(sketches, name, error) : sketches->focus;
    if (live == NULL && name != NULL)
        return PX_E_NOT_FOUND;
    struct sketch_clock idle = sketches->clock;
    idle.base_ns = px_clock_ns(); /* without a sketch time does not pass */
    *state = live != NULL ? state_of(live_clock(live), live) : state_of(&idle, NULL);
    return 0;
}

int sketch_clock_set(struct sketches *sketches, const char *name, const struct sketch_clock_change *change,
                     struct px_error *error) {
    uint64_t now_ns = px_clock_ns();
    struct live *one = name != NULL ? need(sketches, name, error) : NULL;
    if (name != NULL && one == NULL)
        return PX_E_NOT_FOUND;
    for (size_t i = 0; i < sketches->count; i++) {
        struct live *live = sketches->list[i];
        if (one != NULL && live != one)
            continue;
        sketch_clock_change(live_clock(live), change, now_ns);
        live_clock_changed(live);
    }
    if (one == NULL) {
        sketches->clock.base_ns = now_ns;
        sketch_clock_change(&sketches->clock, change, now_ns);
    }
    return 0;
}

static const struct step *find_step(const struct sketches *sketches, const char *key) {
    for (size_t i = 0; i < STEP_KEYS; i++)
        if (strcmp(sketches->steps[i].key, key) == 0)
            return &sketches->steps[i];
    return NULL;
}

static void keep_step(struct sketches *sketches, const char *key, const struct sketch_clock_state *state) {
    struct step *step = &sketches->steps[sketches->next_step++ % STEP_KEYS];
    snprintf(step->key, sizeof step->key, "%s", key);
    step->state = *state;
    snprintf(step->name, sizeof step->name, "%s", state->sketch != NULL ? state->sketch : "");
    step->state.sketch = state->sketch != NULL ? step->name : NULL;
}

int sketch_clock_move(struct sketches *sketches, const char *name, double frames, const char *key,
                      struct sketch_clock_state *state, struct px_error *error) {
    uint64_t now_ns = px_clock_ns();
    const struct step *before = key[0] != '\0' ? find_step(sketches, key) : NULL;
    if (strlen(key) >= STEP_KEY_BYTES)
        return px_fail(error, PX_E_LIMIT, "key: at most %d bytes are accepted", STEP_KEY_BYTES - 1);
    if (before != NULL) {
        *state = before->state;
        return 0;
    }
    struct live *one = need(sketches, name, error);
    if (one == NULL)
        return PX_E_NOT_FOUND;
    for (size_t i = 0; i < sketches->count; i++) {
        if (name != NULL && sketches->list[i] != one)
            continue;
        sketch_clock_step(live_clock(sketches->list[i]), frames, now_ns);
        live_clock_changed(sketches->list[i]);
    }
    *state = state_of(live_clock(one), one);
    if (key[0] != '\0')
        keep_step(sketches, key, state);
    return 0;
}

/* ---- parameters and controllers ----------------------------------------------------------------------------------- */

static void save_later(struct sketches *sketches) {
    loop_timer_start(sketches->save, px_clock_ns() + save_pause_ns);
}

/* A list of parameters that waits for a plan with their values. */
struct listing {
    struct live *live;
    void (*done)(void *argument, const struct px_writer *list, const struct px_error *error);
    void *argument;
};

static void list_params(void *argument, const struct px_error *cancelled) {
    struct listing *listing = argument;
    struct px_error error = {0};
    struct px_writer list;
    px_writer_init(&list, 0);
    if (cancelled != NULL)
        error = *cancelled;
    else
        parameters_write(listing->live, &list);
    if (cancelled == NULL)
        px_writer_finish(&list, &error);
    listing->done(listing->argument, error.code == 0 ? &list : NULL, error.code == 0 ? NULL : &error);
    px_writer_free(&list);
    free(listing);
}

void sketch_params_get(struct sketches *sketches, const char *name,
                       void (*done)(void *argument, const struct px_writer *list, const struct px_error *error),
                       void *argument) {
    struct px_error error;
    struct live *live = need(sketches, name, &error);
    struct listing *listing = live != NULL ? calloc(1, sizeof *listing) : NULL;
    if (listing == NULL) {
        if (live != NULL)
            px_fail(&error, PX_E_NO_MEMORY, "no memory to list parameters");
        done(argument, NULL, &error);
        return;
    }
    *listing = (struct listing){.live = live, .done = done, .argument = argument};
    live_refresh(live, list_params, listing);
}

/* A key of a request as a terminated address, and the path of its value. */
struct place {
    char address[LIVE_ADDRESS_MAX + 1];
    char shown[LIVE_ADDRESS_MAX + 16];
};

static int take_place(struct place *place, const char *list, const struct px_value *key, struct px_error *error) {
    if (key->type != PX_STR)
        return px_fail(error, PX_E_TYPE, "%s: addresses are strings", list);
    if (key->count > LIVE_ADDRESS_MAX)
        return px_fail(error, PX_E_LIMIT, "%s: an address has at most %d bytes", list, LIVE_ADDRESS_MAX);
    memcpy(place->address, key->text, key->count);
    place->address[key->count] = '\0';
    snprintf(place->shown, sizeof place->shown, "%s[\"%s\"]", list, place->address);
    return 0;
}

int sketch_params_set(struct sketches *sketches, const char *name, const struct px_value *values,
                      struct px_error *error) {
    struct live *live = need(sketches, name, error);
    if (live == NULL)
        return PX_E_NOT_FOUND;
    struct place place;
    for (uint32_t i = 0; i < values->count; i++) { /* all are checked before one is set */
        int status = take_place(&place, "values", &values->pairs[i].key, error);
        const struct px_path path = {.key = place.shown};
        if (status == 0)
            status = parameters_check(live, place.address, &values->pairs[i].value, &path, error);
        if (status != 0)
            return status;
    }
    int status = 0;
    for (uint32_t i = 0; i < values->count && status == 0; i++) {
        status = take_place(&place, "values", &values->pairs[i].key, error);
        if (status == 0)
            status = live_params_set(live_values(live), place.address, &values->pairs[i].value, error);
    }
    live_params_changed(live);
    save_later(sketches);
    return status;
}

int sketch_params_reset(struct sketches *sketches, const char *name, const struct px_value *keys, size_t *count,
                        struct px_error *error) {
    struct live *live = need(sketches, name, error);
    if (live == NULL)
        return PX_E_NOT_FOUND;
    *count = 0;
    if (keys == NULL) {
        *count = live_params_reset(live_values(live), NULL);
    } else {
        struct place place;
        for (uint32_t i = 0; i < keys->count; i++) {
            int status = take_place(&place, "keys", &keys->items[i], error);
            if (status != 0)
                return status;
            *count += live_params_reset(live_values(live), place.address);
        }
    }
    live_params_changed(live);
    save_later(sketches);
    return 0;
}

int sketches_cc_set(struct sketches *sketches, const struct px_value *values, struct px_error *error) {
    const struct px_path path = {.key = "values"};
    int status = controllers_set(&sketches->context.controllers, values, &path, error);
    if (status != 0)
        return status;
    for (size_t i = 0; i < sketches->count; i++)
        live_cc_changed(sketches->list[i]);
    return 0;
}

void sketches_cc_write(struct sketches *sketches, struct px_writer *writer) {
    const double *values = sketches->context.controllers.values;
    uint32_t set = 0;
    for (unsigned i = 0; i < CONTROLLERS; i++)
        set += values[i] != 0;
    px_write_map(writer, 2);
    px_key(writer, "values");
    px_write_map(writer, set);
    for (unsigned i = 0; i < CONTROLLERS; i++) {
        char key[8];
        if (values[i] == 0)
            continue;
        snprintf(key, sizeof key, "%u", i);
        px_key(writer, key);
        px_write_real(writer, values[i]);
    }
    px_key(writer, "bindings");
    px_write_map(writer, (uint32_t)sketches->count);
    for (size_t i = 0; i < sketches->count; i++) {
        px_key(writer, live_name(sketches->list[i]));
        live_params_write_bindings(live_values(sketches->list[i]), writer);
    }
}

int sketch_cc_bind(struct sketches *sketches, const char *name, const char *address, int cc, double lo, double hi,
                   struct px_error *error) {
    struct live *live = need(sketches, name, error);
    if (live == NULL)
        return PX_E_NOT_FOUND;
    double least, most;
    int status = parameters_range(live, address, &least, &most, error);
    if (status != 0)
        return status;
    const struct live_binding binding = {.cc = cc, .lo = isnan(lo) ? least : lo, .hi = isnan(hi) ? most : hi};
    status = live_params_bind(live_values(live), address, binding, error);
    live_params_changed(live);
    save_later(sketches);
    return status;
}

int sketch_cc_unbind(struct sketches *sketches, const char *name, const char *address, struct px_error *error) {
    struct live *live = need(sketches, name, error);
    if (live == NULL)
        return PX_E_NOT_FOUND;
    if (!live_params_unbind(live_values(live), address))
        return px_fail(error, PX_E_NOT_FOUND, "param: \"%s\" of %s is bound to no controller", address, live_name(live));
    live_params_changed(live);
    save_later(sketches);
    return 0;
}

/* ---- what there is ------------------------------------------------------------------------------------------------ */

static const char *kind_of(struct live *live) {
    const struct source *source = live_source(live);
    return source == NULL ? "submitted" : source_is_script(source) ? "lua" : "plan";
}

static void write_fields(struct sketches *sketches, struct live *live, struct px_writer *writer) {
    struct live_counts counts = live_counts(live);
    struct sketch_clock_state clock = state_of(live_clock(live), live);
    px_key(writer, "name");
    px_write_string(writer, live_name(live));
    px_key(writer, "kind");
    px_write_string(writer, kind_of(live));
    px_key(writer, "focused");
    px_write_bool(writer, sketches->focus == live);
    px_key(writer, "playing");
    px_write_bool(writer, clock.playing);
    px_key(writer, "moves");
    px_write_bool(writer, live_moves(live));
    px_key(writer, "t");
    px_write_real(writer, clock.t);
    px_key(writer, "fps");
    px_write_real(writer, clock.fps);
    px_key(writer, "frame");
    px_write_uint(writer, clock.frame);
    px_key(writer, "frames");
    px_write_uint(writer, counts.frames);
    px_key(writer, "dropped");
    px_write_uint(writer, counts.dropped);
    px_key(writer, "pid");
    px_write_int(writer, live_source(live) != NULL ? source_pid(live_source(live)) : 0);
    px_key(writer, "error");
    if (live_failure(live) != NULL)
        px_write_error(writer, live_failure(live));
    else
        px_write_nil(writer);
}
enum { FIELDS = 12 };

void sketches_list(struct sketches *sketches, struct px_writer *writer) {
    uint32_t ready = 0;
    for (size_t i = 0; i < sketches->count; i++)
        ready += live_ready(sketches->list[i]);
    px_write_array(writer, ready);
    for (size_t i = 0; i < sketches->count; i++) {
        if (!live_ready(sketches->list[i]))
            continue;
        px_write_map(writer, FIELDS);
        write_fields(sketches, sketches->list[i], writer);
    }
}

static void write_canvas(const struct plan_canvas *canvas, struct px_writer *writer) {
    px_write_map(writer, 4);
    px_key(writer, "size");
    px_write_array(writer, 2);
    px_write_real(writer, canvas->size[0]);
    px_write_real(writer, canvas->size[1]);
    px_key(writer, "background");
    px_write_array(writer, 4);
    for (int i = 0; i < 4; i++)
        px_write_real(writer, (double)canvas->background[i]);
    px_key(writer, "color");
    px_write_array(writer, 4);
    for (int i = 0; i < 4; i++)
        px_write_real(writer, (double)canvas->color[i]);
    px_key(writer, "thickness");
    px_write_real(writer, (double)canvas->thickness);
}

int sketch_get(struct sketches *sketches, const char *name, struct px_writer *writer, struct px_error *error) {
    struct live *live = need(sketches, name, error);
    if (live == NULL)
        return PX_E_NOT_FOUND;
    const struct source *source = live_source(live);
    size_t size = 0;
    px_write_map(writer, FIELDS + 3);
    write_fields(sketches, live, writer);
    px_key(writer, "source");
    if (source != NULL && source_is_script(source)) {
        const char *text = source_text(source, &size);
        if (px_utf8_valid(text, size) == size)
            px_write_text(writer, text, size);
        else
            px_write_bin(writer, text, size);
    } else {
        px_write_nil(writer);
    }
    px_key(writer, "plan");
    if (source != NULL && !source_is_script(source)) {
        const uint8_t *bytes = source_plan_bytes(source, &size);
        px_write_raw(writer, bytes, size);
    } else {
        px_write_nil(writer);
    }
    px_key(writer, "canvas");
    if (live_plan(live) != NULL)
        write_canvas(&live_plan(live)->canvas, writer);
    else
        px_write_nil(writer);
    return 0;
}
