/* nng is opened inside each test: check forks, and nng may not be open before. */
#include "tests/unit/rpc/fixture.h"

#include <nng/nng.h>
#include <nng/protocol/reqrep0/req.h>
#include <sys/stat.h>

static struct fixture fixture;

static void set_up(void) {
    fixture_init(&fixture);
    fixture.config.nng_path = fixture.nng_path;
}
static void tear_down(void) {
    fixture_fini(&fixture);
}

/* ---- a client by nng's own library ---- */

static nng_socket req_open(const char *url) {
    nng_socket socket;
    ck_assert_int_eq(nng_req0_open(&socket), 0);
    ck_assert_int_eq(nng_socket_set_ms(socket, NNG_OPT_RECVTIMEO, PATIENCE_MS), 0);
    ck_assert_int_eq(nng_dial(socket, url, NULL, 0), 0);
    return socket;
}

static nng_socket req_open_local(void) {
    char url[128];
    snprintf(url, sizeof url, "ipc://%s", fixture.nng_path);
    return req_open(url);
}

struct answer {
    void *bytes;
    size_t size;
    struct px_document document;
};

static void answer_free(struct answer *answer) {
    px_document_free(&answer->document);
    nng_free(answer->bytes, answer->size);
}

static void req_receive(nng_socket socket, struct answer *answer) {
    *answer = (struct answer){0};
    int code = nng_recv(socket, &answer->bytes, &answer->size, NNG_FLAG_ALLOC);
    ck_assert_msg(code == 0, "%s", nng_strerror(code));
    if (answer->size > 0)
        ck_assert_int_eq(px_value_decode(answer->bytes, answer->size, &PX_LIMITS_DEFAULT, &answer->document, NULL), 0);
}

static void req_bytes(nng_socket socket, const void *bytes, size_t size, struct answer *answer) {
    ck_assert_int_eq(nng_send(socket, (void *)(uintptr_t)bytes, size, 0), 0);
    req_receive(socket, answer);
}

static void req_ask(nng_socket socket, const char *method, const char *key, int64_t number, struct answer *answer) {
    struct px_writer writer;
    px_writer_init(&writer, 0);
    write_request(&writer, 5, method, key, number);
    req_bytes(socket, writer.bytes, writer.size, answer);
    px_writer_free(&writer);
}

static uint64_t req_number(nng_socket socket, const char *key) {
    struct answer answer;
    req_ask(socket, "test.numbers", NULL, 0, &answer);
    uint64_t number = px_value_get(&answer.document.root.items[3], key)->uinteger;
    answer_free(&answer);
    return number;
}

START_TEST(a_request_is_answered_and_its_peer_is_known_by_uid) {
    fixture_run(&fixture);
    nng_socket socket = req_open_local();
    struct answer answer;
    req_ask(socket, "test.echo", "value", 77, &answer);
    ck_assert_uint_eq(answer.document.root.items[1].uinteger, 5);
    ck_assert_uint_eq(answer.document.root.items[3].uinteger, 77);
    answer_free(&answer);
    req_ask(socket, "test.touch", NULL, 0, &answer); /* needs the role control */
    ck_assert_int_eq(answer.document.root.items[2].type, PX_NIL);
    answer_free(&answer);
    struct stat entry;
    ck_assert_int_eq(stat(fixture.nng_path, &entry), 0);
    ck_assert_uint_eq(entry.st_mode & 0777, 0660);
    nng_close(socket);
}
END_TEST

#define BYTES(text) text, sizeof text - 1
START_TEST(a_notification_is_answered_by_an_empty_message) {
    fixture_run(&fixture);
    nng_socket socket = req_open_local();
    struct answer answer;
    req_bytes(socket, BYTES("\x93\x02\xaatest.touch\x90"), &answer);
    ck_assert_uint_eq(answer.size, 0);
    answer_free(&answer);
    req_bytes(socket, BYTES("\x93\x02\xa9test.fail\x90"), &answer);
    ck_assert_uint_eq(answer.size, 0);
    answer_free(&answer);
    ck_assert_uint_eq(req_number(socket, "touched"), 1);
    nng_close(socket);
}
END_TEST

static const struct {
    const char *bytes;
    size_t size;
    const char *name;
} garbage[] = {
    {BYTES("\xc1"), "E_PROTOCOL"},
    {BYTES(""), "E_PROTOCOL"},
    {BYTES("\x94\x00\x01\xa1x"), "E_PROTOCOL"},                 /* truncated */
    {BYTES("\x94\x00\x01\xa9test.echo\x90\x90"), "E_PROTOCOL"}, /* trailing */
    {BYTES("\xdd\xff\xff\xff\xff"), "E_LIMIT"},
};
START_TEST(garbage_is_answered_without_an_id_and_the_connection_goes_on) {
    fixture_run(&fixture);
    nng_socket socket = req_open_local();
    struct answer answer;
    req_bytes(socket, garbage[_i].bytes, garbage[_i].size, &answer);
    ck_assert_int_eq(answer.document.root.items[1].type, PX_NIL);
    assert_error(&answer.document.root, garbage[_i].name, "");
    answer_free(&answer);
    ck_assert_uint_eq(req_number(socket, "touched"), 0);
    nng_close(socket);
}
END_TEST

START_TEST(subscribing_is_not_supported_here) {
    fixture_run(&fixture);
    nng_socket socket = req_open_local();
    struct answer answer;
    req_bytes(socket,
              BYTES("\x94\x00\x05\xa9subscribe\x91\x81\xa6topics\x91\xa5"
                    "frame"),
              &answer);
    assert_error(&answer.document.root, "E_UNSUPPORTED", "rpc.sock");
    answer_free(&answer);
    nng_close(socket);
}
END_TEST

START_TEST(two_hundred_requests_that_wait_do_not_starve_one_more_and_are_all_answered) {
    enum { MANY = 200 };
    fixture.config.requests_max = MANY;
    fixture_run(&fixture);
    nng_socket socket = req_open_local();
    static nng_ctx contexts[MANY];
    static nng_aio *aios[MANY];
    for (int i = 0; i < MANY; i++) {
        struct px_writer writer;
        px_writer_init(&writer, 0);
        write_request(&writer, (uint64_t)i, "test.wait", NULL, 0);
        nng_msg *message;
        ck_assert_int_eq(nng_msg_alloc(&message, writer.size), 0);
        memcpy(nng_msg_body(message), writer.bytes, writer.size);
        px_writer_free(&writer);
        ck_assert_int_eq(nng_ctx_open(&contexts[i], socket), 0);
        ck_assert_int_eq(nng_aio_alloc(&aios[i], NULL, NULL), 0);
        nng_aio_set_msg(aios[i], message);
        nng_ctx_send(contexts[i], aios[i]);
        nng_aio_wait(aios[i]);
        ck_assert_int_eq(nng_aio_result(aios[i]), 0);
        nng_aio_set_timeout(aios[i], PATIENCE_MS);
        nng_ctx_recv(contexts[i], aios[i]);
    }
    nng_socket other = req_open_local();
    while (req_number(other, "waiting") < MANY)
        ;
    ck_assert_uint_gt(req_number(other, "nng_contexts"), MANY);
    struct answer released;
    req_ask(other, "test.release", NULL, 0, &released);
    answer_free(&released);
    for (int i = 0; i < MANY; i++) {
        nng_aio_wait(aios[i]);
        ck_assert_int_eq(nng_aio_result(aios[i]), 0);
        nng_msg_free(nng_aio_get_msg(aios[i]));
        nng_aio_free(aios[i]);
        nng_ctx_close(contexts[i]);
    }
    while (req_number(other, "nng_contexts") > 20) /* contexts go when they are not needed */
        ;
    nng_close(socket);
    nng_close(other);
}
END_TEST

/* ---- a client without a library: the framing that proto/README.md describes ---- */

static int raw_open(void) {
    static const uint8_t hello[8] = {0, 'S', 'P', 0, 0, 0x30, 0, 0};
    uint8_t answer[8];
    int fd = connect_to(fixture.nng_path);
    ck_assert_int_eq(send(fd, hello, sizeof hello, MSG_NOSIGNAL), sizeof hello);
    ck_assert_int_eq(recv(fd, answer, sizeof answer, MSG_WAITALL), sizeof answer);
    ck_assert_uint_eq(answer[5], 0x31);
    return fd;
}

static void raw_send(int fd, uint32_t id, const void *body, size_t size) {
    uint8_t head[13] = {1};
    for (int i = 0; i < 8; i++)
        head[1 + i] = (uint8_t)((uint64_t)(size + 4) >> (56 - 8 * i));
    for (int i = 0; i < 4; i++)
        head[9 + i] = (uint8_t)((id | 0x80000000u) >> (24 - 8 * i));
    ck_assert_int_eq(send(fd, head, sizeof head, MSG_NOSIGNAL), sizeof head);
    ck_assert_int_eq(send(fd, body, size, MSG_NOSIGNAL), (ssize_t)size);
}

START_TEST(a_client_without_a_library_is_answered) {
    fixture_run(&fixture);
    int fd = raw_open();
    raw_send(fd, 3, BYTES("\x94\x00\x05\xa9test.echo\x91\x81\xa5value\x07"));
    uint8_t answer[13 + 5];
    ck_assert_int_eq(recv(fd, answer, sizeof answer, MSG_WAITALL), sizeof answer);
    static const uint8_t expected[] = {1, 0, 0, 0, 0, 0, 0, 0, 9, 0x80, 0, 0, 3, 0x94, 1, 5, 0xc0, 7};
    ck_assert_mem_eq(answer, expected, sizeof expected);
    close(fd);
}
END_TEST

START_TEST(a_client_that_never_reads_loses_its_connection_and_disturbs_no_other) {
    fixture_run(&fixture);
    int deaf = raw_open();
    struct px_writer writer;
    px_writer_init(&writer, 0);
    write_request(&writer, 1, "test.big", "n", 60000);
    for (uint32_t i = 0; i < 40; i++)
        raw_send(deaf, i, writer.bytes, writer.size);
    px_writer_free(&writer);
    nng_socket other = req_open_local();
    while (req_number(other, "overflowed") == 0)
        ;
    while (req_number(other, "nng_connections") > 1)
        ;
    close(deaf);
    nng_close(other);
}
END_TEST

START_TEST(a_client_that_hangs_up_ends_the_call_that_waits) {
    fixture_run(&fixture);
    int fd = raw_open();
    raw_send(fd, 1, BYTES("\x94\x00\x05\xa9test.wait\x90"));
    nng_socket other = req_open_local();
    while (req_number(other, "waiting") == 0)
        ;
    close(fd);
    while (req_number(other, "gone") == 0)
        ;
    struct answer answer;
    req_ask(other, "test.release", NULL, 0, &answer); /* the late answer goes nowhere */
    answer_free(&answer);
    ck_assert_uint_eq(req_number(other, "waiting"), 0);
    nng_close(other);
}
END_TEST

START_TEST(connections_beyond_the_limit_are_closed) {
    fixture.config.connections_max = 2;
    fixture_run(&fixture);
    nng_socket other = req_open_local();
    ck_assert_uint_eq(req_number(other, "nng_connections"), 1);
    int first = raw_open();
    while (req_number(other, "nng_connections") < 2)
        ;
    int second = connect_to(fixture.nng_path);
    static const uint8_t hello[8] = {0, 'S', 'P', 0, 0, 0x30, 0, 0};
    ck_assert_int_eq(send(second, hello, sizeof hello, MSG_NOSIGNAL), sizeof hello);
    uint8_t byte[9];
    ck_assert_int_lt(recv(second, byte, sizeof byte, MSG_WAITALL), (ssize_t)sizeof byte); /* the end of the stream */
    ck_assert_uint_ge(req_number(other, "refused"), 1);
    close(first);
    close(second);
    nng_close(other);
}
END_TEST

START_TEST(a_request_beyond_the_size_limit_closes_the_connection_and_the_server_lives) {
    fixture_run(&fixture);
    int fd = raw_open();
    static const uint8_t head[9] = {1, 0, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff};
    ck_assert_int_eq(send(fd, head, sizeof head, MSG_NOSIGNAL), sizeof head);
    uint8_t byte;
    ck_assert_int_le(recv(fd, &byte, 1, 0), 0);
    close(fd);
    nng_socket other = req_open_local();
    ck_assert_uint_eq(req_number(other, "touched"), 0);
    nng_close(other);
}
END_TEST

START_TEST(a_further_url_on_loopback_may_look_and_not_act) {
    static const char *urls[] = {"tcp://127.0.0.1:0"};
    char path[64];
    /* A port of the system's choice cannot be asked for by a fixed URL: find a free one first. */
    nng_socket probe;
    nng_listener listener;
    nng_sockaddr address;
    ck_assert_int_eq(nng_req0_open(&probe), 0);
    ck_assert_int_eq(nng_listen(probe, urls[0], &listener, 0), 0);
    ck_assert_int_eq(nng_listener_get_addr(listener, NNG_OPT_LOCADDR, &address), 0);
    unsigned port = (unsigned)(address.s_in.sa_port >> 8 | (address.s_in.sa_port & 0xff) << 8);
    nng_close(probe);
    snprintf(path, sizeof path, "tcp://127.0.0.1:%u", port);
    const char *listen[] = {path};
    fixture.config.listen = listen;
    fixture.config.listen_count = 1;
    fixture_run(&fixture);
    nng_socket socket = req_open(path);
    ck_assert_uint_eq(req_number(socket, "touched"), 0);
    struct answer answer;
    req_ask(socket, "test.touch", NULL, 0, &answer);
    assert_error(&answer.document.root, "E_ACCESS", "control");
    answer_free(&answer);
    nng_close(socket);
}
END_TEST

static const struct {
    const char *url;
    int code;
} refused[] = {
    {"tcp://0.0.0.0:7777", PX_E_ACCESS},
    {"tcp://*:7777", PX_E_ACCESS},
    {"tcp://:7777", PX_E_ACCESS},
    {"ws://192.168.1.1:80/x", PX_E_ACCESS},
    {"tls+tcp://0.0.0.0:1", PX_E_ACCESS},
    {"wss://0.0.0.0:1/x", PX_E_ACCESS},
    {"tcp://localhost.evil.org:1", PX_E_ACCESS},
    {"inproc://x", PX_E_UNSUPPORTED},
    {"nonsense", PX_E_PARAM},
    {"tcp://127.0.0.1.evil.org:1", PX_E_ACCESS},
};
enum { REFUSED = sizeof refused / sizeof refused[0] };

START_TEST(a_url_off_loopback_does_not_start) {
    const char *listen[] = {refused[_i].url};
    fixture.config.listen = listen;
    fixture.config.listen_count = 1;
    struct px_error error = {0};
    ck_assert_int_eq(rpc_open(&fixture.config, &fixture.rpc, &error), refused[_i].code);
    ck_assert_ptr_nonnull(strstr(error.message, refused[_i].url));
    fixture.rpc = NULL;
}
END_TEST

START_TEST(what_waits_when_the_daemon_ends_is_answered_cancelled) {
    fixture_run(&fixture);
    nng_socket socket = req_open_local(), other = req_open_local();
    ck_assert_int_eq(nng_send(socket, (void *)(uintptr_t) "\x94\x00\x05\xa9test.wait\x90", 14, 0), 0);
    while (req_number(other, "waiting") == 0)
        ;
    fixture_stop(&fixture);
    rpc_close(fixture.rpc);
    fixture.rpc = NULL;
    struct answer answer;
    req_receive(socket, &answer);
    assert_error(&answer.document.root, "E_CANCELLED", "ends");
    answer_free(&answer);
    nng_close(socket);
    nng_close(other);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("nng_server");
    TCase *cases = tcase_create("nng_server");
    tcase_set_timeout(cases, 60);
    tcase_add_checked_fixture(cases, set_up, tear_down);
    tcase_add_test(cases, a_request_is_answered_and_its_peer_is_known_by_uid);
    tcase_add_test(cases, a_notification_is_answered_by_an_empty_message);
    tcase_add_loop_test(cases, garbage_is_answered_without_an_id_and_the_connection_goes_on, 0,
                        sizeof garbage / sizeof garbage[0]);
    tcase_add_test(cases, subscribing_is_not_supported_here);
    tcase_add_test(cases, two_hundred_requests_that_wait_do_not_starve_one_more_and_are_all_answered);
    tcase_add_test(cases, a_client_without_a_library_is_answered);
    tcase_add_test(cases, a_client_that_never_reads_loses_its_connection_and_disturbs_no_other);
    tcase_add_test(cases, a_client_that_hangs_up_ends_the_call_that_waits);
    tcase_add_test(cases, connections_beyond_the_limit_are_closed);
    tcase_add_test(cases, a_request_beyond_the_size_limit_closes_the_connection_and_the_server_lives);
    tcase_add_test(cases, a_further_url_on_loopback_may_look_and_not_act);
    tcase_add_loop_test(cases, a_url_off_loopback_does_not_start, 0, REFUSED);
    tcase_add_test(cases, what_waits_when_the_daemon_ends_is_answered_cancelled);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
