/* connection_test.c: px_call and px_notification against a server made of a socket and prepared bytes. */
#include "proto/writer.h"
#include "px/px.h"

#include <check.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct server {
    char directory[64], path[80];
    int listening, peer;
    struct px *px;
    struct px_writer answer; /* what the server will say */
};

static void server_start(struct server *server) {
    strcpy(server->directory, "/tmp/px-test-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(server->directory));
    snprintf(server->path, sizeof server->path, "%s/rpc.sock", server->directory);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strcpy(address.sun_path, server->path);
    server->listening = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(server->listening, (struct sockaddr *)&address, sizeof address), 0);
    ck_assert_int_eq(listen(server->listening, 4), 0);
    struct px_error error;
    ck_assert_msg(px_open(server->directory, &server->px, &error) == 0, "%s", error.message);
    server->peer = accept(server->listening, NULL, NULL);
    ck_assert_int_ge(server->peer, 0);
    px_writer_init(&server->answer, 0);
}

static void server_stop(struct server *server) {
    px_close(server->px);
    px_writer_free(&server->answer);
    if (server->peer >= 0)
        close(server->peer);
    close(server->listening);
    unlink(server->path);
    rmdir(server->directory);
}

static void say_result(struct server *server, uint64_t id, int64_t result) {
    px_write_array(&server->answer, 4);
    px_write_int(&server->answer, 1);
    px_write_uint(&server->answer, id);
    px_write_nil(&server->answer);
    px_write_int(&server->answer, result);
}

static void say_error(struct server *server, bool with_id, int code, const char *message) {
    struct px_error error;
    px_fail(&error, code, "%s", message);
    px_write_array(&server->answer, 4);
    px_write_int(&server->answer, 1);
    if (with_id)
        px_write_uint(&server->answer, 1);
    else
        px_write_nil(&server->answer);
    px_write_error(&server->answer, &error);
    px_write_nil(&server->answer);
}

static void say_notification(struct server *server, int64_t number) {
    px_write_array(&server->answer, 3);
    px_write_int(&server->answer, 2);
    px_write_string(&server->answer, "log");
    px_write_array(&server->answer, 1);
    px_write_int(&server->answer, number);
}

static void send_all(int fd, const void *bytes, size_t size) {
    ck_assert_int_eq(send(fd, bytes, size, MSG_NOSIGNAL), (ssize_t)size);
}

static void say_it(struct server *server) {
    send_all(server->peer, server->answer.bytes, server->answer.size);
}

static void *say_it_slowly(void *argument) {
    struct server *server = argument;
    for (size_t i = 0; i < server->answer.size; i++)
        send_all(server->peer, server->answer.bytes + i, 1);
    return NULL;
}

/* Calls and expects the number. */
static void call_gives(struct server *server, int64_t wanted) {
    struct px_error error;
    char *json = NULL;
    int code = px_call_json(server->px, "x", NULL, 5000, &json, &error);
    ck_assert_msg(code == 0, "%s", error.message);
    ck_assert_int_eq(strtoll(json, NULL, 10), wanted);
    free(json);
}

static int call_fails(struct server *server, int timeout_ms, struct px_error *error) {
    struct px_reply reply;
    int code = px_call(server->px, "x", NULL, 0, timeout_ms, &reply, error);
    ck_assert_ptr_null(reply.bytes);
    return code;
}

static void notification_is(struct server *server, int64_t wanted) {
    struct px_reply notification;
    struct px_error error;
    char *json, expected[32];
    ck_assert_int_eq(px_notification(server->px, 5000, &notification, &error), 1);
    ck_assert_int_eq(px_to_json(notification.bytes, notification.size, 0, &json, &error), 0);
    snprintf(expected, sizeof expected, "[\"log\",[%lld]]", (long long)wanted);
    ck_assert_str_eq(json, expected);
    free(json);
    px_reply_free(&notification);
}

START_TEST(a_request_is_a_list_of_four_with_one_map) {
    struct server server;
    server_start(&server);
    say_result(&server, 1, 7);
    say_it(&server);
    char *json = NULL;
    ck_assert_int_eq(px_call_json(server.px, "a.b", "{\"t\": 1}", 5000, &json, NULL), 0);
    free(json);
    uint8_t bytes[256];
    ssize_t got = recv(server.peer, bytes, sizeof bytes, 0);
    ck_assert_int_eq(px_to_json(bytes, (size_t)got, 0, &json, NULL), 0);
    ck_assert_str_eq(json, "[0,1,\"a.b\",[{\"t\":1}]]");
    free(json);
    server_stop(&server);
}
END_TEST

START_TEST(an_answer_in_single_bytes_is_one_answer) {
    struct server server;
    server_start(&server);
    say_notification(&server, 3);
    say_result(&server, 1, 42);
    pthread_t speaker;
    ck_assert_int_eq(pthread_create(&speaker, NULL, say_it_slowly, &server), 0);
    call_gives(&server, 42);
    pthread_join(speaker, NULL);
    notification_is(&server, 3);
    server_stop(&server);
}
END_TEST

START_TEST(notifications_between_answers_are_kept_in_order) {
    struct server server;
    server_start(&server);
    say_notification(&server, 1);
    say_notification(&server, 2);
    say_result(&server, 1, 5);
    say_notification(&server, 3);
    say_result(&server, 2, 6);
    say_notification(&server, 4);
    say_it(&server);
    call_gives(&server, 5);
    call_gives(&server, 6);
    for (int64_t i = 1; i <= 4; i++)
        notification_is(&server, i);
    struct px_reply notification;
    ck_assert_int_eq(px_notification(server.px, 0, &notification, NULL), 0);
    server_stop(&server);
}
END_TEST

START_TEST(of_too_many_notifications_the_newest_stay) {
    struct server server;
    server_start(&server);
    for (int64_t i = 1; i <= 1000; i++)
        say_notification(&server, i);
    say_result(&server, 1, 5);
    say_it(&server);
    call_gives(&server, 5);
    notification_is(&server, 1000 - 256 + 1);
    server_stop(&server);
}
END_TEST

START_TEST(an_error_reply_gives_its_code_and_sentence) {
    struct server server;
    server_start(&server);
    say_error(&server, true, PX_E_RANGE, "plan.layers[0]: no");
    say_it(&server);
    struct px_error error;
    ck_assert_int_eq(call_fails(&server, 5000, &error), PX_E_RANGE);
    ck_assert_str_eq(error.message, "plan.layers[0]: no");
    server_stop(&server);
}
END_TEST

START_TEST(an_error_without_an_id_is_the_answer_too) {
    struct server server;
    server_start(&server);
    say_error(&server, false, PX_E_PROTOCOL, "not MessagePack");
    say_it(&server);
    struct px_error error;
    ck_assert_int_eq(call_fails(&server, 5000, &error), PX_E_PROTOCOL);
    server_stop(&server);
}
END_TEST

START_TEST(an_answer_that_comes_too_late_is_not_taken_for_the_next) {
    struct server server;
    server_start(&server);
    struct px_error error;
    ck_assert_int_eq(call_fails(&server, 0, &error), PX_E_TIMEOUT);
    say_result(&server, 1, 1);
    say_result(&server, 2, 2);
    say_it(&server);
    call_gives(&server, 2);
    server_stop(&server);
}
END_TEST

START_TEST(a_hang_up_is_an_error_at_once_and_ever_after) {
    struct server server;
    server_start(&server);
    close(server.peer);
    server.peer = -1;
    struct px_error error;
    ck_assert_int_eq(call_fails(&server, 5000, &error), PX_E_IO);
    ck_assert_int_eq(call_fails(&server, 5000, &error), PX_E_IO);
    server_stop(&server);
}
END_TEST

static const struct {
    const char *bytes;
    size_t size;
} nonsense[] = {
    {"\xc1", 1},                  /* no MessagePack */
    {"\x05", 1},                  /* a number */
    {"\x94\x02\x01\xc0\xc0", 5},  /* four of type 2 */
    {"\x94\x00\x01\xa1x\x90", 6}, /* a request */
    {"\x90", 1},                  /* an empty list */
    {"\x94\x01\x01\xc0", 4},      /* one too few, then the end */
    {"\xdd\x7f\xff\xff\xff", 5},  /* announces 2^31 things */
    {"HTTP/1.1 400 Bad Request\r\n\r\n", 28},
};

START_TEST(bytes_that_are_no_answer_are_an_error) {
    struct server server;
    server_start(&server);
    send_all(server.peer, nonsense[_i].bytes, nonsense[_i].size);
    shutdown(server.peer, SHUT_WR);
    struct px_error error;
    int code = call_fails(&server, 5000, &error);
    ck_assert(code == PX_E_PROTOCOL || code == PX_E_IO || code == PX_E_LIMIT);
    server_stop(&server);
}
END_TEST

START_TEST(without_a_daemon_the_places_are_named) {
    setenv("PXD_RUNTIME_DIR", "/nonexistent/px", 1);
    struct px *px;
    struct px_error error;
    ck_assert_int_eq(px_open(NULL, &px, &error), PX_E_NOT_FOUND);
    ck_assert_ptr_nonnull(strstr(error.message, "/nonexistent/px"));
    unsetenv("PXD_RUNTIME_DIR");
    setenv("XDG_RUNTIME_DIR", "/nonexistent/run", 1);
    int code = px_find((char[8]){0}, 8, &error);
    ck_assert(code == PX_E_NOT_FOUND || code == PX_E_RANGE || code == 0);
    if (code == PX_E_NOT_FOUND)
        ck_assert_ptr_nonnull(strstr(error.message, "/nonexistent/run/pxd, /run/pxd, /tmp/pxd-"));
}
END_TEST

START_TEST(finding_a_daemon_is_one_connection_and_not_two) {
    struct server server;
    struct px *px;
    server_start(&server);
    setenv("PXD_RUNTIME_DIR", server.directory, 1);
    ck_assert_int_eq(px_open(NULL, &px, NULL), 0);
    int first = accept4(server.listening, NULL, NULL, SOCK_NONBLOCK);
    ck_assert_int_ge(first, 0);
    struct pollfd wait = {.fd = server.listening, .events = POLLIN};
    ck_assert_int_eq(poll(&wait, 1, 0), 0);
    px_close(px);
    close(first);
    server_stop(&server);
}
END_TEST

START_TEST(a_url_of_no_known_kind_names_those_that_are) {
    struct px *px;
    struct px_error error;
    ck_assert_int_eq(px_open_url("http://x", NULL, &px, &error), PX_E_PARAM);
    ck_assert_ptr_nonnull(strstr(error.message, "tcp://"));
    ck_assert_int_eq(px_open_url("wss://x", NULL, &px, &error), PX_E_UNSUPPORTED);
    ck_assert_int_eq(px_open_url("unix:/nonexistent/px", NULL, &px, &error), PX_E_NOT_FOUND);
}
END_TEST

START_TEST(a_token_goes_into_the_map_of_every_request) {
    struct server server;
    server_start(&server);
    struct px *px;
    char url[96], *json = NULL;
    snprintf(url, sizeof url, "unix:%s", server.directory);
    ck_assert_int_eq(px_open_url(url, "secret", &px, NULL), 0);
    int peer = accept(server.listening, NULL, NULL);
    say_result(&server, 1, 0);
    say_result(&server, 2, 0);
    send_all(peer, server.answer.bytes, server.answer.size);
    ck_assert_int_eq(px_call_json(px, "a", "{\"t\": 1}", 5000, &json, NULL), 0);
    free(json);
    ck_assert_int_eq(px_call_json(px, "b", NULL, 5000, &json, NULL), 0);
    free(json);
    static const char wanted[] = "\x94\x00\x01\xa1"
                                 "a\x91\x82\xa1t\x01\xa5token\xa6secret"
                                 "\x94\x00\x02\xa1"
                                 "b\x91\x81\xa5token\xa6secret";
    char got[256];
    ck_assert_int_eq(recv(peer, got, sizeof got, 0), (ssize_t)sizeof wanted - 1);
    ck_assert_mem_eq(got, wanted, sizeof wanted - 1);
    close(peer);
    px_close(px);
    server_stop(&server);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("connection");
    TCase *tests = tcase_create("connection");
    tcase_add_test(tests, a_request_is_a_list_of_four_with_one_map);
    tcase_add_test(tests, an_answer_in_single_bytes_is_one_answer);
    tcase_add_test(tests, notifications_between_answers_are_kept_in_order);
    tcase_add_test(tests, of_too_many_notifications_the_newest_stay);
    tcase_add_test(tests, an_error_reply_gives_its_code_and_sentence);
    tcase_add_test(tests, an_error_without_an_id_is_the_answer_too);
    tcase_add_test(tests, an_answer_that_comes_too_late_is_not_taken_for_the_next);
    tcase_add_test(tests, a_hang_up_is_an_error_at_once_and_ever_after);
    tcase_add_loop_test(tests, bytes_that_are_no_answer_are_an_error, 0, sizeof nonsense / sizeof nonsense[0]);
    tcase_add_test(tests, without_a_daemon_the_places_are_named);
    tcase_add_test(tests, finding_a_daemon_is_one_connection_and_not_two);
    tcase_add_test(tests, a_url_of_no_known_kind_names_those_that_are);
    tcase_add_test(tests, a_token_goes_into_the_map_of_every_request);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
