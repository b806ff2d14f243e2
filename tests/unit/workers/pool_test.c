#include "daemon/workers/pool.h"

#include <check.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { SCRATCH_BYTES = 1 << 20, SUBMITTERS = 4, SUBMISSIONS = 500 };

static struct px_error error;
static struct pool *pool;

static void start(int workers, size_t queue_max) {
    ck_assert_int_eq(pool_create(workers, queue_max, SCRATCH_BYTES, &pool, &error), PX_OK);
}

static void tear_down(void) {
    pool_destroy(pool);
}

static struct pool_stats get_stats(void) {
    struct pool_stats stats;
    pool_stats(pool, &stats);
    return stats;
}

/* A job that keeps a worker until it is let go. */
struct gate {
    struct pool_job job; /* first */
    sem_t entered, leave;
};

static void run_gate(struct pool_job *job, struct worker *worker) {
    (void)worker;
    struct gate *gate = (struct gate *)job;
    sem_post(&gate->entered);
    sem_wait(&gate->leave);
}

static void hold_worker(struct gate *gate) {
    gate->job.run = run_gate;
    sem_init(&gate->entered, 0, 0);
    sem_init(&gate->leave, 0, 0);
    ck_assert_int_eq(pool_submit(pool, POOL_FRAME, &gate->job), PX_OK);
    sem_wait(&gate->entered);
}

/* A job that notes when it ran. */
struct noted {
    struct pool_job job; /* first */
    int number;
};

static int order[16];
static _Atomic int ran;

static void run_noted(struct pool_job *job, struct worker *worker) {
    (void)worker;
    order[atomic_fetch_add_explicit(&ran, 1, memory_order_relaxed)] = ((struct noted *)job)->number;
}

static int submit_noted(enum pool_priority priority, struct noted *noted, int number) {
    *noted = (struct noted){.job.run = run_noted, .number = number};
    return pool_submit(pool, priority, &noted->job);
}

START_TEST(jobs_run_by_priority_and_in_order_within_one) {
    start(1, 8);
    struct gate gate;
    struct noted noted[6];
    hold_worker(&gate);
    static const enum pool_priority priorities[] = {POOL_BACKGROUND, POOL_FRAME,   POOL_FRAME,
                                                    POOL_CONTROL,    POOL_CONTROL, POOL_BACKGROUND};
    for (int i = 0; i < 6; i++)
        ck_assert_int_eq(submit_noted(priorities[i], &noted[i], i), PX_OK);
    ck_assert_uint_eq(get_stats().queued, 6);
    sem_post(&gate.leave);
    pool_stop(pool);
    static const int expected[] = {3, 4, 1, 2, 0, 5};
    for (int i = 0; i < 6; i++)
        ck_assert_int_eq(order[i], expected[i]);
}
END_TEST

START_TEST(a_full_queue_refuses_and_counts_but_only_its_own_priority) {
    start(1, 2);
    struct gate gate;
    struct noted noted[5];
    hold_worker(&gate);
    ck_assert_int_eq(submit_noted(POOL_FRAME, &noted[0], 0), PX_OK);
    ck_assert_int_eq(submit_noted(POOL_FRAME, &noted[1], 1), PX_OK);
    ck_assert_int_eq(submit_noted(POOL_FRAME, &noted[2], 2), PX_E_BUSY);
    ck_assert_int_eq(submit_noted(POOL_CONTROL, &noted[3], 3), PX_OK);
    ck_assert_uint_eq(get_stats().refused, 1);
    sem_post(&gate.leave);
    pool_stop(pool);
    ck_assert_int_eq(ran, 3);
    ck_assert_int_eq(order[0], 3);
}
END_TEST

START_TEST(stop_runs_what_is_queued_and_takes_nothing_more) {
    start(2, 8);
    struct noted noted[9];
    for (int i = 0; i < 8; i++)
        ck_assert_int_eq(submit_noted(POOL_BACKGROUND, &noted[i], i), PX_OK);
    pool_stop(pool);
    ck_assert_int_eq(ran, 8);
    ck_assert_int_eq(submit_noted(POOL_CONTROL, &noted[8], 8), PX_E_BUSY);
    pool_stop(pool);
    ck_assert_uint_eq(get_stats().jobs, 8);
}
END_TEST

static int workers_seen[4];
static _Atomic int inside;

static void run_meeting(struct pool_job *job, struct worker *worker) {
    (void)job;
    workers_seen[worker->number]++;
    /* release and acquire: nothing hangs on it but this test's own end */
    atomic_fetch_add_explicit(&inside, 1, memory_order_acq_rel);
    while (atomic_load_explicit(&inside, memory_order_acquire) < 4)
        sched_yield();
}

START_TEST(every_worker_takes_part) {
    start(4, 8);
    struct pool_job jobs[4];
    for (int i = 0; i < 4; i++) {
        jobs[i] = (struct pool_job){.run = run_meeting};
        ck_assert_int_eq(pool_submit(pool, POOL_FRAME, &jobs[i]), PX_OK);
    }
    pool_stop(pool); /* would wait for ever if one worker slept */
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(workers_seen[i], 1);
    ck_assert_uint_eq(get_stats().workers, 4);
}
END_TEST

static void run_taking(struct pool_job *job, struct worker *worker) {
    (void)job;
    ck_assert_ptr_nonnull(worker->library);
    ck_assert_uint_eq(scratch_mark(worker->scratch), 0);
    ck_assert_ptr_nonnull(scratch_take(worker->scratch, 4096));
    worker->kernel = "test";
}

START_TEST(scratch_is_reset_between_jobs_and_kept) {
    start(1, 100);
    struct pool_job jobs[100];
    for (int i = 0; i < 100; i++) {
        jobs[i] = (struct pool_job){.run = run_taking};
        ck_assert_int_eq(pool_submit(pool, POOL_FRAME, &jobs[i]), PX_OK);
    }
    pool_stop(pool);
    ck_assert_uint_eq(get_stats().jobs, 100);
    ck_assert_uint_le(get_stats().scratch_grown, 2);
}
END_TEST

static _Atomic int freed;

static void run_and_free(struct pool_job *job, struct worker *worker) {
    (void)worker;
    free(job); /* the pool does not look at a job any more once it runs */
    atomic_fetch_add_explicit(&freed, 1, memory_order_relaxed);
}

static void *submit_many(void *argument) {
    (void)argument;
    for (int i = 0; i < SUBMISSIONS; i++) {
        struct pool_job *job = malloc(sizeof(*job));
        job->run = run_and_free;
        while (pool_submit(pool, (enum pool_priority)(i % POOL_PRIORITIES), job) == PX_E_BUSY)
            sched_yield();
    }
    return NULL;
}

START_TEST(jobs_of_many_threads_run_once_each) {
    start(3, 16);
    pthread_t threads[SUBMITTERS];
    for (int i = 0; i < SUBMITTERS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, submit_many, NULL), 0);
    for (int i = 0; i < SUBMITTERS; i++)
        pthread_join(threads[i], NULL);
    pool_stop(pool);
    ck_assert_int_eq(freed, SUBMITTERS * SUBMISSIONS);
    ck_assert_uint_eq(get_stats().queued, 0);
}
END_TEST

static void run_and_submit(struct pool_job *job, struct worker *worker) {
    (void)worker;
    static struct noted noted;
    (void)job;
    ck_assert_int_eq(submit_noted(POOL_FRAME, &noted, 7), PX_OK);
}

START_TEST(a_job_may_submit_another) {
    start(1, 2);
    struct gate gate;
    struct pool_job job = {.run = run_and_submit};
    ck_assert_int_eq(pool_submit(pool, POOL_FRAME, &job), PX_OK);
    hold_worker(&gate);
    sem_post(&gate.leave);
    pool_stop(pool);
    ck_assert_int_eq(order[0], 7);
}
END_TEST

START_TEST(a_pool_without_workers_is_an_error) {
    ck_assert_int_eq(pool_create(0, 1, SCRATCH_BYTES, &pool, &error), PX_E_RANGE);
    ck_assert_ptr_null(pool);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("workers/pool");
    TCase *tests = tcase_create("pool");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, NULL, tear_down);
    tcase_add_test(tests, jobs_run_by_priority_and_in_order_within_one);
    tcase_add_test(tests, a_full_queue_refuses_and_counts_but_only_its_own_priority);
    tcase_add_test(tests, stop_runs_what_is_queued_and_takes_nothing_more);
    tcase_add_test(tests, every_worker_takes_part);
    tcase_add_test(tests, scratch_is_reset_between_jobs_and_kept);
    tcase_add_test(tests, jobs_of_many_threads_run_once_each);
    tcase_add_test(tests, a_job_may_submit_another);
    tcase_add_test(tests, a_pool_without_workers_is_an_error);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
