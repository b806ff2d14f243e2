/* follower_test.c: a follower against a daemon made of sealed memory and a socket, in one thread: corrupt memory is
 * refused, leases are given back, a lost daemon is found again.
 */
#include "client/lib/arena_socket.h"
#include "proto/writer.h"
#include "px/px.h"
#include "shared/board_layout.h"
#include "shared/slab_layout.h"

#include <check.h>
#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum {
    ARENA_BYTES = 64 * 1024,
    GEOMETRY_AT = 4096,
    FRAME_AT = 8192,
    SESSION = 77,
    OFFSETS_AT = 128,
    COORDS_AT = 192,
    FLAGS_AT = 320,
    GEOMETRY_BYTES = 384,
};

struct memory {
    int fd;
    uint8_t *base;
    size_t size;
};

struct fake {
    char directory[64], path[80];
    int listening, peer, event_fd;
    struct memory arena, board, lease;
    struct px_follower *follower;
};

/* ---- memory ------------------------------------------------------------------------------------------------------ */

static struct memory memory_make(size_t size, bool seal) {
    struct memory memory = {.size = size};
    memory.fd = memfd_create("test", MFD_ALLOW_SEALING | MFD_CLOEXEC);
    ck_assert_int_eq(ftruncate(memory.fd, (off_t)size), 0);
    memory.base = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, memory.fd, 0);
    ck_assert_ptr_ne(memory.base, MAP_FAILED);
    if (seal)
        ck_assert_int_eq(fcntl(memory.fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW), 0);
    return memory;
}

static void memory_drop(struct memory *memory) {
    munmap(memory->base, memory->size);
    close(memory->fd);
}

static struct px_board_header *board_header(struct fake *fake) {
    return (void *)fake->board.base;
}
static struct px_board_channel *board_channel(struct fake *fake, uint32_t i) {
    return (struct px_board_channel *)(void *)(fake->board.base + sizeof(struct px_board_header)) + i;
}
static struct px_slab_header *slab_at(struct fake *fake, size_t at) {
    return (void *)(fake->arena.base + at);
}
static uint64_t lease(struct fake *fake, int word) {
    return atomic_load(&((struct px_lease_page *)(void *)fake->lease.base)->serial[word]);
}
static bool leased(struct fake *fake, uint64_t serial) {
    return lease(fake, 0) == serial || lease(fake, 1) == serial;
}

static struct px_handle handle_of(struct fake *fake, uint32_t arena, size_t at) {
    const struct px_slab_header *slab = slab_at(fake, at);
    return (struct px_handle){
        .arena = arena, .offset = at, .size = slab->size, .generation = slab->generation, .signature = slab->signature};
}

/* Two lines of two and three vertices. */
static void write_geometry(struct fake *fake, uint64_t generation) {
    static const int32_t offsets[] = {0, 2, 5};
    struct px_slab_header *slab = slab_at(fake, GEOMETRY_AT);
    *slab = (struct px_slab_header){.magic = PX_SLAB_MAGIC,
                                    .version = PX_SLAB_VERSION,
                                    .kind = PX_SLAB_GEOMETRY,
                                    .offset = GEOMETRY_AT,
                                    .size = GEOMETRY_BYTES,
                                    .generation = generation,
                                    .signature = {3, 4},
                                    .topology = {5, 6},
                                    .vertex_count = 5,
                                    .line_count = 2,
                                    .offsets_at = OFFSETS_AT / PX_SLAB_ALIGNMENT,
                                    .coords_at = COORDS_AT / PX_SLAB_ALIGNMENT,
                                    .flags_at = FLAGS_AT / PX_SLAB_ALIGNMENT,
                                    .bounds = {.max = {4, 4, 4}}};
    memcpy((uint8_t *)slab + OFFSETS_AT, offsets, sizeof offsets);
    float *coords = (float *)(void *)((uint8_t *)slab + COORDS_AT);
    for (int i = 0; i < 15; i++)
        coords[i] = (float)i;
}

static void write_frame(struct fake *fake, uint32_t arena, uint64_t serial) {
    static const char names[] = "sketch\0layer";
    struct px_slab_header *slab = slab_at(fake, FRAME_AT);
    size_t names_at = sizeof(struct px_frame_header) + sizeof(struct px_frame_layer);
    *slab = (struct px_slab_header){.magic = PX_SLAB_MAGIC,
                                    .version = PX_SLAB_VERSION,
                                    .kind = PX_SLAB_FRAME,
                                    .offset = FRAME_AT,
                                    .size = sizeof *slab + names_at + sizeof names,
                                    .generation = 1000 + serial};
    struct px_frame_header *frame = (void *)(slab + 1);
    *frame = (struct px_frame_header){.version = PX_FRAME_VERSION,
                                      .layer_count = 1,
                                      .session = SESSION,
                                      .serial = serial,
                                      .frame = serial * 10,
                                      .t = 0.5,
                                      .canvas_size = {148, 210},
                                      .thickness = 0.25f,
                                      .sketch_at = (uint32_t)names_at};
    struct px_frame_layer *layer = (void *)(frame + 1);
    *layer = (struct px_frame_layer){
        .handle = handle_of(fake, arena, GEOMETRY_AT), .thickness = 0.5f, .name_at = (uint32_t)names_at + 7};
    memcpy((uint8_t *)frame + names_at, names, sizeof names);
}

static void channel_open(struct fake *fake, uint32_t i, const char *name) {
    struct px_board_channel *channel = board_channel(fake, i);
    atomic_fetch_add(&channel->epoch, 1);
    memset(channel->name, 0, sizeof channel->name);
    strcpy(channel->name, name);
    atomic_store(&channel->latest, 0);
    atomic_fetch_add(&channel->epoch, 1);
}

static void wake(struct fake *fake) {
    uint64_t one = 1;
    ck_assert_int_eq(write(fake->event_fd, &one, sizeof one), sizeof one);
}

static void publish_at(struct fake *fake, uint32_t i, uint64_t index, uint64_t serial) {
    struct px_board_channel *channel = board_channel(fake, i);
    struct px_board_slot *slot = &channel->slots[index % PX_BOARD_SLOTS];
    slot->index = index;
    slot->frame = serial * 10;
    slot->handle = handle_of(fake, 1, FRAME_AT);
    atomic_store(&slot->sequence, serial);
    atomic_store(&channel->latest, index);
    wake(fake);
}

static void publish(struct fake *fake, uint64_t serial) {
    write_frame(fake, 1, serial);
    publish_at(fake, 0, serial, serial);
}

/* ---- the socket -------------------------------------------------------------------------------------------------- */

static void send_message(struct fake *fake, const struct px_writer *writer, const int *fds, size_t fd_count) {
    union {
        struct cmsghdr header;
        uint8_t bytes[CMSG_SPACE(sizeof(int) * 8)];
    } control = {0};
    struct iovec part = {.iov_base = writer->bytes, .iov_len = writer->size};
    struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1};
    if (fd_count > 0) {
        header.msg_control = &control;
        header.msg_controllen = CMSG_SPACE(sizeof(int) * fd_count);
        struct cmsghdr *c = CMSG_FIRSTHDR(&header);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(sizeof(int) * fd_count);
        memcpy(CMSG_DATA(c), fds, sizeof(int) * fd_count);
    }
    ck_assert_int_ge(sendmsg(fake->peer, &header, MSG_NOSIGNAL), 0);
}

static void write_arena(struct px_writer *writer, uint64_t id, uint64_t size) {
    px_key(writer, "arenas");
    px_write_array(writer, id ? 1 : 0);
    if (id == 0)
        return;
    px_write_map(writer, 2);
    px_key(writer, "id");
    px_write_uint(writer, id);
    px_key(writer, "size");
    px_write_uint(writer, size);
}

static void send_first(struct fake *fake, uint64_t arena, uint64_t arena_size) {
    struct px_writer writer;
    px_writer_init(&writer, 0);
    px_write_map(&writer, 3);
    px_key(&writer, "session");
    px_write_uint(&writer, SESSION);
    write_arena(&writer, arena, arena_size);
    px_key(&writer, "board");
    px_write_map(&writer, 1);
    px_key(&writer, "size");
    px_write_uint(&writer, fake->board.size);
    send_message(fake, &writer, (int[]){fake->board.fd, fake->lease.fd, fake->event_fd, fake->arena.fd}, arena ? 4 : 3);
    px_writer_free(&writer);
}

static void send_arena(struct fake *fake, uint64_t id) {
    struct px_writer writer;
    px_writer_init(&writer, 0);
    px_write_map(&writer, 1);
    write_arena(&writer, id, fake->arena.size);
    send_message(fake, &writer, &fake->arena.fd, 1);
    px_writer_free(&writer);
}

static void send_retired(struct fake *fake, uint64_t id) {
    struct px_writer writer;
    px_writer_init(&writer, 0);
    px_write_map(&writer, 2);
    write_arena(&writer, 0, 0);
    px_key(&writer, "retired");
    px_write_array(&writer, 1);
    px_write_uint(&writer, id);
    send_message(fake, &writer, NULL, 0);
    px_writer_free(&writer);
}

static void accept_hello(struct fake *fake) {
    uint8_t bytes[256];
    char *json;
    fake->peer = accept(fake->listening, NULL, NULL);
    ck_assert_int_ge(fake->peer, 0);
    ssize_t got = recv(fake->peer, bytes, sizeof bytes, 0);
    ck_assert_int_gt(got, 0);
    ck_assert_int_eq(px_to_json(bytes, (size_t)got, 0, &json, NULL), 0);
    ck_assert_str_eq(json, "{\"api\":1,\"role\":\"view\"}");
    free(json);
}

static void fake_listen(struct fake *fake) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strcpy(address.sun_path, fake->path);
    fake->listening = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(fake->listening, (struct sockaddr *)&address, sizeof address), 0);
    ck_assert_int_eq(listen(fake->listening, 4), 0);
}

static void fake_hang_up(struct fake *fake) {
    close(fake->peer);
    close(fake->listening);
    unlink(fake->path);
}

/* Everything but the connection: one channel in focus, one geometry, one frame, nothing published. */
static void fake_make(struct fake *fake) {
    *fake = (struct fake){.peer = -1, .listening = -1};
    strcpy(fake->directory, "/tmp/px-test-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(fake->directory));
    snprintf(fake->path, sizeof fake->path, "%s/arena.sock", fake->directory);
    fake->arena = memory_make(ARENA_BYTES, true);
    fake->board =
        memory_make(sizeof(struct px_board_header) + PX_BOARD_CHANNELS * sizeof(struct px_board_channel), true);
    fake->lease = memory_make(4096, true);
    fake->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    *board_header(fake) = (struct px_board_header){.magic = PX_BOARD_MAGIC,
                                                   .version = PX_BOARD_VERSION,
                                                   .session = SESSION,
                                                   .size = fake->board.size,
                                                   .channel_count = PX_BOARD_CHANNELS};
    channel_open(fake, 0, "sketch");
    write_geometry(fake, 500);
    write_frame(fake, 1, 1);
}

static void fake_follow(struct fake *fake, const char *sketch) {
    fake_make(fake);
    fake_listen(fake);
    ck_assert_int_eq(px_follow(fake->directory, sketch, &fake->follower, NULL), 0);
    accept_hello(fake);
    send_first(fake, 1, ARENA_BYTES);
}

static void fake_end(struct fake *fake) {
    px_follower_close(fake->follower);
    fake_hang_up(fake);
    close(fake->event_fd);
    memory_drop(&fake->arena);
    memory_drop(&fake->board);
    memory_drop(&fake->lease);
    rmdir(fake->directory);
}

static const struct px_frame *next_frame(struct fake *fake) {
    const struct px_frame *frame = NULL;
    struct px_error error;
    int code = px_follower_next(fake->follower, 0, &frame, &error);
    ck_assert_msg(code == 1, "%d", code);
    return frame;
}

static void no_frame(struct fake *fake) {
    const struct px_frame *frame = NULL;
    ck_assert_int_eq(px_follower_next(fake->follower, 0, &frame, NULL), 0);
    ck_assert_ptr_null(frame);
}

static bool readable(struct fake *fake) {
    struct pollfd wait = {.fd = px_follower_fd(fake->follower), .events = POLLIN};
    return poll(&wait, 1, 0) == 1;
}

/* ---- what a frame is --------------------------------------------------------------------------------------------- */

START_TEST(a_frame_is_what_was_published) {
    struct fake fake;
    fake_follow(&fake, NULL);
    publish(&fake, 1);
    const struct px_frame *frame = next_frame(&fake);
    ck_assert_int_eq(px_follower_state(fake.follower), PX_FOLLOWER_CONNECTED);
    ck_assert_uint_eq(frame->session, SESSION);
    ck_assert_uint_eq(frame->frame, 10);
    ck_assert_str_eq(frame->sketch, "sketch");
    ck_assert_double_eq(frame->canvas_size[1], 210);
    ck_assert_uint_eq(frame->layer_count, 1);
    const struct px_layer *layer = &frame->layers[0];
    ck_assert_str_eq(layer->name, "layer");
    ck_assert_uint_eq(layer->geometry.vertex_count, 5);
    ck_assert_uint_eq(layer->geometry.line_count, 2);
    ck_assert_int_eq(layer->geometry.offsets[1], 2);
    ck_assert_float_eq(layer->geometry.coords[14], 14);
    ck_assert(px_signature_equal(layer->topology, (struct px_signature){5, 6}));
    ck_assert(px_frame_intact(fake.follower, frame, -1));
    fake_end(&fake);
}
END_TEST

START_TEST(a_lease_stands_while_a_frame_is_held) {
    struct fake fake;
    fake_follow(&fake, NULL);
    publish(&fake, 1);
    const struct px_frame *frame = next_frame(&fake);
    ck_assert(leased(&fake, 1));
    no_frame(&fake);
    ck_assert(leased(&fake, 1));
    px_frame_release(fake.follower, frame);
    ck_assert(!leased(&fake, 1));
    publish(&fake, 2);
    frame = next_frame(&fake);
    ck_assert(leased(&fake, 2) && !leased(&fake, 1));
    publish(&fake, 3);
    frame = next_frame(&fake);
    ck_assert(leased(&fake, 3) && !leased(&fake, 2));
    px_frame_release(fake.follower, frame);
    ck_assert(leased(&fake, 0) && !leased(&fake, 3));
    fake_end(&fake);
}
END_TEST

START_TEST(the_newest_frame_wins_and_the_others_are_counted) {
    struct fake fake;
    fake_follow(&fake, NULL);
    publish(&fake, 1);
    next_frame(&fake);
    for (uint64_t serial = 2; serial <= 30; serial++)
        publish(&fake, serial);
    ck_assert_uint_eq(next_frame(&fake)->serial, 30);
    ck_assert_uint_eq(px_follower_stats(fake.follower).skipped, 28);
    ck_assert_uint_eq(px_follower_stats(fake.follower).frames, 2);
    no_frame(&fake);
    fake_end(&fake);
}
END_TEST

START_TEST(every_frame_comes_in_turn_when_asked_as_far_as_the_ring_has_them) {
    struct fake fake;
    fake_follow(&fake, NULL);
    px_follower_every(fake.follower, true);
    publish(&fake, 1);
    next_frame(&fake);
    for (uint64_t serial = 2; serial <= PX_BOARD_SLOTS; serial++)
        publish(&fake, serial);
    for (uint64_t serial = 2; serial <= PX_BOARD_SLOTS; serial++) {
        write_frame(&fake, 1, serial); /* the fake has memory for one frame */
        next_frame(&fake);
        ck_assert(leased(&fake, serial));
    }
    no_frame(&fake);
    ck_assert_uint_eq(px_follower_stats(fake.follower).skipped, 0);
    for (uint64_t serial = PX_BOARD_SLOTS + 1; serial <= 3 * PX_BOARD_SLOTS; serial++)
        publish(&fake, serial);
    write_frame(&fake, 1, 2 * PX_BOARD_SLOTS + 1);
    next_frame(&fake); /* the oldest that the ring still has */
    ck_assert(leased(&fake, 2 * PX_BOARD_SLOTS + 1));
    ck_assert_uint_eq(px_follower_stats(fake.follower).skipped, PX_BOARD_SLOTS);
    fake_end(&fake);
}
END_TEST

START_TEST(a_frame_overwritten_while_held_is_not_intact) {
    struct fake fake;
    fake_follow(&fake, NULL);
    publish(&fake, 1);
    const struct px_frame *frame = next_frame(&fake);
    ck_assert(px_frame_intact(fake.follower, frame, 0));
    write_geometry(&fake, 501);
    ck_assert(!px_frame_intact(fake.follower, frame, 0));
    ck_assert(!px_frame_intact(fake.follower, frame, -1));
    ck_assert(!px_frame_intact(fake.follower, frame, 1));
    px_frame_release(fake.follower, frame);
    ck_assert_uint_eq(px_follower_stats(fake.follower).revoked, 1);
    fake_end(&fake);
}
END_TEST

START_TEST(the_descriptor_is_readable_when_and_only_when_there_is_something) {
    struct fake fake;
    fake_follow(&fake, NULL);
    ck_assert(readable(&fake));
    no_frame(&fake);
    ck_assert(!readable(&fake));
    publish(&fake, 1);
    ck_assert(readable(&fake));
    next_frame(&fake);
    ck_assert(!readable(&fake));
    fake_hang_up(&fake);
    ck_assert(readable(&fake));
    fake.peer = fake.listening = -1;
    fake_end(&fake);
}
END_TEST

/* ---- channels ---------------------------------------------------------------------------------------------------- */

START_TEST(a_follower_goes_where_the_focus_goes) {
    struct fake fake;
    fake_follow(&fake, NULL);
    channel_open(&fake, 5, "other");
    publish(&fake, 1);
    next_frame(&fake);
    write_frame(&fake, 1, 2);
    publish_at(&fake, 5, 1, 2);
    no_frame(&fake);
    atomic_store(&board_header(&fake)->focus, 5);
    ck_assert_uint_eq(next_frame(&fake)->serial, 2);
    atomic_store(&board_header(&fake)->focus, PX_BOARD_CHANNELS);
    no_frame(&fake);
    fake_end(&fake);
}
END_TEST

START_TEST(a_named_sketch_is_followed_through_its_channels) {
    struct fake fake;
    fake_follow(&fake, "other");
    publish(&fake, 1);
    no_frame(&fake);
    channel_open(&fake, 5, "other");
    write_frame(&fake, 1, 2);
    publish_at(&fake, 5, 1, 2);
    ck_assert_uint_eq(next_frame(&fake)->serial, 2);
    channel_open(&fake, 5, "third"); /* the channel was given away */
    write_frame(&fake, 1, 3);
    publish_at(&fake, 5, 1, 3);
    no_frame(&fake);
    channel_open(&fake, 9, "other");
    write_frame(&fake, 1, 4);
    publish_at(&fake, 9, 1, 4);
    ck_assert_uint_eq(next_frame(&fake)->serial, 4);
    fake_end(&fake);
}
END_TEST

/* ---- arenas ------------------------------------------------------------------------------------------------------ */

START_TEST(a_frame_waits_for_its_arena) {
    struct fake fake;
    fake_make(&fake);
    fake_listen(&fake);
    ck_assert_int_eq(px_follow(fake.directory, NULL, &fake.follower, NULL), 0);
    accept_hello(&fake);
    send_first(&fake, 0, 0);
    publish(&fake, 1);
    no_frame(&fake);
    ck_assert(!leased(&fake, 1));
    ck_assert_uint_eq(px_follower_stats(fake.follower).torn, 0);
    send_arena(&fake, 1);
    ck_assert_uint_eq(next_frame(&fake)->serial, 1);
    fake_end(&fake);
}
END_TEST

START_TEST(a_frame_in_an_arena_that_never_comes_blocks_no_other) {
    struct fake fake;
    fake_follow(&fake, NULL);
    write_frame(&fake, 99, 1);
    publish_at(&fake, 0, 1, 1);
    no_frame(&fake);
    no_frame(&fake);
    ck_assert(!leased(&fake, 1));
    publish(&fake, 2);
    ck_assert_uint_eq(next_frame(&fake)->serial, 2);
    fake_end(&fake);
}
END_TEST

START_TEST(a_retired_arena_stays_while_its_frame_is_held_and_then_goes) {
    struct fake fake;
    fake_follow(&fake, NULL);
    publish(&fake, 1);
    const struct px_frame *frame = next_frame(&fake);
    send_retired(&fake, 1);
    no_frame(&fake);
    ck_assert_float_eq(frame->layers[0].geometry.coords[14], 14);
    send_arena(&fake, 2);
    write_frame(&fake, 2, 2);
    publish_at(&fake, 0, 2, 2); /* its slot says arena 1 still, which is there until a frame was taken */
    next_frame(&fake);
    publish(&fake, 3);
    no_frame(&fake);
    send_arena(&fake, 1);
    ck_assert_uint_eq(next_frame(&fake)->serial, 3);
    fake_end(&fake);
}
END_TEST

START_TEST(a_refusal_is_told_in_the_daemons_words) {
    struct fake fake;
    struct px_writer writer;
    struct px_error error;
    fake_make(&fake);
    fake_listen(&fake);
    ck_assert_int_eq(px_follow(fake.directory, NULL, &fake.follower, NULL), 0);
    accept_hello(&fake);
    px_fail(&error, PX_E_LIMIT, "64 clients are connected");
    px_writer_init(&writer, 0);
    px_write_error(&writer, &error);
    send_message(&fake, &writer, NULL, 0);
    px_writer_free(&writer);
    const struct px_frame *frame;
    ck_assert_int_eq(px_follower_next(fake.follower, 0, &frame, &error), PX_E_LIMIT);
    ck_assert_str_eq(error.message, "64 clients are connected");
    fake_end(&fake);
}
END_TEST

static void refuse_first(struct fake *fake, int wanted) {
    fake_listen(fake);
    ck_assert_int_eq(px_follow(fake->directory, NULL, &fake->follower, NULL), 0);
    accept_hello(fake);
    send_first(fake, 1, ARENA_BYTES);
    const struct px_frame *frame;
    struct px_error error;
    ck_assert_int_eq(px_follower_next(fake->follower, 0, &frame, &error), wanted);
    ck_assert_int_eq(px_follower_state(fake->follower), PX_FOLLOWER_WAITING);
    fake_end(fake);
}

START_TEST(memory_that_may_shrink_is_not_mapped) {
    struct fake fake;
    fake_make(&fake);
    memory_drop(&fake.arena);
    fake.arena = memory_make(ARENA_BYTES, false);
    refuse_first(&fake, PX_E_PROTOCOL);
}
END_TEST

START_TEST(memory_smaller_than_stated_is_not_mapped) {
    struct fake fake;
    fake_make(&fake);
    memory_drop(&fake.arena);
    fake.arena = memory_make(ARENA_BYTES / 2, true);
    refuse_first(&fake, PX_E_PROTOCOL);
}
END_TEST

START_TEST(a_board_of_another_version_is_refused) {
    struct fake fake;
    fake_make(&fake);
    board_header(&fake)->version = 2;
    refuse_first(&fake, PX_E_UNSUPPORTED);
}
END_TEST

START_TEST(a_board_that_is_too_small_is_refused) {
    struct fake fake;
    fake_make(&fake);
    struct memory small = memory_make(4096, true);
    memcpy(small.base, fake.board.base, 4096);
    memory_drop(&fake.board);
    fake.board = small;
    refuse_first(&fake, PX_E_PROTOCOL);
}
END_TEST

/* ---- corrupt memory ---------------------------------------------------------------------------------------------- */

enum place { SLOT, FRAME_SLAB, FRAME, LAYER, LAYER_HANDLE, GEOMETRY_SLAB, OFFSETS };

#define AT(strct, member) offsetof(strct, member), sizeof(((strct *)0)->member)
#define HANDLE_AT(member)                                                                                              \
    offsetof(struct px_board_slot, handle) + offsetof(struct px_handle, member), sizeof(((struct px_handle *)0)->member)
#define HUGE_COUNT ((1ull << 62) + 1)

static const struct {
    enum place place;
    size_t offset, size;
    uint64_t value;
} corruptions[] = {
    {SLOT, HANDLE_AT(offset), 1},
    {SLOT, HANDLE_AT(offset), FRAME_AT + 32},
    {SLOT, HANDLE_AT(offset), GEOMETRY_AT},
    {SLOT, HANDLE_AT(offset), ARENA_BYTES},
    {SLOT, HANDLE_AT(offset), UINT64_MAX - 63},
    {SLOT, HANDLE_AT(offset), ARENA_BYTES - 64},
    {SLOT, HANDLE_AT(size), 0},
    {SLOT, HANDLE_AT(size), 127},
    {SLOT, HANDLE_AT(size), 200},
    {SLOT, HANDLE_AT(size), ARENA_BYTES},
    {SLOT, HANDLE_AT(size), UINT64_MAX},
    {SLOT, HANDLE_AT(generation), 0},
    {SLOT, HANDLE_AT(generation), 7},
    {SLOT, HANDLE_AT(signature), 7},
    {FRAME_SLAB, AT(struct px_slab_header, magic), 0},
    {FRAME_SLAB, AT(struct px_slab_header, version), 9},
    {FRAME_SLAB, AT(struct px_slab_header, kind), PX_SLAB_GEOMETRY},
    {FRAME_SLAB, AT(struct px_slab_header, offset), 64},
    {FRAME_SLAB, AT(struct px_slab_header, size), 0},
    {FRAME_SLAB, AT(struct px_slab_header, size), 128},
    {FRAME_SLAB, AT(struct px_slab_header, size), 128 + 256},
    {FRAME_SLAB, AT(struct px_slab_header, size), UINT64_MAX},
    {FRAME_SLAB, AT(struct px_slab_header, generation), 0},
    {FRAME_SLAB, AT(struct px_slab_header, generation), 12},
    {FRAME, AT(struct px_frame_header, version), 2},
    {FRAME, AT(struct px_frame_header, layer_count), 2},
    {FRAME, AT(struct px_frame_header, layer_count), PX_FRAME_LAYERS_MAX},
    {FRAME, AT(struct px_frame_header, layer_count), UINT32_MAX},
    {FRAME, AT(struct px_frame_header, session), 1},
    {FRAME, AT(struct px_frame_header, serial), 2},
    {FRAME, AT(struct px_frame_header, sketch_at), 0},
    {FRAME, AT(struct px_frame_header, sketch_at), 4096},
    {FRAME, AT(struct px_frame_header, sketch_at), UINT32_MAX},
    {LAYER, AT(struct px_frame_layer, name_at), 0},
    {LAYER, AT(struct px_frame_layer, name_at), 4096},
    {LAYER, AT(struct px_frame_layer, name_at), UINT32_MAX},
    {LAYER_HANDLE, AT(struct px_handle, offset), 0},
    {LAYER_HANDLE, AT(struct px_handle, offset), FRAME_AT},
    {LAYER_HANDLE, AT(struct px_handle, offset), UINT64_MAX - 127},
    {LAYER_HANDLE, AT(struct px_handle, size), 0},
    {LAYER_HANDLE, AT(struct px_handle, size), 128},
    {LAYER_HANDLE, AT(struct px_handle, size), UINT64_MAX},
    {LAYER_HANDLE, AT(struct px_handle, generation), 0},
    {LAYER_HANDLE, AT(struct px_handle, generation), 499},
    {LAYER_HANDLE, AT(struct px_handle, signature), 9},
    {GEOMETRY_SLAB, AT(struct px_slab_header, magic), 1},
    {GEOMETRY_SLAB, AT(struct px_slab_header, version), 0},
    {GEOMETRY_SLAB, AT(struct px_slab_header, kind), PX_SLAB_FRAME},
    {GEOMETRY_SLAB, AT(struct px_slab_header, offset), 0},
    {GEOMETRY_SLAB, AT(struct px_slab_header, size), 64},
    {GEOMETRY_SLAB, AT(struct px_slab_header, size), 256},
    {GEOMETRY_SLAB, AT(struct px_slab_header, size), UINT64_MAX},
    {GEOMETRY_SLAB, AT(struct px_slab_header, generation), 0},
    {GEOMETRY_SLAB, AT(struct px_slab_header, generation), UINT64_MAX},
    {GEOMETRY_SLAB, AT(struct px_slab_header, vertex_count), 4},
    {GEOMETRY_SLAB, AT(struct px_slab_header, vertex_count), 100},
    {GEOMETRY_SLAB, AT(struct px_slab_header, vertex_count), HUGE_COUNT},
    {GEOMETRY_SLAB, AT(struct px_slab_header, vertex_count), UINT64_MAX},
    {GEOMETRY_SLAB, AT(struct px_slab_header, line_count), 0},
    {GEOMETRY_SLAB, AT(struct px_slab_header, line_count), 1},
    {GEOMETRY_SLAB, AT(struct px_slab_header, line_count), 1000},
    {GEOMETRY_SLAB, AT(struct px_slab_header, line_count), HUGE_COUNT},
    {GEOMETRY_SLAB, AT(struct px_slab_header, line_count), UINT64_MAX},
    {GEOMETRY_SLAB, AT(struct px_slab_header, offsets_at), 0},
    {GEOMETRY_SLAB, AT(struct px_slab_header, offsets_at), 6},
    {GEOMETRY_SLAB, AT(struct px_slab_header, offsets_at), UINT32_MAX},
    {GEOMETRY_SLAB, AT(struct px_slab_header, coords_at), 1},
    {GEOMETRY_SLAB, AT(struct px_slab_header, coords_at), 6},
    {GEOMETRY_SLAB, AT(struct px_slab_header, coords_at), UINT32_MAX},
    {GEOMETRY_SLAB, AT(struct px_slab_header, flags_at), 0},
    {GEOMETRY_SLAB, AT(struct px_slab_header, flags_at), 6},
    {GEOMETRY_SLAB, AT(struct px_slab_header, flags_at), UINT32_MAX},
    {OFFSETS, 0, 4, 1},
    {OFFSETS, 8, 4, 4},
    {OFFSETS, 8, 4, UINT32_MAX},
};

static uint8_t *place_at(struct fake *fake, enum place place) {
    uint8_t *frame = fake->arena.base + FRAME_AT + sizeof(struct px_slab_header);
    switch (place) {
    case SLOT:
        return (uint8_t *)&board_channel(fake, 0)->slots[1];
    case FRAME_SLAB:
        return fake->arena.base + FRAME_AT;
    case FRAME:
        return frame;
    case LAYER:
    case LAYER_HANDLE:
        return frame + sizeof(struct px_frame_header);
    case GEOMETRY_SLAB:
        return fake->arena.base + GEOMETRY_AT;
    case OFFSETS:
        return fake->arena.base + GEOMETRY_AT + OFFSETS_AT;
    }
    return NULL;
}

START_TEST(a_corrupt_frame_is_refused_and_the_next_good_one_taken) {
    struct fake fake;
    fake_follow(&fake, NULL);
    publish(&fake, 1);
    memcpy(place_at(&fake, corruptions[_i].place) + corruptions[_i].offset, &corruptions[_i].value,
           corruptions[_i].size < 8 ? corruptions[_i].size : 8);
    no_frame(&fake);
    ck_assert_uint_eq(px_follower_stats(fake.follower).torn, 1);
    ck_assert(!leased(&fake, 1));
    no_frame(&fake);
    ck_assert_uint_eq(px_follower_stats(fake.follower).torn, 1);
    write_geometry(&fake, 600);
    publish(&fake, 2);
    ck_assert_uint_eq(next_frame(&fake)->serial, 2);
    fake_end(&fake);
}
END_TEST

START_TEST(noise_anywhere_in_shared_memory_never_crashes_a_reader) {
    struct fake fake;
    uint64_t state = 88172645463325252ull;
    fake_follow(&fake, _i ? "sketch" : NULL);
    for (uint64_t serial = 1; serial < 3000; serial++) {
        write_geometry(&fake, 500 + serial);
        publish(&fake, serial);
        for (int i = 0; i < 4; i++) {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            size_t at = (size_t)(state >> 20) % 512;
            fake.arena.base[(state & 1 ? FRAME_AT : GEOMETRY_AT) + at] ^= (uint8_t)(state >> 8);
        }
        const struct px_frame *frame;
        if (px_follower_next(fake.follower, 0, &frame, NULL) == 1)
            for (size_t i = 0; i < frame->layer_count; i++)
                ck_assert_uint_lt(strlen(frame->layers[i].name), ARENA_BYTES);
    }
    ck_assert_uint_gt(px_follower_stats(fake.follower).torn, 0);
    ck_assert_uint_gt(px_follower_stats(fake.follower).frames, 0);
    fake_end(&fake);
}
END_TEST

START_TEST(a_slot_that_is_being_written_is_left_alone) {
    struct fake fake;
    fake_follow(&fake, NULL);
    publish(&fake, 1);
    atomic_store(&board_channel(&fake, 0)->slots[1].sequence, 0);
    no_frame(&fake);
    ck_assert_uint_eq(px_follower_stats(fake.follower).torn, 0);
    ck_assert(!leased(&fake, 1));
    atomic_store(&board_channel(&fake, 0)->slots[1].sequence, 1);
    ck_assert_uint_eq(next_frame(&fake)->serial, 1);
    fake_end(&fake);
}
END_TEST

/* ---- the daemon comes and goes ----------------------------------------------------------------------------------- */

START_TEST(a_lost_daemon_is_told_once_and_found_again) {
    struct fake fake;
    fake_follow(&fake, NULL);
    publish(&fake, 1);
    const struct px_frame *frame = next_frame(&fake);
    fake_hang_up(&fake);
    const struct px_frame *none = NULL;
    struct px_error error;
    ck_assert_int_eq(px_follower_next(fake.follower, -1, &none, &error), PX_E_IO);
    ck_assert(!px_frame_intact(fake.follower, frame, -1));
    px_frame_release(fake.follower, frame);
    ck_assert_int_eq(px_follower_state(fake.follower), PX_FOLLOWER_WAITING);
    no_frame(&fake);
    fake_listen(&fake);
    struct pollfd asked = {.fd = fake.listening, .events = POLLIN};
    while (poll(&asked, 1, 0) == 0) /* its timer decides when it asks */
        ck_assert_int_eq(px_follower_next(fake.follower, 10, &none, NULL), 0);
    accept_hello(&fake);
    send_first(&fake, 1, ARENA_BYTES);
    ck_assert_uint_eq(next_frame(&fake)->serial, 1);
    ck_assert_uint_eq(px_follower_stats(fake.follower).reconnects, 1);
    fake_end(&fake);
}
END_TEST

START_TEST(a_follower_may_be_there_before_the_daemon) {
    struct fake fake;
    fake_make(&fake);
    ck_assert_int_eq(px_follow(fake.directory, NULL, &fake.follower, NULL), 0);
    no_frame(&fake);
    fake_listen(&fake);
    struct pollfd asked = {.fd = fake.listening, .events = POLLIN};
    while (poll(&asked, 1, 0) == 0) {
        const struct px_frame *none = NULL;
        ck_assert_int_eq(px_follower_next(fake.follower, 10, &none, NULL), 0);
    }
    accept_hello(&fake);
    send_first(&fake, 1, ARENA_BYTES);
    publish(&fake, 1);
    ck_assert_uint_eq(next_frame(&fake)->serial, 1);
    ck_assert_uint_eq(px_follower_stats(fake.follower).reconnects, 0);
    fake_end(&fake);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("follower");
    TCase *tests = tcase_create("follower");
    tcase_add_test(tests, a_frame_is_what_was_published);
    tcase_add_test(tests, a_lease_stands_while_a_frame_is_held);
    tcase_add_test(tests, the_newest_frame_wins_and_the_others_are_counted);
    tcase_add_test(tests, every_frame_comes_in_turn_when_asked_as_far_as_the_ring_has_them);
    tcase_add_test(tests, a_frame_overwritten_while_held_is_not_intact);
    tcase_add_test(tests, the_descriptor_is_readable_when_and_only_when_there_is_something);
    tcase_add_test(tests, a_follower_goes_where_the_focus_goes);
    tcase_add_test(tests, a_named_sketch_is_followed_through_its_channels);
    tcase_add_test(tests, a_frame_waits_for_its_arena);
    tcase_add_test(tests, a_frame_in_an_arena_that_never_comes_blocks_no_other);
    tcase_add_test(tests, a_retired_arena_stays_while_its_frame_is_held_and_then_goes);
    tcase_add_test(tests, a_refusal_is_told_in_the_daemons_words);
    tcase_add_test(tests, memory_that_may_shrink_is_not_mapped);
    tcase_add_test(tests, memory_smaller_than_stated_is_not_mapped);
    tcase_add_test(tests, a_board_of_another_version_is_refused);
    tcase_add_test(tests, a_board_that_is_too_small_is_refused);
    tcase_add_loop_test(tests, a_corrupt_frame_is_refused_and_the_next_good_one_taken, 0,
                        sizeof corruptions / sizeof corruptions[0]);
    tcase_add_loop_test(tests, noise_anywhere_in_shared_memory_never_crashes_a_reader, 0, 2);
    tcase_add_test(tests, a_slot_that_is_being_written_is_left_alone);
    tcase_add_test(tests, a_lost_daemon_is_told_once_and_found_again);
    tcase_add_test(tests, a_follower_may_be_there_before_the_daemon);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
