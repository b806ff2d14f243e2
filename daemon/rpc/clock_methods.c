/* clock_methods.c: clock.*: the sketch clock. */
#include "daemon/rpc/daemon.h"
#include "daemon/rpc/methods.h"
#include "daemon/sketch/clock.h"
#include "daemon/sketch/sketch.h"

static struct sketches *sketches_of(struct rpc_call *call) {
    return rpc_daemon(call)->sketches;
}

/* *name: NULL when the request has none; false: it was no name, the call has failed. */
static bool take_name(struct rpc_call *call, struct px_text text, char out[PX_SKETCH_NAME_MAX + 1], const char **name) {
    *name = NULL;
    if (text.text == NULL)
        return true;
    *name = out;
    if (px_text_copy(text, out, PX_SKETCH_NAME_MAX + 1))
        return true;
    struct px_error error;
    px_fail(&error, PX_E_NOT_FOUND, "name: a sketch's name has at most %d bytes", PX_SKETCH_NAME_MAX);
    rpc_fail(call, &error);
    return false;
}

static void reply_state(struct rpc_call *call, const struct sketch_clock_state *state) {
    struct px_writer *writer = rpc_reply_begin(call);
    px_write_map(writer, 6);
    px_key(writer, "sketch");
    if (state->sketch != NULL)
        px_write_string(writer, state->sketch);
    else
        px_write_nil(writer);
    px_key(writer, "playing");
    px_write_bool(writer, state->playing);
    px_key(writer, "t");
    px_write_real(writer, state->t);
    px_key(writer, "fps");
    px_write_real(writer, state->fps);
    px_key(writer, "rate");
    px_write_real(writer, state->rate);
    px_key(writer, "frame");
    px_write_uint(writer, state->frame);
    rpc_reply_send(call);
}

static void reply_clock(struct rpc_call *call, const char *name) {
    struct sketch_clock_state state;
    struct px_error error;
    if (sketch_clock_get(sketches_of(call), name, &state, &error) != 0)
        rpc_fail(call, &error);
    else
        reply_state(call, &state);
}

struct get_params {
    struct px_text name;
};
static const struct px_field get_fields[] = {
    PX_FIELD(STRING, struct get_params, name, .help = "Of a sketch; left out: the one in focus."),
};
static const struct px_message get_message = PX_MESSAGE("clock.get", get_fields, struct get_params);

static void handle_get(struct rpc_call *call, const void *params) {
    const struct get_params *get = params;
    char held[PX_SKETCH_NAME_MAX + 1];
    const char *name;
    if (take_name(call, get->name, held, &name))
        reply_clock(call, name);
}

struct set_params {
    struct px_text name;
    const struct px_value *playing;
    double t, fps, rate;
};
static const struct px_field set_fields[] = {
    PX_FIELD(STRING, struct set_params, name, .help = "Of a sketch; left out: all, and those to come."),
    PX_FIELD(VALUE, struct set_params, playing, .nullable = true, .help = "true or false."),
    PX_FIELD(NUMBER, struct set_params, t, .nullable = true, .def = NAN, .min = -1e9, .max = 1e9, .unit = "s",
             .help = "The time to go on from."),
    PX_FIELD(NUMBER, struct set_params, fps, .nullable = true, .def = NAN, .min = SKETCH_CLOCK_FPS_MIN,
             .max = SKETCH_CLOCK_FPS_MAX, .help = "Frames a second."),
    PX_FIELD(NUMBER, struct set_params, rate, .nullable = true, .def = NAN, .min = -1000, .max = 1000,
             .help = "Seconds of the sketch in a second."),
};
static const struct px_message set_message = PX_MESSAGE("clock.set", set_fields, struct set_params);

static void handle_set(struct rpc_call *call, const void *params) {
    const struct set_params *set = params;
    char held[PX_SKETCH_NAME_MAX + 1];
    const char *name;
    struct px_error error;
    struct sketch_clock_change change = {.playing = -1, .t = set->t, .fps = set->fps, .rate = set->rate};
    if (set->playing != NULL && set->playing->type != PX_NIL) {
        if (set->playing->type != PX_BOOL) {
            px_fail(&error, PX_E_TYPE, "playing: true or false is expected, not %s", px_type_name(set->playing->type));
            rpc_fail(call, &error);
            return;
        }
        change.playing = set->playing->boolean;
    }
    if (!take_name(call, set->name, held, &name))
        return;
    if (sketch_clock_set(sketches_of(call), name, &change, &error) != 0)
        rpc_fail(call, &error);
    else
        reply_clock(call, name);
}

struct step_params {
    struct px_text name, key;
    int64_t frames;
};
static const struct px_field step_fields[] = {
    PX_FIELD(STRING, struct step_params, name, .help = "Of a sketch; left out: all."),
    PX_FIELD(INT, struct step_params, frames, .def = 1, .min = -1e9, .max = 1e9, .unit = "frames",
             .help = "How far; below 0: back, not before 0."),
    PX_FIELD(STRING, struct step_params, key, .min = 1, .max = 63,
             .help = "The same key again gives the first answer and moves nothing."),
};
static const struct px_message step_message = PX_MESSAGE("clock.step", step_fields, struct step_params);

static void handle_step(struct rpc_call *call, const void *params) {
    const struct step_params *step = params;
    char held[PX_SKETCH_NAME_MAX + 1];
    char key[64] = "";
    const char *name;
    struct sketch_clock_state state;
    struct px_error error;
    if (step->key.text != NULL && !px_text_copy(step->key, key, sizeof key)) {
        px_fail(&error, PX_E_LIMIT, "key: at most %zu bytes are accepted", sizeof key - 1);
        rpc_fail(call, &error);
        return;
    }
    if (!take_name(call, step->name, held, &name))
        return;
    if (sketch_clock_move(sketches_of(call), name, (double)step->frames, key, &state, &error) != 0)
        rpc_fail(call, &error);
    else
        reply_state(call, &state);
}

static const struct rpc_method methods[] = {
    {.name = "clock.get",
     .role = RPC_ROLE_VIEW,
     .idempotent = true,
     .params = &get_message,
     .handle = handle_get,
     .help = "The sketch clock.",
     .result = "{sketch, playing, t, fps, rate, frame}"},
    {.name = "clock.set",
     .role = RPC_ROLE_CONTROL,
     .idempotent = true,
     .params = &set_message,
     .handle = handle_set,
     .help = "Plays, pauses, moves or paces the clock; what is left out stays.",
     .result = "as clock.get"},
    {.name = "clock.step",
     .role = RPC_ROLE_CONTROL,
     .params = &step_message,
     .handle = handle_step,
     .help = "Pauses and moves by whole frames.",
     .result = "as clock.get"},
};
const struct rpc_method_table clock_method_table = METHOD_TABLE(methods);
