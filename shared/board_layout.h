/* board_layout.h: the board in shared memory on which frames are published, and a client's lease page, version 1.
 *
 *     board:  [ px_board_header 128 ][ px_board_channel x PX_BOARD_CHANNELS ]
 *     channel: one sketch; a ring of PX_BOARD_SLOTS frames that is overwritten
 *
 * Publishing (one writer): slot.sequence = 0 (release); fields; slot.sequence = serial (release);
 * channel.latest = index (release); board.latest = serial (release); then each client's eventfd.
 *
 * Taking a lease (reader, seq_cst): lease.serial = s; if slot.sequence is still s, the frame and all its slabs stay
 * until lease.serial changes; else lease.serial = 0 and look again.
 * Retiring (writer, seq_cst): slot.sequence = 0, then read every lease; a leased frame is kept aside until released.
 * One of the two sees the other: both sides store before they load.
 *
 * Threads  the board is read-only for clients; a lease page is written by its client and read by the daemon.
 */
#ifndef PX_SHARED_BOARD_LAYOUT_H
#define PX_SHARED_BOARD_LAYOUT_H

#include "shared/frame_layout.h"

#include <stdatomic.h>

enum {
    PX_BOARD_MAGIC = 0x44425850, /* "PXBD" */
    PX_BOARD_VERSION = 1,
    PX_BOARD_CHANNELS = 64, /* sketches at one time */
    PX_BOARD_SLOTS = 8,     /* a power of two; slot = frame_index % PX_BOARD_SLOTS */
    PX_LEASES_MAX = 8,      /* lease words of one client; a follower normally uses the first */
};

struct px_board_slot {
    _Atomic uint64_t sequence; /* serial of the frame it holds; 0 while written or when retired */
    uint64_t index;            /* counts the frames of this channel, from 1 */
    uint64_t frame;            /* number within the sketch */
    double t;
    uint64_t published_ns;
    struct px_handle handle; /* of the frame slab */
    uint64_t reserved[5];
};
_Static_assert(sizeof(struct px_board_slot) == 128, "a board slot has 128 bytes on every side");

struct px_board_channel {
    _Atomic uint64_t latest;    /* index of the newest frame of this sketch; 0: none yet */
    _Atomic uint64_t epoch;     /* odd while the name changes; grows when the channel is given to another sketch */
    char name[PX_SKETCH_NAME_MAX + 1]; /* empty: free */
    uint64_t reserved[6];
    struct px_board_slot slots[PX_BOARD_SLOTS];
};
_Static_assert(sizeof(struct px_board_channel) == 128 + PX_BOARD_SLOTS * 128, "size of a channel");

struct px_board_header {
    uint32_t magic;
    uint32_t version;
    uint64_t session;
    uint64_t size; /* of the whole board, bytes */
    _Atomic uint64_t latest; /* newest serial on any channel */
    _Atomic uint32_t focus;  /* channel that viewers follow by default; PX_BOARD_CHANNELS: none */
    uint32_t channel_count;
    uint64_t reserved[11];
};
_Static_assert(sizeof(struct px_board_header) == 128, "the board header has 128 bytes on every side");

/* A client's page: one page of memory, the client's own. */
struct px_lease_page {
    _Atomic uint64_t serial[PX_LEASES_MAX]; /* 0: none */
};

#endif
