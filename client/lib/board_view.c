#include "client/lib/board_view.h"

#include <string.h>

enum {
    BOARD_VIEW_TRIES = 64, /* the writer overtook us that often: look again at the next wake-up */
    BOARD_VIEW_WORDS = 2,
};

static const struct px_board_header *board_header(const struct board_view *view) {
    return (const struct px_board_header *)(const void *)view->board.base;
}

static const struct px_board_channel *board_channel(const struct board_view *view, uint32_t channel) {
    const uint8_t *first = view->board.base + sizeof(struct px_board_header);
    return (const struct px_board_channel *)(const void *)first + channel;
}

static _Atomic uint64_t *board_lease(const struct board_view *view, uint32_t word) {
    return &((struct px_lease_page *)(uintptr_t)view->leases.base)->serial[word];
}

static int board_check(const struct board_view *view, uint64_t session, struct px_error *error) {
    const struct px_board_header *header = board_header(view);
    size_t needed = sizeof *header + PX_BOARD_CHANNELS * sizeof(struct px_board_channel);
    if (view->board.size < needed)
        return px_fail(error, PX_E_PROTOCOL, "a board of %zu bytes is too small", view->board.size);
    if (header->magic != PX_BOARD_MAGIC || header->version != PX_BOARD_VERSION)
        return px_fail(error, PX_E_UNSUPPORTED, "a board of version %u; this library reads version %d", header->version,
                       PX_BOARD_VERSION);
    if (header->channel_count > PX_BOARD_CHANNELS || header->session != session)
        return px_fail(error, PX_E_PROTOCOL, "a board of another session or with too many channels");
    return 0;
}

int board_view_open(struct board_view *view, int board_fd, uint64_t board_size, int lease_fd, uint64_t session,
                    struct px_error *error) {
    *view = (struct board_view){.channel = PX_BOARD_CHANNELS, .in_order = view->in_order};
    int code = mapping_open(board_fd, board_size, false, "board", &view->board, error);
    if (code == 0)
        code = board_check(view, session, error);
    if (code == 0)
        code = mapping_open(lease_fd, sizeof(struct px_lease_page), true, "lease page", &view->leases, error);
    if (code < 0)
        board_view_close(view);
    return code;
}

void board_view_close(struct board_view *view) {
    mapping_close(&view->board);
    mapping_close(&view->leases);
    *view = (struct board_view){.channel = PX_BOARD_CHANNELS, .in_order = view->in_order};
}

/* ---- the channel ------------------------------------------------------------------------------------------------- */

static uint64_t channel_epoch(const struct px_board_channel *channel) {
    /* acquire: what is read of the channel after it is at least as new */
    return atomic_load_explicit(&channel->epoch, memory_order_acquire);
}

/* Whether the channel had that name during one whole epoch. */
static bool channel_is_named(const struct px_board_channel *channel, const char *name, uint64_t *epoch) {
    char copy[PX_SKETCH_NAME_MAX + 1];
    *epoch = channel_epoch(channel);
    if (*epoch & 1)
        return false;
    memcpy(copy, channel->name, sizeof copy);
    copy[PX_SKETCH_NAME_MAX] = '\0';
    atomic_thread_fence(memory_order_acquire); /* the name was read before the epoch is looked at again */
    if (atomic_load_explicit(&channel->epoch, memory_order_relaxed) != *epoch)
        return false;
    return strcmp(copy, name) == 0;
}

static void board_view_follow(struct board_view *view, uint32_t channel, uint64_t epoch) {
    if (view->channel == channel && view->epoch == epoch)
        return;
    view->channel = channel;
    view->epoch = epoch;
    view->seen = 0;
}

static bool choose_focused(struct board_view *view) {
    const struct px_board_header *header = board_header(view);
    /* acquire: the channel's name and frames were there before the focus went to it */
    uint32_t channel = atomic_load_explicit(&header->focus, memory_order_acquire);
    if (channel >= PX_BOARD_CHANNELS)
        return false;
    uint64_t epoch = channel_epoch(board_channel(view, channel));
    if (epoch & 1)
        return false;
    board_view_follow(view, channel, epoch);
    return true;
}

bool board_view_choose(struct board_view *view, const char *sketch) {
    if (!*sketch)
        return choose_focused(view);
    uint64_t epoch;
    if (view->channel < PX_BOARD_CHANNELS && channel_is_named(board_channel(view, view->channel), sketch, &epoch)) {
        board_view_follow(view, view->channel, epoch);
        return true;
    }
    for (uint32_t i = 0; i < PX_BOARD_CHANNELS; i++) {
        if (channel_is_named(board_channel(view, i), sketch, &epoch)) {
            board_view_follow(view, i, epoch);
            return true;
        }
    }
    return false;
}

/* ---- the newest frame -------------------------------------------------------------------------------------------- */

static uint32_t free_word(const struct board_view *view) {
    return (view->word + 1) % BOARD_VIEW_WORDS;
}

/* Leases what the slot holds; false when it is being written or was overwritten meanwhile. */
static bool slot_lease(const struct board_view *view, const struct px_board_slot *slot, struct board_entry *entry) {
    /* acquire: the fields read below are those of this serial or newer */
    uint64_t serial = atomic_load_explicit(&slot->sequence, memory_order_acquire);
    if (serial == 0)
        return false;
    *entry = (struct board_entry){.serial = serial, .index = slot->index, .frame = slot->frame, .handle = slot->handle};
    /* seq_cst, both: we store before we load, the daemon too, so one of the two sees the other */
    atomic_store_explicit(board_lease(view, free_word(view)), serial, memory_order_seq_cst);
    if (atomic_load_explicit(&slot->sequence, memory_order_seq_cst) == serial)
        return true;
    atomic_store_explicit(board_lease(view, free_word(view)), 0, memory_order_seq_cst);
    return false;
}

/* Index of the frame that is due: the newest, or in order the one after the last, as far as the ring still has it. */
static uint64_t index_due(const struct board_view *view, uint64_t latest) {
    uint64_t oldest = latest < PX_BOARD_SLOTS ? 1 : latest - PX_BOARD_SLOTS + 1;
    if (!view->in_order || view->seen == 0 || view->seen > latest)
        return latest;
    return view->seen + 1 > oldest ? view->seen + 1 : oldest;
}

bool board_view_take(struct board_view *view, struct board_entry *entry) {
    if (view->channel >= PX_BOARD_CHANNELS)
        return false;
    const struct px_board_channel *channel = board_channel(view, view->channel);
    for (int tries = 0; tries < BOARD_VIEW_TRIES; tries++) {
        /* acquire: the slot was filled before it was named */
        uint64_t latest = atomic_load_explicit(&channel->latest, memory_order_acquire);
        if (latest == 0 || latest == view->seen)
            return false;
        uint64_t due = index_due(view, latest);
        if (slot_lease(view, &channel->slots[due % PX_BOARD_SLOTS], entry)) {
            if (entry->index == due)
                return true;
            atomic_store_explicit(board_lease(view, free_word(view)), 0, memory_order_seq_cst);
        }
    }
    return false;
}

void board_view_keep(struct board_view *view, const struct board_entry *entry) {
    board_view_release(view);
    view->word = free_word(view);
    view->seen = entry->index;
}

void board_view_drop(struct board_view *view, const struct board_entry *entry, bool seen) {
    if (seen)
        view->seen = entry->index;
    /* seq_cst here and below: releasing must come after every read of the frame */
    atomic_store_explicit(board_lease(view, free_word(view)), 0, memory_order_seq_cst);
}

void board_view_release(struct board_view *view) {
    if (view->leases.base)
        atomic_store_explicit(board_lease(view, view->word), 0, memory_order_seq_cst);
}
