#include "daemon/frame/arena_server.h"
#include "daemon/rpc/methods.h"
#include "daemon/rpc/picture.h"

#include <stdlib.h>
#include <string.h>

/* ---- geometry.eval ----------------------------------------------------------------------------------------------- */

static const char *const result_names[] = {"bytes", "handle", NULL};
enum { RESULT_BYTES, RESULT_HANDLE };

struct eval_params {
    const struct px_value *plan, *cc, *seed;
    struct px_text sketch;
    double t;
    int result;
};
static const struct px_field eval_fields[] = {
    PX_FIELD(VALUE, struct eval_params, plan, .nullable = true, .help = "A plan; may hold expressions."),
    PX_FIELD(STRING, struct eval_params, sketch, .nullable = true, .help = "Or the name of a sketch."),
    PX_FIELD(NUMBER, struct eval_params, t, .def = 0, .unit = "s", .help = "The time that expressions see."),
    PX_FIELD(VALUE, struct eval_params, seed, .nullable = true, .help = "A whole number in place of the plan's seed."),
    PX_FIELD(VALUE, struct eval_params, cc, .nullable = true,
             .help = "Controllers that expressions see: {\"1\": 0.5} or a list; others are 0."),
    PX_FIELD(CHOICE, struct eval_params, result, .def = RESULT_BYTES, .choices = result_names,
             .help = "bytes, or handles for clients of arena.sock."),
};
static const struct px_message eval_message = PX_MESSAGE("geometry.eval", eval_fields, struct eval_params);

struct eval_run {
    struct rpc_call *call;
    int result;
    struct picture picture;
};

static void write_canvas(const struct plan_canvas *canvas, struct px_writer *writer) {
    px_key(writer, "canvas");
    px_write_map(writer, 2);
    px_key(writer, "size");
    px_write_array(writer, 2);
    px_write_real(writer, canvas->size[0]);
    px_write_real(writer, canvas->size[1]);
    px_key(writer, "background");
    px_write_array(writer, 4);
    for (int i = 0; i < 4; i++)
        px_write_real(writer, (double)canvas->background[i]);
}

static void write_signature(struct px_signature signature, struct px_writer *writer) {
    uint8_t bytes[16];
    px_signature_to_bytes(signature, bytes);
    px_key(writer, "signature");
    px_write_bin(writer, bytes, sizeof bytes);
}

static void write_bytes(const struct slab *slab, struct px_writer *writer) {
    struct px_geometry geometry = slab_geometry(slab);
    px_key(writer, "coords");
    px_write_bin(writer, geometry.coords, geometry.vertex_count * 3 * sizeof(float));
    px_key(writer, "offsets");
    px_write_bin(writer, geometry.offsets, (geometry.line_count + 1) * sizeof(int32_t));
    write_signature(slab_signature(slab), writer);
}

static void write_handle(const struct slab *slab, struct px_writer *writer) {
    struct px_handle handle = slab_handle(slab);
    px_key(writer, "handle");
    px_write_map(writer, 4);
    px_key(writer, "arena");
    px_write_uint(writer, handle.arena);
    px_key(writer, "offset");
    px_write_uint(writer, handle.offset);
    px_key(writer, "size");
    px_write_uint(writer, handle.size);
    px_key(writer, "generation");
    px_write_uint(writer, handle.generation);
    write_signature(handle.signature, writer);
}

static void write_layer(const struct evaluation_layer *layer, int result, struct px_writer *writer) {
    px_write_map(writer, result == RESULT_HANDLE ? 5 : 6);
    px_key(writer, "name");
    px_write_string(writer, layer->name);
    px_key(writer, "color");
    px_write_array(writer, 4);
    for (int i = 0; i < 4; i++)
        px_write_real(writer, (double)layer->color[i]);
    px_key(writer, "thickness");
    px_write_real(writer, (double)layer->thickness);
    if (result == RESULT_HANDLE)
        write_handle(layer->slab, writer);
    else
        write_bytes(layer->slab, writer);
}

static void write_warnings(const struct evaluation *evaluation, struct px_writer *writer) {
    const char *const *texts;
    size_t count = evaluation_warnings(evaluation, &texts);
    px_key(writer, "warnings");
    px_write_array(writer, (uint32_t)count);
    for (size_t i = 0; i < count; i++)
        px_write_string(writer, texts[i]);
}

static void write_timings(const struct evaluation *evaluation, struct px_writer *writer) {
    static const char *const names[] = {"plan", "prefix", "suffix", "ready"}; /* seconds each */
    struct evaluation_timings timings = evaluation_timings(evaluation);
    px_key(writer, "timings");
    px_write_map(writer, 8);
    for (int i = 0; i < 4; i++) {
        px_key(writer, names[i]);
        px_write_real(writer, (double)timings.stage_ns[i] / 1e9);
    }
    px_key(writer, "total");
    px_write_real(writer, (double)timings.wall_ns / 1e9);
    px_key(writer, "hits");
    px_write_uint(writer, timings.hits);
    px_key(writer, "computed");
    px_write_uint(writer, timings.computed);
    px_key(writer, "vertices");
    px_write_uint(writer, timings.vertices);
}

/* All or none. */
static int pin_layers(struct rpc_call *call, const struct evaluation_layer *layers, size_t count,
                      struct px_error *error) {
    struct arena_server *server = rpc_daemon(call)->arena_server;
    int pid = rpc_call_peer_pid(call);
    if (pid == 0 || server == NULL)
        return px_fail(error, PX_E_UNSUPPORTED,
                       "result: handles are for clients of rpc.sock that also hold arena.sock; "
                       "ask for bytes here");
    for (size_t i = 0; i < count; i++) {
        int code = arena_server_pin(server, pid, layers[i].slab, error);
        if (code == 0)
            continue;
        while (i-- > 0)
            arena_server_release(server, pid, slab_handle(layers[i].slab), NULL);
        return code;
    }
    return 0;
}

static void reply(struct eval_run *run) {
    struct evaluation *evaluation = run->picture.evaluation;
    size_t count;
    const struct evaluation_layer *layers = evaluation_layers(evaluation, &count);
    struct px_error error = {0};
    if (run->result == RESULT_HANDLE && pin_layers(run->call, layers, count, &error) < 0) {
        rpc_fail(run->call, &error);
        return;
    }
    struct px_writer *writer = rpc_reply_begin(run->call);
    px_write_map(writer, 4);
    write_canvas(&evaluation_plan(evaluation)->canvas, writer);
    px_key(writer, "layers");
    px_write_array(writer, (uint32_t)count);
    for (size_t i = 0; i < count; i++)
        write_layer(&layers[i], run->result, writer);
    write_warnings(evaluation, writer);
    write_timings(evaluation, writer);
    rpc_reply_send(run->call);
}

static void eval_done(void *owner, const struct px_error *error) {
    struct eval_run *run = owner;
    rpc_call_on_gone(run->call, NULL, NULL);
    if (error != NULL)
        rpc_fail(run->call, error);
    else
        reply(run);
    picture_fini(&run->picture);
    free(run);
}

static void eval_gone(void *argument) {
    picture_cancel(&((struct eval_run *)argument)->picture);
}

/* The seed of a request: all 64 bits, not only what a double holds. */
static int take_seed(const struct px_value *value, struct picture_request *request, struct px_error *error) {
    double number;
    if (value == NULL || value->type == PX_NIL)
        return 0;
    if (!px_value_number(value, &number))
        return px_fail(error, PX_E_TYPE, "seed: expected a whole number, got %s", px_type_name(value->type));
    if (value->type == PX_REAL &&
        !(number >= -9007199254740992.0 && number <= 9007199254740992.0 && (double)(int64_t)number == number))
        return px_fail(error, PX_E_RANGE, "seed: expected a whole number, got %g", number);
    request->has_seed = true;
    request->seed = value->type == PX_UINT  ? value->uinteger
                    : value->type == PX_INT ? (uint64_t)value->integer
                                            : (uint64_t)(int64_t)number;
    return 0;
}

static void handle_eval(struct rpc_call *call, const void *params) {
    const struct eval_params *eval = params;
    struct picture_request request = {
        .plan = eval->plan, .sketch = eval->sketch, .t = eval->t, .cc = eval->cc, .priority = POOL_CONTROL};
    struct px_error error = {0};
    int code = take_seed(eval->seed, &request, &error);
    struct eval_run *run = calloc(1, sizeof *run);
    if (code == 0 && run == NULL)
        code = px_fail(&error, PX_E_NO_MEMORY, "no memory for an evaluation");
    if (code == 0) {
        *run = (struct eval_run){.call = call,
                                 .result = eval->result,
                                 .picture = {.daemon = rpc_daemon(call), .done = eval_done, .owner = run}};
        rpc_call_on_gone(call, eval_gone, run);
        code = picture_start(&run->picture, &request, &error); /* done already, perhaps */
    }
    if (code == 0)
        return;
    rpc_call_on_gone(call, NULL, NULL);
    free(run);
    rpc_fail(call, &error);
}

/* ---- geometry.release -------------------------------------------------------------------------------------------- */

struct release_params {
    const struct px_value *handles;
};
static const struct px_field release_fields[] = {
    PX_FIELD(LIST, struct release_params, handles, .required = true, .help = "Handles as geometry.eval gave them."),
};
static const struct px_message release_message = PX_MESSAGE("geometry.release", release_fields, struct release_params);

struct handle_fields {
    int64_t arena, offset, size, generation;
    struct px_text signature;
};
static const struct px_field handle_table[] = {
    PX_FIELD(INT, struct handle_fields, arena, .required = true, .help = "Id of the arena."),
    PX_FIELD(INT, struct handle_fields, offset, .required = true, .unit = "bytes", .help = "In the arena."),
    PX_FIELD(INT, struct handle_fields, size, .required = true, .unit = "bytes", .help = "Of the slab."),
    PX_FIELD(INT, struct handle_fields, generation, .required = true, .help = "As in the slab's header."),
    PX_FIELD(BYTES, struct handle_fields, signature, .help = "16 bytes."),
};
static const struct px_message handle_message = PX_MESSAGE("handle", handle_table, struct handle_fields);

static int release_one(struct rpc_call *call, const struct px_value *value, const struct px_path *path,
                       struct px_error *error) {
    struct handle_fields fields;
    int code = px_message_decode(&handle_message, value, path, NULL, &fields, error);
    if (code < 0)
        return code;
    struct px_handle handle = {.arena = (uint32_t)fields.arena,
                               .offset = (uint64_t)fields.offset,
                               .size = (uint64_t)fields.size,
                               .generation = (uint64_t)fields.generation};
    if (fields.signature.text != NULL && fields.signature.length == 16)
        handle.signature = px_signature_from_bytes((const uint8_t *)fields.signature.text);
    struct px_error why = {0};
    code = arena_server_release(rpc_daemon(call)->arena_server, rpc_call_peer_pid(call), handle, &why);
    return code < 0 ? px_fail_at(error, code, path, "%s", why.message) : 0;
}

static void handle_release(struct rpc_call *call, const void *params) {
    const struct px_value *handles = ((const struct release_params *)params)->handles;
    const struct px_path path = {NULL, "handles", 0};
    struct px_error error = {0};
    int code = 0;
    if (rpc_call_peer_pid(call) == 0 || rpc_daemon(call)->arena_server == NULL)
        code = px_fail(&error, PX_E_UNSUPPORTED, "handles are for clients of rpc.sock that also hold arena.sock");
    for (uint32_t i = 0; i < handles->count && code == 0; i++) {
        const struct px_path at = {&path, NULL, (long)i};
        code = release_one(call, &handles->items[i], &at, &error);
    }
    if (code < 0)
        rpc_fail(call, &error);
    else
        rpc_reply_empty(call);
}

static const struct rpc_method methods[] = {
    {.name = "geometry.eval",
     .role = RPC_ROLE_CONTROL,
     .idempotent = true,
     .params = &eval_message,
     .help = "Evaluates a plan, or a sketch's plan at t, once, free of live state.",
     .result = "{canvas, layers: [{name, color, thickness, coords, offsets, signature}], warnings, timings}",
     .handle = handle_eval},
    {.name = "geometry.release",
     .role = RPC_ROLE_CONTROL,
     .idempotent = false,
     .params = &release_message,
     .help = "Gives back handles of geometry.eval.",
     .result = "{}",
     .handle = handle_release},
};
const struct rpc_method_table geometry_method_table = METHOD_TABLE(methods);
