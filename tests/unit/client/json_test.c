/* json_test.c: JSON to MessagePack and back. */
#include "px/px.h"

#include <check.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

static char *through(const char *json) {
    struct px_reply value;
    struct px_error error;
    char *back = NULL;
    ck_assert_msg(px_from_json(json, strlen(json), &value, &error) == 0, "%s: %s", json, error.message);
    ck_assert_msg(px_to_json(value.bytes, value.size, 0, &back, &error) == 0, "%s: %s", json, error.message);
    px_reply_free(&value);
    return back;
}

static const struct {
    const char *json, *back; /* back NULL: the same */
} kept[] = {
    {"null", NULL},
    {"true", NULL},
    {"false", NULL},
    {"0", NULL},
    {"-1", NULL},
    {"18446744073709551615", NULL},
    {"-9223372036854775808", NULL},
    {"18446744073709551616", "1.8446744073709552e+19"},
    {"1.0", NULL},
    {"-0", "-0.0"},
    {"0.1", NULL},
    {"1e3", "1000.0"},
    {"1E-7", "1e-07"},
    {"3.141592653589793", NULL},
    {"0.30000000000000004", NULL},
    {"\"\"", NULL},
    {"\"caf\xc3\xa9\"", NULL},
    {"\"\\u00e9\"", "\"\xc3\xa9\""},
    {"\"\\ud83d\\ude00\"", "\"\xf0\x9f\x98\x80\""},
    {"\"\\u20AC\"", "\"\xe2\x82\xac\""},
    {"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\\"\\\\/\\b\\f\\n\\r\\t\""},
    {"\"\\u0001\\u007f\"", NULL},
    {"\"a\\u0000b\"", NULL},
    {"[]", NULL},
    {"{}", NULL},
    {" [ 1 , [ ] , { \"a\" : { } } ] ", "[1,[],{\"a\":{}}]"},
    {"{\"$bin\":\"\"}", NULL},
    {"{\"$bin\":\"AA==\"}", NULL},
    {"{\"$bin\":\"AAEC\"}", NULL},
    {"[{\"$bin\":\"/+8=\"},1]", NULL},
    {"{\"$bin\":1}", NULL},
    {"{\"$bin\":\"AAEC\",\"x\":1}", NULL},
};

START_TEST(a_value_comes_back_as_it_went) {
    char *back = through(kept[_i].json);
    ck_assert_str_eq(back, kept[_i].back ? kept[_i].back : kept[_i].json);
    free(back);
}
END_TEST

static const struct {
    const char *json;
    int code;
    const char *says;
} refused[] = {
    {"", PX_E_PROTOCOL, "line 1, column 1"},
    {"tru", PX_E_PROTOCOL, "expected a value"},
    {"nan", PX_E_PROTOCOL, "expected a value"},
    {"01", PX_E_PROTOCOL, "expected a value"},
    {"1.", PX_E_PROTOCOL, "expected a value"},
    {".5", PX_E_PROTOCOL, "expected a value"},
    {"+1", PX_E_PROTOCOL, "expected a value"},
    {"1e", PX_E_PROTOCOL, "expected a value"},
    {"-", PX_E_PROTOCOL, "expected a value"},
    {"1e999", PX_E_PROTOCOL, "too large"},
    {"1 2", PX_E_PROTOCOL, "something follows"},
    {"[1,]", PX_E_PROTOCOL, "expected a value"},
    {"[1", PX_E_PROTOCOL, "expected , or ]"},
    {"{\"a\"}", PX_E_PROTOCOL, "expected :"},
    {"{\"a\":1,}", PX_E_PROTOCOL, "expected a string"},
    {"{a:1}", PX_E_PROTOCOL, "expected a string"},
    {"{\n  \"a\": 1\n  \"b\": 2}", PX_E_PROTOCOL, "line 3, column 3"},
    {"\"a", PX_E_PROTOCOL, "does not end"},
    {"\"a\n\"", PX_E_PROTOCOL, "control character"},
    {"\"\\x\"", PX_E_PROTOCOL, "unknown escape"},
    {"\"\\", PX_E_PROTOCOL, "unknown escape"},
    {"\"\\u12\"", PX_E_PROTOCOL, "four hexadecimal"},
    {"\"\\ud800\"", PX_E_PROTOCOL, "first half"},
    {"\"\\ud800\\u0041\"", PX_E_PROTOCOL, "first half"},
    {"\"\\udc00\"", PX_E_PROTOCOL, "second half"},
    {"\"\xff\"", PX_E_PROTOCOL, "not UTF-8"},
    {"{\"$bin\":\"A\"}", PX_E_PROTOCOL, "base64"},
    {"{\"$bin\":\"A*==\"}", PX_E_PROTOCOL, "base64"},
    {"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]", PX_E_LIMIT, "too deep"},
};

START_TEST(what_is_no_json_is_refused_with_its_place) {
    struct px_reply value;
    struct px_error error;
    int code = px_from_json(refused[_i].json, strlen(refused[_i].json), &value, &error);
    ck_assert_int_eq(code, refused[_i].code);
    ck_assert_msg(strstr(error.message, refused[_i].says) != NULL, "%s: %s", refused[_i].json, error.message);
    ck_assert_ptr_null(value.bytes);
}
END_TEST

START_TEST(numbers_have_a_point_in_any_locale) {
    static const char *const names[] = {"de_DE.UTF-8", "fr_FR.UTF-8", "C"};
    for (size_t i = 0; i < 3; i++) {
        setlocale(LC_ALL, names[i]);
        char *back = through("[1.5,2]");
        ck_assert_str_eq(back, "[1.5,2]");
        free(back);
    }
}
END_TEST

START_TEST(infinities_become_null_and_broken_text_a_sign) {
    static const uint8_t bytes[] = {0x92, 0xcb, 0x7f, 0xf0, 0, 0, 0, 0, 0, 0, 0xa3, 'a', 0xff, 'b'};
    struct px_error error;
    char *json;
    int code = px_to_json(bytes, sizeof bytes, 0, &json, &error);
    if (code == 0) { /* a scanner that refuses bytes which are no text is stricter still */
        ck_assert_str_eq(json, "[null,\"a\xef\xbf\xbd"
                               "b\"]");
        free(json);
    } else {
        ck_assert_int_eq(code, PX_E_PROTOCOL);
    }
}
END_TEST

START_TEST(indented_text_keeps_plain_lists_on_one_line) {
    static const char json[] = "{\"a\":[1,2],\"b\":[{\"c\":null}],\"d\":{}}";
    struct px_reply value;
    char *back;
    ck_assert_int_eq(px_from_json(json, strlen(json), &value, NULL), 0);
    ck_assert_int_eq(px_to_json(value.bytes, value.size, 2, &back, NULL), 0);
    ck_assert_str_eq(back, "{\n  \"a\": [1, 2],\n  \"b\": [\n    {\n      \"c\": null\n    }\n  ],\n  \"d\": {}\n}");
    px_reply_free(&value);
    free(back);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("json");
    TCase *tests = tcase_create("json");
    tcase_add_loop_test(tests, a_value_comes_back_as_it_went, 0, sizeof kept / sizeof kept[0]);
    tcase_add_loop_test(tests, what_is_no_json_is_refused_with_its_place, 0, sizeof refused / sizeof refused[0]);
    tcase_add_test(tests, numbers_have_a_point_in_any_locale);
    tcase_add_test(tests, infinities_become_null_and_broken_text_a_sign);
    tcase_add_test(tests, indented_text_keeps_plain_lists_on_one_line);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
