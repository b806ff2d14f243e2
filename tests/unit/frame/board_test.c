#include "daemon/frame/board.h"
#include "shared/clock.h"

#include <check.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

enum { MB = 1 << 20, WORDS = 500 };

static const uint64_t SESSION = 0xABCDEF, SECOND = 1000000000;

static struct slab_store *store;
static struct board *board;

static void make_board(void) {
    struct slab_store_config config = {.first_arena_bytes = 4 * MB, .arena_bytes = 4 * MB, .budget_bytes = 4 * MB};
    ck_assert_int_eq(slab_store_create(&config, &store, NULL), 0);
    ck_assert_int_eq(board_create(SESSION, 5 * SECOND, &board, NULL), 0);
}

static void drop_board(void) {
    board_destroy(board);
    slab_store_destroy(store); /* asserts that every slab was given back */
}

static uint64_t slabs(void) {
    struct slab_stats stats;
    slab_store_stats(store, &stats);
    return stats.slabs;
}

static struct board_stats stats_of(void) {
    struct board_stats stats;
    board_stats(board, &stats);
    return stats;
}

/* A slab whose every word is n. */
static struct slab *patterned(uint64_t n) {
    struct slab *slab;
    ck_assert_int_eq(slab_reserve(store, WORDS * sizeof n, &slab, NULL), 0);
    uint64_t *words = (uint64_t *)(void *)(slab_header(slab) + 1);
    for (size_t i = 0; i < WORDS; i++)
        words[i] = n;
    slab_seal(slab, PX_SLAB_GEOMETRY, sizeof(struct px_slab_header) + WORDS * sizeof n, (struct px_signature){n, n});
    return slab;
}

static struct frame *frame_of(const char *sketch, uint64_t n) {
    struct slab *slab = patterned(n);
    struct frame_layer layer = {.slab = slab, .color = {0, 0, 0, 1}, .thickness = 0.25f, .name = "ink"};
    struct frame_info info = {.sketch = sketch, .frame = n, .t = (double)n / 60, .seed = 7};
    struct frame *frame;
    ck_assert_int_eq(frame_create(store, &info, &layer, 1, &frame, NULL), 0);
    slab_unref(slab);
    return frame;
}

static void publish(const char *sketch, uint64_t n) {
    ck_assert_int_eq(board_publish(board, frame_of(sketch, n), NULL), 0);
}

/* What a client sees: mappings of its own. */
struct view {
    struct px_board_header *header;
    struct px_board_channel *channels;
    struct px_lease_page *leases;
    const unsigned char *arena;
};

static struct view view_of(const struct board_client *client) {
    struct arena_info arena;
    slab_store_arenas(store, &arena, 1);
    struct view view = {
        .header = mmap(NULL, board_size(board), PROT_READ, MAP_SHARED, board_fd(board), 0),
        .leases = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, board_client_lease_fd(client), 0),
        .arena = mmap(NULL, arena.size_bytes, PROT_READ, MAP_SHARED, arena.fd, 0),
    };
    close(arena.fd);
    ck_assert_ptr_ne(view.header, MAP_FAILED);
    ck_assert_ptr_ne(view.leases, MAP_FAILED);
    ck_assert_ptr_ne(view.arena, MAP_FAILED);
    view.channels = (struct px_board_channel *)(void *)(view.header + 1);
    return view;
}

static void lease(struct view *view, int word, uint64_t serial) {
    atomic_store_explicit(&view->leases->serial[word], serial, memory_order_seq_cst);
}

START_TEST(a_published_frame_is_read_through_the_board) {
    struct board_client *client;
    ck_assert_int_eq(board_client_add(board, &client, NULL), 0);
    struct view view = view_of(client);
    ck_assert_uint_eq(view.header->magic, PX_BOARD_MAGIC);
    ck_assert_uint_eq(view.header->session, SESSION);
    ck_assert_uint_eq(view.header->size, board_size(board));
    publish("waves", 41);
    publish("waves", 42);
    ck_assert_str_eq(view.channels[0].name, "waves");
    ck_assert_uint_eq(view.channels[0].latest, 2);
    const struct px_board_slot *slot = &view.channels[0].slots[2 % PX_BOARD_SLOTS];
    ck_assert_uint_eq(slot->sequence, 2);
    ck_assert_uint_eq(slot->frame, 42);
    const struct px_slab_header *slab = (const void *)(view.arena + slot->handle.offset);
    ck_assert_uint_eq(slab->kind, PX_SLAB_FRAME);
    ck_assert_uint_eq(slab->generation, slot->handle.generation);
    const struct px_frame_header *frame = (const void *)(slab + 1);
    ck_assert_uint_eq(frame->serial, 2);
    ck_assert_uint_eq(frame->session, SESSION);
    ck_assert_uint_eq(frame->layer_count, 1);
    ck_assert_str_eq((const char *)frame + frame->sketch_at, "waves");
    const struct px_frame_layer *layer = (const void *)(frame + 1);
    ck_assert_str_eq((const char *)frame + layer->name_at, "ink");
    const struct px_slab_header *ink = (const void *)(view.arena + layer->handle.offset);
    ck_assert_uint_eq(ink->generation, layer->handle.generation);
    ck_assert_uint_eq(*(const uint64_t *)(const void *)(ink + 1), 42);
    ck_assert_uint_eq(frame_info(board_latest(board, "waves"))->frame, 42);
    ck_assert_ptr_null(board_latest(board, "nothing"));
    board_client_remove(board, client);
}
END_TEST

START_TEST(the_board_is_read_only_for_clients_and_the_lease_page_cannot_be_resized) {
    struct board_client *client;
    ck_assert_int_eq(board_client_add(board, &client, NULL), 0);
    ck_assert_ptr_eq(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, board_fd(board), 0), MAP_FAILED);
    ck_assert_int_ne(ftruncate(board_fd(board), 0), 0);
    ck_assert_int_ne(ftruncate(board_client_lease_fd(client), 0), 0);
    ck_assert_int_ne(ftruncate(board_client_lease_fd(client), 2 * MB), 0);
    ck_assert_int_ne(fcntl(board_client_lease_fd(client), F_ADD_SEALS, F_SEAL_WRITE), 0);
    board_client_remove(board, client);
}
END_TEST

START_TEST(the_ring_keeps_its_newest_frames_and_no_more) {
    for (uint64_t n = 1; n <= 3 * PX_BOARD_SLOTS; n++)
        publish("a", n);
    ck_assert_uint_eq(slabs(), 2 * PX_BOARD_SLOTS);
    ck_assert_uint_eq(stats_of().retired, 2 * PX_BOARD_SLOTS);
    board_channel_close(board, "a");
    ck_assert_uint_eq(slabs(), 0);
    ck_assert_ptr_null(board_latest(board, "a"));
}
END_TEST

START_TEST(a_leased_frame_stays_until_the_lease_goes) {
    struct board_client *client;
    board_client_add(board, &client, NULL);
    struct view view = view_of(client);
    publish("a", 1);
    struct px_handle handle = frame_handle(board_latest(board, "a"));
    const struct px_slab_header *slab = (const void *)(view.arena + handle.offset);
    lease(&view, 3, 1);
    for (uint64_t n = 2; n <= 2 * PX_BOARD_SLOTS; n++)
        publish("a", n);
    ck_assert_uint_eq(stats_of().leased_aside, 1);
    ck_assert_uint_eq(slab->generation, handle.generation);
    ck_assert(board_sweep(board, px_clock_ns()));
    lease(&view, 3, 0);
    ck_assert(!board_sweep(board, px_clock_ns()));
    ck_assert_uint_ne(slab->generation, handle.generation);
    ck_assert_uint_eq(slabs(), 2 * PX_BOARD_SLOTS);
    ck_assert_uint_eq(stats_of().lease_revoked, 0);
    board_client_remove(board, client);
}
END_TEST

START_TEST(a_stuck_lease_is_revoked_after_the_limit) {
    struct board_client *client;
    board_client_add(board, &client, NULL);
    struct view view = view_of(client);
    publish("a", 1);
    struct px_handle handle = frame_handle(board_latest(board, "a"));
    lease(&view, 0, 1);
    board_channel_close(board, "a");
    uint64_t now = px_clock_ns();
    ck_assert(board_sweep(board, now + 4 * SECOND));
    ck_assert(!board_sweep(board, now + 6 * SECOND));
    ck_assert_uint_eq(stats_of().lease_revoked, 1);
    ck_assert_uint_ne(((const struct px_slab_header *)(const void *)(view.arena + handle.offset))->generation,
                      handle.generation);
    ck_assert_uint_eq(slabs(), 0);
    board_client_remove(board, client);
}
END_TEST

START_TEST(a_clients_end_frees_its_leases_at_once) {
    struct board_client *client, *other;
    board_client_add(board, &client, NULL);
    board_client_add(board, &other, NULL);
    struct view view = view_of(client), second = view_of(other);
    for (uint64_t n = 1; n <= 3; n++) {
        publish("a", n);
        lease(&view, (int)n, n);
    }
    lease(&second, 0, 2);
    board_channel_close(board, "a");
    ck_assert_uint_eq(slabs(), 6);
    board_client_remove(board, client);
    ck_assert_uint_eq(slabs(), 2);
    board_client_remove(board, other);
    ck_assert_uint_eq(slabs(), 0);
}
END_TEST

START_TEST(nonsense_in_a_lease_page_holds_nothing) {
    struct board_client *client;
    board_client_add(board, &client, NULL);
    struct view view = view_of(client);
    memset(view.leases, 0xFF, 4096);
    for (uint64_t n = 1; n <= 100; n++)
        publish("a", n);
    ck_assert_uint_eq(slabs(), 2 * PX_BOARD_SLOTS);
    board_client_remove(board, client);
}
END_TEST

START_TEST(channels_are_bounded_reused_and_named_by_epochs) {
    char name[16];
    struct px_error error;
    struct board_client *client;
    board_client_add(board, &client, NULL);
    struct view view = view_of(client);
    for (int i = 0; i < PX_BOARD_CHANNELS; i++) {
        snprintf(name, sizeof name, "s%d", i);
        ck_assert_int_eq(board_channel_open(board, name, NULL), 0);
        ck_assert_int_eq(board_channel_open(board, name, NULL), 0);
    }
    ck_assert_int_eq(board_channel_open(board, "one more", &error), PX_E_LIMIT);
    struct frame *frame = frame_of("one more", 1);
    ck_assert_int_eq(board_publish(board, frame, &error), PX_E_LIMIT);
    frame_destroy(frame);
    board_focus(board, "s7");
    ck_assert_uint_eq(view.header->focus, 7);
    uint64_t epoch = view.channels[7].epoch;
    board_channel_close(board, "s7");
    ck_assert_uint_eq(view.header->focus, PX_BOARD_CHANNELS);
    publish("one more", 1);
    ck_assert_str_eq(view.channels[7].name, "one more");
    ck_assert_uint_gt(view.channels[7].epoch, epoch);
    ck_assert_uint_eq(view.channels[7].epoch % 2, 0);
    ck_assert_int_eq(board_channel_open(board, "", &error), PX_E_RANGE);
    board_client_remove(board, client);
}
END_TEST

START_TEST(followers_are_woken_and_counted_and_others_are_not) {
    struct board_client *client, *quiet;
    eventfd_t count;
    board_client_add(board, &client, NULL);
    board_client_add(board, &quiet, NULL);
    board_client_follow(quiet, false);
    struct view view = view_of(quiet);
    ck_assert_uint_eq(board_watchers(board), 1);
    publish("a", 1);
    publish("a", 2);
    ck_assert_int_eq(eventfd_read(board_client_event_fd(client), &count), 0);
    ck_assert_uint_eq(count, 2);
    ck_assert_int_ne(eventfd_read(board_client_event_fd(quiet), &count), 0);
    lease(&view, 0, 2);
    ck_assert_uint_eq(board_watchers(board), 2);
    board_client_remove(board, client);
    board_client_remove(board, quiet);
    ck_assert_uint_eq(board_watchers(board), 0);
}
END_TEST

/* ---- the race between a lease and retirement ------------------------------------------------------------------ */

enum { FRAMES = 20000 };

struct follower {
    struct view view;
    _Atomic bool stop;
    uint64_t taken, missed, wrong;
};

/* Reads the whole frame as a viewer does; what must hold while the lease does. */
static bool frame_is_whole(const struct view *view, struct px_handle handle, uint64_t serial) {
    const struct px_slab_header *slab = (const void *)(view->arena + handle.offset);
    const struct px_frame_header *frame = (const void *)(slab + 1);
    const struct px_frame_layer *layer = (const void *)(frame + 1);
    const struct px_slab_header *ink = (const void *)(view->arena + layer->handle.offset);
    const uint64_t *words = (const void *)(ink + 1);
    bool whole = slab->generation == handle.generation && frame->serial == serial &&
                 ink->generation == layer->handle.generation;
    for (size_t i = 0; i < WORDS; i++)
        whole = whole && words[i] == frame->frame;
    return whole && slab->generation == handle.generation && ink->generation == layer->handle.generation;
}

static void *follow(void *argument) {
    struct follower *follower = argument;
    const struct px_board_channel *channel = &follower->view.channels[0];
    for (uint64_t look = 0; !atomic_load_explicit(&follower->stop, memory_order_relaxed); look++) {
        uint64_t index = atomic_load_explicit(&channel->latest, memory_order_acquire);
        if (index <= PX_BOARD_SLOTS)
            continue;
        index -= look % PX_BOARD_SLOTS; /* also frames about to be retired */
        const struct px_board_slot *slot = &channel->slots[index % PX_BOARD_SLOTS];
        uint64_t serial = atomic_load_explicit(&slot->sequence, memory_order_acquire);
        struct px_handle handle = slot->handle;
        if (serial == 0)
            continue;
        lease(&follower->view, 0, serial);
        if (atomic_load_explicit(&slot->sequence, memory_order_seq_cst) == serial) {
            follower->taken++;
            follower->wrong += !frame_is_whole(&follower->view, handle, serial);
        } else {
            follower->missed++;
        }
        lease(&follower->view, 0, 0);
    }
    return NULL;
}

START_TEST(no_torn_or_recycled_frame_passes_while_frames_are_retired) {
    struct board_client *client;
    board_client_add(board, &client, NULL);
    struct follower follower = {.view = view_of(client)};
    publish("a", 1);
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, follow, &follower), 0);
    for (uint64_t n = 2; n <= FRAMES; n++)
        publish("a", n);
    atomic_store(&follower.stop, true);
    pthread_join(thread, NULL);
    ck_assert_uint_eq(follower.wrong, 0);
    board_client_remove(board, client);
    ck_assert_uint_eq(slabs(), 2 * PX_BOARD_SLOTS);
}
END_TEST

START_TEST(a_frame_refuses_too_many_layers_and_too_long_a_name) {
    static struct frame_layer layers[PX_FRAME_LAYERS_MAX + 1];
    struct frame_info info = {.sketch = "a"};
    struct frame *frame;
    ck_assert_int_eq(frame_create(store, &info, layers, PX_FRAME_LAYERS_MAX + 1, &frame, NULL), PX_E_LIMIT);
    info.sketch = "0123456789012345678901234567890123456789012345678901234567890123";
    ck_assert_int_eq(frame_create(store, &info, layers, 0, &frame, NULL), PX_E_LIMIT);
    info.sketch++;
    ck_assert_int_eq(frame_create(store, &info, layers, 0, &frame, NULL), 0);
    frame_destroy(frame);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("board");
    TCase *tests = tcase_create("board");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, make_board, drop_board);
    tcase_add_test(tests, a_published_frame_is_read_through_the_board);
    tcase_add_test(tests, the_board_is_read_only_for_clients_and_the_lease_page_cannot_be_resized);
    tcase_add_test(tests, the_ring_keeps_its_newest_frames_and_no_more);
    tcase_add_test(tests, a_leased_frame_stays_until_the_lease_goes);
    tcase_add_test(tests, a_stuck_lease_is_revoked_after_the_limit);
    tcase_add_test(tests, a_clients_end_frees_its_leases_at_once);
    tcase_add_test(tests, nonsense_in_a_lease_page_holds_nothing);
    tcase_add_test(tests, channels_are_bounded_reused_and_named_by_epochs);
    tcase_add_test(tests, followers_are_woken_and_counted_and_others_are_not);
    tcase_add_test(tests, no_torn_or_recycled_frame_passes_while_frames_are_retired);
    tcase_add_test(tests, a_frame_refuses_too_many_layers_and_too_long_a_name);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
