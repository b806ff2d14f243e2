#include "daemon/rpc/peer.h"

#include <check.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static uid_t members[] = {1001, 1002};

START_TEST(own_uid_and_root_control_members_of_the_group_too_and_others_view) {
    const struct peer_rules rules = {
        .own_uid = 1000, .has_group = true, .group = 50, .members = members, .member_count = 2};
    const struct {
        uid_t uid;
        gid_t gid;
        enum rpc_role role;
        bool own;
    } cases[] = {{1000, 1000, RPC_ROLE_CONTROL, true},
                 {0, 0, RPC_ROLE_CONTROL, false},
                 {1001, 1, RPC_ROLE_CONTROL, false},
                 {1003, 50, RPC_ROLE_CONTROL, false},
                 {1003, 1, RPC_ROLE_VIEW, false}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct peer peer = peer_of_ids(&rules, cases[i].uid, cases[i].gid);
        ck_assert_int_eq(peer.role, cases[i].role);
        ck_assert_int_eq(peer.own_uid, cases[i].own);
    }
    ck_assert_int_eq(peer_remote().role, RPC_ROLE_VIEW);
    ck_assert(!peer_remote().own_uid);
}
END_TEST

START_TEST(a_socket_tells_process_and_uid_of_its_peer) {
    int ends[2];
    struct peer_rules rules;
    ck_assert_int_eq(peer_rules_init(&rules, "", NULL), 0);
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    struct peer peer = peer_of_socket(&rules, ends[0]);
    ck_assert_int_eq(peer.pid, getpid());
    ck_assert_int_eq(peer.role, RPC_ROLE_CONTROL);
    ck_assert(peer.own_uid);
    ck_assert_int_eq(peer_of_socket(&rules, -1).role, RPC_ROLE_NONE);
    close(ends[0]);
    close(ends[1]);
    peer_rules_fini(&rules);
}
END_TEST

START_TEST(a_group_that_is_not_there_is_named) {
    struct peer_rules rules;
    struct px_error error;
    ck_assert_int_eq(peer_rules_init(&rules, "no-such-group-here", &error), PX_E_NOT_FOUND);
    ck_assert_ptr_nonnull(strstr(error.message, "no-such-group-here"));
    peer_rules_fini(&rules);
    ck_assert_int_eq(peer_rules_init(&rules, "root", &error), 0);
    ck_assert(rules.has_group);
    peer_rules_fini(&rules);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("peer");
    TCase *cases = tcase_create("peer");
    tcase_add_test(cases, own_uid_and_root_control_members_of_the_group_too_and_others_view);
    tcase_add_test(cases, a_socket_tells_process_and_uid_of_its_peer);
    tcase_add_test(cases, a_group_that_is_not_there_is_named);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
