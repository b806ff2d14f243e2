#include "daemon/frame/announce.h"
#include "daemon/frame/board.h"
#include "proto/value.h"

#include <check.h>
#include <nng/nng.h>
#include <nng/protocol/pubsub0/sub.h>
#include <nng/protocol/reqrep0/req.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* nng is opened in the test's own process only: it does not survive a fork. */

enum { MB = 1 << 20 };

static char directory[] = "/tmp/pxd-announce-XXXXXX";
static char path[64];
static struct slab_store *store;
static struct board *board;

static void set_up(void) {
    ck_assert_ptr_nonnull(mkdtemp(directory));
    snprintf(path, sizeof path, "%s/frames.nng", directory);
    struct slab_store_config config = {.first_arena_bytes = 4 * MB, .arena_bytes = 4 * MB, .budget_bytes = 4 * MB};
    ck_assert_int_eq(slab_store_create(&config, &store, NULL), 0);
    ck_assert_int_eq(board_create(99, 1, &board, NULL), 0);
}

static void tear_down(void) {
    board_destroy(board);
    slab_store_destroy(store);
    unlink(path);
    rmdir(directory);
}

static const struct frame *published(uint64_t n, size_t layer_count) {
    struct slab *slab;
    struct frame_layer layers[100];
    ck_assert_int_eq(slab_reserve(store, 64, &slab, NULL), 0);
    slab_seal(slab, PX_SLAB_GEOMETRY, 192, (struct px_signature){n, n});
    for (size_t i = 0; i < layer_count; i++)
        layers[i] = (struct frame_layer){.slab = slab, .name = "layer"};
    struct frame_info info = {.sketch = "waves", .frame = n, .t = 0.5};
    struct frame *frame;
    ck_assert_int_eq(frame_create(store, &info, layers, layer_count, &frame, NULL), 0);
    slab_unref(slab);
    ck_assert_int_eq(board_publish(board, frame, NULL), 0);
    return frame;
}

/* Waits for what nng's threads tell. */
struct counted {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    size_t count;
};
static struct counted counted = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0};

static void note_count(void *argument, size_t count) {
    (void)argument;
    pthread_mutex_lock(&counted.lock);
    counted.count = count;
    pthread_cond_signal(&counted.changed);
    pthread_mutex_unlock(&counted.lock);
}

static void wait_for_count(size_t count) {
    pthread_mutex_lock(&counted.lock);
    while (counted.count != count)
        pthread_cond_wait(&counted.changed, &counted.lock);
    pthread_mutex_unlock(&counted.lock);
}

static struct announce *opened(void) {
    struct announce *announce;
    struct px_error error = {0};
    ck_assert_msg(announce_open(path, 99, note_count, NULL, &announce, &error) == 0, "%s", error.message);
    return announce;
}

static nng_socket subscribed(void) {
    nng_socket socket;
    char url[80];
    snprintf(url, sizeof url, "ipc://%s", path);
    ck_assert_int_eq(nng_sub0_open(&socket), 0);
    ck_assert_int_eq(nng_socket_set(socket, NNG_OPT_SUB_SUBSCRIBE, "", 0), 0);
    ck_assert_int_eq(nng_dial(socket, url, NULL, 0), 0);
    return socket;
}

static uint64_t uint_at(const struct px_value *map, const char *key) {
    const struct px_value *value = px_value_get(map, key);
    ck_assert_ptr_nonnull(value);
    ck_assert_int_eq(value->type, PX_UINT);
    return value->uinteger;
}

#ifdef __SANITIZE_THREAD__
/* nng counts a message's references by atomics in its own code, which TSan does not see: that a message is freed by the
 * thread that sent it after another has written it to the socket looks like a race. In this program only. */
__attribute__((visibility("default"))) const char *__tsan_default_suppressions(void);
const char *__tsan_default_suppressions(void) {
    return "race:libnng.so\n";
}
#endif

START_TEST(a_subscriber_hears_of_a_frame_and_where_its_slab_is) {
    struct announce *announce = opened();
    nng_socket sub = subscribed();
    wait_for_count(1);
    const struct frame *frame = published(17, 1);
    announce_frame(announce, frame);
    void *bytes;
    size_t size;
    ck_assert_int_eq(nng_recv(sub, &bytes, &size, NNG_FLAG_ALLOC), 0);
    ck_assert_uint_eq(announce_bytes(announce), size);
    struct px_document document = {0};
    ck_assert_int_eq(px_value_decode(bytes, size, &PX_LIMITS_DEFAULT, &document, NULL), 0);
    ck_assert_uint_eq(document.root.count, 3);
    ck_assert_uint_eq(document.root.items[0].uinteger, 2);
    ck_assert(px_value_is_string(&document.root.items[1], "frame"));
    const struct px_value *map = &document.root.items[2].items[0], *slab = px_value_get(map, "slab");
    ck_assert_uint_eq(uint_at(map, "session"), 99);
    ck_assert_uint_eq(uint_at(map, "frame"), 17);
    ck_assert(px_value_is_string(px_value_get(map, "sketch"), "waves"));
    ck_assert(px_value_get(map, "t")->real == 0.5);
    ck_assert_uint_eq(uint_at(slab, "arena"), frame_handle(frame).arena);
    ck_assert_uint_eq(uint_at(slab, "offset"), frame_handle(frame).offset);
    ck_assert_uint_eq(uint_at(slab, "size"), frame_handle(frame).size);
    ck_assert_uint_eq(uint_at(slab, "generation"), frame_handle(frame).generation);
    px_document_free(&document);
    nng_free(bytes, size);
    nng_close(sub);
    wait_for_count(0);
    announce_close(announce);
}
END_TEST

START_TEST(the_size_of_a_message_depends_on_neither_layers_nor_numbers) {
    struct announce *announce = opened();
    nng_socket sub = subscribed();
    wait_for_count(1);
    const uint64_t frames[] = {1, 1000000, UINT64_MAX};
    const size_t layers[] = {0, 1, 100};
    size_t first = 0;
    for (int i = 0; i < 3; i++) {
        announce_frame(announce, published(frames[i], layers[i]));
        void *bytes;
        size_t size;
        ck_assert_int_eq(nng_recv(sub, &bytes, &size, NNG_FLAG_ALLOC), 0);
        nng_free(bytes, size);
        first = first == 0 ? size : first;
        ck_assert_uint_eq(size, first);
    }
    nng_close(sub);
    announce_close(announce);
}
END_TEST

/* A subscriber by hand, which never reads: a SUB socket of nng would read ahead (and 1.5.2 may hang in nng_close while
 * messages stream in). */
static int subscribed_by_hand(void) {
    static const char greeting[8] = {0, 'S', 'P', 0, 0, 0x21, 0, 0};
    char answer[8];
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strcpy(address.sun_path, path);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    ck_assert_int_eq(connect(fd, (const struct sockaddr *)&address, sizeof address), 0);
    ck_assert_int_eq(write(fd, greeting, sizeof greeting), sizeof greeting);
    ck_assert_int_eq(recv(fd, answer, sizeof answer, MSG_WAITALL), sizeof answer);
    return fd;
}

START_TEST(a_subscriber_that_does_not_read_blocks_nobody) {
    struct announce *announce = opened();
    int stuck = subscribed_by_hand();
    wait_for_count(1);
    const struct frame *frame = published(1, 1);
    for (int i = 0; i < 20000; i++)
        announce_frame(announce, frame);
    ck_assert_uint_eq(announce_bytes(announce) % 20000, 0);
    ck_assert_uint_gt(announce_bytes(announce), 0);
    close(stuck);
    wait_for_count(0);
    announce_close(announce);
}
END_TEST

START_TEST(a_stranger_of_another_protocol_is_no_subscriber) {
    struct announce *announce = opened();
    nng_socket req, sub;
    char url[80];
    snprintf(url, sizeof url, "ipc://%s", path);
    ck_assert_int_eq(nng_req0_open(&req), 0);
    nng_dial(req, url, NULL, 0);
    sub = subscribed();
    wait_for_count(1);
    ck_assert_uint_eq(announce_subscribers(announce), 1);
    nng_close(req);
    nng_close(sub);
    wait_for_count(0);
    announce_close(announce);
}
END_TEST

START_TEST(a_stale_file_is_taken_over_and_a_live_one_is_not) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strcpy(address.sun_path, path);
    int dead = socket(AF_UNIX, SOCK_STREAM, 0);
    ck_assert_int_eq(bind(dead, (const struct sockaddr *)&address, sizeof address), 0);
    ck_assert_int_eq(listen(dead, 1), 0);
    close(dead);
    struct announce *announce = opened(), *second = NULL;
    struct stat file;
    ck_assert_int_eq(stat(path, &file), 0);
    ck_assert_uint_eq(file.st_mode & 0777, 0660);
    ck_assert_int_eq(announce_open(path, 99, NULL, NULL, &second, NULL), PX_E_EXISTS);
    ck_assert_ptr_null(second);
    announce_close(announce);
    ck_assert_int_ne(stat(path, &file), 0);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("announce");
    TCase *tests = tcase_create("announce");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, a_subscriber_hears_of_a_frame_and_where_its_slab_is);
    tcase_add_test(tests, the_size_of_a_message_depends_on_neither_layers_nor_numbers);
    tcase_add_test(tests, a_subscriber_that_does_not_read_blocks_nobody);
    tcase_add_test(tests, a_stranger_of_another_protocol_is_no_subscriber);
    tcase_add_test(tests, a_stale_file_is_taken_over_and_a_live_one_is_not);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
