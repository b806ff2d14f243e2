#include "daemon/cache/cache.h"

#include <check.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { MB = 1 << 20, ENTRY = 4096 };

static struct slab_store *store;

static void make_store(void) {
    struct slab_store_config config = {.first_arena_bytes = 16 * MB, .arena_bytes = 16 * MB, .budget_bytes = 64 * MB};
    ck_assert_int_eq(slab_store_create(&config, &store, NULL), 0);
}

static void drop_store(void) {
    slab_store_destroy(store);
}

static struct px_signature signed_as(uint64_t n) {
    return px_signature_of_bytes(&n, sizeof n);
}

/* A slab of exactly ENTRY bytes. */
static struct slab *made(uint64_t n) {
    struct slab *slab;
    ck_assert_int_eq(slab_reserve(store, ENTRY - sizeof(struct px_slab_header), &slab, NULL), 0);
    slab_seal(slab, PX_SLAB_GEOMETRY, ENTRY, signed_as(n));
    ck_assert_uint_eq(slab_capacity(slab), ENTRY);
    return slab;
}

static struct cache *cache_of(size_t entries) {
    struct cache *cache;
    ck_assert_int_eq(cache_create(entries * ENTRY, 4096, &cache, NULL), 0);
    return cache;
}

/* Asks, and fills on a miss; true on a hit. */
static bool ask(struct cache *cache, uint64_t n, bool keep) {
    struct slab *slab = NULL;
    bool duplicate;
    enum cache_answer answer = cache_ask(cache, signed_as(n), NULL, &slab, &duplicate);
    if (answer == CACHE_FILL) {
        slab = made(n);
        if (!duplicate)
            cache_fill(cache, signed_as(n), slab, keep);
    }
    ck_assert(px_signature_equal(slab_signature(slab), signed_as(n)));
    slab_unref(slab);
    return answer == CACHE_HIT;
}

static struct cache_stats stats_of(struct cache *cache) {
    struct cache_stats stats;
    cache_stats(cache, &stats);
    return stats;
}

START_TEST(what_is_asked_for_once_does_not_enter_and_what_comes_again_does) {
    struct cache *cache = cache_of(100);
    ck_assert(!ask(cache, 1, false));
    ck_assert_uint_eq(stats_of(cache).entries, 0);
    ck_assert(!ask(cache, 1, false));
    ck_assert(ask(cache, 1, false));
    ck_assert_uint_eq(stats_of(cache).entries, 1);
    ck_assert_uint_eq(stats_of(cache).used_bytes, ENTRY);
    cache_destroy(cache);
}
END_TEST

START_TEST(a_static_prefix_enters_at_once) {
    struct cache *cache = cache_of(100);
    ck_assert(!ask(cache, 1, true));
    ck_assert(ask(cache, 1, true));
    struct slab *slab = cache_get(cache, signed_as(1));
    ck_assert_ptr_nonnull(slab);
    slab_unref(slab);
    ck_assert_ptr_null(cache_get(cache, signed_as(2)));
    cache_destroy(cache);
}
END_TEST

struct woken {
    struct cache_waiter waiter; /* first */
    struct slab *slab;
    int code, times;
};

static void note_wake(struct cache_waiter *waiter, struct slab *slab, const struct px_error *error) {
    struct woken *woken = (struct woken *)(void *)waiter;
    woken->slab = slab;
    woken->code = error != NULL ? error->code : 0;
    woken->times++;
}

START_TEST(equal_requests_wait_for_the_one_that_computes) {
    struct cache *cache = cache_of(100);
    struct woken first = {.waiter.wake = note_wake}, second = {.waiter.wake = note_wake};
    struct slab *slab = NULL;
    bool duplicate;
    ck_assert_int_eq(cache_ask(cache, signed_as(5), &first.waiter, &slab, &duplicate), CACHE_FILL);
    ck_assert_int_eq(cache_ask(cache, signed_as(5), &first.waiter, &slab, &duplicate), CACHE_WAIT);
    ck_assert_int_eq(cache_ask(cache, signed_as(5), &second.waiter, &slab, &duplicate), CACHE_WAIT);
    ck_assert_int_eq(cache_ask(cache, signed_as(5), NULL, &slab, &duplicate), CACHE_FILL);
    ck_assert(duplicate);
    struct slab *result = made(5);
    cache_fill(cache, signed_as(5), result, false);
    ck_assert_int_eq(first.times, 1);
    ck_assert_int_eq(second.times, 1);
    ck_assert_ptr_eq(first.slab, result);
    slab_unref(result);
    ck_assert(slab_shared(first.slab));
    slab_unref(first.slab);
    slab_unref(second.slab);
    ck_assert_uint_eq(stats_of(cache).waits, 2);
    cache_destroy(cache);
}
END_TEST

START_TEST(a_failed_computation_wakes_its_waiters_with_the_error) {
    struct cache *cache = cache_of(100);
    struct woken woken = {.waiter.wake = note_wake};
    struct slab *slab = NULL;
    bool duplicate;
    ck_assert_int_eq(cache_ask(cache, signed_as(5), NULL, &slab, &duplicate), CACHE_FILL);
    ck_assert_int_eq(cache_ask(cache, signed_as(5), &woken.waiter, &slab, &duplicate), CACHE_WAIT);
    cache_fail(cache, signed_as(5), &(struct px_error){.code = PX_E_KERNEL});
    ck_assert_ptr_null(woken.slab);
    ck_assert_int_eq(woken.code, PX_E_KERNEL);
    ck_assert_int_eq(cache_ask(cache, signed_as(5), NULL, &slab, &duplicate), CACHE_FILL);
    ck_assert(!duplicate);
    cache_fail(cache, signed_as(5), NULL);
    cache_destroy(cache);
}
END_TEST

START_TEST(a_result_that_is_its_input_wakes_but_does_not_enter) {
    struct cache *cache = cache_of(100);
    struct slab *slab = NULL, *input = made(1);
    struct woken woken = {.waiter.wake = note_wake};
    bool duplicate;
    cache_ask(cache, signed_as(2), NULL, &slab, &duplicate);
    cache_ask(cache, signed_as(2), &woken.waiter, &slab, &duplicate);
    cache_fill(cache, signed_as(2), input, true);
    ck_assert_ptr_eq(woken.slab, input);
    slab_unref(woken.slab);
    slab_unref(input);
    ck_assert_uint_eq(stats_of(cache).entries, 0);
    cache_destroy(cache);
}
END_TEST

/* Hits of the last of ten rounds through `items` signatures, in a cache of 200. */
static int hits_going_round(int items, bool keep) {
    struct cache *cache = cache_of(200);
    int hits = 0;
    for (int round = 0; round < 10; round++) {
        hits = 0;
        for (int i = 0; i < items; i++)
            hits += ask(cache, (uint64_t)i, keep);
        ck_assert_uint_le(stats_of(cache).used_bytes, 200 * ENTRY);
    }
    cache_destroy(cache);
    return hits;
}

START_TEST(going_round_through_a_tenth_more_than_the_budget_still_hits) {
    ck_assert_int_eq(hits_going_round(190, false), 190);
    ck_assert_int_gt(hits_going_round(220, false), 110);
    ck_assert_int_gt(hits_going_round(201, false), 150);
    ck_assert_int_gt(hits_going_round(220, true), 110);
    ck_assert_int_gt(hits_going_round(400, false), 100);
}
END_TEST

START_TEST(a_new_working_set_replaces_one_that_nobody_asks_for) {
    struct cache *cache = cache_of(200);
    for (int round = 0; round < 4; round++)
        for (uint64_t i = 0; i < 200; i++)
            ask(cache, i, false);
    int hits = 0;
    for (int round = 0; round < 8; round++) {
        hits = 0;
        for (uint64_t i = 1000; i < 1150; i++)
            hits += ask(cache, i, false);
    }
    ck_assert_int_gt(hits, 140);
    ck_assert_uint_gt(stats_of(cache).evicted, 90);
    cache_destroy(cache);
}
END_TEST

START_TEST(a_slab_in_use_elsewhere_is_not_evicted) {
    struct cache *cache = cache_of(100);
    struct slab *held[10];
    for (uint64_t i = 0; i < 20; i++)
        ask(cache, i, true);
    for (uint64_t i = 0; i < 10; i++)
        held[i] = cache_get(cache, signed_as(i));
    ck_assert(cache_evict(cache, 100 * ENTRY));
    ck_assert_uint_eq(stats_of(cache).entries, 10);
    ck_assert(!cache_evict(cache, 1));
    for (uint64_t i = 0; i < 10; i++) {
        ck_assert(ask(cache, i, true));
        slab_unref(held[i]);
    }
    ck_assert(cache_evict(cache, 1));
    ck_assert_uint_eq(stats_of(cache).entries, 9);
    cache_clear(cache);
    ck_assert_uint_eq(stats_of(cache).used_bytes, 0);
    cache_destroy(cache);
}
END_TEST

START_TEST(the_number_of_entries_is_bounded_too) {
    struct cache *cache;
    ck_assert_int_eq(cache_create(64 * MB, 50, &cache, NULL), 0);
    for (uint64_t i = 0; i < 500; i++) {
        ask(cache, i, true);
        ck_assert_uint_le(stats_of(cache).entries, 50);
    }
    ck_assert_uint_gt(stats_of(cache).entries, 40);
    cache_destroy(cache);
}
END_TEST

/* ---- many threads -------------------------------------------------------------------------------------------- */

enum { THREADS = 4, ROUNDS = 20000 };

struct blocking {
    struct cache_waiter waiter; /* first */
    pthread_mutex_t lock;
    pthread_cond_t woken;
    struct slab *slab;
};

static void wake_blocking(struct cache_waiter *waiter, struct slab *slab, const struct px_error *error) {
    (void)error;
    struct blocking *blocking = (struct blocking *)(void *)waiter;
    pthread_mutex_lock(&blocking->lock);
    blocking->slab = slab;
    pthread_cond_signal(&blocking->woken);
    pthread_mutex_unlock(&blocking->lock);
}

static struct slab *wait_for(struct blocking *blocking) {
    pthread_mutex_lock(&blocking->lock);
    while (blocking->slab == NULL)
        pthread_cond_wait(&blocking->woken, &blocking->lock);
    struct slab *slab = blocking->slab;
    pthread_mutex_unlock(&blocking->lock);
    return slab;
}

static void *ask_many(void *argument) {
    struct cache *cache = argument;
    static _Atomic uint64_t threads;
    uint64_t random = 88172645463325252ull + 977 * atomic_fetch_add(&threads, 1);
    struct blocking blocking = {.waiter.wake = wake_blocking,
                                .lock = PTHREAD_MUTEX_INITIALIZER,
                                .woken = PTHREAD_COND_INITIALIZER};
    for (int i = 0; i < ROUNDS; i++) {
        random ^= random << 13, random ^= random >> 7, random ^= random << 17;
        uint64_t n = random % (random >> 50 & 1 ? 20 : 150);
        struct slab *slab = NULL;
        bool duplicate;
        blocking.slab = NULL;
        switch (cache_ask(cache, signed_as(n), &blocking.waiter, &slab, &duplicate)) {
        case CACHE_HIT:
            break;
        case CACHE_WAIT:
            slab = wait_for(&blocking);
            break;
        case CACHE_FILL:
            slab = made(n);
            cache_fill(cache, signed_as(n), slab, false);
            break;
        }
        if (!px_signature_equal(slab_signature(slab), signed_as(n)))
            return argument;
        slab_unref(slab);
        if (i % 1000 == 999)
            cache_evict(cache, 3 * ENTRY);
    }
    return NULL;
}

START_TEST(threads_get_what_they_asked_for_while_entries_come_and_go) {
    struct cache *cache = cache_of(60);
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, ask_many, cache), 0);
    for (int i = 0; i < THREADS; i++) {
        void *wrong;
        pthread_join(threads[i], &wrong);
        ck_assert_ptr_null(wrong);
    }
    struct cache_stats stats = stats_of(cache);
    ck_assert_uint_le(stats.used_bytes, 60 * ENTRY);
    ck_assert_uint_eq(stats.hits + stats.misses, THREADS * ROUNDS);
    ck_assert_uint_eq(stats.fills + stats.waits, stats.misses);
    ck_assert_uint_eq(stats.admitted - stats.evicted, stats.entries);
    ck_assert_uint_gt(stats.evicted, 0);
    cache_destroy(cache);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("cache");
    TCase *tests = tcase_create("cache");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, make_store, drop_store);
    tcase_add_test(tests, what_is_asked_for_once_does_not_enter_and_what_comes_again_does);
    tcase_add_test(tests, a_static_prefix_enters_at_once);
    tcase_add_test(tests, equal_requests_wait_for_the_one_that_computes);
    tcase_add_test(tests, a_failed_computation_wakes_its_waiters_with_the_error);
    tcase_add_test(tests, a_result_that_is_its_input_wakes_but_does_not_enter);
    tcase_add_test(tests, going_round_through_a_tenth_more_than_the_budget_still_hits);
    tcase_add_test(tests, a_new_working_set_replaces_one_that_nobody_asks_for);
    tcase_add_test(tests, a_slab_in_use_elsewhere_is_not_evicted);
    tcase_add_test(tests, the_number_of_entries_is_bounded_too);
    tcase_add_test(tests, threads_get_what_they_asked_for_while_entries_come_and_go);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
