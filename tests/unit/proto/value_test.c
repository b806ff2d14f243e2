#include "proto/nearest.h"
#include "proto/utf8.h"
#include "proto/value.h"
#include "proto/writer.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct px_limits limits = {.bytes = 1u << 20, .depth = 28, .nodes = 1u << 17};

static struct px_document decode(const struct px_writer *writer) {
    struct px_document document;
    ck_assert_int_eq(px_writer_finish(writer, NULL), 0);
    ck_assert_int_eq(px_value_decode(writer->bytes, writer->size, &limits, &document, NULL), 0);
    return document;
}

START_TEST(what_the_writer_writes_the_decoder_reads) {
    struct px_writer writer;
    px_writer_init(&writer, 0);
    px_write_map(&writer, 8);
    px_key(&writer, "nil"), px_write_nil(&writer);
    px_key(&writer, "yes"), px_write_bool(&writer, true);
    px_key(&writer, "least"), px_write_int(&writer, INT64_MIN);
    px_key(&writer, "most"), px_write_uint(&writer, UINT64_MAX);
    px_key(&writer, "real"), px_write_real(&writer, -0.25);
    px_key(&writer, "text"), px_write_string(&writer, "h\xc3\xa9");
    px_key(&writer, "bin"), px_write_bin(&writer, "\x00\xff", 2);
    px_key(&writer, "list"), px_write_array(&writer, 2), px_write_int(&writer, 5), px_write_uint64_fixed(&writer, 5);
    struct px_document document = decode(&writer);
    const struct px_value *root = &document.root;
    ck_assert_int_eq(root->type, PX_MAP);
    ck_assert_int_eq(px_value_get(root, "nil")->type, PX_NIL);
    ck_assert(px_value_get(root, "yes")->boolean);
    ck_assert_int_eq(px_value_get(root, "least")->type, PX_INT);
    ck_assert(px_value_get(root, "least")->integer == INT64_MIN);
    ck_assert_int_eq(px_value_get(root, "most")->type, PX_UINT);
    ck_assert(px_value_get(root, "most")->uinteger == UINT64_MAX);
    ck_assert_double_eq(px_value_get(root, "real")->real, -0.25);
    ck_assert(px_value_is_string(px_value_get(root, "text"), "h\xc3\xa9"));
    ck_assert_uint_eq(px_value_get(root, "bin")->count, 2);
    ck_assert_mem_eq(px_value_get(root, "bin")->bytes, "\x00\xff", 2);
    ck_assert_uint_eq(px_value_get(root, "list")->count, 2);
    ck_assert_int_eq(px_value_get(root, "list")->items[0].type, PX_UINT);
    ck_assert_ptr_null(px_value_get(root, "lis"));
    ck_assert_ptr_null(px_value_get(px_value_get(root, "nil"), "x"));

    struct px_writer again; /* and back to the same bytes, but for the fixed-size number */
    px_writer_init(&again, 0);
    px_write_value(&again, root);
    ck_assert_uint_eq(again.size, writer.size - 8);
    px_document_free(&document);
    px_writer_free(&again);
    px_writer_free(&writer);
}
END_TEST

START_TEST(strings_borrow_from_the_message_and_positive_signed_numbers_are_unsigned_ones) {
    const char bytes[] = "\x92\xd0\x05\xa1x";
    struct px_document document;
    ck_assert_int_eq(px_value_decode(bytes, sizeof bytes - 1, &limits, &document, NULL), 0);
    ck_assert_int_eq(document.root.items[0].type, PX_UINT);
    ck_assert_uint_eq(document.root.items[0].uinteger, 5);
    ck_assert_ptr_eq(document.root.items[1].text, bytes + 4);
    px_document_free(&document);
    px_document_free(&document); /* zeroed is fine */
}
END_TEST

static void write_keys(struct px_writer *writer, uint32_t count, uint32_t repeated) {
    px_write_map(writer, count);
    for (uint32_t i = 0; i < count; i++) {
        char key[16];
        snprintf(key, sizeof key, "k%u", i == count - 1 ? repeated : i);
        px_key(writer, key);
        px_write_nil(writer);
    }
}

START_TEST(a_repeated_key_is_refused_in_small_and_large_maps) {
    static const uint32_t counts[] = {2, 24, 25, 1000};
    struct px_document document;
    struct px_error error = {0};
    struct px_writer writer;
    px_writer_init(&writer, 0);
    write_keys(&writer, counts[_i], 0);
    ck_assert_int_eq(px_value_decode(writer.bytes, writer.size, &limits, &document, &error), PX_E_PROTOCOL);
    ck_assert_ptr_nonnull(strstr(error.message, "\"k0\""));
    px_writer_free(&writer);
    write_keys(&writer, counts[_i], counts[_i] - 1);
    ck_assert_int_eq(px_value_decode(writer.bytes, writer.size, &limits, &document, &error), 0);
    px_document_free(&document);
    px_writer_free(&writer);
}
END_TEST

START_TEST(an_integer_as_key_is_its_decimal_digits) {
    static const char bytes[] = "\x85\x00\xa1o\x7f\xa1p\xcd\x01\x00\xa1q\xd1\x00\x80\xa1r"
                                "\xcf\xff\xff\xff\xff\xff\xff\xff\xff\x81\x07\x07";
    struct px_document document;
    struct px_error error = {0};
    ck_assert_msg(px_value_decode(bytes, sizeof bytes - 1, &limits, &document, &error) == 0, "%s", error.message);
    ck_assert(px_value_is_string(px_value_get(&document.root, "0"), "o"));
    ck_assert(px_value_is_string(px_value_get(&document.root, "127"), "p"));
    ck_assert(px_value_is_string(px_value_get(&document.root, "256"), "q"));
    ck_assert(px_value_is_string(px_value_get(&document.root, "128"), "r"));
    const struct px_value *inner = px_value_get(&document.root, "18446744073709551615");
    ck_assert_uint_eq(px_value_get(inner, "7")->uinteger, 7);
    px_document_free(&document);
    ck_assert_int_eq(px_value_decode("\x82\x01\xc0\xa1" "1\xc0", 6, &limits, &document, &error), PX_E_PROTOCOL);
    ck_assert_ptr_nonnull(strstr(error.message, "twice"));
}
END_TEST

START_TEST(numbers_of_every_form_are_doubles_and_others_are_none) {
    double number = 0;
    ck_assert(px_value_number(&(struct px_value){.type = PX_INT, .integer = -3}, &number) && number == -3);
    ck_assert(px_value_number(&(struct px_value){.type = PX_UINT, .uinteger = 3}, &number) && number == 3);
    ck_assert(px_value_number(&(struct px_value){.type = PX_REAL, .real = NAN}, &number) && isnan(number));
    ck_assert(!px_value_number(&(struct px_value){.type = PX_BOOL, .boolean = true}, &number));
    ck_assert(!px_value_number(NULL, &number));
}
END_TEST

START_TEST(a_writer_past_its_limit_stays_failed_and_says_so) {
    struct px_writer writer;
    px_writer_init(&writer, 16);
    px_write_string(&writer, "0123456789");
    ck_assert_int_eq(px_writer_finish(&writer, NULL), 0);
    px_write_string(&writer, "0123456789");
    px_write_nil(&writer);
    struct px_error error = {0};
    ck_assert_int_eq(px_writer_finish(&writer, &error), PX_E_LIMIT);
    ck_assert_ptr_nonnull(strstr(error.message, "16"));
    px_writer_free(&writer);
}
END_TEST

START_TEST(a_writer_gives_its_bytes_and_starts_anew) {
    struct px_writer writer;
    px_writer_init(&writer, 0);
    px_write_int(&writer, 1);
    size_t size = 0;
    uint8_t *bytes = px_writer_take(&writer, &size);
    ck_assert_uint_eq(size, 1);
    ck_assert_ptr_null(writer.bytes);
    px_write_raw(&writer, bytes, size);
    ck_assert_uint_eq(writer.size, 1);
    free(bytes);
    px_writer_free(&writer);
}
END_TEST

START_TEST(a_text_that_is_not_utf8_leaves_as_one_that_is) {
    struct px_writer writer;
    px_writer_init(&writer, 0);
    px_write_string(&writer, "a\xff"
                             "b\xc3\xa9\xe2\x82");
    struct px_document document = decode(&writer);
    ck_assert(px_value_is_string(&document.root, "a?b\xc3\xa9??"));
    px_document_free(&document);
    px_writer_free(&writer);
}
END_TEST

START_TEST(utf8_ends_at_the_first_bad_byte_wherever_it_stands) {
    char text[40];
    for (size_t at = 0; at < sizeof text; at++) {
        memset(text, 'x', sizeof text);
        text[at] = '\x80';
        ck_assert_uint_eq(px_utf8_valid(text, sizeof text), at);
    }
    ck_assert_uint_eq(px_utf8_valid("\xe2\x82\xac", 2), 0);
    ck_assert_uint_eq(px_utf8_valid("\xef\xbf\xbf\xf4\x8f\xbf\xbf", 7), 7);
}
END_TEST

START_TEST(an_error_is_a_map_of_code_name_message_data) {
    struct px_error error;
    px_fail(&error, PX_E_RANGE, "plan.seed: NaN");
    struct px_writer writer;
    px_writer_init(&writer, 0);
    px_write_error(&writer, &error);
    struct px_document document = decode(&writer);
    ck_assert_int_eq(px_value_get(&document.root, "code")->integer, PX_E_RANGE);
    ck_assert(px_value_is_string(px_value_get(&document.root, "name"), "E_RANGE"));
    ck_assert(px_value_is_string(px_value_get(&document.root, "message"), "plan.seed: NaN"));
    ck_assert_int_eq(px_value_get(&document.root, "data")->type, PX_NIL);
    px_document_free(&document);
    px_writer_free(&writer);
}
END_TEST

START_TEST(the_nearest_name_is_offered_and_none_when_all_are_far) {
    struct px_nearest nearest = PX_NEAREST("plan.submitt", 12);
    px_nearest_offer(&nearest, "server.info");
    px_nearest_offer(&nearest, "plan.submit");
    ck_assert_str_eq(nearest.name, "plan.submit");
    nearest = PX_NEAREST("zzzzzz", 6);
    px_nearest_offer(&nearest, "density");
    ck_assert_ptr_null(nearest.name);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("value");
    TCase *cases = tcase_create("value");
    tcase_add_test(cases, what_the_writer_writes_the_decoder_reads);
    tcase_add_test(cases, strings_borrow_from_the_message_and_positive_signed_numbers_are_unsigned_ones);
    tcase_add_loop_test(cases, a_repeated_key_is_refused_in_small_and_large_maps, 0, 4);
    tcase_add_test(cases, an_integer_as_key_is_its_decimal_digits);
    tcase_add_test(cases, numbers_of_every_form_are_doubles_and_others_are_none);
    tcase_add_test(cases, a_writer_past_its_limit_stays_failed_and_says_so);
    tcase_add_test(cases, a_writer_gives_its_bytes_and_starts_anew);
    tcase_add_test(cases, a_text_that_is_not_utf8_leaves_as_one_that_is);
    tcase_add_test(cases, utf8_ends_at_the_first_bad_byte_wherever_it_stands);
    tcase_add_test(cases, an_error_is_a_map_of_code_name_message_data);
    tcase_add_test(cases, the_nearest_name_is_offered_and_none_when_all_are_far);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
