/* announce.h: tells every subscriber of frames.nng (PUB) that a frame was published: a message of constant size.
 *
 *     [2, "frame", [{session, sketch, frame, t, slab: {arena, offset, size, generation}}]]
 *
 * Best effort: no lifetime hangs on a message having arrived; PUB drops the oldest and never blocks.
 * Threads  announce_frame: LOOP, never blocks. nng's threads call `subscribers` (any thread).
 */
#ifndef FRAME_ANNOUNCE_H
#define FRAME_ANNOUNCE_H

#include "daemon/frame/frame.h"

struct announce;

/* announce_open: path of the socket file; a stale file is taken over, a live one is PX_E_EXISTS.
 * subscribers: called when a subscriber comes or goes, with how many there are. */
int announce_open(const char *path, uint64_t session, void (*subscribers)(void *argument, size_t count),
                  void *argument, struct announce **announce, struct px_error *error);
void announce_frame(struct announce *announce, const struct frame *frame);
uint64_t announce_bytes(const struct announce *announce); /* sent so far */
void announce_close(struct announce *announce);           /* NULL is fine; waits for nng */

#endif
