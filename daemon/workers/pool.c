#include "daemon/workers/pool.h"

#include "daemon/host/log.h"
#include "daemon/kernel/shapes/text.h"
#include "shared/clock.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Jobs of one priority, in the order they were submitted. */
struct queue {
    struct pool_job *first, **last;
    size_t count;
};

struct thread {
    struct pool *pool;
    struct worker worker; /* its own thread's */
    pthread_t id;
    /* written by its own thread, read by any */
    _Alignas(64) _Atomic uint64_t jobs;
    _Atomic uint64_t busy_ns;
    _Atomic uint64_t scratch_grown;
};

struct pool {
    size_t queue_max; /* immutable */
    int thread_count; /* immutable once made */
    struct thread *threads;
    _Atomic uint64_t refused, lock_waits;
    /* under `lock` */
    pthread_mutex_t lock;
    pthread_cond_t work;
    struct queue queues[POOL_PRIORITIES];
    int idle; /* threads that wait for `work` */
    bool stopping;
};

static void lock(struct pool *pool) {
    if (pthread_mutex_trylock(&pool->lock) == 0)
        return;
    atomic_fetch_add_explicit(&pool->lock_waits, 1, memory_order_relaxed);
    pthread_mutex_lock(&pool->lock);
}

/* ---- queues, under the lock ------------------------------------------------------------------------------------- */

static void queue_init(struct queue *queue) {
    *queue = (struct queue){.last = &queue->first};
}

static void queue_push(struct queue *queue, struct pool_job *job) {
    job->next = NULL;
    *queue->last = job;
    queue->last = &job->next;
    queue->count++;
}

static struct pool_job *queue_pop(struct queue *queue) {
    struct pool_job *job = queue->first;
    if (!job)
        return NULL;
    queue->first = job->next;
    if (!queue->first)
        queue->last = &queue->first;
    queue->count--;
    return job;
}

static struct pool_job *next_job(struct pool *pool) {
    struct pool_job *job = NULL;
    for (int priority = 0; priority < POOL_PRIORITIES && !job; priority++)
        job = queue_pop(&pool->queues[priority]);
    return job;
}

/* ---- workers ---------------------------------------------------------------------------------------------------- */

/* The next job, waiting for it; NULL when the pool stops and nothing is left. */
static struct pool_job *await_job(struct pool *pool) {
    lock(pool);
    struct pool_job *job;
    while (!(job = next_job(pool)) && !pool->stopping) {
        pool->idle++;
        pthread_cond_wait(&pool->work, &pool->lock);
        pool->idle--;
    }
    pthread_mutex_unlock(&pool->lock);
    return job;
}

static void run_job(struct thread *thread, struct pool_job *job) {
    uint64_t began = px_clock_ns();
    job->run(job, &thread->worker); /* the job may be gone after this */
    thread->worker.kernel = NULL;
    scratch_reset(thread->worker.scratch);
    atomic_fetch_add_explicit(&thread->jobs, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&thread->busy_ns, px_clock_ns() - began, memory_order_relaxed);
    atomic_store_explicit(&thread->scratch_grown, scratch_grown(thread->worker.scratch), memory_order_relaxed);
}

static void *worker_main(void *argument) {
    struct thread *thread = argument;
    char name[32];
    snprintf(name, sizeof(name), "pxd-worker-%d", thread->worker.number);
    log_thread_name(name);
    for (struct pool_job *job; (job = await_job(thread->pool)) != NULL;)
        run_job(thread, job);
    return NULL;
}

static void worker_fini(struct worker *worker) {
    text_library_destroy(worker->library);
    scratch_destroy(worker->scratch);
}

static int start_thread(struct pool *pool, int number, size_t scratch_budget_bytes, struct px_error *error) {
    struct thread *thread = &pool->threads[number];
    thread->pool = pool;
    thread->worker.number = number;
    thread->worker.scratch = scratch_create(scratch_budget_bytes);
    if (!thread->worker.scratch)
        return px_fail(error, PX_E_NO_MEMORY, "no memory for worker %d", number);
    thread->worker.library = text_library_create();
    /* Signals are for the threads that ask for them; a fault reaches the thread that made it, blocked or not. */
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = pthread_create(&thread->id, NULL, worker_main, thread);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failed != 0) {
        worker_fini(&thread->worker);
        return px_fail(error, PX_E_INTERNAL, "cannot start worker %d: %s", number, strerror(failed));
    }
    pool->thread_count++;
    return PX_OK;
}

/* ---- the pool --------------------------------------------------------------------------------------------------- */

int pool_create(int workers, size_t queue_max, size_t scratch_budget_bytes, struct pool **out, struct px_error *error) {
    if (workers < 1)
        return px_fail(error, PX_E_RANGE, "a pool of %d workers; at least 1", workers);
    struct pool *pool = calloc(1, sizeof(*pool));
    struct thread *threads = aligned_alloc(_Alignof(struct thread), (size_t)workers * sizeof(*threads));
    if (!pool || !threads) {
        free(pool);
        free(threads);
        return px_fail(error, PX_E_NO_MEMORY, "no memory for %d workers", workers);
    }
    memset(threads, 0, (size_t)workers * sizeof(*threads));
    pool->threads = threads;
    pool->queue_max = queue_max;
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->work, NULL);
    for (int priority = 0; priority < POOL_PRIORITIES; priority++)
        queue_init(&pool->queues[priority]);
    for (int number = 0; number < workers; number++) {
        int code = start_thread(pool, number, scratch_budget_bytes, error);
        if (code != PX_OK) {
            pool_destroy(pool);
            return code;
        }
    }
    *out = pool;
    return PX_OK;
}

void pool_stop(struct pool *pool) {
    lock(pool);
    bool stopped = pool->stopping;
    pool->stopping = true;
    pthread_cond_broadcast(&pool->work);
    pthread_mutex_unlock(&pool->lock);
    for (int i = 0; i < pool->thread_count && !stopped; i++)
        pthread_join(pool->threads[i].id, NULL);
}

void pool_destroy(struct pool *pool) {
    if (!pool)
        return;
    pool_stop(pool);
    for (int i = 0; i < pool->thread_count; i++)
        worker_fini(&pool->threads[i].worker);
    pthread_cond_destroy(&pool->work);
    pthread_mutex_destroy(&pool->lock);
    free(pool->threads);
    free(pool);
}

int pool_submit(struct pool *pool, enum pool_priority priority, struct pool_job *job) {
    struct queue *queue = &pool->queues[priority];
    lock(pool);
    bool taken = queue->count < pool->queue_max && !pool->stopping;
    if (taken)
        queue_push(queue, job);
    bool wake = taken && pool->idle > 0;
    pthread_mutex_unlock(&pool->lock);
    if (wake) /* after the lock is free: the worker does not wait for it */
        pthread_cond_signal(&pool->work);
    if (!taken)
        atomic_fetch_add_explicit(&pool->refused, 1, memory_order_relaxed);
    return taken ? PX_OK : PX_E_BUSY;
}

void pool_stats(struct pool *pool, struct pool_stats *stats) {
    *stats = (struct pool_stats){
        .workers = (uint64_t)pool->thread_count,
        .refused = atomic_load_explicit(&pool->refused, memory_order_relaxed),
        .lock_waits = atomic_load_explicit(&pool->lock_waits, memory_order_relaxed),
    };
    for (int i = 0; i < pool->thread_count; i++) {
        const struct thread *thread = &pool->threads[i];
        stats->jobs += atomic_load_explicit(&thread->jobs, memory_order_relaxed);
        stats->busy_ns += atomic_load_explicit(&thread->busy_ns, memory_order_relaxed);
        stats->scratch_grown += atomic_load_explicit(&thread->scratch_grown, memory_order_relaxed);
    }
    pthread_mutex_lock(&pool->lock); /* not counted: nobody computes here */
    for (int priority = 0; priority < POOL_PRIORITIES; priority++)
        stats->queued += pool->queues[priority].count;
    pthread_mutex_unlock(&pool->lock);
}
