/* pool.h: POOL, our own worker threads that run kernels.
 *
 * A bounded queue for each of three priorities: control (a person waits for the answer) before frames before background.
 * Each worker owns a scratch (reset after each job), a text library and counters, and gets them through struct worker.
 *
 * Threads    pool_submit: any. A job's run(): POOL.
 * Errors     pool_submit: PX_E_BUSY when the queue of that priority is full or the pool stops, and run() is not called:
 *            the caller answers its client or drops the frame.
 * Ownership  a job lives in what it is about until run() was called.
 */
#ifndef WORKERS_POOL_H
#define WORKERS_POOL_H

#include "daemon/kernel/scratch.h"
#include "shared/error.h"

#include <stdint.h>

struct pool;

enum pool_priority { POOL_CONTROL, POOL_FRAME, POOL_BACKGROUND, POOL_PRIORITIES };

struct worker {
    int number; /* 0 .. workers - 1 */
    struct scratch *scratch;
    void *library; /* kernel_context.library; NULL when there was no memory for it */
    /* The scope of the current run, for the crash page and stats. */
    const char *kernel;
};

struct pool_job {
    void (*run)(struct pool_job *job, struct worker *worker);
    struct pool_job *next; /* the pool's while it is queued */
};

struct pool_stats {
    uint64_t workers, jobs, refused, queued, lock_waits, busy_ns, scratch_grown;
};

/* pool_create: queue_max jobs may wait in each priority. */
int pool_create(int workers, size_t queue_max, size_t scratch_budget_bytes, struct pool **pool, struct px_error *error);
void pool_stop(struct pool *pool);    /* runs what is queued, then ends the threads; waits; again does nothing */
void pool_destroy(struct pool *pool); /* NULL is fine */
int pool_submit(struct pool *pool, enum pool_priority priority, struct pool_job *job);
void pool_stats(struct pool *pool, struct pool_stats *stats);

#endif
