/* sketch_methods.c: sketch.* and plan.submit. */
#include "daemon/rpc/daemon.h"
#include "daemon/rpc/methods.h"
#include "daemon/sketch/sketch.h"

#include <stdlib.h>
#include <string.h>

enum { PATH_MAX_BYTES = 4095 };

static struct sketches *sketches_of(struct rpc_call *call) {
    return rpc_daemon(call)->sketches;
}

/* The name of a sketch out of a request; fails the call when it is none. */
static bool take_name(struct rpc_call *call, struct px_text text, char out[PX_SKETCH_NAME_MAX + 1]) {
    struct px_error error;
    if (!px_text_copy(text, out, PX_SKETCH_NAME_MAX + 1)) {
        px_fail(&error, PX_E_RANGE, "name: 1 to %d bytes without / and control characters are expected",
                PX_SKETCH_NAME_MAX);
        rpc_fail(call, &error);
        return false;
    }
    if (sketch_name_check(out, &error) == 0)
        return true;
    rpc_fail(call, &error);
    return false;
}

/* A change of a sketch is answered when it is in force. */
static void changed(void *argument, const struct px_error *error) {
    struct rpc_call *call = argument;
    if (error != NULL)
        rpc_fail(call, error);
    else
        rpc_reply_empty(call);
}

/* ---- sketch.load -------------------------------------------------------------------------------------------------- */

struct load_params {
    struct px_text name, source, path;
};
static const struct px_field load_fields[] = {
    PX_FIELD(STRING, struct load_params, name, .help = "Its name; with a path, the file's name if left out."),
    PX_FIELD(STRING, struct load_params, source, .help = "The Lua text."),
    PX_FIELD(STRING, struct load_params, path, .help = "A Lua file of the daemon's machine, instead of source."),
};
static const struct px_message load_message = PX_MESSAGE("sketch.load", load_fields, struct load_params);

static void load_path(struct rpc_call *call, const struct load_params *load, const char *name) {
    char path[PATH_MAX_BYTES + 1];
    struct px_error error;
    if (!rpc_call_own_uid(call)) {
        px_fail(&error, PX_E_ACCESS, "path: only the daemon's own user may name a file here; send source instead");
        rpc_fail(call, &error);
    } else if (!px_text_copy(load->path, path, sizeof path) || path[0] == '\0') {
        px_fail(&error, PX_E_RANGE, "path: 1 to %d bytes are expected", PATH_MAX_BYTES);
        rpc_fail(call, &error);
    } else {
        sketch_load_file(sketches_of(call), name, path, changed, call);
    }
}

static void handle_load(struct rpc_call *call, const void *params) {
    const struct load_params *load = params;
    char name[PX_SKETCH_NAME_MAX + 1];
    struct px_error error;
    bool named = load->name.text != NULL;
    if ((load->source.text != NULL) == (load->path.text != NULL)) {
        px_fail(&error, PX_E_PARAM, "exactly one of source and path is expected");
        rpc_fail(call, &error);
    } else if (!named && load->path.text == NULL) {
        px_fail(&error, PX_E_PARAM, "name: is missing");
        rpc_fail(call, &error);
    } else if (named && !take_name(call, load->name, name)) {
        return;
    } else if (load->path.text != NULL) {
        load_path(call, load, named ? name : NULL);
    } else {
        sketch_load(sketches_of(call), name, load->source.text, load->source.length, NULL, NULL, changed, call);
    }
}

/* ---- sketch.set --------------------------------------------------------------------------------------------------- */

struct set_params {
    struct px_text name;
    const struct px_value *plan;
};
static const struct px_field set_fields[] = {
    PX_FIELD(STRING, struct set_params, name, .required = true, .help = "Its name."),
    PX_FIELD(VALUE, struct set_params, plan, .required = true, .help = "The plan; numbers may be \"=\" expressions."),
};
static const struct px_message set_message = PX_MESSAGE("sketch.set", set_fields, struct set_params);

static void handle_set(struct rpc_call *call, const void *params) {
    const struct set_params *set = params;
    char name[PX_SKETCH_NAME_MAX + 1];
    if (take_name(call, set->name, name))
        sketch_set(sketches_of(call), name, set->plan, changed, call);
}

/* ---- sketch.list, get, remove, focus ------------------------------------------------------------------------------ */

struct name_params {
    struct px_text name;
};
static const struct px_field name_fields[] = {
    PX_FIELD(STRING, struct name_params, name, .required = true, .help = "Its name."),
};
static const struct px_message get_message = PX_MESSAGE("sketch.get", name_fields, struct name_params);
static const struct px_message remove_message = PX_MESSAGE("sketch.remove", name_fields, struct name_params);
static const struct px_message focus_message = PX_MESSAGE("sketch.focus", name_fields, struct name_params);

static void handle_list(struct rpc_call *call, const void *params) {
    (void)params;
    struct px_writer *writer = rpc_reply_begin(call);
    px_write_map(writer, 1);
    px_key(writer, "sketches");
    sketches_list(sketches_of(call), writer);
    rpc_reply_send(call);
}

static void handle_get(struct rpc_call *call, const void *params) {
    const struct name_params *get = params;
    char name[PX_SKETCH_NAME_MAX + 1];
    struct px_error error;
    struct px_writer reply;
    if (!take_name(call, get->name, name))
        return;
    px_writer_init(&reply, 0);
    if (sketch_get(sketches_of(call), name, &reply, &error) != 0 || px_writer_finish(&reply, &error) != 0) {
        rpc_fail(call, &error);
    } else {
        px_write_raw(rpc_reply_begin(call), reply.bytes, reply.size);
        rpc_reply_send(call);
    }
    px_writer_free(&reply);
}

static void by_name(struct rpc_call *call, const void *params,
                    int (*act)(struct sketches *sketches, const char *name, struct px_error *error)) {
    const struct name_params *named = params;
    char name[PX_SKETCH_NAME_MAX + 1];
    struct px_error error;
    if (!take_name(call, named->name, name))
        return;
    if (act(sketches_of(call), name, &error) != 0)
        rpc_fail(call, &error);
    else
        rpc_reply_empty(call);
}

static void handle_remove(struct rpc_call *call, const void *params) {
    by_name(call, params, sketch_remove);
}

static void handle_focus(struct rpc_call *call, const void *params) {
    by_name(call, params, sketch_focus);
}

/* ---- plan.submit -------------------------------------------------------------------------------------------------- */

struct submit_params {
    struct px_text name;
    int64_t frame;
    double t;
    const struct px_value *plan;
};
static const struct px_field submit_fields[] = {
    PX_FIELD(STRING, struct submit_params, name, .required = true, .help = "Of the sketch; made if there is none."),
    PX_FIELD(INT, struct submit_params, frame, .required = true, .min = 0, .max = 9007199254740992.0,
             .help = "Its number: above that of the frame accepted last."),
    PX_FIELD(NUMBER, struct submit_params, t, .unit = "s", .help = "Its time."),
    PX_FIELD(VALUE, struct submit_params, plan, .required = true, .help = "The plan of this frame."),
};
static const struct px_message submit_message = PX_MESSAGE("plan.submit", submit_fields, struct submit_params);

static void accepted(void *argument, uint64_t credit, const struct px_error *error) {
    struct rpc_call *call = argument;
    if (error != NULL) {
        rpc_fail(call, error);
        return;
    }
    struct px_writer *writer = rpc_reply_begin(call);
    px_write_map(writer, 1);
    px_key(writer, "credit");
    px_write_uint(writer, credit);
    rpc_reply_send(call);
}

static void handle_submit(struct rpc_call *call, const void *params) {
    const struct submit_params *submit = params;
    char name[PX_SKETCH_NAME_MAX + 1];
    if (take_name(call, submit->name, name))
        sketch_submit(sketches_of(call), name, (uint64_t)submit->frame, submit->t, submit->plan, accepted, call);
}

static const struct rpc_method methods[] = {
    {.name = "sketch.load",
     .role = RPC_ROLE_CONTROL,
     .idempotent = true,
     .params = &load_message,
     .handle = handle_load,
     .help = "Loads a Lua sketch; it replaces one of that name and keeps its time and parameters.",
     .result = "{}, when its first picture was evaluated; on an error the last good one runs on"},
    {.name = "sketch.set",
     .role = RPC_ROLE_CONTROL,
     .idempotent = true,
     .params = &set_message,
     .handle = handle_set,
     .help = "Sets a plan as data; numbers may be expressions of time.",
     .result = "{}, when its first picture was evaluated; on an error the last good one runs on"},
    {.name = "sketch.list",
     .role = RPC_ROLE_VIEW,
     .idempotent = true,
     .handle = handle_list,
     .help = "All sketches.",
     .result = "{sketches: [{name, kind, focused, playing, moves, t, fps, frame, frames, dropped, pid, error}]}; "
               "pid: of the process that runs a Lua sketch, else 0"},
    {.name = "sketch.get",
     .role = RPC_ROLE_VIEW,
     .idempotent = true,
     .params = &get_message,
     .handle = handle_get,
     .help = "One sketch with what it was made from.",
     .result = "as in sketch.list, and {source, plan, canvas}"},
    {.name = "sketch.remove",
     .role = RPC_ROLE_CONTROL,
     .params = &remove_message,
     .handle = handle_remove,
     .help = "Removes a sketch; the values of its parameters are kept for the next of that name.",
     .result = "{}"},
    {.name = "sketch.focus",
     .role = RPC_ROLE_CONTROL,
     .idempotent = true,
     .params = &focus_message,
     .handle = handle_focus,
     .help = "Chooses the sketch that viewers follow by default.",
     .result = "{}"},
    {.name = "plan.submit",
     .role = RPC_ROLE_CONTROL,
     .idempotent = true,
     .params = &submit_message,
     .handle = handle_submit,
     .help = "One frame from a script that makes its own plans: shown in order, none dropped.",
     .result = "{credit}: how many more may be sent ahead"},
};
const struct rpc_method_table sketch_method_table = METHOD_TABLE(methods);
