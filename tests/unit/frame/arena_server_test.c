#include "daemon/frame/arena_server.h"
#include "proto/writer.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { KB = 1024, MB = 1 << 20, CLIENTS_MAX = 3 };

static char directory[] = "/tmp/pxd-arena-XXXXXX";
static char path[64];
static struct slab_store *store;
static struct board *board;
static struct loop *loop;
static struct arena_server *server;
static size_t clients_told;

static void note_clients(void *argument, size_t count) {
    (void)argument;
    clients_told = count;
}

static int open_server(struct arena_server **out, struct px_error *error) {
    struct arena_server_config config = {.path = path,
                                         .loop = loop,
                                         .store = store,
                                         .board = board,
                                         .clients_max = CLIENTS_MAX,
                                         .clients_changed = note_clients};
    return arena_server_open(&config, out, error);
}

static void set_up(void) {
    ck_assert_ptr_nonnull(mkdtemp(directory));
    snprintf(path, sizeof path, "%s/arena.sock", directory);
    struct slab_store_config config = {.first_arena_bytes = 64 * KB, .arena_bytes = 64 * KB, .budget_bytes = 6 * MB};
    ck_assert_int_eq(slab_store_create(&config, &store, NULL), 0);
    ck_assert_int_eq(board_create(4711, 1000000000, &board, NULL), 0);
    ck_assert_int_eq(loop_create(&loop, NULL), 0);
    struct px_error error = {0};
    ck_assert_msg(open_server(&server, &error) == 0, "%s", error.message);
}

static void tear_down(void) {
    arena_server_close(server);
    board_destroy(board);
    slab_store_destroy(store);
    loop_destroy(loop);
    rmdir(directory);
}

/* Lets the server do all that is to be done: each turn of the loop takes one event of a descriptor. */
static void serve(void) {
    for (int i = 0; i < 20; i++)
        loop_drain(loop);
}

/* ---- a client ------------------------------------------------------------------------------------------------- */

static int connected(void) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strcpy(address.sun_path, path);
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(connect(fd, (const struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static void say(int fd, uint64_t api, const char *role) {
    struct px_writer hello;
    px_writer_init(&hello, 0);
    px_write_map(&hello, 2);
    px_key(&hello, "api");
    px_write_uint(&hello, api);
    px_key(&hello, "role");
    px_write_string(&hello, role);
    ck_assert_int_eq(send(fd, hello.bytes, hello.size, MSG_NOSIGNAL), (ssize_t)hello.size);
    px_writer_free(&hello);
}

struct received {
    unsigned char bytes[16 * KB];
    ssize_t size; /* as recvmsg */
    int fds[64];
    size_t fd_count;
    struct px_document document;
};

static bool receive(int fd, struct received *received, int flags) {
    union {
        struct cmsghdr header;
        unsigned char bytes[CMSG_SPACE(64 * sizeof(int))];
    } control;
    struct iovec part = {received->bytes, sizeof received->bytes};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    received->size = recvmsg(fd, &message, flags | MSG_CMSG_CLOEXEC);
    received->fd_count = 0;
    received->document = (struct px_document){0};
    if (received->size <= 0)
        return false;
    ck_assert_int_eq(message.msg_flags & (MSG_TRUNC | MSG_CTRUNC), 0);
    struct cmsghdr *head = CMSG_FIRSTHDR(&message);
    if (head != NULL) {
        received->fd_count = (head->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        memcpy(received->fds, CMSG_DATA(head), received->fd_count * sizeof(int));
    }
    ck_assert_int_eq(px_value_decode(received->bytes, (size_t)received->size, &PX_LIMITS_DEFAULT, &received->document,
                                     NULL),
                     0);
    return true;
}

static void done_with(struct received *received) {
    for (size_t i = 0; i < received->fd_count; i++)
        close(received->fds[i]);
    px_document_free(&received->document);
}

static const struct px_value *at(const struct received *received, const char *key) {
    return px_value_get(&received->document.root, key);
}

/* Connects, says hello and takes the answer. */
static int greeted(const char *role, struct received *received) {
    int fd = connected();
    say(fd, ARENA_SERVER_API, role);
    serve();
    ck_assert(receive(fd, received, MSG_DONTWAIT));
    ck_assert_ptr_nonnull(at(received, "session"));
    return fd;
}

static bool hung_up(int fd) {
    char byte;
    ssize_t got = recv(fd, &byte, 1, MSG_DONTWAIT);
    return got == 0 || (got < 0 && errno == ECONNRESET);
}

static struct slab *sealed(size_t bytes, uint64_t n) {
    struct slab *slab;
    ck_assert_int_eq(slab_reserve(store, bytes, &slab, NULL), 0);
    slab_seal(slab, PX_SLAB_GEOMETRY, sizeof(struct px_slab_header) + bytes, (struct px_signature){n, n});
    return slab;
}

static void publish(uint64_t n) {
    struct slab *slab = sealed(1000, n);
    struct frame_layer layer = {.slab = slab};
    struct frame_info info = {.sketch = "a", .frame = n};
    struct frame *frame;
    ck_assert_int_eq(frame_create(store, &info, &layer, 1, &frame, NULL), 0);
    slab_unref(slab);
    ck_assert_int_eq(board_publish(board, frame, NULL), 0);
}

static uint64_t slabs(void) {
    struct slab_stats stats;
    slab_store_stats(store, &stats);
    return stats.slabs;
}

/* ---- hello ---------------------------------------------------------------------------------------------------- */

START_TEST(a_greeted_client_maps_board_lease_page_and_arenas) {
    struct received received;
    int fd = greeted("view", &received);
    ck_assert_uint_eq(received.fd_count, 4);
    ck_assert_uint_eq(at(&received, "session")->uinteger, 4711);
    ck_assert_uint_eq(at(&received, "pid")->uinteger, (uint64_t)getpid());
    uint64_t board_bytes = px_value_get(at(&received, "board"), "size")->uinteger;
    const struct px_value *arena = &at(&received, "arenas")->items[0];
    ck_assert_uint_eq(px_value_get(arena, "size")->uinteger, 64 * KB);
    struct px_board_header *header = mmap(NULL, board_bytes, PROT_READ, MAP_SHARED, received.fds[0], 0);
    ck_assert_ptr_ne(header, MAP_FAILED);
    ck_assert_uint_eq(header->session, 4711);
    ck_assert_ptr_ne(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, received.fds[1], 0), MAP_FAILED);
    publish(1);
    uint64_t count;
    ck_assert_int_eq(read(received.fds[2], &count, sizeof count), sizeof count);
    struct stat file;
    ck_assert_int_eq(fstat(received.fds[3], &file), 0);
    ck_assert_int_eq(file.st_size, 64 * KB);
    ck_assert_uint_eq(clients_told, 1);
    ck_assert_uint_eq(board_watchers(board), 1);
    done_with(&received);
    close(fd);
    serve();
    ck_assert_uint_eq(clients_told, 0);
    ck_assert_uint_eq(board_watchers(board), 0);
}
END_TEST

START_TEST(a_client_in_the_role_control_is_no_watcher) {
    struct received received;
    int fd = greeted("control", &received);
    ck_assert_uint_eq(board_watchers(board), 0);
    ck_assert_uint_eq(arena_server_clients(server), 1);
    done_with(&received);
    close(fd);
}
END_TEST

static void expect_refusal(int fd, const char *name) {
    struct received received;
    serve();
    ck_assert(receive(fd, &received, MSG_DONTWAIT));
    ck_assert(px_value_is_string(at(&received, "name"), name));
    ck_assert_uint_eq(received.fd_count, 0);
    done_with(&received);
    ck_assert(hung_up(fd));
    close(fd);
    ck_assert_uint_eq(arena_server_clients(server), 0);
}

START_TEST(a_hello_that_makes_no_sense_gets_an_error_and_the_end) {
    static const struct {
        const char *bytes, *name;
        size_t size;
    } cases[] = {
        {"\xC1", "E_PROTOCOL", 1},           {"\x82\xA3", "E_PROTOCOL", 2},
        {"GET / HTTP/1.1\r\n", "E_PROTOCOL", 16}, {"\xDF\xFF\xFF\xFF\xFF", "E_LIMIT", 5},
        {"\x80", "E_PARAM", 1},              {"\x01", "E_PARAM", 1},
        {"\x81\xA3"
         "api\x01",
         "E_PARAM", 6},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int fd = connected();
        ck_assert_int_eq(send(fd, cases[i].bytes, cases[i].size, 0), (ssize_t)cases[i].size);
        expect_refusal(fd, cases[i].name);
    }
    char large[2000] = {0};
    int fd = connected();
    ck_assert_int_eq(send(fd, large, sizeof large, 0), sizeof large);
    expect_refusal(fd, "E_LIMIT");
    fd = connected();
    say(fd, 2, "view");
    expect_refusal(fd, "E_UNSUPPORTED");
    fd = connected();
    say(fd, 1, "emperor");
    expect_refusal(fd, "E_RANGE");
}
END_TEST

START_TEST(a_client_that_speaks_after_its_hello_is_dropped) {
    struct received received;
    int fd = greeted("view", &received);
    done_with(&received);
    say(fd, 1, "view");
    serve();
    ck_assert(hung_up(fd));
    ck_assert_uint_eq(arena_server_clients(server), 0);
    close(fd);
}
END_TEST

START_TEST(past_the_limit_a_silent_connection_gives_way_and_then_the_newest_is_refused) {
    struct received received;
    int silent[CLIENTS_MAX], greeted_fds[CLIENTS_MAX];
    for (int i = 0; i < CLIENTS_MAX; i++)
        silent[i] = connected();
    serve();
    for (int i = 0; i < CLIENTS_MAX; i++) {
        greeted_fds[i] = greeted("view", &received);
        done_with(&received);
        ck_assert(hung_up(silent[i]));
    }
    int late = connected();
    say(late, ARENA_SERVER_API, "view");
    serve();
    ck_assert(receive(late, &received, MSG_DONTWAIT));
    ck_assert(px_value_is_string(at(&received, "name"), "E_LIMIT"));
    done_with(&received);
    ck_assert(hung_up(late));
    close(greeted_fds[0]);
    serve();
    close(late);
    late = greeted("view", &received);
    done_with(&received);
    close(late);
    for (int i = 0; i < CLIENTS_MAX; i++) {
        close(silent[i]);
        if (i > 0)
            close(greeted_fds[i]);
    }
}
END_TEST

/* ---- arenas --------------------------------------------------------------------------------------------------- */

START_TEST(new_arenas_are_pushed_and_retired_ones_named) {
    struct received received;
    int fd = greeted("view", &received);
    done_with(&received);
    struct slab *large = sealed(4 * MB, 1);
    arena_server_arenas_changed(server);
    ck_assert(receive(fd, &received, MSG_DONTWAIT));
    ck_assert_uint_eq(received.fd_count, 1);
    ck_assert_uint_eq(at(&received, "arenas")->count, 1);
    ck_assert_uint_eq(at(&received, "retired")->count, 0);
    uint64_t id = px_value_get(&at(&received, "arenas")->items[0], "id")->uinteger;
    ck_assert_uint_eq(id, slab_handle(large).arena);
    done_with(&received);
    slab_unref(large);
    large = sealed(5 * MB, 2);
    arena_server_arenas_changed(server);
    ck_assert(receive(fd, &received, MSG_DONTWAIT));
    ck_assert_uint_eq(received.fd_count, 1);
    ck_assert_uint_eq(at(&received, "retired")->items[0].uinteger, id);
    done_with(&received);
    arena_server_arenas_changed(server);
    ck_assert(!receive(fd, &received, MSG_DONTWAIT));
    slab_unref(large);
    close(fd);
}
END_TEST

START_TEST(more_arenas_than_one_message_carries_follow_in_the_next) {
    struct slab *held[80];
    for (size_t i = 0; i < 80; i++)
        held[i] = sealed(50 * KB, i);
    struct received received;
    int fd = greeted("view", &received);
    ck_assert_uint_eq(received.fd_count, 64);
    ck_assert_uint_eq(at(&received, "arenas")->count, 61);
    done_with(&received);
    ck_assert(receive(fd, &received, MSG_DONTWAIT));
    ck_assert_uint_eq(at(&received, "arenas")->count, 19);
    done_with(&received);
    for (size_t i = 0; i < 80; i++)
        slab_unref(held[i]);
    close(fd);
}
END_TEST

START_TEST(a_client_that_does_not_read_gets_what_it_missed_when_it_does) {
    struct received received;
    int fd = greeted("view", &received);
    done_with(&received);
    struct slab *large = NULL;
    for (uint64_t i = 0; i < 600; i++) {
        slab_unref(large);
        large = sealed(i % 2 ? 3 * MB : 3 * MB + 500 * KB, i);
        arena_server_arenas_changed(server);
    }
    ck_assert_uint_eq(arena_server_clients(server), 1);
    int alive = 1; /* the first arena */
    uint64_t last = 0;
    for (int rest = 0; rest < 2; rest++) {
        while (receive(fd, &received, MSG_DONTWAIT)) {
            alive += (int)at(&received, "arenas")->count - (int)at(&received, "retired")->count;
            if (at(&received, "arenas")->count > 0)
                last = px_value_get(&at(&received, "arenas")->items[0], "id")->uinteger;
            done_with(&received);
        }
        serve();
    }
    struct slab_stats stats;
    slab_store_stats(store, &stats);
    ck_assert_int_eq(alive, (int)stats.arenas);
    ck_assert_uint_eq(last, slab_handle(large).arena);
    slab_unref(large);
    close(fd);
}
END_TEST

/* ---- pins and leases ------------------------------------------------------------------------------------------ */

START_TEST(pinned_handles_are_held_until_released_or_hang_up_within_a_quota) {
    struct slab *slab = sealed(1000, 1);
    struct px_handle handle = slab_handle(slab);
    struct px_error error;
    ck_assert_int_eq(arena_server_pin(server, getpid(), slab, &error), PX_E_NOT_FOUND);
    struct received received;
    int fd = greeted("control", &received);
    done_with(&received);
    ck_assert_int_eq(arena_server_pin(server, getpid() + 1, slab, &error), PX_E_NOT_FOUND);
    for (int i = 0; i < ARENA_SERVER_PINS_MAX; i++)
        ck_assert_int_eq(arena_server_pin(server, getpid(), slab, &error), 0);
    ck_assert_int_eq(arena_server_pin(server, getpid(), slab, &error), PX_E_LIMIT);
    for (int i = 1; i < ARENA_SERVER_PINS_MAX; i++)
        ck_assert_int_eq(arena_server_release(server, getpid(), handle, &error), 0);
    slab_unref(slab);
    ck_assert_uint_eq(slabs(), 1);
    handle.generation++;
    ck_assert_int_eq(arena_server_release(server, getpid(), handle, &error), PX_E_NOT_FOUND);
    close(fd);
    serve();
    ck_assert_uint_eq(slabs(), 0);
}
END_TEST

/* A viewer of another process: greets, leases frame 1, says so on the pipe, and then waits for its end. */
static void lease_and_hang(int ready_fd) {
    struct received received;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strcpy(address.sun_path, path);
    int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);
    if (connect(fd, (const struct sockaddr *)&address, sizeof address) != 0)
        _exit(1);
    say(fd, ARENA_SERVER_API, "view");
    if (!receive(fd, &received, 0))
        _exit(2);
    struct px_lease_page *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, received.fds[1], 0);
    if (page == MAP_FAILED)
        _exit(3);
    atomic_store(&page->serial[0], 1);
    if (write(ready_fd, "x", 1) != 1)
        _exit(4);
    for (;;)
        pause();
}

START_TEST(a_killed_viewer_leaves_no_slab_pinned) {
    int ready[2];
    ck_assert_int_eq(pipe2(ready, O_NONBLOCK), 0);
    publish(1);
    pid_t child = fork(); /* before any thread */
    if (child == 0)
        lease_and_hang(ready[1]);
    char byte;
    while (read(ready[0], &byte, 1) != 1)
        loop_drain(loop);
    board_channel_close(board, "a");
    ck_assert_uint_eq(slabs(), 2);
    ck_assert_uint_eq(arena_server_clients(server), 1);
    kill(child, SIGKILL);
    ck_assert_int_eq(waitpid(child, NULL, 0), child);
    serve();
    ck_assert_uint_eq(arena_server_clients(server), 0);
    ck_assert_uint_eq(slabs(), 0);
    close(ready[0]);
    close(ready[1]);
}
END_TEST

/* ---- the socket file ------------------------------------------------------------------------------------------ */

START_TEST(the_socket_file_is_private_to_owner_and_group_and_goes_at_close) {
    struct stat file;
    ck_assert_int_eq(stat(path, &file), 0);
    ck_assert_uint_eq(file.st_mode & 0777, 0660);
    arena_server_close(server);
    server = NULL;
    ck_assert_int_ne(stat(path, &file), 0);
}
END_TEST

START_TEST(a_live_socket_is_left_alone_and_a_stale_one_taken_over) {
    struct arena_server *second = NULL;
    ck_assert_int_eq(open_server(&second, NULL), PX_E_EXISTS);
    ck_assert_ptr_null(second);
    struct stat file;
    ck_assert_int_eq(stat(path, &file), 0); /* the failed one took nothing away */
    arena_server_close(server);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strcpy(address.sun_path, path);
    int dead = socket(AF_UNIX, SOCK_SEQPACKET, 0);
    ck_assert_int_eq(bind(dead, (const struct sockaddr *)&address, sizeof address), 0);
    close(dead);
    ck_assert_int_eq(open_server(&server, NULL), 0);
    arena_server_close(server);
    server = NULL;
    FILE *plain = fopen(path, "w");
    fclose(plain);
    ck_assert_int_eq(open_server(&second, NULL), PX_E_EXISTS);
    ck_assert_int_eq(unlink(path), 0);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("arena_server");
    TCase *tests = tcase_create("arena_server");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, a_greeted_client_maps_board_lease_page_and_arenas);
    tcase_add_test(tests, a_client_in_the_role_control_is_no_watcher);
    tcase_add_test(tests, a_hello_that_makes_no_sense_gets_an_error_and_the_end);
    tcase_add_test(tests, a_client_that_speaks_after_its_hello_is_dropped);
    tcase_add_test(tests, past_the_limit_a_silent_connection_gives_way_and_then_the_newest_is_refused);
    tcase_add_test(tests, new_arenas_are_pushed_and_retired_ones_named);
    tcase_add_test(tests, more_arenas_than_one_message_carries_follow_in_the_next);
    tcase_add_test(tests, a_client_that_does_not_read_gets_what_it_missed_when_it_does);
    tcase_add_test(tests, pinned_handles_are_held_until_released_or_hang_up_within_a_quota);
    tcase_add_test(tests, a_killed_viewer_leaves_no_slab_pinned);
    tcase_add_test(tests, the_socket_file_is_private_to_owner_and_group_and_goes_at_close);
    tcase_add_test(tests, a_live_socket_is_left_alone_and_a_stale_one_taken_over);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
