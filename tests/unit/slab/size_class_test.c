#include "daemon/slab/size_class.h"

#include <check.h>
#include <stdlib.h>

START_TEST(every_class_is_its_own_floor_and_ceiling) {
    for (unsigned c = 1; c < 200; c++) {
        ck_assert_uint_eq(size_class_floor(size_class_bytes(c)), c);
        ck_assert_uint_eq(size_class_ceiling(size_class_bytes(c)), c);
        ck_assert_uint_gt(size_class_bytes(c + 1), size_class_bytes(c));
        ck_assert_uint_eq(size_class_bytes(c) % SIZE_UNIT, 0);
    }
}
END_TEST

START_TEST(at_most_an_eighth_of_a_block_is_waste) {
    for (uint64_t size = 1024; size < SIZE_CLASS_BYTES_MAX; size += 1 + size / 97) {
        uint64_t block = size_class_bytes(size_class_ceiling(size));
        ck_assert_uint_ge(block, size);
        ck_assert_uint_le(8 * (block - size), block);
        ck_assert_uint_le(size_class_bytes(size_class_floor(size)), size);
    }
    ck_assert_uint_lt(size_class_ceiling(SIZE_CLASS_BYTES_MAX), SIZE_CLASSES);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("size_class");
    TCase *tests = tcase_create("size_class");
    tcase_add_test(tests, every_class_is_its_own_floor_and_ceiling);
    tcase_add_test(tests, at_most_an_eighth_of_a_block_is_waste);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
