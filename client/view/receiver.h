/* receiver.h: a thread that leases frames and hands them to the main thread; one is in hand at a time.
 *
 *     receiver thread: px_follower_next -> ring -> wake()
 *     main thread:     receiver_take -> upload -> receiver_give_back -> draw -> receiver_ready
 *     receiver thread:                            releases the frame            takes the newest
 *
 * While the main thread has a frame the receiver waits, so that frames are dropped here and not queued. A waiting main
 * thread is woken by the callback, which does nothing else.
 *
 * Threads  create, take, give_back, destroy: main. wake is called on the receiving thread.
 */
#ifndef VIEW_RECEIVER_H
#define VIEW_RECEIVER_H

#include "px/px.h"

struct receiver;

int receiver_create(const char *directory, const char *sketch, void (*wake)(void *argument), void *argument,
                    struct receiver **receiver, struct px_error *error);
void receiver_destroy(struct receiver *receiver); /* NULL is fine */

/* receiver_take: the frame in hand, borrowed until given back; NULL: none. */
const struct px_frame *receiver_take(struct receiver *receiver);

/* receiver_intact: whether what was read of it so far is what was published. Only between take and give_back. */
bool receiver_intact(const struct receiver *receiver, const struct px_frame *frame);
void receiver_give_back(struct receiver *receiver, const struct px_frame *frame);

/* receiver_ready: once after each give_back, when the frame was drawn: only now the next one, the newest, is taken. */
void receiver_ready(struct receiver *receiver);

/* Any time. */
bool receiver_connected(const struct receiver *receiver);
struct px_follower_stats receiver_stats(const struct receiver *receiver); /* as of the last frame */

#endif
