#include "daemon/slab/slab.h"
#include "daemon/slab/size_class.h"

#include <check.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MB = 1 << 20 };

static struct px_signature signed_as(uint64_t n) {
    return (struct px_signature){.low = n, .high = ~n};
}

static struct slab_store *store_of(size_t first, size_t each, size_t budget) {
    struct slab_store_config config = {.first_arena_bytes = first, .arena_bytes = each, .budget_bytes = budget};
    struct slab_store *store;
    struct px_error error;
    ck_assert_int_eq(slab_store_create(&config, &store, &error), 0);
    return store;
}

static struct slab *reserved(struct slab_store *store, size_t bytes) {
    struct slab *slab;
    struct px_error error = {0};
    ck_assert_msg(slab_reserve(store, bytes, &slab, &error) == 0, "%s", error.message);
    return slab;
}

static struct slab *sealed(struct slab_store *store, size_t bytes, uint64_t n) {
    struct slab *slab = reserved(store, bytes);
    slab_seal(slab, PX_SLAB_GEOMETRY, sizeof(struct px_slab_header) + bytes, signed_as(n));
    return slab;
}

static struct slab_stats stats_of(struct slab_store *store) {
    struct slab_stats stats;
    slab_store_stats(store, &stats);
    return stats;
}

START_TEST(a_sealed_slab_is_found_by_its_handle_in_a_clients_mapping) {
    struct slab_store *store = store_of(MB, MB, 4 * MB);
    struct slab *slab = sealed(store, 1000, 7);
    struct px_handle handle = slab_handle(slab);
    struct arena_info arena;
    ck_assert_uint_eq(slab_store_arenas(store, &arena, 1), 1);
    ck_assert_uint_eq(arena.id, handle.arena);
    ck_assert_uint_eq(handle.offset % PX_SLAB_ALIGNMENT, 0);
    const unsigned char *base = mmap(NULL, arena.size_bytes, PROT_READ, MAP_SHARED, arena.fd, 0);
    ck_assert_ptr_ne(base, MAP_FAILED);
    struct px_slab_header header;
    memcpy(&header, base + handle.offset, sizeof header);
    ck_assert_uint_eq(header.magic, PX_SLAB_MAGIC);
    ck_assert_uint_eq(header.offset, handle.offset);
    ck_assert_uint_eq(header.size, handle.size);
    ck_assert_uint_eq(header.generation, handle.generation);
    ck_assert(px_signature_equal(header.signature, signed_as(7)));
    munmap((void *)(uintptr_t)base, arena.size_bytes);
    close(arena.fd);
    slab_unref(slab);
    slab_store_destroy(store);
}
END_TEST

START_TEST(a_client_can_neither_map_an_arena_writable_nor_resize_it) {
    struct slab_store *store = store_of(MB, MB, 4 * MB);
    struct arena_info arena;
    slab_store_arenas(store, &arena, 1);
    ck_assert_ptr_eq(mmap(NULL, arena.size_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, arena.fd, 0), MAP_FAILED);
    ck_assert_int_ne(ftruncate(arena.fd, 4096), 0);
    ck_assert_int_ne(ftruncate(arena.fd, 2 * MB), 0);
    ck_assert_int_lt(pwrite(arena.fd, "x", 1, 0), 0);
    ck_assert_int_ne(fcntl(arena.fd, F_ADD_SEALS, F_SEAL_WRITE), 0);
    close(arena.fd);
    slab_store_destroy(store);
}
END_TEST

START_TEST(the_generation_goes_at_free_and_never_comes_again) {
    struct slab_store *store = store_of(MB, MB, MB);
    struct slab *slab = sealed(store, 500, 1);
    uint64_t first = slab_handle(slab).generation;
    uint64_t offset = slab_handle(slab).offset;
    struct px_slab_header *header = slab_header(slab);
    ck_assert_uint_ne(first, 0);
    slab_unref(slab);
    ck_assert_uint_eq(header->generation, 0);
    slab = sealed(store, 500, 1);
    ck_assert_uint_eq(slab_handle(slab).offset, offset);
    ck_assert_uint_gt(slab_handle(slab).generation, first);
    ck_assert_uint_eq(stats_of(store).recycled, 1);
    slab_unref(slab);
    slab_store_destroy(store);
}
END_TEST

START_TEST(try_ref_refuses_what_is_unsealed_or_freed_or_another) {
    struct slab_store *store = store_of(MB, MB, MB);
    struct slab *slab = reserved(store, 500);
    ck_assert(!slab_try_ref(slab, signed_as(1)));
    slab_seal(slab, PX_SLAB_GEOMETRY, 600, signed_as(1));
    ck_assert(slab_try_ref(slab, signed_as(1)));
    ck_assert(!slab_try_ref(slab, signed_as(2)));
    slab_unref(slab);
    slab_unref(slab);
    ck_assert(!slab_try_ref(slab, signed_as(1)));
    ck_assert_uint_eq(stats_of(store).slabs, 0);
    slab_store_destroy(store);
}
END_TEST

START_TEST(a_block_far_too_large_gives_its_tail_back) {
    struct slab_store *store = store_of(4 * MB, MB, 4 * MB);
    struct slab *slab = reserved(store, 2 * MB);
    slab_seal(slab, PX_SLAB_GEOMETRY, 100000, signed_as(1));
    ck_assert_uint_lt(slab_capacity(slab), 120000);
    ck_assert_uint_eq(stats_of(store).used_bytes, slab_capacity(slab));
    struct slab *next = sealed(store, 3 * MB, 2);
    slab_unref(next);
    slab_unref(slab);
    ck_assert_uint_eq(stats_of(store).used_bytes, 0);
    slab_store_destroy(store);
}
END_TEST

START_TEST(freed_blocks_of_small_classes_join_to_serve_a_large_one) {
    struct slab_store *store = store_of(4 * MB, MB, 4 * MB);
    struct slab *slabs[1000];
    for (int i = 0; i < 1000; i++)
        slabs[i] = reserved(store, 3800);
    for (int i = 0; i < 1000; i++)
        slab_unref(slabs[i * 7 % 1000]);
    slab_unref(reserved(store, 3 * MB));
    ck_assert_uint_eq(stats_of(store).arenas, 1);
    slab_store_destroy(store);
}
END_TEST

/* What a pressure callback holds: a stand-in for the cache. */
struct hoard {
    struct slab *slabs[64];
    int count, calls, changes;
};

static bool give_one_back(void *argument, size_t wanted_bytes) {
    struct hoard *hoard = argument;
    ck_assert_uint_gt(wanted_bytes, 0);
    hoard->calls++;
    if (hoard->count == 0)
        return false;
    slab_unref(hoard->slabs[--hoard->count]);
    return true;
}

static void count_change(void *argument) {
    ((struct hoard *)argument)->changes++;
}

START_TEST(a_spent_budget_asks_for_eviction_and_then_refuses) {
    struct hoard hoard = {0};
    struct slab_store_config config = {.first_arena_bytes = MB,
                                       .arena_bytes = MB,
                                       .budget_bytes = 2 * MB,
                                       .pressure = give_one_back,
                                       .arenas_changed = count_change,
                                       .argument = &hoard};
    struct slab_store *store;
    ck_assert_int_eq(slab_store_create(&config, &store, NULL), 0);
    for (; hoard.count < 4; hoard.count++)
        hoard.slabs[hoard.count] = sealed(store, 500000, 1);
    ck_assert_int_eq(hoard.calls, 0);
    ck_assert_int_eq(hoard.changes, 1);
    struct slab *one = reserved(store, 500000);
    ck_assert_int_ge(hoard.calls, 1);
    struct slab *none = NULL;
    struct px_error error;
    ck_assert_int_eq(slab_reserve(store, 3 * MB, &none, &error), PX_E_NO_MEMORY);
    ck_assert_ptr_null(none);
    ck_assert_ptr_nonnull(strstr(error.message, "budget"));
    ck_assert_int_eq(hoard.count, 0);
    ck_assert_uint_eq(stats_of(store).refused, 1);
    slab_unref(one);
    /* Now the store is empty: the later arena goes to make place for one that is large enough. */
    slab_unref(reserved(store, 600000));
    slab_store_destroy(store);
}
END_TEST

START_TEST(empty_arenas_make_place_for_a_larger_one) {
    struct slab_store *store = store_of(MB, MB, 6 * MB);
    struct slab *slabs[6];
    for (int i = 0; i < 6; i++)
        slabs[i] = reserved(store, 900000);
    ck_assert_uint_eq(stats_of(store).arenas, 6);
    for (int i = 0; i < 6; i++)
        slab_unref(slabs[i]);
    slab_unref(reserved(store, 4 * MB));
    ck_assert_uint_le(stats_of(store).arena_bytes, 6 * MB);
    ck_assert_uint_ge(stats_of(store).arenas_retired, 4);
    slab_store_destroy(store);
}
END_TEST

START_TEST(prepare_makes_the_next_arena_and_retires_empty_ones_later) {
    struct slab_store *store = store_of(MB, 4 * MB, 64 * MB);
    ck_assert(!slab_store_due(store));
    struct slab *first = reserved(store, 900000);
    ck_assert(slab_store_due(store));
    ck_assert_int_eq(slab_store_prepare(store, NULL), 0);
    ck_assert_uint_eq(stats_of(store).arenas, 2);
    ck_assert(!slab_store_due(store));
    struct slab *slabs[12];
    for (int i = 0; i < 12; i++)
        slabs[i] = reserved(store, 900000);
    ck_assert_uint_ge(stats_of(store).arenas, 4);
    for (int i = 0; i < 12; i++)
        slab_unref(slabs[i]);
    ck_assert(slab_store_due(store));
    ck_assert_int_eq(slab_store_prepare(store, NULL), 0);
    ck_assert(!slab_store_due(store));
    ck_assert_uint_eq(stats_of(store).arenas, 2);
    slab_unref(first);
    slab_store_destroy(store);
}
END_TEST

/* ---- many threads -------------------------------------------------------------------------------------------- */

enum { THREADS = 4, ROUNDS = 20000, PLACES = 16 };

struct stress {
    struct slab_store *store;
    struct slab *_Atomic place[PLACES]; /* one reference each, or NULL */
    _Atomic uint64_t taken, torn;
};

/* The content says its signature in every word. */
static struct slab *make_patterned(struct slab_store *store, uint64_t n) {
    size_t words = 16 + n * 137 % 700;
    struct slab *slab = reserved(store, 8 * words);
    uint64_t *body = (uint64_t *)(void *)((unsigned char *)slab_header(slab) + sizeof(struct px_slab_header));
    for (size_t i = 0; i < words; i++)
        body[i] = n;
    slab_seal(slab, PX_SLAB_GEOMETRY, sizeof(struct px_slab_header) + 8 * words, signed_as(n));
    return slab;
}

static bool pattern_holds(struct slab *slab, uint64_t n) {
    struct px_slab_header *header = slab_header(slab);
    const uint64_t *body = (const uint64_t *)(const void *)((unsigned char *)header + sizeof *header);
    bool holds = header->generation == slab_handle(slab).generation && header->generation != 0;
    for (size_t i = 0; i < (header->size - sizeof *header) / 8; i++)
        holds = holds && body[i] == n;
    return holds;
}

static void *replace_and_look(void *argument) {
    struct stress *stress = argument;
    struct slab *seen[PLACES] = {0};
    static _Atomic uint64_t threads;
    uint64_t random = 88172645463325252ull + 977 * atomic_fetch_add(&threads, 1);
    for (int i = 0; i < ROUNDS; i++) {
        random ^= random << 13, random ^= random >> 7, random ^= random << 17;
        uint64_t n = random % 48;
        size_t place = n % PLACES;
        if (random >> 40 & 1) {
            struct slab *old = atomic_exchange(&stress->place[place], make_patterned(stress->store, n));
            if (old != NULL)
                seen[place] = old; /* stays a descriptor, whatever becomes of its block */
            slab_unref(old);
        } else if (seen[place] != NULL && slab_try_ref(seen[place], signed_as(n))) {
            atomic_fetch_add(&stress->taken, 1);
            if (!pattern_holds(seen[place], n))
                atomic_fetch_add(&stress->torn, 1);
            slab_unref(seen[place]);
        }
    }
    return NULL;
}

START_TEST(no_reference_ever_shows_recycled_content_under_four_threads) {
    struct stress stress = {.store = store_of(MB, MB, 4 * MB)};
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, replace_and_look, &stress), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    ck_assert_uint_eq(stress.torn, 0);
    ck_assert_uint_gt(stress.taken, 0);
    for (int i = 0; i < PLACES; i++)
        slab_unref(stress.place[i]);
    ck_assert_uint_eq(stats_of(stress.store).slabs, 0);
    ck_assert_uint_eq(stats_of(stress.store).used_bytes, 0);
    slab_store_destroy(stress.store);
}
END_TEST

static void *reserve_and_free(void *argument) {
    struct slab_store *store = argument;
    struct slab *held[8] = {0};
    for (size_t i = 0; i < 20000; i++) {
        slab_unref(held[i % 8]);
        held[i % 8] = reserved(store, 1000 + 500 * (i % 5));
    }
    for (int i = 0; i < 8; i++)
        slab_unref(held[i]);
    return NULL;
}

START_TEST(in_steady_state_blocks_are_recycled_without_the_lock) {
    struct slab_store *store = store_of(4 * MB, MB, 4 * MB);
    pthread_t threads[2];
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, reserve_and_free, store), 0);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    struct slab_stats stats = stats_of(store);
    ck_assert_uint_eq(stats.reserves, 40000);
    ck_assert_uint_le(stats.reserves - stats.recycled, 16 * 5); /* only while the stacks fill */
    ck_assert_uint_eq(stats.slabs, 0);
    slab_store_destroy(store);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("slab");
    TCase *tests = tcase_create("slab");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, a_sealed_slab_is_found_by_its_handle_in_a_clients_mapping);
    tcase_add_test(tests, a_client_can_neither_map_an_arena_writable_nor_resize_it);
    tcase_add_test(tests, the_generation_goes_at_free_and_never_comes_again);
    tcase_add_test(tests, try_ref_refuses_what_is_unsealed_or_freed_or_another);
    tcase_add_test(tests, a_block_far_too_large_gives_its_tail_back);
    tcase_add_test(tests, freed_blocks_of_small_classes_join_to_serve_a_large_one);
    tcase_add_test(tests, a_spent_budget_asks_for_eviction_and_then_refuses);
    tcase_add_test(tests, empty_arenas_make_place_for_a_larger_one);
    tcase_add_test(tests, prepare_makes_the_next_arena_and_retires_empty_ones_later);
    tcase_add_test(tests, no_reference_ever_shows_recycled_content_under_four_threads);
    tcase_add_test(tests, in_steady_state_blocks_are_recycled_without_the_lock);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
