#include "daemon/export/job.h"
#include "daemon/rpc/daemon.h"
#include "daemon/rpc/methods.h"

struct job_params {
    int64_t id;
};
static const struct px_field job_fields[] = {
    PX_FIELD(INT, struct job_params, id, .required = true, .help = "As export.start gave it."),
};
static const struct px_message job_message = PX_MESSAGE("job", job_fields, struct job_params);

/* NULL: the call was answered with an error. */
static struct job *job_of(struct rpc_call *call, const void *params) {
    int64_t id = ((const struct job_params *)params)->id;
    struct job *job = jobs_find(rpc_daemon(call)->jobs, id);
    if (job == NULL) {
        struct px_error error;
        px_fail(&error, PX_E_NOT_FOUND, "id: there is no job %lld (any more); job.list has those that are kept",
                (long long)id);
        rpc_fail(call, &error);
    }
    return job;
}

static void handle_list(struct rpc_call *call, const void *params) {
    (void)params;
    struct px_writer *writer = rpc_reply_begin(call);
    px_write_map(writer, 1);
    px_key(writer, "jobs");
    jobs_write(rpc_daemon(call)->jobs, writer);
    rpc_reply_send(call);
}

static void reply_job(struct rpc_call *call, const struct job *job) {
    job_write(job, rpc_reply_begin(call));
    rpc_reply_send(call);
}

static void handle_get(struct rpc_call *call, const void *params) {
    const struct job *job = job_of(call, params);
    if (job != NULL)
        reply_job(call, job);
}

static void handle_cancel(struct rpc_call *call, const void *params) {
    struct job *job = job_of(call, params);
    if (job == NULL)
        return;
    int64_t id = job->id;
    jobs_cancel(rpc_daemon(call)->jobs, job);
    job = jobs_find(rpc_daemon(call)->jobs, id); /* a cancel may end it at once */
    if (job != NULL)
        reply_job(call, job);
    else
        rpc_reply_empty(call);
}

static void handle_result(struct rpc_call *call, const void *params) {
    const struct job *job = job_of(call, params);
    if (job == NULL)
        return;
    struct px_error error;
    if (job->state == JOB_FAILED || job->state == JOB_CANCELLED) {
        rpc_fail(call, &job->error);
        return;
    }
    if (job->state != JOB_DONE) {
        px_fail(&error, PX_E_BUSY, "job %lld is %s still", (long long)job->id, job_state_name(job->state));
        rpc_fail(call, &error);
        return;
    }
    struct px_writer *writer = rpc_reply_begin(call);
    px_write_map(writer, 3);
    px_key(writer, "id");
    px_write_int(writer, job->id);
    px_key(writer, "size");
    px_write_uint(writer, job->size);
    px_key(writer, job->path != NULL ? "path" : "bytes");
    if (job->path != NULL)
        px_write_string(writer, job->path);
    else
        px_write_bin(writer, job->bytes, job->size);
    rpc_reply_send(call);
}

static const struct rpc_method methods[] = {
    {.name = "job.list",
     .role = RPC_ROLE_CONTROL,
     .idempotent = true,
     .help = "Jobs that run, and finished ones that are kept.",
     .result = "{jobs: [job, ...]}, as job.get gives each",
     .handle = handle_list},
    {.name = "job.get",
     .role = RPC_ROLE_CONTROL,
     .idempotent = true,
     .params = &job_message,
     .help = "How far a job is.",
     .result = "{id, kind, state, progress: {stage, stages, fraction, name}, elapsed, size, path, error}",
     .handle = handle_get},
    {.name = "job.result",
     .role = RPC_ROLE_CONTROL,
     .idempotent = true,
     .params = &job_message,
     .help = "What a job made; E_BUSY while it runs, its error when it failed.",
     .result = "{id, size, bytes | path}",
     .handle = handle_result},
    {.name = "job.cancel",
     .role = RPC_ROLE_CONTROL,
     .idempotent = true,
     .params = &job_message,
     .help = "Stops a job; one that is over stays as it is.",
     .result = "as job.get",
     .handle = handle_cancel},
};
const struct rpc_method_table job_method_table = METHOD_TABLE(methods);
