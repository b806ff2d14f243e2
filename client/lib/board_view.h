/* board_view.h: the reader's side of the board: which channel, what is newest on it, and the lease that holds it.
 *
 * The protocol is in shared/board_layout.h. Two lease words are used in turn, so that the frame held stays held until
 * the next one is.
 *
 * Threads  the follower's.
 */
#ifndef CLIENT_LIB_BOARD_VIEW_H
#define CLIENT_LIB_BOARD_VIEW_H

#include "client/lib/mapping.h"
#include "shared/board_layout.h"

struct board_view {
    struct mapping board;
    struct mapping leases;
    uint32_t channel; /* the one followed; PX_BOARD_CHANNELS: none */
    uint64_t epoch;   /* of that channel when it was chosen */
    uint64_t seen;    /* index of the last frame taken or passed over on it */
    bool in_order;    /* every frame in turn, as far as the ring has them; else the newest */
    uint32_t word;    /* lease word that holds the frame */
};

/* A slot as it was while it held `serial`. */
struct board_entry {
    uint64_t serial, index, frame;
    struct px_handle handle;
};

int board_view_open(struct board_view *view, int board_fd, uint64_t board_size, int lease_fd, uint64_t session,
                    struct px_error *error);
void board_view_close(struct board_view *view); /* zeroed is fine */

/* board_view_choose: finds the channel of that name, or the focused one for "". False: there is none now. */
bool board_view_choose(struct board_view *view, const char *sketch);

/* board_view_take: leases the frame of the channel that is due: the newest not seen yet, or the next in order. Does not mark it seen. */
bool board_view_take(struct board_view *view, struct board_entry *entry);

/* board_view_keep: the frame taken last is the one held now; the one before is released. */
void board_view_keep(struct board_view *view, const struct board_entry *entry);

/* board_view_drop: the frame taken last is not wanted. seen: do not offer it again. */
void board_view_drop(struct board_view *view, const struct board_entry *entry, bool seen);
void board_view_release(struct board_view *view); /* of the frame held */

#endif
