/* announce.h: tells every subscriber of frames.nng (PUB) that a frame was published: a message of constant size.
 *
 *     [2, "frame", [{session, sketch, frame, t, slab: {arena, offset, size, generation}}]]
 *
 * Numbers have a fixed width, so that only the sketch's name changes the size. Best effort: no lifetime hangs on a
 * message having arrived; a slow subscriber has one message waiting, the newest wins, and nothing ever blocks.
 *
 * Threads  announce_frame: LOOP, never blocks. nng's threads call `subscribers` (any thread; it may only post).
 * Limits   ANNOUNCE_SUBSCRIBERS_MAX connections; further ones are closed at once.
 */
#ifndef FRAME_ANNOUNCE_H
#define FRAME_ANNOUNCE_H

#include "daemon/frame/frame.h"
#include "proto/writer.h"

enum { ANNOUNCE_SUBSCRIBERS_MAX = 256 };

struct announce;

/* announce_open: path of the socket file; a stale file is taken over, a live one is PX_E_EXISTS.
 * subscribers (may be NULL): called when a subscriber comes or goes, with how many there are; calls of two threads may
 * overtake each other: announce_subscribers says how many there are now. */
int announce_open(const char *path, uint64_t session, void (*subscribers)(void *argument, size_t count),
                  void *argument, struct announce **announce, struct px_error *error);
void announce_frame(struct announce *announce, const struct frame *frame);
/* announce_write: the map of the message, for subscribers of `frame` on a stream. */
void announce_write(const struct frame *frame, uint64_t session, struct px_writer *writer);
size_t announce_subscribers(const struct announce *announce); /* any thread */
uint64_t announce_bytes(const struct announce *announce); /* sent so far */
void announce_close(struct announce *announce);           /* NULL is fine; waits for nng */

#endif
