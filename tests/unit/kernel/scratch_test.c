/* scratch_test.c: bump memory, marks, slots and the budget. */
#include "daemon/kernel/scratch.h"

#include <check.h>
#include <string.h>

static struct scratch *scratch;

static void open_scratch(void) {
    scratch = scratch_create((size_t)1 << 20);
}

static void close_scratch(void) {
    scratch_destroy(scratch);
}

START_TEST(takings_are_aligned_and_do_not_overlap) {
    unsigned char *taken[40];
    for (size_t i = 0; i < 40; i++) {
        taken[i] = scratch_take(scratch, 10 * i);
        ck_assert_uint_eq((uintptr_t)taken[i] % 64, 0);
        memset(taken[i], (int)i, 10 * i);
    }
    for (size_t i = 1; i < 40; i++)
        ck_assert(taken[i][0] == i && taken[i][10 * i - 1] == i);
}
END_TEST

START_TEST(past_the_budget_there_is_nothing) {
    ck_assert_ptr_nonnull(scratch_take(scratch, 500000));
    ck_assert_ptr_null(scratch_take(scratch, 600000));
    ck_assert_ptr_null(scratch_take(scratch, SIZE_MAX));
    ck_assert_ptr_null(scratch_slot(scratch, 0, 600000, 0));
    ck_assert_ptr_nonnull(scratch_take(scratch, 1000));
}
END_TEST

START_TEST(a_reset_makes_one_block_that_is_enough_for_the_same_again) {
    for (int job = 0; job < 3; job++) {
        for (int i = 0; i < 100; i++)
            ck_assert_ptr_nonnull(scratch_take(scratch, 3000));
        scratch_reset(scratch);
    }
    const uint64_t grown = scratch_grown(scratch);
    for (int i = 0; i < 100; i++)
        ck_assert_ptr_nonnull(scratch_take(scratch, 3000));
    ck_assert_uint_eq(scratch_grown(scratch), grown);
}
END_TEST

START_TEST(what_is_taken_after_a_mark_is_given_back_across_blocks) {
    scratch_take(scratch, 100);
    const size_t mark = scratch_mark(scratch);
    void *first = scratch_take(scratch, 100);
    for (int i = 0; i < 20; i++)
        ck_assert_ptr_nonnull(scratch_take(scratch, 30000));
    scratch_release_to(scratch, mark);
    ck_assert_uint_eq(scratch_mark(scratch), mark);
    ck_assert_ptr_eq(scratch_take(scratch, 100), first);
}
END_TEST

START_TEST(a_mark_at_the_very_start_can_be_released) {
    const size_t mark = scratch_mark(scratch);
    scratch_take(scratch, 100);
    scratch_release_to(scratch, mark);
    ck_assert_uint_eq(scratch_mark(scratch), 0);
    ck_assert_ptr_nonnull(scratch_take(scratch, 100));
}
END_TEST

START_TEST(a_slot_keeps_what_it_is_told_when_it_grows) {
    char *slot = scratch_slot(scratch, 1, 100, 0);
    memcpy(slot, "0123456789", 10);
    char *grown = scratch_slot(scratch, 1, 200000, 10);
    ck_assert_int_eq(memcmp(grown, "0123456789", 10), 0);
    ck_assert_ptr_eq(scratch_slot(scratch, 1, 150000, 0), grown);
    scratch_reset(scratch);
    ck_assert_ptr_eq(scratch_slot(scratch, 1, 200000, 0), grown);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("scratch");
    TCase *tests = tcase_create("scratch");
    tcase_add_checked_fixture(tests, open_scratch, close_scratch);
    tcase_add_test(tests, takings_are_aligned_and_do_not_overlap);
    tcase_add_test(tests, past_the_budget_there_is_nothing);
    tcase_add_test(tests, a_reset_makes_one_block_that_is_enough_for_the_same_again);
    tcase_add_test(tests, what_is_taken_after_a_mark_is_given_back_across_blocks);
    tcase_add_test(tests, a_mark_at_the_very_start_can_be_released);
    tcase_add_test(tests, a_slot_keeps_what_it_is_told_when_it_grows);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
