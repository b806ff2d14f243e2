/* arena_socket.h: the client's end of arena.sock: says hello, takes messages with descriptors.
 *
 *     arena_socket_open (connects, sends {api, role}) -> arena_socket_receive ... -> close
 *
 * Nothing here waits. Protocol: daemon/frame/arena_server.h.
 */
#ifndef CLIENT_LIB_ARENA_SOCKET_H
#define CLIENT_LIB_ARENA_SOCKET_H

#include "shared/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ARENA_SOCKET_API = 1, ARENA_MESSAGE_BYTES = 16 * 1024, ARENA_MESSAGE_FDS = 64, ARENA_RETIRED_MAX = 1024 };

struct arena_offer {
    uint32_t id;
    uint64_t size;
    int fd;
};

/* One message. The first one has session, board, lease page and eventfd; the others have arenas only. */
struct arena_message {
    bool first;
    uint64_t session;
    uint64_t board_size;
    int board_fd, lease_fd, event_fd; /* -1: not there */
    struct arena_offer arenas[ARENA_MESSAGE_FDS];
    size_t arena_count;
    uint32_t retired[ARENA_RETIRED_MAX]; /* arenas that go */
    size_t retired_count;
    size_t bytes; /* that came over the socket */
};

int arena_socket_open(const char *directory, int *fd, struct px_error *error);

/* arena_socket_receive: 1: a message, whose descriptors are the caller's (arena_message_close); 0: none now;
 * PX_E_IO: hang-up; PX_E_PROTOCOL: nonsense; else why the daemon refuses us. */
int arena_socket_receive(int fd, struct arena_message *message, struct px_error *error);
void arena_message_close(struct arena_message *message); /* closes what is left of its descriptors */

#endif
