/* arena_server.h: arena.sock: hands local clients the descriptors they map (AF_UNIX seqpacket, SCM_RIGHTS).
 *
 *     client: {api, role}   daemon: {api, session, pid, arenas: [{id, size}], board: {size}} + descriptors
 *                           order of descriptors: board, lease page, eventfd, then the arenas as listed
 *                   or      {code, name, message, data}, then the connection ends
 *     later, pushed:        {arenas: [{id, size}], retired: [id]} + the descriptors of those arenas
 *                           (those not sent before; retired: unmap them, no handle names them any more)
 *     hang-up: the client's leases and pinned handles go at once
 *
 * role: "view" follows: it is woken by its eventfd on every publication, and somebody watches while it is there;
 * "control" only maps arenas, for handles of geometry.eval. After its hello a client says nothing more.
 *
 * A message carries at most 64 descriptors; more arenas follow in further messages. A client that does not read gets
 * what it missed in one push when it reads again: nothing is queued for it. Past clients_max, a connection that has not
 * said hello yet gives way to a newer one; if all have, the newest is refused.
 *
 * Threads  LOOP.
 */
#ifndef FRAME_ARENA_SERVER_H
#define FRAME_ARENA_SERVER_H

#include "daemon/frame/board.h"
#include "daemon/host/loop.h"

enum {
    ARENA_SERVER_API = 1,
    ARENA_SERVER_CLIENTS_MAX = 64,       /* the usual clients_max */
    ARENA_SERVER_PINS_MAX = 256,         /* handles of one connection */
    ARENA_SERVER_PIN_BYTES = 256 << 20,  /* their slabs together */
};

struct arena_server;

struct arena_server_stats {
    uint64_t clients, accepted, refused, dropped, bytes, pins; /* bytes: sent; dropped: clients that broke the rules */
};

struct arena_server_config {
    const char *path; /* of the socket file; taken over if nobody listens */
    struct loop *loop;
    struct slab_store *store;
    struct board *board;
    size_t clients_max;
    /* The number of connected clients (past hello) changed: ask board_watchers whether somebody watches. LOOP. */
    void (*clients_changed)(void *argument, size_t count);
    void *argument;
};

int arena_server_open(const struct arena_server_config *config, struct arena_server **server, struct px_error *error);
void arena_server_arenas_changed(struct arena_server *server); /* LOOP */
size_t arena_server_clients(const struct arena_server *server);

void arena_server_stats(const struct arena_server *server, struct arena_server_stats *stats);

/* Handles given out by geometry.eval result "handle" stay pinned by the arena connection of the process that asked (its
 * pid, as the RPC connection has it) until released or hang-up; counted against a quota: PX_E_LIMIT past it,
 * PX_E_NOT_FOUND without an arena connection of that process. pin takes a new reference. */
int arena_server_pin(struct arena_server *server, int peer_pid, struct slab *slab, struct px_error *error);
int arena_server_release(struct arena_server *server, int peer_pid, struct px_handle handle, struct px_error *error);
void arena_server_close(struct arena_server *server); /* NULL is fine; before board_destroy and loop_destroy */

#endif
