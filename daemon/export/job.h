/* job.h: work that outlives its request: an export. What it is doing, how far it is, and its result for a while.
 *
 *     jobs_add -> QUEUED -> job_stage, ... RUNNING -> job_done -> DONE
 *                                  `-> job_failed -> FAILED, CANCELLED (the code says which)
 *
 *     fraction = (stages done + part of the current one) / stages: never goes back
 *
 * Bounded: so many jobs, so many bytes of results; the oldest finished ones go first. Running ones never go.
 *
 * Threads  LOOP; but job->part may be stored by any.
 */
#ifndef EXPORT_JOB_H
#define EXPORT_JOB_H

#include "proto/writer.h"
#include "shared/error.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct jobs;

enum job_state { JOB_QUEUED, JOB_RUNNING, JOB_DONE, JOB_FAILED, JOB_CANCELLED };
enum { JOB_PART_WHOLE = 10000, JOB_KEY_MAX = 128 };

struct job {
    int64_t id; /* from 1 */
    enum job_state state;
    const char *kind;          /* "export" */
    const char *const *stages; /* names, static */
    unsigned stage_count, stage;
    _Atomic unsigned part;     /* of the current stage, in JOB_PART_WHOLE */
    char key[JOB_KEY_MAX + 1]; /* "" : none */
    char *path;                /* where the result was written; NULL: it is here */
    char *bytes;               /* the result; NULL with a path */
    size_t size;
    bool refused;          /* failed before it was accepted: the request got the error */
    struct px_error error; /* FAILED, CANCELLED */
    uint64_t begun_ns, ended_ns;
    void (*cancel)(void *owner); /* NULL once there is nothing to cancel */
    void *owner;
    struct job *next; /* the jobs' */
};

struct jobs_config {
    size_t running_max;                                     /* PX_E_BUSY beyond */
    size_t kept_max;                                        /* jobs in all */
    size_t bytes_max;                                       /* of results kept */
    void (*changed)(void *argument, const struct job *job); /* state or stage; may be NULL */
    void *argument;
};
int jobs_create(const struct jobs_config *config, struct jobs **jobs, struct px_error *error);
void jobs_destroy(struct jobs *jobs); /* NULL is fine; nothing runs any more */
void jobs_cancel_all(struct jobs *jobs);
size_t jobs_running(const struct jobs *jobs); /* queued ones too */

/* jobs_add: with a key that is known: that job, *known = true. */
int jobs_add(struct jobs *jobs, const char *kind, const char *const *stages, unsigned stage_count, const char *key,
             struct job **job, bool *known, struct px_error *error);
struct job *jobs_find(const struct jobs *jobs, int64_t id);
void jobs_cancel(struct jobs *jobs, struct job *job); /* idempotent; the end comes later, as job_failed */

void job_stage(struct jobs *jobs, struct job *job, unsigned stage);
void job_done(struct jobs *jobs, struct job *job, char *bytes, size_t size, char *path); /* takes bytes and path */
void job_failed(struct jobs *jobs, struct job *job, const struct px_error *error); /* refused, without key: gone */

const char *job_state_name(enum job_state state);
void job_write(const struct job *job, struct px_writer *writer);    /* a map */
void jobs_write(const struct jobs *jobs, struct px_writer *writer); /* a list of maps, oldest first */

#endif
