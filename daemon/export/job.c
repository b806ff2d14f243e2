#include "daemon/export/job.h"

#include "shared/clock.h"

#include <stdlib.h>
#include <string.h>

struct jobs {
    struct jobs_config config;
    struct job *first, **last; /* oldest first */
    size_t count, running, bytes;
    int64_t last_id;
};

int jobs_create(const struct jobs_config *config, struct jobs **jobs, struct px_error *error) {
    struct jobs *made = calloc(1, sizeof *made);
    if (made == NULL)
        return px_fail(error, PX_E_NO_MEMORY, "no memory for jobs");
    made->config = *config;
    made->last = &made->first;
    *jobs = made;
    return 0;
}

static void job_free(struct job *job) {
    free(job->bytes);
    free(job->path);
    free(job);
}

void jobs_destroy(struct jobs *jobs) {
    if (jobs == NULL)
        return;
    while (jobs->first != NULL) {
        struct job *job = jobs->first;
        jobs->first = job->next;
        job_free(job);
    }
    free(jobs);
}

size_t jobs_running(const struct jobs *jobs) {
    return jobs->running;
}

static bool is_over(const struct job *job) {
    return job->state >= JOB_DONE;
}

static void tell(struct jobs *jobs, const struct job *job) {
    if (jobs->config.changed != NULL)
        jobs->config.changed(jobs->config.argument, job);
}

static bool over_bounds(const struct jobs *jobs) {
    return jobs->count > jobs->config.kept_max || jobs->bytes > jobs->config.bytes_max;
}

/* Nobody can ask for it: its request got the error, and no key gives that answer again. */
static bool is_refused(const struct job *job) {
    return job->refused && job->key[0] == '\0';
}

/* Drops the oldest finished jobs until the bounds hold; `spared` is the one just finished: it may stay alone. */
static void make_room(struct jobs *jobs, const struct job *spared) {
    struct job **link = &jobs->first;
    while (*link != NULL) {
        struct job *job = *link;
        if (!is_over(job) || (!is_refused(job) && (job == spared || !over_bounds(jobs)))) {
            link = &job->next;
            continue;
        }
        *link = job->next;
        if (jobs->last == &job->next)
            jobs->last = link;
        jobs->count--;
        jobs->bytes -= job->bytes != NULL ? job->size : 0;
        job_free(job);
    }
}

static struct job *find_key(const struct jobs *jobs, const char *key) {
    for (struct job *job = jobs->first; job != NULL && key[0] != '\0'; job = job->next) {
        if (strcmp(job->key, key) == 0)
            return job;
    }
    return NULL;
}

int jobs_add(struct jobs *jobs, const char *kind, const char *const *stages, unsigned stage_count, const char *key,
             struct job **job, bool *known, struct px_error *error) {
    *job = find_key(jobs, key);
    *known = *job != NULL;
    if (*known)
        return 0;
    if (strlen(key) > JOB_KEY_MAX)
        return px_fail(error, PX_E_LIMIT, "key: %zu bytes; at most %d are accepted", strlen(key), JOB_KEY_MAX);
    if (jobs->running >= jobs->config.running_max)
        return px_fail(error, PX_E_BUSY, "%zu jobs are running, no more are taken", jobs->running);
    struct job *made = calloc(1, sizeof *made);
    if (made == NULL)
        return px_fail(error, PX_E_NO_MEMORY, "no memory for a job");
    made->id = ++jobs->last_id;
    made->kind = kind;
    made->stages = stages;
    made->stage_count = stage_count;
    made->begun_ns = px_clock_ns();
    strcpy(made->key, key);
    *jobs->last = made;
    jobs->last = &made->next;
    jobs->count++;
    jobs->running++;
    make_room(jobs, NULL);
    *job = made;
    tell(jobs, made);
    return 0;
}

struct job *jobs_find(const struct jobs *jobs, int64_t id) {
    struct job *job = jobs->first;
    while (job != NULL && job->id != id)
        job = job->next;
    return job;
}

void jobs_cancel(struct jobs *jobs, struct job *job) {
    (void)jobs;
    if (!is_over(job) && job->cancel != NULL)
        job->cancel(job->owner);
}

void jobs_cancel_all(struct jobs *jobs) {
    for (struct job *job = jobs->first; job != NULL;) {
        struct job *next = job->next; /* a cancel may end it at once, and others make room */
        jobs_cancel(jobs, job);
        job = next;
    }
}

void job_stage(struct jobs *jobs, struct job *job, unsigned stage) {
    job->state = JOB_RUNNING;
    job->stage = stage;
    atomic_store_explicit(&job->part, 0, memory_order_relaxed);
    tell(jobs, job);
}

static void job_over(struct jobs *jobs, struct job *job, enum job_state state) {
    job->state = state;
    job->ended_ns = px_clock_ns();
    job->cancel = NULL;
    jobs->running--;
    jobs->bytes += job->bytes != NULL ? job->size : 0;
    tell(jobs, job);
    make_room(jobs, job); /* a refused one goes at once */
}

void job_done(struct jobs *jobs, struct job *job, char *bytes, size_t size, char *path) {
    job->bytes = bytes;
    job->size = size;
    job->path = path;
    job->stage = job->stage_count;
    atomic_store_explicit(&job->part, 0, memory_order_relaxed);
    job_over(jobs, job, JOB_DONE);
}

void job_failed(struct jobs *jobs, struct job *job, const struct px_error *error) {
    job->error = *error;
    job_over(jobs, job, error->code == PX_E_CANCELLED ? JOB_CANCELLED : JOB_FAILED);
}

/* ---- as clients see them ----------------------------------------------------------------------------------------- */

const char *job_state_name(enum job_state state) {
    static const char *const names[] = {"queued", "running", "done", "failed", "cancelled"};
    return names[state];
}

static double job_fraction(const struct job *job) {
    double part = (double)atomic_load_explicit(&job->part, memory_order_relaxed) / JOB_PART_WHOLE;
    double fraction = ((double)job->stage + part) / (double)job->stage_count;
    return fraction < 1 ? fraction : 1;
}

static void write_progress(const struct job *job, struct px_writer *writer) {
    unsigned shown = job->stage < job->stage_count ? job->stage : job->stage_count - 1;
    px_key(writer, "progress");
    px_write_map(writer, 4);
    px_key(writer, "stage"); /* counted from 1 */
    px_write_uint(writer, shown + 1);
    px_key(writer, "stages");
    px_write_uint(writer, job->stage_count);
    px_key(writer, "fraction");
    px_write_real(writer, job_fraction(job));
    px_key(writer, "name");
    px_write_string(writer, job->stages[shown]);
}

void job_write(const struct job *job, struct px_writer *writer) {
    bool failed = job->state == JOB_FAILED || job->state == JOB_CANCELLED;
    px_write_map(writer, 8);
    px_key(writer, "id");
    px_write_int(writer, job->id);
    px_key(writer, "kind");
    px_write_string(writer, job->kind);
    px_key(writer, "state");
    px_write_string(writer, job_state_name(job->state));
    write_progress(job, writer);
    px_key(writer, "elapsed");
    px_write_real(writer, (double)((is_over(job) ? job->ended_ns : px_clock_ns()) - job->begun_ns) / 1e9);
    px_key(writer, "size");
    px_write_uint(writer, job->size);
    px_key(writer, "path");
    if (job->path != NULL)
        px_write_string(writer, job->path);
    else
        px_write_nil(writer);
    px_key(writer, "error");
    if (failed)
        px_write_error(writer, &job->error);
    else
        px_write_nil(writer);
}

void jobs_write(const struct jobs *jobs, struct px_writer *writer) {
    px_write_array(writer, (uint32_t)jobs->count);
    for (const struct job *job = jobs->first; job != NULL; job = job->next)
        job_write(job, writer);
}
