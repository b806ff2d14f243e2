/* board.h: publishes frames to local viewers: the ring in shared memory, leases, and eventfds.
 *
 * The layout and the protocol between writer and reader are in shared/board_layout.h. The board keeps the newest
 * frames of every channel alive; a frame that falls out of the ring is destroyed unless a lease names it, and then as
 * soon as no lease does (looked at on every publication, at every client's end, and by board_sweep).
 *
 *     frames alive <= PX_BOARD_CHANNELS * PX_BOARD_SLOTS + clients * PX_LEASES_MAX
 *     a frame aside has a lease word that names it, and is not older there than the lease limit (after a look)
 *
 * A lease page is the client's to write: it is read as eight words that may say anything, one atomic load each. It is
 * sealed against resizing, so that our mapping holds whatever the client does.
 *
 * Threads  LOOP for all, but clients read the memory as they like.
 */
#ifndef FRAME_BOARD_H
#define FRAME_BOARD_H

#include "daemon/frame/frame.h"
#include "shared/board_layout.h"

struct board;
struct board_client;

struct board_stats {
    uint64_t published, retired, leased_aside, lease_revoked, clients, wakeups;
};

int board_create(uint64_t session, uint64_t lease_limit_ns, struct board **board, struct px_error *error);
void board_destroy(struct board *board); /* NULL is fine; all clients are gone */

/* board_fd, board_size: the sealed memfd that clients map read-only. */
int board_fd(const struct board *board);
size_t board_size(const struct board *board);
uint64_t board_session(const struct board *board);

/* board_channel_open: the channel of a sketch, made if there is none; PX_E_LIMIT past PX_BOARD_CHANNELS.
 * board_channel_close: the sketch was removed; its frames retire. */
int board_channel_open(struct board *board, const char *sketch, struct px_error *error);
void board_channel_close(struct board *board, const char *sketch);
void board_focus(struct board *board, const char *sketch); /* NULL, or one without a channel: none; wakes clients */

/* board_publish: takes the frame; gives it its serial and published_ns, seals its slab, puts it on its channel, wakes
 * all clients. */
int board_publish(struct board *board, struct frame *frame, struct px_error *error);

/* board_latest: the newest frame of a sketch, borrowed until the next board_publish or channel_close; NULL if none. */
const struct frame *board_latest(const struct board *board, const char *sketch);

/* A client: a page with its lease words and an eventfd of its own. lease_fd, event_fd are the board's. */
int board_client_add(struct board *board, struct board_client **client, struct px_error *error);
int board_client_lease_fd(const struct board_client *client);
int board_client_event_fd(const struct board_client *client);

/* board_client_follow: whether it is woken on each publication, and counts as a watcher; at first it is. */
void board_client_follow(struct board_client *client, bool follows);
void board_client_remove(struct board *board, struct board_client *client); /* frees its leases at once */

/* board_watchers: clients that follow or hold a lease. */
size_t board_watchers(const struct board *board);

/* board_sweep: looks at leases of frames aside, revokes those past the limit; returns true while frames are aside. */
bool board_sweep(struct board *board, uint64_t now_ns);
void board_stats(const struct board *board, struct board_stats *stats);

#endif
