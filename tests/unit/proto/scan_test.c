/* The scanner against a corpus: cut at every byte, fed byte by byte, nested, announced beyond its bytes, mutated. */
#include "proto/value.h"
#include "proto/writer.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static const struct px_limits limits = {.bytes = 1u << 16, .depth = 28, .nodes = 4096};

struct sample {
    const char *bytes;
    size_t size;
};
#define SAMPLE(text)                                                                                                   \
    { text, sizeof text - 1 }

/* One of each form of the format. */
static const struct sample corpus[] = {
    SAMPLE("\x00"),
    SAMPLE("\x7f"),
    SAMPLE("\xe0"),
    SAMPLE("\xff"),
    SAMPLE("\xc0"),
    SAMPLE("\xc2"),
    SAMPLE("\xc3"),
    SAMPLE("\xcc\xff"),
    SAMPLE("\xcd\xff\xff"),
    SAMPLE("\xce\xff\xff\xff\xff"),
    SAMPLE("\xcf\xff\xff\xff\xff\xff\xff\xff\xff"),
    SAMPLE("\xd0\x80"),
    SAMPLE("\xd1\x80\x00"),
    SAMPLE("\xd2\x80\x00\x00\x00"),
    SAMPLE("\xd3\x80\x00\x00\x00\x00\x00\x00\x00"),
    SAMPLE("\xca\x3f\x80\x00\x00"),
    SAMPLE("\xcb\x3f\xf0\x00\x00\x00\x00\x00\x00"),
    SAMPLE("\xa0"),
    SAMPLE("\xa3"
           "abc"),
    SAMPLE("\xd9\x02"
           "ab"),
    SAMPLE("\xda\x00\x02"
           "ab"),
    SAMPLE("\xdb\x00\x00\x00\x02"
           "ab"),
    SAMPLE("\xc4\x02\x00\xff"),
    SAMPLE("\xc5\x00\x02\x00\xff"),
    SAMPLE("\xc6\x00\x00\x00\x02\x00\xff"),
    SAMPLE("\x90"),
    SAMPLE("\x93\x01\xc0\xa1"
           "x"),
    SAMPLE("\xdc\x00\x02\x01\x02"),
    SAMPLE("\xdd\x00\x00\x00\x02\x01\x02"),
    SAMPLE("\x80"),
    SAMPLE("\x82\xa1"
           "a\x01\xa1"
           "b\x02"),
    SAMPLE("\xde\x00\x01\xa1"
           "a\x01"),
    SAMPLE("\xdf\x00\x00\x00\x01\xa1"
           "a\x90"),
    SAMPLE("\x94\x00\x01\xab"
           "plan.submit\x91\x83\xa4"
           "name\xa1"
           "s\xa1"
           "t\xca\x3f\x80\x00\x00\xa4"
           "plan\x81\xa6"
           "layers\x91\x80"),
    SAMPLE("\x81\xa0\x80"),
    SAMPLE("\xa4\xf0\x9f\x8e\xa8"),
    SAMPLE("\xa2\xc3\xa9"),
};
enum { CORPUS = sizeof corpus / sizeof corpus[0] };

static struct sample copy_exact(const char *bytes, size_t size) {
    char *copy = malloc(size > 0 ? size : 1); /* the exact size: a byte read past it is seen by the sanitizer */
    memcpy(copy, bytes, size);
    return (struct sample){copy, size};
}

START_TEST(every_form_is_one_whole_message) {
    size_t size = 0;
    ck_assert_int_eq(px_scan(corpus[_i].bytes, corpus[_i].size, &limits, &size, NULL), 1);
    ck_assert_uint_eq(size, corpus[_i].size);
    struct px_document document;
    ck_assert_int_eq(px_value_decode(corpus[_i].bytes, corpus[_i].size, &limits, &document, NULL), 0);
    px_document_free(&document);
}
END_TEST

START_TEST(a_message_cut_at_any_byte_is_incomplete_for_a_stream_and_truncated_for_a_decoder) {
    for (size_t cut = 0; cut < corpus[_i].size; cut++) {
        struct sample part = copy_exact(corpus[_i].bytes, cut);
        size_t size = 0;
        ck_assert_int_eq(px_scan(part.bytes, cut, &limits, &size, NULL), 0);
        struct px_document document;
        ck_assert_int_eq(px_value_decode(part.bytes, cut, &limits, &document, NULL), PX_E_PROTOCOL);
        free((char *)part.bytes);
    }
}
END_TEST

START_TEST(a_scanner_fed_byte_by_byte_ends_where_one_fed_at_once_does) {
    struct px_scanner scanner;
    px_scanner_init(&scanner);
    size_t size = 0;
    for (size_t length = 0; length < corpus[_i].size; length++)
        ck_assert_int_eq(px_scanner_feed(&scanner, corpus[_i].bytes, length, &limits, &size, NULL), 0);
    ck_assert_int_eq(px_scanner_feed(&scanner, corpus[_i].bytes, corpus[_i].size, &limits, &size, NULL), 1);
    ck_assert_uint_eq(size, corpus[_i].size);
}
END_TEST

START_TEST(a_byte_behind_the_message_is_left_to_the_stream_and_refused_by_the_decoder) {
    char bytes[256];
    memcpy(bytes, corpus[_i].bytes, corpus[_i].size);
    bytes[corpus[_i].size] = '\x01';
    size_t size = 0;
    ck_assert_int_eq(px_scan(bytes, corpus[_i].size + 1, &limits, &size, NULL), 1);
    ck_assert_uint_eq(size, corpus[_i].size);
    struct px_document document;
    ck_assert_int_eq(px_value_decode(bytes, corpus[_i].size + 1, &limits, &document, NULL), PX_E_PROTOCOL);
}
END_TEST

static const struct {
    struct sample sample;
    int code;
} refused[] = {
    {SAMPLE("\xc1"), PX_E_PROTOCOL},                     /* reserved */
    {SAMPLE("\x92\x01\xc1"), PX_E_PROTOCOL},             /* reserved, inside */
    {SAMPLE("\xd4\x01\x00"), PX_E_PROTOCOL},             /* fixext */
    {SAMPLE("\xc7\x01\x01\x00"), PX_E_PROTOCOL},         /* ext */
    {SAMPLE("\xd6\xff\x00\x00\x00\x00"), PX_E_PROTOCOL}, /* timestamp */
    {SAMPLE("\x81\xff\x02"), PX_E_PROTOCOL},             /* a number below 0 as key */
    {SAMPLE("\x81\xd0\x80\x02"), PX_E_PROTOCOL},         /* the same, longer */
    {SAMPLE("\x81\xca\x3f\x80\x00\x00\x02"), PX_E_PROTOCOL}, /* a fraction as key */
    {SAMPLE("\x81\xc3\x02"), PX_E_PROTOCOL},             /* a truth as key */
    {SAMPLE("\x81\x90\x02"), PX_E_PROTOCOL},             /* a list as key */
    {SAMPLE("\x81\xc4\x01"
            "a\x02"),
     PX_E_PROTOCOL}, /* bytes as key */
    {SAMPLE("\x82\xa1"
            "a\x01\xc0\x02"),
     PX_E_PROTOCOL}, /* nil as second key */
    {SAMPLE("\x81\xa2"
            "a\0\x02"),
     PX_E_PROTOCOL},                                 /* a zero byte in a key */
    {SAMPLE("\xa1\xff"), PX_E_PROTOCOL},             /* not UTF-8 */
    {SAMPLE("\xa2\xc0\x80"), PX_E_PROTOCOL},         /* overlong */
    {SAMPLE("\xa3\xed\xa0\x80"), PX_E_PROTOCOL},     /* a surrogate */
    {SAMPLE("\xa4\xf4\x90\x80\x80"), PX_E_PROTOCOL}, /* beyond U+10FFFF */
    {SAMPLE("\x81\xa1\xe9\x01"), PX_E_PROTOCOL},     /* a key that is not UTF-8 */
    {SAMPLE("\xdd\x80\x00\x00\x00"), PX_E_LIMIT},    /* 2^31 items */
    {SAMPLE("\xdf\xff\xff\xff\xff"), PX_E_LIMIT},    /* 2^32 - 1 pairs */
    {SAMPLE("\xdb\xff\xff\xff\xff"), PX_E_LIMIT},    /* 4 GB of string */
    {SAMPLE("\xc6\x7f\xff\xff\xff"), PX_E_LIMIT},    /* 2 GB of bytes */
    {SAMPLE("\xdc\x10\x00"), PX_E_LIMIT},            /* 4096 items and the list: a value too many */
};
enum { REFUSED = sizeof refused / sizeof refused[0] };

START_TEST(what_has_no_place_in_the_protocol_is_refused_with_its_code_and_position) {
    struct px_error error = {0};
    size_t size = 0;
    struct sample sample = copy_exact(refused[_i].sample.bytes, refused[_i].sample.size);
    ck_assert_int_eq(px_scan(sample.bytes, sample.size, &limits, &size, &error), refused[_i].code);
    ck_assert_int_eq(error.code, refused[_i].code);
    ck_assert_ptr_nonnull(strstr(error.message, "byte"));
    free((char *)sample.bytes);
}
END_TEST

START_TEST(nesting_up_to_the_limit_passes_and_one_more_is_a_limit_error) {
    unsigned char bytes[101];
    memset(bytes, 0x91, sizeof bytes);
    struct px_document document;
    for (unsigned depth = 1; depth <= 32; depth++) {
        struct px_limits own = {.bytes = 1024, .depth = depth, .nodes = 1024};
        bytes[depth - 1] = 0x90;
        ck_assert_int_eq(px_value_decode(bytes, depth, &own, &document, NULL), 0);
        px_document_free(&document);
        bytes[depth - 1] = 0x91;
        bytes[depth] = 0x90;
        ck_assert_int_eq(px_value_decode(bytes, depth + 1, &own, &document, NULL), PX_E_LIMIT);
        bytes[depth] = 0x91;
    }
    bytes[99] = 0x90;
    struct px_limits deep = {.bytes = 1024, .depth = 1000, .nodes = 1024};
    ck_assert_int_eq(px_value_decode(bytes, 100, &deep, &document, NULL), PX_E_LIMIT);
}
END_TEST

START_TEST(a_list_of_lists_side_by_side_is_not_deep) {
    struct px_writer writer;
    px_writer_init(&writer, 0);
    px_write_array(&writer, 1000);
    for (int i = 0; i < 1000; i++) {
        px_write_array(&writer, 1);
        px_write_map(&writer, 0);
    }
    size_t size = 0;
    struct px_limits own = {.bytes = 1u << 16, .depth = 3, .nodes = 4096};
    ck_assert_int_eq(px_scan(writer.bytes, writer.size, &own, &size, NULL), 1);
    px_writer_free(&writer);
}
END_TEST

START_TEST(nested_heads_that_announce_more_than_the_bytes_left_are_refused_before_they_come) {
    unsigned char bytes[128];
    size_t at = 0;
    for (int i = 0; i < 20; i++) {
        memcpy(bytes + at, "\xdc\x0f\x00", 3);
        at += 3;
    }
    struct px_limits own = {.bytes = 1u << 14, .depth = 28, .nodes = 1u << 30};
    size_t size = 0;
    ck_assert_int_eq(px_scan(bytes, at, &own, &size, NULL), PX_E_LIMIT);
}
END_TEST

START_TEST(a_list_may_announce_as_many_values_as_bytes_are_allowed_and_not_one_more) {
    struct px_limits own = {.bytes = 10, .depth = 2, .nodes = 100};
    size_t size = 0;
    ck_assert_int_eq(px_scan("\xdc\x00\x07", 3, &own, &size, NULL), 0);
    ck_assert_int_eq(px_scan("\xdc\x00\x08", 3, &own, &size, NULL), PX_E_LIMIT);
    ck_assert_int_eq(px_scan("\x92\xdc\x00\x05", 4, &own, &size, NULL), 0); /* one of the outer list is still to come */
    ck_assert_int_eq(px_scan("\x92\xdc\x00\x06", 4, &own, &size, NULL), PX_E_LIMIT);
    ck_assert_int_eq(px_scan("\x92\xa7", 2, &own, &size, NULL), 0);
    ck_assert_int_eq(px_scan("\x92\xa8", 2, &own, &size, NULL), PX_E_LIMIT);
}
END_TEST

START_TEST(a_message_of_exactly_the_limit_passes_and_a_byte_more_does_not) {
    struct px_writer writer;
    px_writer_init(&writer, 0);
    px_write_bin_begin(&writer, 1000);
    memset(writer.bytes + 3, 7, 1000);
    size_t size = 0;
    struct px_limits own = {.bytes = writer.size, .depth = 1, .nodes = 1};
    ck_assert_int_eq(px_scan(writer.bytes, writer.size, &own, &size, NULL), 1);
    own.bytes--;
    ck_assert_int_eq(px_scan(writer.bytes, writer.size, &own, &size, NULL), PX_E_LIMIT);
    own.bytes = 0;
    ck_assert_int_eq(px_scan(writer.bytes, 0, &own, &size, NULL), PX_E_LIMIT);
    px_writer_free(&writer);
}
END_TEST

static uint64_t random_next(uint64_t *state) {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* A random change of a sample: bytes overwritten, a part doubled, cut. */
static size_t mutate(uint64_t *state, unsigned char *bytes, size_t size, size_t room) {
    static const unsigned char nasty[] = {0xc1, 0xdd, 0xdf, 0xdb, 0xc6, 0xff, 0x80, 0x9f, 0x8f, 0xc7, 0xd9, 0xdc};
    unsigned edits = 1 + (unsigned)(random_next(state) % 4);
    for (unsigned i = 0; i < edits && size > 0; i++) {
        uint64_t draw = random_next(state);
        size_t at = (size_t)(draw >> 8) % size;
        if (draw % 4 == 0)
            bytes[at] = nasty[(draw >> 40) % sizeof nasty];
        else if (draw % 4 == 1)
            bytes[at] = (unsigned char)(draw >> 40);
        else if (draw % 4 == 2)
            size = at;
        else if (size * 2 <= room) {
            memmove(bytes + size, bytes + at, size - at);
            size += size - at;
        }
    }
    return size;
}

START_TEST(mutated_messages_never_pass_the_scan_and_fail_the_library_and_streams_agree) {
    uint64_t state = 0x9E3779B97F4A7C15u;
    unsigned passed = 0;
    for (int round = 0; round < 200000; round++) {
        unsigned char bytes[512];
        const struct sample *sample = &corpus[random_next(&state) % CORPUS];
        memcpy(bytes, sample->bytes, sample->size);
        size_t length = mutate(&state, bytes, sample->size, sizeof bytes);
        struct sample exact = copy_exact((const char *)bytes, length);
        struct px_document document;
        size_t size = 0;
        struct px_error error = {0};
        int whole = px_scan(exact.bytes, length, &limits, &size, NULL);
        int code = px_value_decode(exact.bytes, length, &limits, &document, &error);
        if (code == 0) {
            ck_assert_int_eq(whole, 1);
            struct px_writer writer;
            px_writer_init(&writer, 0);
            px_write_value(&writer, &document.root);
            ck_assert_int_eq(px_writer_finish(&writer, NULL), 0);
            px_writer_free(&writer);
            px_document_free(&document);
            passed++;
        } else if (whole == 1 && size == length) {
            ck_assert_ptr_nonnull(strstr(error.message, "twice")); /* only repeated keys are left to the decoder */
        }
        struct px_scanner scanner;
        px_scanner_init(&scanner);
        int fed = 0;
        for (size_t part = 0; part <= length && fed == 0; part++)
            fed = px_scanner_feed(&scanner, exact.bytes, part, &limits, &size, NULL);
        ck_assert_int_eq(fed, whole);
        free((char *)exact.bytes);
    }
    ck_assert_uint_gt(passed, 1000);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("scan");
    TCase *cases = tcase_create("scan");
    tcase_set_timeout(cases, 100);
    tcase_add_loop_test(cases, every_form_is_one_whole_message, 0, CORPUS);
    tcase_add_loop_test(cases, a_message_cut_at_any_byte_is_incomplete_for_a_stream_and_truncated_for_a_decoder, 0,
                        CORPUS);
    tcase_add_loop_test(cases, a_scanner_fed_byte_by_byte_ends_where_one_fed_at_once_does, 0, CORPUS);
    tcase_add_loop_test(cases, a_byte_behind_the_message_is_left_to_the_stream_and_refused_by_the_decoder, 0, CORPUS);
    tcase_add_loop_test(cases, what_has_no_place_in_the_protocol_is_refused_with_its_code_and_position, 0, REFUSED);
    tcase_add_test(cases, nesting_up_to_the_limit_passes_and_one_more_is_a_limit_error);
    tcase_add_test(cases, a_list_of_lists_side_by_side_is_not_deep);
    tcase_add_test(cases, nested_heads_that_announce_more_than_the_bytes_left_are_refused_before_they_come);
    tcase_add_test(cases, a_list_may_announce_as_many_values_as_bytes_are_allowed_and_not_one_more);
    tcase_add_test(cases, a_message_of_exactly_the_limit_passes_and_a_byte_more_does_not);
    tcase_add_test(cases, mutated_messages_never_pass_the_scan_and_fail_the_library_and_streams_agree);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
