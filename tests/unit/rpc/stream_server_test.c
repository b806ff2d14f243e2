#include "tests/unit/rpc/fixture.h"

#include <sys/stat.h>

static struct fixture fixture;

static void set_up(void) {
    fixture_init(&fixture);
}
static void tear_down(void) {
    fixture_fini(&fixture);
}

START_TEST(a_request_is_answered_with_its_id_and_an_error_with_its_name) {
    fixture_run(&fixture);
    struct client client = client_open(&fixture);
    client_request(&client, 7, "test.echo", "value", -5);
    ck_assert(client_read(&client));
    ck_assert_uint_eq(reply_id(&client), 7);
    ck_assert_int_eq(reply_result(&client)->integer, -5);
    client_request(&client, 4294967295u, "test.fail", NULL, 0);
    ck_assert(client_read(&client));
    ck_assert_uint_eq(reply_id(&client), 4294967295u);
    assert_error(&client.reply.root, "E_KERNEL", "twist");
    client_close(&client);
}
END_TEST

START_TEST(pipelined_requests_are_all_answered) {
    enum { MANY = 5000 };
    fixture_run(&fixture);
    struct client client = client_open(&fixture);
    struct px_writer writer;
    px_writer_init(&writer, 0);
    for (unsigned i = 0; i < MANY; i++)
        write_request(&writer, i, "test.echo", "value", (int64_t)i * i);
    client_send(&client, writer.bytes, writer.size);
    px_writer_free(&writer);
    for (unsigned i = 0; i < MANY; i++) {
        ck_assert(client_read(&client));
        ck_assert_uint_eq(reply_id(&client), i);
        ck_assert_uint_eq(reply_result(&client)->uinteger, (uint64_t)i * i);
    }
    client_close(&client);
}
END_TEST

START_TEST(a_request_written_byte_by_byte_is_answered_while_others_are) {
    fixture_run(&fixture);
    struct client slow = client_open(&fixture), other = client_open(&fixture);
    struct px_writer writer;
    px_writer_init(&writer, 0);
    write_request(&writer, 1, "test.echo", "value", 123456);
    for (size_t i = 0; i < writer.size; i++) {
        client_send(&slow, writer.bytes + i, 1);
        client_request(&other, i, "test.echo", "value", 1);
        ck_assert(client_read(&other));
    }
    px_writer_free(&writer);
    ck_assert(client_read(&slow));
    ck_assert_uint_eq(reply_result(&slow)->uinteger, 123456);
    client_close(&slow);
    client_close(&other);
}
END_TEST

START_TEST(messages_around_the_size_of_a_read_arrive_whole) {
    static const size_t sizes[] = {1, 32 * 1024 - 40, 32 * 1024, 64 * 1024, 200000, 1000000};
    fixture_run(&fixture);
    struct client client = client_open(&fixture);
    struct px_writer writer;
    px_writer_init(&writer, 0);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        write_head(&writer, i, "test.echo", true);
        px_write_map(&writer, 1);
        px_key(&writer, "value");
        memset(px_write_bin_begin(&writer, sizes[i]), (int)i + 1, sizes[i]);
    }
    client_send(&client, writer.bytes, writer.size);
    px_writer_free(&writer);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        ck_assert(client_read(&client));
        ck_assert_uint_eq(reply_id(&client), i);
        const struct px_value *result = reply_result(&client);
        ck_assert_uint_eq(result->count, sizes[i]);
        bool same = true;
        for (uint32_t j = 0; j < result->count; j++)
            same = same && result->bytes[j] == i + 1;
        ck_assert(same);
    }
    client_close(&client);
}
END_TEST

START_TEST(an_answer_that_comes_later_holds_up_no_other) {
    fixture_run(&fixture);
    struct client client = client_open(&fixture);
    client_request(&client, 1, "test.wait", NULL, 0);
    client_request(&client, 2, "test.echo", "value", 5);
    ck_assert(client_read(&client));
    ck_assert_uint_eq(reply_id(&client), 2);
    client_request(&client, 3, "test.release", NULL, 0);
    ck_assert(client_read(&client));
    ck_assert_uint_eq(reply_id(&client), 1);
    ck_assert(client_read(&client));
    ck_assert_uint_eq(reply_id(&client), 3);
    client_close(&client);
}
END_TEST

START_TEST(after_half_close_what_waits_is_still_answered_and_then_the_stream_ends) {
    fixture_run(&fixture);
    struct client client = client_open(&fixture), other = client_open(&fixture);
    client_request(&client, 1, "test.wait", NULL, 0);
    client_request(&client, 2, "test.wait", NULL, 0);
    shutdown(client.fd, SHUT_WR);
    await_number(&other, "waiting", 2);
    client_request(&other, 3, "test.release", NULL, 0);
    ck_assert(client_read(&client));
    ck_assert_uint_eq(reply_id(&client), 1);
    ck_assert(client_read(&client));
    ck_assert_uint_eq(reply_id(&client), 2);
    ck_assert(!client_read(&client));
    ck_assert_uint_eq(ask_number(&other, "gone"), 0);
    client_close(&client);
    client_close(&other);
}
END_TEST

START_TEST(a_client_that_hangs_up_ends_its_calls_and_attachments) {
    fixture_run(&fixture);
    struct client client = client_open(&fixture), other = client_open(&fixture);
    client_request(&client, 1, "test.attach", NULL, 0);
    ck_assert(client_read(&client));
    ck_assert(!reply_result(&client)->boolean);
    client_request(&client, 2, "test.attach", NULL, 0);
    ck_assert(client_read(&client));
    ck_assert(reply_result(&client)->boolean);
    client_request(&client, 3, "test.wait", NULL, 0);
    await_number(&other, "waiting", 1);
    client_close(&client);
    await_number(&other, "gone", 1);
    ck_assert_uint_eq(ask_number(&other, "closed"), 1);
    ck_assert_uint_eq(ask_number(&other, "connections"), 1);
    client_request(&other, 4, "test.release", NULL, 0); /* its answer goes nowhere */
    ck_assert(client_read(&other));
    client_close(&other);
}
END_TEST

#define BYTES(text) text, sizeof text - 1
static const struct {
    const char *bytes;
    size_t size;
    const char *name, *says;
} garbage[] = {
    {BYTES("\xc1"), "E_PROTOCOL", "0xc1"},
    {BYTES("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), "E_PROTOCOL", "no request"},
    {BYTES("\x94\x00\x01\xa1x"), "E_PROTOCOL", "truncated"}, /* with the half-close */
    {BYTES("\x94\x01\x01\xc0\xc0"), "E_PROTOCOL", "no request"},
    {BYTES("\x94\x00\xff\xa1x\x90"), "E_PROTOCOL", "no request"}, /* a negative id */
    {BYTES("\xdd\xff\xff\xff\xff"), "E_LIMIT", "values"},
    {BYTES("\xc6\x7f\xff\xff\xff"), "E_LIMIT", "bytes"},
    {BYTES("\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91"
           "\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91"),
     "E_LIMIT", "lists and maps"},
    {BYTES("\x94\x00\x01\xa1\xff\x90"), "E_PROTOCOL", "UTF-8"},
    {BYTES("\x94\x00\x01\xa1x\x91\x82\xa1"
           "a\x01\xa1"
           "a\x02"),
     "E_PROTOCOL", "twice"},
};
enum { GARBAGE = sizeof garbage / sizeof garbage[0] };

START_TEST(bytes_that_are_no_message_are_answered_without_an_id_and_the_stream_ends) {
    fixture_run(&fixture);
    struct client client = client_open(&fixture);
    client_request(&client, 5, "test.echo", "value", 1); /* what came before is answered before */
    client_send(&client, garbage[_i].bytes, garbage[_i].size);
    shutdown(client.fd, SHUT_WR);
    ck_assert(client_read(&client));
    ck_assert_uint_eq(reply_id(&client), 5);
    ck_assert(client_read(&client));
    ck_assert_int_eq(client.reply.root.items[1].type, PX_NIL);
    assert_error(&client.reply.root, garbage[_i].name, garbage[_i].says);
    ck_assert(!client_read(&client));
    client_close(&client);
}
END_TEST

static const struct {
    const char *bytes;
    size_t size;
    const char *name, *says;
} wrong[] = {
    {BYTES("\x94\x00\x09\xa9test.ecko\x90"), "E_METHOD", "did you mean test.echo"},
    {BYTES("\x94\x00\x09\xa1?\x90"), "E_METHOD", "server.describe"},
    {BYTES("\x94\x00\x09\xa0\x90"), "E_METHOD", "server.describe"},
    {BYTES("\x94\x00\x09\x01\x90"), "E_PROTOCOL", "method"},
    {BYTES("\x94\x00\x09\xa9test.echo\xc0"), "E_PROTOCOL", "params"},
    {BYTES("\x94\x00\x09\xa9test.echo\x91\x01"), "E_TYPE", "params"},
    {BYTES("\x94\x00\x09\xa9test.echo\x92\x80\x80"), "E_TYPE", "params"},
    {BYTES("\x94\x00\x09\xa8test.big\x90"), "E_PARAM", "n: missing"},
    {BYTES("\x94\x00\x09\xa8test.big\x91\x82\xa1n\x01\xa1m\x01"), "E_PARAM", "m: unknown"},
    {BYTES("\x94\x00\x09\xa8test.big\x91\x81\xa1n\xff"), "E_RANGE", "n: "},
    {BYTES("\x94\x00\x09\xa8test.big\x91\x81\xa1n\xa1x"), "E_TYPE", "n: "},
    {BYTES("\x94\x00\x09\xa8test.big\x91\x81\xa1n\xce\x3b\x9a\xca\x00"), "E_LIMIT", "bytes"}, /* a result too large */
    {BYTES("\x94\x00\x09\xaatest.touch\x91\x81\xa1n\x01"), "E_PARAM", "n: unknown"},
};
enum { WRONG = sizeof wrong / sizeof wrong[0] };

START_TEST(a_wrong_request_is_answered_with_its_id_and_the_stream_goes_on) {
    fixture_run(&fixture);
    struct client client = client_open(&fixture);
    client_send(&client, wrong[_i].bytes, wrong[_i].size);
    ck_assert(client_read(&client));
    ck_assert_uint_eq(reply_id(&client), 9);
    assert_error(&client.reply.root, wrong[_i].name, wrong[_i].says);
    client_request(&client, 10, "test.echo", "value", 1);
    ck_assert(client_read(&client));
    ck_assert_uint_eq(reply_result(&client)->uinteger, 1);
    client_close(&client);
}
END_TEST

START_TEST(a_token_is_accepted_and_ignored) {
    static const char bytes[] = "\x94\x00\x09\xaatest.touch\x91\x81\xa5token\xa1t";
    fixture_run(&fixture);
    struct client client = client_open(&fixture);
    client_send(&client, bytes, sizeof bytes - 1);
    ck_assert(client_read(&client));
    ck_assert_int_eq(reply_result(&client)->type, PX_MAP);
    client_close(&client);
}
END_TEST

START_TEST(notifications_are_carried_out_without_an_answer_even_when_they_fail) {
    static const char bytes[] = "\x93\x02\xaatest.touch\x90\x93\x02\xa9test.fail\x90\x93\x02\xa7nothing\x90"
                                "\x93\x02\xaatest.touch\x90";
    fixture_run(&fixture);
    struct client client = client_open(&fixture);
    client_send(&client, bytes, sizeof bytes - 1);
    client_request(&client, 3, "test.echo", "value", 1);
    ck_assert(client_read(&client));
    ck_assert_uint_eq(reply_id(&client), 3);
    ck_assert_uint_eq(ask_number(&client, "touched"), 2);
    client_close(&client);
}
END_TEST

START_TEST(requests_beyond_the_limit_of_outstanding_ones_are_refused_at_once) {
    fixture.config.requests_max = 4;
    fixture_run(&fixture);
    struct client client = client_open(&fixture);
    for (unsigned i = 0; i < 5; i++)
        client_request(&client, i, "test.wait", NULL, 0);
    ck_assert(client_read(&client));
    ck_assert_uint_eq(reply_id(&client), 4);
    assert_error(&client.reply.root, "E_LIMIT", "4 requests");
    client_close(&client);
}
END_TEST

START_TEST(a_message_beyond_the_limit_is_refused_before_it_has_come) {
    fixture_run(&fixture);
    struct client client = client_open(&fixture);
    static const char bytes[] = "\x94\x00\x09\xa9test.echo\x91\x81\xa5value\xc6\x00\x20\x00\x00";
    client_send(&client, bytes, sizeof bytes - 1);
    ck_assert(client_read(&client));
    ck_assert_int_eq(client.reply.root.items[1].type, PX_NIL);
    assert_error(&client.reply.root, "E_LIMIT", "1048576 bytes");
    ck_assert(!client_read(&client));
    client_close(&client);
}
END_TEST

START_TEST(a_connection_too_many_gets_one_answer_and_the_others_stay) {
    fixture.config.connections_max = 2;
    fixture_run(&fixture);
    struct client first = client_open(&fixture), second = client_open(&fixture);
    ck_assert_uint_eq(ask_number(&first, "touched"), 0);
    ck_assert_uint_eq(ask_number(&second, "connections"), 2);
    struct client third = client_open(&fixture);
    ck_assert(client_read(&third));
    ck_assert_int_eq(third.reply.root.items[1].type, PX_NIL);
    assert_error(&third.reply.root, "E_LIMIT", "2 connections");
    ck_assert(!client_read(&third));
    client_close(&third);
    client_close(&second);
    while (ask_number(&first, "connections") == 2)
        ;
    ck_assert_uint_eq(ask_number(&first, "refused"), 1);
    third = client_open(&fixture);
    ck_assert_uint_eq(ask_number(&third, "connections"), 2);
    client_close(&third);
    client_close(&first);
}
END_TEST

START_TEST(a_client_that_never_reads_is_closed_at_its_limit_and_disturbs_no_other) {
    fixture_run(&fixture);
    struct client deaf = client_open(&fixture), other = client_open(&fixture);
    for (unsigned i = 0; i < 16; i++) {
        client_request(&other, i, "test.echo", "value", 1);
        if (i < 3) /* 3 MB each, of 8 that may wait */
            client_request(&deaf, i, "test.big", "n", 3 << 20);
        ck_assert(client_read(&other));
        ck_assert_uint_eq(reply_id(&other), i);
    }
    await_number(&other, "overflowed", 1);
    ck_assert_uint_eq(ask_number(&other, "connections"), 1);
    client_close(&deaf);
    client_close(&other);
}
END_TEST

START_TEST(two_hundred_clients_at_once_are_all_answered) {
    enum { MANY = 200 };
    fixture.config.connections_max = MANY;
    fixture_run(&fixture);
    static struct client clients[MANY];
    for (unsigned i = 0; i < MANY; i++)
        clients[i] = client_open(&fixture);
    for (unsigned i = 0; i < MANY; i++)
        client_request(&clients[i], i, "test.echo", "value", i);
    for (unsigned i = MANY; i-- > 0;) {
        ck_assert(client_read(&clients[i]));
        ck_assert_uint_eq(reply_id(&clients[i]), i);
        client_close(&clients[i]);
    }
}
END_TEST

static void subscribe(struct client *client, const char *method, const char *topic) {
    struct px_writer writer;
    px_writer_init(&writer, 0);
    write_head(&writer, 1, method, true);
    px_write_map(&writer, 1);
    px_key(&writer, "topics");
    px_write_array(&writer, 1);
    px_write_string(&writer, topic);
    client_send(client, writer.bytes, writer.size);
    px_writer_free(&writer);
    ck_assert(client_read(client));
}

START_TEST(a_subscriber_is_notified_until_it_unsubscribes_and_others_are_not) {
    fixture_run(&fixture);
    struct client client = client_open(&fixture), other = client_open(&fixture);
    subscribe(&client, "subscribe", "sketch");
    ck_assert(px_value_is_string(&px_value_get(reply_result(&client), "topics")->items[0], "sketch"));
    client_request(&other, 2, "test.notify", "n", 1);
    ck_assert(client_read(&other));
    ck_assert_uint_eq(reply_result(&other)->uinteger, 1);
    ck_assert(client_read(&client));
    ck_assert_uint_eq(client.reply.root.count, 3);
    ck_assert_uint_eq(client.reply.root.items[0].uinteger, 2);
    ck_assert(px_value_is_string(&client.reply.root.items[1], "sketch"));
    ck_assert_uint_eq(client.reply.root.items[2].items[0].uinteger, 7);
    subscribe(&client, "unsubscribe", "sketch");
    ck_assert_uint_eq(px_value_get(reply_result(&client), "topics")->count, 0);
    client_request(&client, 3, "test.notify", "n", 1);
    ck_assert(client_read(&client));
    ck_assert_uint_eq(reply_id(&client), 3);
    subscribe(&client, "subscribe", "weather");
    assert_error(&client.reply.root, "E_RANGE", "topics[0]");
    client_close(&client);
    client_close(&other);
}
END_TEST

START_TEST(a_subscriber_that_does_not_read_loses_notifications_and_keeps_its_connection) {
    fixture_run(&fixture);
    struct client deaf = client_open(&fixture), other = client_open(&fixture);
    subscribe(&deaf, "subscribe", "sketch");
    client_request(&other, 2, "test.notify", "n", 150000);
    ck_assert(client_read(&other));
    ck_assert_uint_gt(ask_number(&other, "dropped"), 0);
    ck_assert_uint_eq(ask_number(&other, "connections"), 2);
    client_request(&deaf, 5, "test.echo", "value", 3);
    do
        ck_assert(client_read(&deaf));
    while (deaf.reply.root.count == 3);
    ck_assert_uint_eq(reply_id(&deaf), 5);
    client_close(&deaf);
    client_close(&other);
}
END_TEST

START_TEST(what_waits_when_the_daemon_ends_is_answered_cancelled) {
    fixture_run(&fixture);
    struct client client = client_open(&fixture);
    client_request(&client, 1, "test.wait", NULL, 0);
    ck_assert_uint_eq(ask_number(&client, "waiting"), 1);
    fixture_stop(&fixture);
    rpc_close(fixture.rpc);
    fixture.rpc = NULL;
    ck_assert(client_read(&client));
    ck_assert_uint_eq(reply_id(&client), 1);
    assert_error(&client.reply.root, "E_CANCELLED", "ends");
    loop_drain(fixture.loop);
    ck_assert(!client_read(&client));
    client_close(&client);
}
END_TEST

START_TEST(a_live_socket_is_left_alone_a_stale_one_is_taken_over_a_file_is_not_touched) {
    struct stat entry;
    struct rpc *second = NULL;
    fixture_open(&fixture);
    ck_assert_int_eq(stat(fixture.stream_path, &entry), 0);
    ck_assert_uint_eq(entry.st_mode & 0777, 0660);
    ck_assert_int_eq(rpc_open(&fixture.config, &second, NULL), PX_E_EXISTS);
    rpc_close(fixture.rpc);
    fixture.rpc = NULL;
    ck_assert_int_ne(stat(fixture.stream_path, &entry), 0);

    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", fixture.stream_path);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    close(fd); /* its file stays, as after kill -9 */
    fixture_open(&fixture);
    rpc_close(fixture.rpc);
    fixture.rpc = NULL;

    fclose(fopen(fixture.stream_path, "w"));
    ck_assert_int_eq(rpc_open(&fixture.config, &second, NULL), PX_E_EXISTS);
    ck_assert_int_eq(stat(fixture.stream_path, &entry), 0);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("stream_server");
    TCase *cases = tcase_create("stream_server");
    tcase_set_timeout(cases, 60);
    tcase_add_checked_fixture(cases, set_up, tear_down);
    tcase_add_test(cases, a_request_is_answered_with_its_id_and_an_error_with_its_name);
    tcase_add_test(cases, pipelined_requests_are_all_answered);
    tcase_add_test(cases, a_request_written_byte_by_byte_is_answered_while_others_are);
    tcase_add_test(cases, messages_around_the_size_of_a_read_arrive_whole);
    tcase_add_test(cases, an_answer_that_comes_later_holds_up_no_other);
    tcase_add_test(cases, after_half_close_what_waits_is_still_answered_and_then_the_stream_ends);
    tcase_add_test(cases, a_client_that_hangs_up_ends_its_calls_and_attachments);
    tcase_add_loop_test(cases, bytes_that_are_no_message_are_answered_without_an_id_and_the_stream_ends, 0, GARBAGE);
    tcase_add_loop_test(cases, a_wrong_request_is_answered_with_its_id_and_the_stream_goes_on, 0, WRONG);
    tcase_add_test(cases, a_token_is_accepted_and_ignored);
    tcase_add_test(cases, notifications_are_carried_out_without_an_answer_even_when_they_fail);
    tcase_add_test(cases, requests_beyond_the_limit_of_outstanding_ones_are_refused_at_once);
    tcase_add_test(cases, a_message_beyond_the_limit_is_refused_before_it_has_come);
    tcase_add_test(cases, a_connection_too_many_gets_one_answer_and_the_others_stay);
    tcase_add_test(cases, a_client_that_never_reads_is_closed_at_its_limit_and_disturbs_no_other);
    tcase_add_test(cases, two_hundred_clients_at_once_are_all_answered);
    tcase_add_test(cases, a_subscriber_is_notified_until_it_unsubscribes_and_others_are_not);
    tcase_add_test(cases, a_subscriber_that_does_not_read_loses_notifications_and_keeps_its_connection);
    tcase_add_test(cases, what_waits_when_the_daemon_ends_is_answered_cancelled);
    tcase_add_test(cases, a_live_socket_is_left_alone_a_stale_one_is_taken_over_a_file_is_not_touched);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
