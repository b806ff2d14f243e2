/* arena_client.h: one connection of arena.sock, from accept to hang-up: what it was sent, what it has pinned.
 *
 *     GREETING -- hello --> READY -- hang-up, a word too many, an error --> gone
 *
 *     sent[] = the arenas of which it has a descriptor and was not told that they retired
 *     push   = what sent[] lacks or has too much, made when there is something to say and the socket takes it
 *
 * Threads  LOOP.
 */
#ifndef FRAME_ARENA_CLIENT_H
#define FRAME_ARENA_CLIENT_H

#include "daemon/frame/arena_server.h"

struct arena_client {
    struct arena_client *next; /* the server's */
    struct arena_server *server;
    struct loop_watch *watch;
    struct board_client *board; /* NULL: GREETING */
    int fd;
    int pid; /* of the peer, as the kernel says */
    bool blocked; /* waits until it may be written to */
    uint32_t *sent;
    size_t sent_count, sent_room;
    struct slab **pins; /* one reference each */
    size_t pin_count, pin_room, pin_bytes;
};

/* arena_client_create: takes the descriptor, also on error. The watch is the server's to set. */
int arena_client_create(int fd, struct arena_client **client, struct px_error *error);
void arena_client_destroy(struct arena_client *client, struct board *board); /* unlinked already */

/* arena_client_greet: reads the hello and answers it; READY after 0. On an error the client was told. */
int arena_client_greet(struct arena_client *client, const struct arena_server_config *config, uint64_t *bytes,
                       struct px_error *error);

/* arena_client_push: tells it of arenas that came and went. Sets `blocked` when the socket is full. */
int arena_client_push(struct arena_client *client, struct slab_store *store, uint64_t *bytes, struct px_error *error);

int arena_client_pin(struct arena_client *client, struct slab *slab, struct px_error *error);
int arena_client_release(struct arena_client *client, struct px_handle handle, struct px_error *error);

/* arena_client_refuse: says why on a connection that will be closed. */
void arena_client_refuse(int fd, const struct px_error *error);

#endif
