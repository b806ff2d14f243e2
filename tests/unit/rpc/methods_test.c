#include "daemon/rpc/methods.h"

#include <check.h>
#include <string.h>

static const struct rpc_method some[] = {{.name = "a.get"}, {.name = "a.getall"}, {.name = "b"}};
static const struct rpc_method_table some_table = METHOD_TABLE(some);
static const struct rpc_method twice[] = {{.name = "b"}};
static const struct rpc_method_table twice_table = METHOD_TABLE(twice);

START_TEST(methods_are_found_by_their_whole_name_only) {
    const struct rpc_method_table *tables[] = {&some_table};
    struct method_index index;
    const struct rpc_method *method = NULL;
    ck_assert_int_eq(method_index_init(&index, tables, 1, NULL), 0);
    for (size_t i = 0; i < 3; i++) {
        ck_assert_int_eq(method_find(&index, some[i].name, strlen(some[i].name), &method, NULL), 0);
        ck_assert_ptr_eq(method, &some[i]);
    }
    ck_assert_int_eq(method_find(&index, "a.geta", 6, &method, NULL), PX_E_METHOD);
    ck_assert_int_eq(method_find(&index, "a.getall", 7, &method, NULL), PX_E_METHOD);
    ck_assert_int_eq(method_find(&index, "", 0, &method, NULL), PX_E_METHOD);
    ck_assert_int_eq(method_find(&index, "b\0c", 3, &method, NULL), PX_E_METHOD);
    method_index_fini(&index);
}
END_TEST

START_TEST(two_methods_of_one_name_are_refused) {
    const struct rpc_method_table *tables[] = {&some_table, &twice_table};
    struct method_index index;
    ck_assert_int_eq(method_index_init(&index, tables, 2, NULL), PX_E_INTERNAL);
}
END_TEST

START_TEST(the_tables_of_the_daemon_name_each_method_once_with_help) {
    size_t count = 0;
    const struct rpc_method_table *const *tables = method_tables(&count);
    struct method_index index;
    ck_assert_int_eq(method_index_init(&index, tables, count, NULL), 0);
    for (size_t i = 0; i < index.count; i++) {
        ck_assert_msg(index.methods[i]->help != NULL, "%s", index.methods[i]->name);
        ck_assert_msg(index.methods[i]->result != NULL, "%s", index.methods[i]->name);
        ck_assert_msg(index.methods[i]->handle != NULL, "%s", index.methods[i]->name);
        ck_assert_msg(index.methods[i]->role != RPC_ROLE_NONE, "%s", index.methods[i]->name);
    }
    method_index_fini(&index);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("methods");
    TCase *cases = tcase_create("methods");
    tcase_add_test(cases, methods_are_found_by_their_whole_name_only);
    tcase_add_test(cases, two_methods_of_one_name_are_refused);
    tcase_add_test(cases, the_tables_of_the_daemon_name_each_method_once_with_help);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
