#include "shared/signature.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static struct px_signature of_strings(const char *a, const char *b) {
    struct px_hasher hasher;
    px_hasher_init(&hasher);
    px_hasher_add_string(&hasher, a, strlen(a));
    px_hasher_add_string(&hasher, b, strlen(b));
    return px_hasher_finish(&hasher);
}

static struct px_signature of_number(double value) {
    struct px_hasher hasher;
    px_hasher_init(&hasher);
    px_hasher_add_number(&hasher, value);
    return px_hasher_finish(&hasher);
}

START_TEST(neighbouring_items_do_not_run_together) {
    ck_assert(px_signature_equal(of_strings("ab", "c"), of_strings("ab", "c")));
    ck_assert(!px_signature_equal(of_strings("ab", "c"), of_strings("a", "bc")));
    ck_assert(!px_signature_equal(of_strings("", "abc"), of_strings("abc", "")));
}
END_TEST

START_TEST(minus_zero_is_zero_and_types_differ) {
    struct px_hasher hasher;
    px_hasher_init(&hasher);
    px_hasher_add_integer(&hasher, 1);
    ck_assert(px_signature_equal(of_number(-0.0), of_number(0.0)));
    ck_assert(!px_signature_equal(of_number(1.0), of_number(2.0)));
    ck_assert(!px_signature_equal(of_number(1.0), px_hasher_finish(&hasher)));
}
END_TEST

START_TEST(the_canonical_bytes_are_the_digits_printed_and_read_back) {
    struct px_signature signature = {.low = 0x0011223344556677, .high = 0x8899AABBCCDDEEFF};
    uint8_t bytes[16];
    char text[33];
    px_signature_to_bytes(signature, bytes);
    px_signature_print(signature, text);
    ck_assert_str_eq(text, "8899aabbccddeeff0011223344556677");
    ck_assert_uint_eq(bytes[0], 0x88);
    ck_assert_uint_eq(bytes[15], 0x77);
    ck_assert(px_signature_equal(px_signature_from_bytes(bytes), signature));
}
END_TEST

int main(void) {
    Suite *suite = suite_create("signature");
    TCase *tests = tcase_create("signature");
    tcase_add_test(tests, neighbouring_items_do_not_run_together);
    tcase_add_test(tests, minus_zero_is_zero_and_types_differ);
    tcase_add_test(tests, the_canonical_bytes_are_the_digits_printed_and_read_back);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
