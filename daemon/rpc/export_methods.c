#include "daemon/export/job.h"
#include "daemon/export/save.h"
#include "daemon/export/svg.h"
#include "daemon/host/config.h"
#include "daemon/rpc/methods.h"
#include "daemon/rpc/picture.h"

#include <stdlib.h>
#include <string.h>

enum { PATH_BYTES_MAX = 4095 };

/* ---- the request ------------------------------------------------------------------------------------------------- */

static const char *const format_names[] = {"svg", "hpgl", "gcode", "pxc", NULL};
enum { FORMAT_SVG };

struct export_params {
    const struct px_value *plan, *options;
    struct px_text sketch, path, key;
    double t;
    int format;
};
static const struct px_field export_fields[] = {
    PX_FIELD(STRING, struct export_params, sketch, .nullable = true, .help = "The name of a sketch; or"),
    PX_FIELD(VALUE, struct export_params, plan, .nullable = true, .help = "a plan."),
    PX_FIELD(NUMBER, struct export_params, t, .def = 0, .unit = "s", .help = "The time of the picture."),
    PX_FIELD(CHOICE, struct export_params, format, .def = FORMAT_SVG, .choices = format_names,
             .help = "svg; the others are not made here yet."),
    PX_FIELD(MAP, struct export_params, options, .nullable = true,
             .help = "svg: {decimals: 0..6 (3), background: true}."),
    PX_FIELD(STRING, struct export_params, path, .nullable = true,
             .help = "Where the daemon writes the result; without it job.result has the bytes."),
    PX_FIELD(STRING, struct export_params, key, .nullable = true, .max = JOB_KEY_MAX,
             .help = "The same key again gives the first answer and starts nothing."),
};
static const struct px_message export_message = PX_MESSAGE("export.start", export_fields, struct export_params);

struct svg_fields {
    int64_t decimals;
    bool background;
};
static const struct px_field svg_table[] = {
    PX_FIELD(INT, struct svg_fields, decimals, .def = 3, .min = 0, .max = 6, .help = "Of coordinates in mm."),
    PX_FIELD(BOOL, struct svg_fields, background, .def = 1, .help = "Draw the paper as a rectangle, too."),
};
static const struct px_message svg_message = PX_MESSAGE("options of svg", svg_table, struct svg_fields);

/* ---- one export -------------------------------------------------------------------------------------------------- */

static const char *const stages[] = {"plan", "geometry", "write"};
enum { STAGE_PLAN, STAGE_GEOMETRY, STAGE_WRITE, STAGES };

struct export_run {
    struct daemon *daemon;
    struct job *job;
    struct rpc_call *call; /* until the plan is known to be good */
    struct picture picture;
    struct svg_options svg;
    char *path;  /* NULL: none */
    char *below; /* where others than our own user may write; NULL: anywhere */

    /* POOL, then LOOP */
    struct pool_job write;
    struct loop_message written;
    _Atomic bool cancel;
    struct export_page page;
    struct export_layer *layers;
    size_t layer_count;
    char *bytes;
    size_t size;
    struct px_error error;
    int code;
};

static void run_free(struct export_run *run) {
    picture_fini(&run->picture);
    free(run->layers);
    free(run->bytes);
    free(run->path);
    free(run->below);
    free(run);
}

static void run_fail(struct export_run *run, const struct px_error *error) {
    run->job->refused = run->call != NULL;
    if (run->call != NULL)
        rpc_fail(run->call, error);
    job_failed(run->daemon->jobs, run->job, error);
    run_free(run);
}

static void run_cancel(void *owner) {
    struct export_run *run = owner;
    atomic_store_explicit(&run->cancel, true, memory_order_relaxed);
    picture_cancel(&run->picture); /* may end the run */
}

/* ---- writing ----------------------------------------------------------------------------------------------------- */

static void write_on_worker(struct pool_job *pool_job, struct worker *worker) {
    struct export_run *run = (struct export_run *)((char *)pool_job - offsetof(struct export_run, write));
    (void)worker;
    run->code = svg_write(&run->page, run->layers, run->layer_count, &run->svg, &run->job->part, &run->cancel,
                          &run->bytes, &run->size, &run->error);
    if (run->code == 0 && run->path != NULL)
        run->code = save_bytes(run->path, run->below, run->bytes, run->size, &run->error);
    loop_post(run->daemon->loop, &run->written);
}

static void written_on_loop(struct loop_message *message) {
    struct export_run *run = (struct export_run *)((char *)message - offsetof(struct export_run, written));
    if (run->code < 0) {
        run_fail(run, &run->error);
        return;
    }
    if (run->path != NULL) {
        free(run->bytes);
        run->bytes = NULL;
    }
    job_done(run->daemon->jobs, run->job, run->bytes, run->size, run->path);
    run->bytes = NULL;
    run->path = NULL;
    run_free(run);
}

static int take_drawing(struct export_run *run, struct px_error *error) {
    const struct evaluation *evaluation = run->picture.evaluation;
    const struct plan_canvas *canvas = &evaluation_plan(evaluation)->canvas;
    const struct evaluation_layer *layers = evaluation_layers(evaluation, &run->layer_count);
    run->layers = calloc(run->layer_count + 1, sizeof *run->layers);
    if (run->layers == NULL)
        return px_fail(error, PX_E_NO_MEMORY, "no memory for %zu layers", run->layer_count);
    memcpy(run->page.size, canvas->size, sizeof run->page.size);
    memcpy(run->page.background, canvas->background, sizeof run->page.background);
    for (size_t i = 0; i < run->layer_count; i++) {
        run->layers[i] = (struct export_layer){
            .geometry = slab_geometry(layers[i].slab), .name = layers[i].name, .thickness = layers[i].thickness};
        memcpy(run->layers[i].color, layers[i].color, sizeof run->layers[i].color);
    }
    return 0;
}

/* ---- the stages before ------------------------------------------------------------------------------------------- */

static void reply_id(struct rpc_call *call, const struct job *job) {
    struct px_writer *writer = rpc_reply_begin(call);
    px_write_map(writer, 2);
    px_key(writer, "id");
    px_write_int(writer, job->id);
    px_key(writer, "state");
    px_write_string(writer, job_state_name(job->state));
    rpc_reply_send(call);
}

static void run_planned(void *owner) {
    struct export_run *run = owner;
    job_stage(run->daemon->jobs, run->job, STAGE_GEOMETRY);
    reply_id(run->call, run->job);
    run->call = NULL;
}

static void run_evaluated(void *owner, const struct px_error *failed) {
    struct export_run *run = owner;
    struct px_error error = {0};
    if (failed != NULL) {
        error = *failed; /* the picture's, which goes with the run */
        run_fail(run, &error);
        return;
    }
    int code = take_drawing(run, &error);
    if (code == 0) {
        job_stage(run->daemon->jobs, run->job, STAGE_WRITE);
        run->write.run = write_on_worker;
        run->written.handle = written_on_loop;
        code = pool_submit(run->daemon->pool, POOL_BACKGROUND, &run->write);
        if (code < 0)
            px_fail(&error, code, "the workers have too much to do already");
    }
    if (code < 0)
        run_fail(run, &error);
}

/* ---- export.start ------------------------------------------------------------------------------------------------ */

static int take_path(struct export_run *run, const struct export_params *params, struct px_error *error) {
    const char *export_dir = run->daemon->config->export_dir;
    if (params->path.text == NULL)
        return 0;
    if (params->path.length > PATH_BYTES_MAX)
        return px_fail(error, PX_E_LIMIT, "path: %u bytes; at most %d are accepted", params->path.length,
                       PATH_BYTES_MAX);
    if (memchr(params->path.text, '\0', params->path.length) != NULL)
        return px_fail(error, PX_E_RANGE, "path: holds a zero byte");
    if (!rpc_call_own_uid(run->call)) {
        if (export_dir[0] == '\0')
            return px_fail(error, PX_E_ACCESS,
                           "path: only the daemon's own user may have files written, and others "
                           "below export_dir, which is not set; leave path out and take job.result");
        run->below = strdup(export_dir);
        if (run->below == NULL)
            return px_fail(error, PX_E_NO_MEMORY, "no memory for a path");
    }
    run->path = strndup(params->path.text, params->path.length);
    if (run->path == NULL)
        return px_fail(error, PX_E_NO_MEMORY, "no memory for a path");
    return save_check(run->path, run->below, error);
}

static int take_options(struct export_run *run, const struct export_params *params, struct px_error *error) {
    const struct px_path path = {NULL, "options", 0};
    struct svg_fields fields;
    if (params->format != FORMAT_SVG)
        return px_fail(error, PX_E_UNSUPPORTED, "format: %s is not made here yet; svg is",
                       format_names[params->format]);
    int code = px_message_decode(&svg_message, params->options, &path, NULL, &fields, error);
    if (code == 0)
        run->svg = (struct svg_options){.decimals = (int)fields.decimals, .background = fields.background};
    return code;
}

static struct export_run *run_create(struct rpc_call *call, const struct export_params *params,
                                     struct px_error *error) {
    struct export_run *run = calloc(1, sizeof *run);
    if (run == NULL) {
        px_fail(error, PX_E_NO_MEMORY, "no memory for an export");
        return NULL;
    }
    run->call = call;
    run->daemon = rpc_daemon(call);
    run->picture = (struct picture){.daemon = run->daemon, .planned = run_planned, .done = run_evaluated, .owner = run};
    if (take_options(run, params, error) == 0 && take_path(run, params, error) == 0)
        return run;
    run_free(run);
    return NULL;
}

/* The same key again: the first answer. */
static void answer_known(struct rpc_call *call, const struct job *job) {
    if (job->refused)
        rpc_fail(call, &job->error);
    else
        reply_id(call, job);
}

static void run_start(struct export_run *run, const struct export_params *params) {
    const struct picture_request request = {.plan = params->plan,
                                            .sketch = params->sketch,
                                            .t = params->t,
                                            .priority = POOL_BACKGROUND,
                                            .check_first = true};
    struct px_error error = {0};
    run->job->owner = run;
    run->job->cancel = run_cancel;
    if (picture_start(&run->picture, &request, &error) < 0) /* else the run may be over already */
        run_fail(run, &error);
}

static void handle_start(struct rpc_call *call, const void *decoded) {
    const struct export_params *params = decoded;
    char key[JOB_KEY_MAX + 1] = "";
    struct px_error error = {0};
    bool known = false;
    struct job *job = NULL;
    struct export_run *run = NULL;
    int code = 0;
    if (params->key.text != NULL && !px_text_copy(params->key, key, sizeof key))
        code = px_fail(&error, PX_E_RANGE, "key: at most %d bytes, none of them zero", JOB_KEY_MAX);
    if (code == 0)
        run = run_create(call, params, &error);
    if (run != NULL)
        code = jobs_add(rpc_daemon(call)->jobs, "export", stages, STAGES, key, &job, &known, &error);
    if (run != NULL && code == 0 && !known) {
        run->job = job;
        run_start(run, params);
        return;
    }
    if (run != NULL)
        run_free(run);
    if (known)
        answer_known(call, job);
    else
        rpc_fail(call, &error);
}

static const struct rpc_method methods[] = {
    {.name = "export.start",
     .role = RPC_ROLE_CONTROL,
     .idempotent = false,
     .params = &export_message,
     .help = "Writes a picture as a file for a plotter: a job. A bad plan or an unknown sketch is refused here.",
     .result = "{id, state}",
     .handle = handle_start},
};
const struct rpc_method_table export_method_table = METHOD_TABLE(methods);
