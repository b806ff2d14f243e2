/* cc_methods.c: cc.*: controllers and what they are bound to. */
#include "daemon/rpc/daemon.h"
#include "daemon/rpc/methods.h"
#include "daemon/sketch/controllers.h"
#include "daemon/sketch/sketch.h"

#include <math.h>

enum { ADDRESS_BYTES = 256 };

static struct sketches *sketches_of(struct rpc_call *call) {
    return rpc_daemon(call)->sketches;
}

/* Name and address of a binding out of a request; fails the call when they cannot be any. */
static bool take_place(struct rpc_call *call, struct px_text name, struct px_text param,
                       char name_out[PX_SKETCH_NAME_MAX + 1], char param_out[ADDRESS_BYTES]) {
    struct px_error error;
    if (!px_text_copy(name, name_out, PX_SKETCH_NAME_MAX + 1))
        px_fail(&error, PX_E_NOT_FOUND, "name: a sketch's name has at most %d bytes", PX_SKETCH_NAME_MAX);
    else if (!px_text_copy(param, param_out, ADDRESS_BYTES))
        px_fail(&error, PX_E_PARAM, "param: an address has at most %d bytes", ADDRESS_BYTES - 1);
    else
        return true;
    rpc_fail(call, &error);
    return false;
}

static void reply(struct rpc_call *call, int status, const struct px_error *error) {
    if (status != 0)
        rpc_fail(call, error);
    else
        rpc_reply_empty(call);
}

struct set_params {
    const struct px_value *values;
};
static const struct px_field set_fields[] = {
    PX_FIELD(VALUE, struct set_params, values, .required = true,
             .help = "Values 0..1 by number: a map with decimal strings, or a list of [number, value]."),
};
static const struct px_message set_message = PX_MESSAGE("cc.set", set_fields, struct set_params);

static void handle_set(struct rpc_call *call, const void *params) {
    const struct set_params *set = params;
    struct px_error error;
    reply(call, sketches_cc_set(sketches_of(call), set->values, &error), &error);
}

static void handle_get(struct rpc_call *call, const void *params) {
    (void)params;
    sketches_cc_write(sketches_of(call), rpc_reply_begin(call));
    rpc_reply_send(call);
}

struct bind_params {
    struct px_text name, param;
    const struct px_value *cc;
    double lo, hi;
};
static const struct px_field bind_fields[] = {
    PX_FIELD(STRING, struct bind_params, name, .required = true, .help = "Of the sketch."),
    PX_FIELD(STRING, struct bind_params, param, .required = true, .help = "Address of a parameter that is a number."),
    PX_FIELD(VALUE, struct bind_params, cc, .required = true, .help = "Number of the controller, 0..127."),
    PX_FIELD(NUMBER, struct bind_params, lo, .def = NAN, .help = "Value at 0; left out: the parameter's min."),
    PX_FIELD(NUMBER, struct bind_params, hi, .def = NAN, .help = "Value at 1; left out: the parameter's max."),
};
static const struct px_message bind_message = PX_MESSAGE("cc.bind", bind_fields, struct bind_params);

static void handle_bind(struct rpc_call *call, const void *params) {
    const struct bind_params *bind = params;
    const struct px_path path = {.key = "cc"};
    char name[PX_SKETCH_NAME_MAX + 1];
    char param[ADDRESS_BYTES];
    struct px_error error;
    int number = 0;
    if (!take_place(call, bind->name, bind->param, name, param))
        return;
    int status = controllers_number(bind->cc, &path, &number, &error);
    if (status == 0)
        status = sketch_cc_bind(sketches_of(call), name, param, number, bind->lo, bind->hi, &error);
    reply(call, status, &error);
}

struct unbind_params {
    struct px_text name, param;
};
static const struct px_field unbind_fields[] = {
    PX_FIELD(STRING, struct unbind_params, name, .required = true, .help = "Of the sketch."),
    PX_FIELD(STRING, struct unbind_params, param, .required = true, .help = "Address of the parameter."),
};
static const struct px_message unbind_message = PX_MESSAGE("cc.unbind", unbind_fields, struct unbind_params);

static void handle_unbind(struct rpc_call *call, const void *params) {
    const struct unbind_params *unbind = params;
    char name[PX_SKETCH_NAME_MAX + 1];
    char param[ADDRESS_BYTES];
    struct px_error error;
    if (take_place(call, unbind->name, unbind->param, name, param))
        reply(call, sketch_cc_unbind(sketches_of(call), name, param, &error), &error);
}

static const struct rpc_method methods[] = {
    {.name = "cc.set",
     .role = RPC_ROLE_CONTROL,
     .idempotent = true,
     .params = &set_message,
     .handle = handle_set,
     .help = "Sets controllers, for all sketches; all are taken, or none.",
     .result = "{}"},
    {.name = "cc.get",
     .role = RPC_ROLE_VIEW,
     .idempotent = true,
     .handle = handle_get,
     .help = "Controllers that are not 0, and what is bound to which.",
     .result = "{values: {number: value}, bindings: {sketch: [{param, cc, lo, hi}]}}"},
    {.name = "cc.bind",
     .role = RPC_ROLE_CONTROL,
     .idempotent = true,
     .params = &bind_message,
     .handle = handle_bind,
     .help = "Binds a parameter to a controller; it wins over an override.",
     .result = "{}"},
    {.name = "cc.unbind",
     .role = RPC_ROLE_CONTROL,
     .params = &unbind_message,
     .handle = handle_unbind,
     .help = "Unbinds a parameter.",
     .result = "{}"},
};
const struct rpc_method_table cc_method_table = METHOD_TABLE(methods);
