#include "shared/ring.h"

#include <check.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

enum { CAPACITY = 8, ITEMS = 200000 };

struct item {
    uint64_t number, twice, thrice;
};

START_TEST(a_ring_holds_its_capacity_and_gives_items_in_order) {
    struct px_ring ring;
    uint32_t memory[CAPACITY], out;
    px_ring_init(&ring, memory, sizeof memory[0], CAPACITY);
    ck_assert(!px_ring_pop(&ring, &out));
    for (uint32_t round = 0; round < 5; round++) {
        for (uint32_t i = 0; i < CAPACITY; i++)
            ck_assert(px_ring_push(&ring, &(uint32_t){100 * round + i}));
        ck_assert(!px_ring_push(&ring, &(uint32_t){7}));
        for (uint32_t i = 0; i < CAPACITY; i++) {
            ck_assert(px_ring_pop(&ring, &out));
            ck_assert_uint_eq(out, 100 * round + i);
        }
        ck_assert(!px_ring_pop(&ring, &out));
    }
}
END_TEST

static void *produce(void *argument) {
    for (uint64_t i = 1; i <= ITEMS; i++)
        while (!px_ring_push(argument, &(struct item){i, 2 * i, 3 * i}))
            sched_yield();
    return NULL;
}

START_TEST(no_item_is_lost_torn_or_doubled_between_two_threads) {
    struct px_ring ring;
    struct item memory[CAPACITY], item;
    px_ring_init(&ring, memory, sizeof memory[0], CAPACITY);
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, produce, &ring), 0);
    uint64_t wrong = 0;
    for (uint64_t i = 1; i <= ITEMS; i++) {
        while (!px_ring_pop(&ring, &item))
            sched_yield();
        wrong += item.number != i || item.twice != 2 * i || item.thrice != 3 * i;
    }
    pthread_join(thread, NULL);
    ck_assert_uint_eq(wrong, 0);
    ck_assert(!px_ring_pop(&ring, &item));
}
END_TEST

int main(void) {
    Suite *suite = suite_create("ring");
    TCase *tests = tcase_create("ring");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, a_ring_holds_its_capacity_and_gives_items_in_order);
    tcase_add_test(tests, no_item_is_lost_torn_or_doubled_between_two_threads);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
