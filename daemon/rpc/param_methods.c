/* param_methods.c: param.*: live parameters of a sketch. */
#include "daemon/rpc/daemon.h"
#include "daemon/rpc/methods.h"
#include "daemon/sketch/sketch.h"

static struct sketches *sketches_of(struct rpc_call *call) {
    return rpc_daemon(call)->sketches;
}

/* A name too long for a sketch is that of none. */
static bool take_name(struct rpc_call *call, struct px_text text, char out[PX_SKETCH_NAME_MAX + 1]) {
    if (px_text_copy(text, out, PX_SKETCH_NAME_MAX + 1))
        return true;
    struct px_error error;
    px_fail(&error, PX_E_NOT_FOUND, "name: a sketch's name has at most %d bytes", PX_SKETCH_NAME_MAX);
    rpc_fail(call, &error);
    return false;
}

struct get_params {
    struct px_text name;
};
static const struct px_field get_fields[] = {
    PX_FIELD(STRING, struct get_params, name, .required = true, .help = "Of the sketch."),
};
static const struct px_message get_message = PX_MESSAGE("param.get", get_fields, struct get_params);

static void got(void *argument, const struct px_writer *list, const struct px_error *error) {
    struct rpc_call *call = argument;
    if (error != NULL) {
        rpc_fail(call, error);
        return;
    }
    struct px_writer *writer = rpc_reply_begin(call);
    px_write_map(writer, 1);
    px_key(writer, "params");
    px_write_raw(writer, list->bytes, list->size);
    rpc_reply_send(call);
}

static void handle_get(struct rpc_call *call, const void *params) {
    const struct get_params *get = params;
    char name[PX_SKETCH_NAME_MAX + 1];
    if (take_name(call, get->name, name))
        sketch_params_get(sketches_of(call), name, got, call);
}

struct set_params {
    struct px_text name;
    const struct px_value *values;
};
static const struct px_field set_fields[] = {
    PX_FIELD(STRING, struct set_params, name, .required = true, .help = "Of the sketch."),
    PX_FIELD(MAP, struct set_params, values, .required = true, .help = "Values by address; all are taken, or none."),
};
static const struct px_message set_message = PX_MESSAGE("param.set", set_fields, struct set_params);

static void handle_set(struct rpc_call *call, const void *params) {
    const struct set_params *set = params;
    char name[PX_SKETCH_NAME_MAX + 1];
    struct px_error error;
    if (!take_name(call, set->name, name))
        return;
    if (sketch_params_set(sketches_of(call), name, set->values, &error) != 0)
        rpc_fail(call, &error);
    else
        rpc_reply_empty(call);
}

struct reset_params {
    struct px_text name;
    const struct px_value *keys;
};
static const struct px_field reset_fields[] = {
    PX_FIELD(STRING, struct reset_params, name, .required = true, .help = "Of the sketch."),
    PX_FIELD(LIST, struct reset_params, keys, .help = "Addresses; left out: all."),
};
static const struct px_message reset_message = PX_MESSAGE("param.reset", reset_fields, struct reset_params);

static void handle_reset(struct rpc_call *call, const void *params) {
    const struct reset_params *reset = params;
    char name[PX_SKETCH_NAME_MAX + 1];
    struct px_error error;
    size_t count;
    if (!take_name(call, reset->name, name))
        return;
    if (sketch_params_reset(sketches_of(call), name, reset->keys, &count, &error) != 0)
        rpc_fail(call, &error);
    else
        rpc_reply_empty(call);
}

static const struct rpc_method methods[] = {
    {.name = "param.get",
     .role = RPC_ROLE_VIEW,
     .idempotent = true,
     .params = &get_message,
     .handle = handle_get,
     .help = "All live parameters of a sketch: its own, then its kernels'.",
     .result = "{params: [{name, param, kernel, type, unit, min, max, step, choices, help, value, default, from}]}"},
    {.name = "param.set",
     .role = RPC_ROLE_CONTROL,
     .idempotent = true,
     .params = &set_message,
     .handle = handle_set,
     .help = "Overrides parameters; they are kept for the sketch's name.",
     .result = "{}"},
    {.name = "param.reset",
     .role = RPC_ROLE_CONTROL,
     .idempotent = true,
     .params = &reset_message,
     .handle = handle_reset,
     .help = "Gives overridden parameters back to the sketch.",
     .result = "{}"},
};
const struct rpc_method_table param_method_table = METHOD_TABLE(methods);
