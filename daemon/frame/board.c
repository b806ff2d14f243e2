#include "daemon/frame/board.h"
#include "shared/clock.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PAGE_BYTES = 4096 };
#define BOARD_USED  (sizeof(struct px_board_header) + PX_BOARD_CHANNELS * sizeof(struct px_board_channel))
#define BOARD_BYTES ((BOARD_USED + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES)

/* A sealed memfd as we map it. */
struct pages {
    int fd;
    void *base;
    size_t size;
};

struct board_client {
    struct board_client *next;
    struct pages page;
    const struct px_lease_page *leases; /* read-only here */
    int event_fd;
    bool follows;
};

/* What we know of a channel; what clients see of it stands in the board. */
struct channel {
    uint64_t index; /* of its newest frame */
    struct frame *frames[PX_BOARD_SLOTS];
};

/* A frame that left its ring while leased. */
struct aside {
    struct aside *next;
    struct frame *frame;
    uint64_t since_ns;
};

struct board {
    struct pages pages;
    struct px_board_header *header;
    struct px_board_channel *shared; /* [PX_BOARD_CHANNELS] */
    struct channel channels[PX_BOARD_CHANNELS];
    struct board_client *clients;
    struct aside *aside;
    uint64_t serial; /* of the newest frame */
    uint64_t lease_limit_ns;
    struct board_stats stats;
};

/* ---- memory that clients map ---------------------------------------------------------------------------------- */

static void pages_close(struct pages *pages) {
    if (pages->base != NULL)
        munmap(pages->base, pages->size);
    if (pages->fd >= 0)
        close(pages->fd);
    *pages = (struct pages){.fd = -1};
}

/* protection: ours. seals: beside SHRINK and GROW. */
static int pages_open(struct pages *pages, const char *name, size_t size, int protection, int seals,
                      struct px_error *error) {
    *pages = (struct pages){.fd = memfd_create(name, MFD_ALLOW_SEALING | MFD_CLOEXEC), .size = size};
    if (pages->fd >= 0 && fallocate(pages->fd, 0, 0, (off_t)size) == 0) {
        void *base = mmap(NULL, size, protection, MAP_SHARED | MAP_POPULATE, pages->fd, 0);
        if (base != MAP_FAILED)
            pages->base = base;
    }
    if (pages->base != NULL && fcntl(pages->fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL | seals) == 0)
        return 0;
    int code = px_fail(error, errno == ENOSPC || errno == ENOMEM ? PX_E_NO_MEMORY : PX_E_IO, "%s of %zu bytes: %s",
                       name, size, strerror(errno));
    pages_close(pages);
    return code;
}

/* ---- leases --------------------------------------------------------------------------------------------------- */

static bool client_leases(const struct board_client *client, uint64_t serial) {
    for (int i = 0; i < PX_LEASES_MAX; i++) {
        /* seq_cst: after the store of 0 to the slot's sequence; the reader stores its lease, then looks at the slot */
        if (atomic_load_explicit(&client->leases->serial[i], memory_order_seq_cst) == serial)
            return true;
    }
    return false;
}

static bool leased(const struct board *board, uint64_t serial) {
    for (const struct board_client *client = board->clients; client != NULL; client = client->next)
        if (client_leases(client, serial))
            return true;
    return false;
}

static bool client_holds_any(const struct board_client *client) {
    for (int i = 0; i < PX_LEASES_MAX; i++)
        if (atomic_load_explicit(&client->leases->serial[i], memory_order_relaxed) != 0)
            return true;
    return false;
}

/* Keeps a leased frame; without memory for that, the lease is revoked (the generation tells the viewer). */
static void set_aside(struct board *board, struct frame *frame, uint64_t now_ns) {
    struct aside *aside = malloc(sizeof *aside);
    if (aside == NULL) {
        board->stats.lease_revoked++;
        frame_destroy(frame);
        return;
    }
    *aside = (struct aside){.next = board->aside, .frame = frame, .since_ns = now_ns};
    board->aside = aside;
    board->stats.leased_aside++;
}

bool board_sweep(struct board *board, uint64_t now_ns) {
    struct aside **link = &board->aside;
    while (*link != NULL) {
        struct aside *aside = *link;
        bool old = now_ns > aside->since_ns && now_ns - aside->since_ns > board->lease_limit_ns;
        bool held = leased(board, frame_serial(aside->frame));
        if (held && !old) {
            link = &aside->next;
            continue;
        }
        board->stats.lease_revoked += held;
        board->stats.leased_aside--;
        *link = aside->next;
        frame_destroy(aside->frame);
        free(aside);
    }
    return board->aside != NULL;
}

/* ---- channels ------------------------------------------------------------------------------------------------- */

/* Index of a sketch's channel; "" finds a free one; PX_BOARD_CHANNELS: none. */
static uint32_t channel_find(const struct board *board, const char *sketch) {
    uint32_t i = 0;
    while (i < PX_BOARD_CHANNELS && strcmp(board->shared[i].name, sketch) != 0)
        i++;
    return i;
}

static void channel_name(struct px_board_channel *channel, const char *name) {
    /* release, all: a reader that sees an even epoch, the name, and the same epoch again has read one name */
    atomic_fetch_add_explicit(&channel->epoch, 1, memory_order_acq_rel);
    memset(channel->name, 0, sizeof channel->name);
    memcpy(channel->name, name, strlen(name));
    atomic_store_explicit(&channel->latest, 0, memory_order_release);
    atomic_fetch_add_explicit(&channel->epoch, 1, memory_order_release);
}

/* Takes the frame out of its slot. */
static struct frame *take_out(struct board *board, uint32_t channel, unsigned slot) {
    struct frame *frame = board->channels[channel].frames[slot];
    /* seq_cst: before the leases are read, see client_leases. Also hides the fields while they change. */
    atomic_store_explicit(&board->shared[channel].slots[slot].sequence, 0, memory_order_seq_cst);
    board->channels[channel].frames[slot] = NULL;
    return frame;
}

/* A frame that was taken out: destroyed, or set aside. NULL is fine. */
static void retire(struct board *board, struct frame *frame, uint64_t now_ns) {
    if (frame == NULL)
        return;
    board->stats.retired++;
    if (leased(board, frame_serial(frame)))
        set_aside(board, frame, now_ns);
    else
        frame_destroy(frame);
}

int board_channel_open(struct board *board, const char *sketch, struct px_error *error) {
    if (sketch[0] == '\0' || strlen(sketch) > PX_SKETCH_NAME_MAX)
        return px_fail(error, PX_E_RANGE, "a sketch's name has 1 to %d bytes", PX_SKETCH_NAME_MAX);
    if (channel_find(board, sketch) < PX_BOARD_CHANNELS)
        return 0;
    uint32_t unused = channel_find(board, "");
    if (unused == PX_BOARD_CHANNELS)
        return px_fail(error, PX_E_LIMIT, "%d sketches have a channel already, no more are possible",
                       PX_BOARD_CHANNELS);
    channel_name(&board->shared[unused], sketch);
    return 0;
}

static void wake_clients(struct board *board) {
    const uint64_t one = 1;
    for (const struct board_client *client = board->clients; client != NULL; client = client->next)
        if (client->follows && write(client->event_fd, &one, sizeof one) == (ssize_t)sizeof one)
            board->stats.wakeups++;
}

static void set_focus(struct board *board, uint32_t channel) {
    /* release: the channel's name is there */
    atomic_store_explicit(&board->header->focus, channel, memory_order_release);
}

void board_channel_close(struct board *board, const char *sketch) {
    uint32_t channel = sketch[0] != '\0' ? channel_find(board, sketch) : PX_BOARD_CHANNELS;
    if (channel == PX_BOARD_CHANNELS)
        return;
    uint64_t now_ns = px_clock_ns();
    for (unsigned slot = 0; slot < PX_BOARD_SLOTS; slot++)
        retire(board, take_out(board, channel, slot), now_ns);
    board->channels[channel].index = 0;
    if (atomic_load_explicit(&board->header->focus, memory_order_relaxed) == channel)
        set_focus(board, PX_BOARD_CHANNELS);
    channel_name(&board->shared[channel], "");
    wake_clients(board);
}

void board_focus(struct board *board, const char *sketch) {
    bool some = sketch != NULL && sketch[0] != '\0';
    set_focus(board, some ? channel_find(board, sketch) : PX_BOARD_CHANNELS);
    wake_clients(board);
}

/* ---- publication ---------------------------------------------------------------------------------------------- */

static void fill_slot(struct px_board_slot *slot, const struct frame *frame, uint64_t index, uint64_t published_ns) {
    slot->index = index;
    slot->frame = frame_info(frame)->frame;
    slot->t = frame_info(frame)->t;
    slot->published_ns = published_ns;
    slot->handle = frame_handle(frame);
    /* release: the fields are whole */
    atomic_store_explicit(&slot->sequence, frame_serial(frame), memory_order_release);
}

int board_publish(struct board *board, struct frame *frame, struct px_error *error) {
    const char *sketch = frame_info(frame)->sketch;
    int code = board_channel_open(board, sketch, error);
    if (code < 0)
        return code;
    uint32_t at = channel_find(board, sketch);
    struct channel *channel = &board->channels[at];
    uint64_t now_ns = px_clock_ns();
    uint64_t index = ++channel->index;
    unsigned slot = index % PX_BOARD_SLOTS;
    struct frame *before = take_out(board, at, slot);
    frame_seal(frame, board->header->session, ++board->serial, now_ns);
    channel->frames[slot] = frame;
    fill_slot(&board->shared[at].slots[slot], frame, index, now_ns);
    /* release, both: who sees the number finds the slot */
    atomic_store_explicit(&board->shared[at].latest, index, memory_order_release);
    atomic_store_explicit(&board->header->latest, board->serial, memory_order_release);
    board->stats.published++;
    wake_clients(board);
    retire(board, before, now_ns); /* what it holds is given back while the viewers wake up */
    board_sweep(board, now_ns);
    return 0;
}

const struct frame *board_latest(const struct board *board, const char *sketch) {
    uint32_t at = sketch[0] != '\0' ? channel_find(board, sketch) : PX_BOARD_CHANNELS;
    if (at == PX_BOARD_CHANNELS)
        return NULL;
    const struct channel *channel = &board->channels[at];
    return channel->frames[channel->index % PX_BOARD_SLOTS];
}

/* ---- clients -------------------------------------------------------------------------------------------------- */

static void client_free(struct board_client *client) {
    pages_close(&client->page);
    if (client->event_fd >= 0)
        close(client->event_fd);
    free(client);
}

int board_client_add(struct board *board, struct board_client **client, struct px_error *error) {
    struct board_client *made = calloc(1, sizeof *made);
    if (made == NULL)
        return px_fail(error, PX_E_NO_MEMORY, "no memory for a client of the board");
    made->follows = true;
    made->event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    made->page.fd = -1;
    int code = made->event_fd < 0 ? px_fail(error, PX_E_IO, "eventfd: %s", strerror(errno))
                                  : pages_open(&made->page, "pxd-lease", PAGE_BYTES, PROT_READ, 0, error);
    if (code < 0) {
        client_free(made);
        return code;
    }
    made->leases = made->page.base;
    made->next = board->clients;
    board->clients = made;
    board->stats.clients++;
    *client = made;
    return 0;
}

int board_client_lease_fd(const struct board_client *client) {
    return client->page.fd;
}

int board_client_event_fd(const struct board_client *client) {
    return client->event_fd;
}

void board_client_follow(struct board_client *client, bool follows) {
    client->follows = follows;
}

void board_client_remove(struct board *board, struct board_client *client) {
    struct board_client **link = &board->clients;
    while (*link != client)
        link = &(*link)->next;
    *link = client->next;
    client_free(client);
    board->stats.clients--;
    board_sweep(board, px_clock_ns());
}

size_t board_watchers(const struct board *board) {
    size_t watchers = 0;
    for (const struct board_client *client = board->clients; client != NULL; client = client->next)
        watchers += client->follows || client_holds_any(client);
    return watchers;
}

/* ---- the board ------------------------------------------------------------------------------------------------ */

int board_create(uint64_t session, uint64_t lease_limit_ns, struct board **board, struct px_error *error) {
    struct board *made = calloc(1, sizeof *made);
    if (made == NULL)
        return px_fail(error, PX_E_NO_MEMORY, "no memory for the board");
    int code = pages_open(&made->pages, "pxd-board", BOARD_BYTES, PROT_READ | PROT_WRITE, F_SEAL_FUTURE_WRITE, error);
    if (code < 0) {
        free(made);
        return code;
    }
    made->lease_limit_ns = lease_limit_ns;
    made->header = made->pages.base;
    made->shared = (struct px_board_channel *)(void *)(made->header + 1);
    made->header->magic = PX_BOARD_MAGIC;
    made->header->version = PX_BOARD_VERSION;
    made->header->session = session;
    made->header->size = BOARD_BYTES;
    made->header->channel_count = PX_BOARD_CHANNELS;
    set_focus(made, PX_BOARD_CHANNELS);
    *board = made;
    return 0;
}

void board_destroy(struct board *board) {
    if (board == NULL)
        return;
    assert(board->clients == NULL);
    for (uint32_t channel = 0; channel < PX_BOARD_CHANNELS; channel++)
        for (unsigned slot = 0; slot < PX_BOARD_SLOTS; slot++)
            retire(board, take_out(board, channel, slot), 0);
    board_sweep(board, 0); /* nobody leases: all go */
    pages_close(&board->pages);
    free(board);
}

int board_fd(const struct board *board) {
    return board->pages.fd;
}

size_t board_size(const struct board *board) {
    return board->pages.size;
}

uint64_t board_session(const struct board *board) {
    return board->header->session;
}

void board_stats(const struct board *board, struct board_stats *stats) {
    *stats = board->stats;
}
