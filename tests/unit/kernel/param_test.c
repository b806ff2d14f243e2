/* param_test.c: defaults, look-up and canonical signatures of parameters. */
#include "daemon/kernel/param.h"
#include "shared/signature.h"

#include <check.h>
#include <string.h>

struct sample {
    double number;
    double none;
    int64_t integer;
    bool flag;
    double vector[3];
    double axis[3];
    struct param_string word;
    int32_t choice;
    struct param_numbers numbers;
    struct param_bools bools;
    double region[4];
    struct param_resource font;
    uint32_t node;
};

static const double axis[] = {0, 0, 1};
static const double region[] = {-1, -2, 3, 4};
static const char *const choices[] = {"one", "two", NULL};

static const struct param table[] = {
    PARAM(NUMBER, struct sample, number, .def = 2.5),
    PARAM(NUMBER, struct sample, none, .optional = true),
    PARAM(INTEGER, struct sample, integer, .def = -3),
    PARAM(BOOL, struct sample, flag, .def = 1),
    PARAM(VECTOR, struct sample, vector, .def = 7),
    PARAM(VECTOR, struct sample, axis, .def_list = axis, .def_count = 3),
    PARAM(STRING, struct sample, word, .def_text = "hello"),
    PARAM(CHOICE, struct sample, choice, .def = 1, .choices = choices),
    PARAM(NUMBERS, struct sample, numbers, .def = 6),
    PARAM(BOOLS, struct sample, bools, .def = 1),
    PARAM(REGION, struct sample, region, .def_list = region, .def_count = 4),
    PARAM(RESOURCE, struct sample, font, .def_text = ""),
    PARAM(NODE, struct sample, node, .required = true),
};
enum { COUNT = sizeof table / sizeof table[0] };

static struct sample defaults(void) {
    struct sample sample;
    memset(&sample, 0xa5, sizeof sample);
    params_set_defaults(table, COUNT, &sample);
    return sample;
}

static struct px_signature signature_of(const struct sample *sample, struct px_signature digest) {
    struct px_hasher hasher;
    px_hasher_init(&hasher);
    params_sign(table, COUNT, sample, &digest, &hasher);
    return px_hasher_finish(&hasher);
}

static const struct px_signature no_font = {1, 2};

START_TEST(every_type_has_its_default) {
    const struct sample s = defaults();
    ck_assert_double_eq(s.number, 2.5);
    ck_assert(isnan(s.none));
    ck_assert_int_eq(s.integer, -3);
    ck_assert(s.flag);
    ck_assert_double_eq(s.vector[0] + s.vector[1] + s.vector[2], 21);
    ck_assert_double_eq(s.axis[2], 1);
    ck_assert_str_eq(s.word.text, "hello");
    ck_assert_uint_eq(s.word.length, 5);
    ck_assert_int_eq(s.choice, 1);
    ck_assert_uint_eq(s.numbers.count, 1);
    ck_assert_double_eq(s.numbers.items[0], 6);
    ck_assert(s.bools.count == 1 && s.bools.items[0]);
    ck_assert_double_eq(s.region[3], 4);
    ck_assert(s.font.name.length == 0 && s.font.bytes == NULL && !s.font.fallback);
    ck_assert_uint_eq(s.node, 0);
}
END_TEST

START_TEST(a_parameter_is_found_by_its_whole_name) {
    ck_assert_ptr_eq(params_find(table, COUNT, "axis", 4), &table[5]);
    ck_assert_ptr_null(params_find(table, COUNT, "axi", 3));
    ck_assert_ptr_null(params_find(table, COUNT, "axiss", 5));
    ck_assert_str_eq(param_type_name(table[5].type), "vector");
}
END_TEST

START_TEST(equal_values_sign_equally_wherever_they_stand) {
    struct sample a = defaults(), b = defaults();
    const double six[] = {6};
    char word[] = "hello";
    b.numbers.items = six;
    b.word.text = word;
    b.node = 5;
    a.vector[1] = 0.0;
    b.vector[1] = -0.0;
    ck_assert(px_signature_equal(signature_of(&a, no_font), signature_of(&b, no_font)));
}
END_TEST

START_TEST(every_value_counts_in_the_signature) {
    static const double two[] = {6, 6};
    static const bool no[] = {false};
    struct sample changed[14];
    for (size_t i = 0; i < 14; i++)
        changed[i] = defaults();
    changed[1].number = 2.5000001;
    changed[2].none = 0;
    changed[3].integer = -4;
    changed[4].flag = false;
    changed[5].vector[2] = 8;
    changed[6].axis[0] = 1;
    changed[7].word = (struct param_string){"hellO", 5};
    changed[8].choice = 0;
    changed[9].numbers = (struct param_numbers){two, 2};
    changed[10].bools.items = no;
    changed[11].region[0] = 0;
    changed[12].font.fallback = true;
    struct px_signature seen[14];
    for (size_t i = 0; i < 14; i++) {
        seen[i] = signature_of(&changed[i], i == 13 ? (struct px_signature){9, 9} : no_font);
        for (size_t j = 0; j < i; j++)
            ck_assert_msg(!px_signature_equal(seen[i], seen[j]), "%zu and %zu", i, j);
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("param");
    TCase *tests = tcase_create("param");
    tcase_add_test(tests, every_type_has_its_default);
    tcase_add_test(tests, a_parameter_is_found_by_its_whole_name);
    tcase_add_test(tests, equal_values_sign_equally_wherever_they_stand);
    tcase_add_test(tests, every_value_counts_in_the_signature);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
