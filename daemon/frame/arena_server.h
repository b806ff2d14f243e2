/* arena_server.h: arena.sock: hands local clients the descriptors they map (AF_UNIX seqpacket, SCM_RIGHTS).
 *
 *     client: {api, role}   daemon: {session, arenas: [{id, size}], board: {size}} + descriptors
 *                           order of descriptors: board, lease page, eventfd, then the arenas as listed
 *     later, pushed:        {arenas: [{id, size}]} + their descriptors (only those not sent before)
 *     hang-up: the client's leases and pinned handles go at once
 *
 * A message carries at most 64 descriptors; more arenas follow in further messages.
 * Threads  LOOP. Clients that do not read: their queue is one message; then they are dropped and counted.
 */
#ifndef FRAME_ARENA_SERVER_H
#define FRAME_ARENA_SERVER_H

#include "daemon/frame/board.h"
#include "daemon/host/loop.h"

struct arena_server;

struct arena_server_config {
    const char *path; /* of the socket file; taken over if nobody listens */
    struct loop *loop;
    struct slab_store *store;
    struct board *board;
    size_t clients_max;
    /* The number of connected clients changed: somebody watches, or nobody. LOOP. */
    void (*clients_changed)(void *argument, size_t count);
    void *argument;
};

int arena_server_open(const struct arena_server_config *config, struct arena_server **server, struct px_error *error);
void arena_server_arenas_changed(struct arena_server *server); /* LOOP */
size_t arena_server_clients(const struct arena_server *server);

/* Handles given out by geometry.eval result "handle" stay pinned by the connection that asked (matched by the peer's
 * pid and uid of the RPC connection) until released or hang-up; counted against a quota: PX_E_LIMIT past it,
 * PX_E_NOT_FOUND without an arena connection of that process. */
int arena_server_pin(struct arena_server *server, int peer_pid, struct slab *slab, struct px_error *error);
int arena_server_release(struct arena_server *server, int peer_pid, struct px_handle handle, struct px_error *error);
void arena_server_close(struct arena_server *server); /* NULL is fine */

#endif
