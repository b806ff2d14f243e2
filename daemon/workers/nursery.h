/* nursery.h: a single-threaded process, forked as the first act of main(), that forks every later child.
 *
 * nng is not fork-safe and libuv cannot bring threads back in a child, so nothing else forks once threads exist.
 *
 *     main: nursery_start (fork) ... nursery_attach (LOOP exists) ... nursery_spawn -> a child with one socket
 *     nursery: waits for requests, forks, reaps, reports {child, pid} and {child, status}
 *
 * A child runs one of the entries given to nursery_start, with the socket as its only tie (and 0, 1, 2); signals are
 * as a new process has them but SIGINT, which it ignores: Ctrl-C at a terminal is the daemon's to act on. It dies with
 * the nursery (PR_SET_PDEATHSIG, getppid checked), and the nursery dies with the daemon (its socket hangs up).
 *
 * A nursery that died is replaced by the program itself, spawned anew with `--nursery` (fork and exec is safe with
 * threads): at most NURSERY_REPLACEMENTS in ten seconds, then nursery_spawn fails with PX_E_INTERNAL.
 *
 * Threads  LOOP for all but nursery_start.
 */
#ifndef WORKERS_NURSERY_H
#define WORKERS_NURSERY_H

#include "daemon/host/loop.h"

#include <stddef.h>

struct nursery;
struct nursery_child;

enum { NURSERY_ARGUMENT_BYTES = 256, NURSERY_CHILDREN_MAX = 128, NURSERY_REPLACEMENTS = 3 };

/* What a child can be; main() of the child, in a process with one thread. Returns the exit status. */
struct nursery_entry {
    const char *name; /* also its process title (prctl PR_SET_NAME) */
    int (*run)(int socket, const void *argument, size_t argument_size);
};

/* nursery_main: first thing in main(): when the program was spawned as a nursery, serves and returns the exit status;
 * else -1 at once. The same table as for nursery_start. */
int nursery_main(int argc, char **argv, const struct nursery_entry *entries, size_t count);

/* nursery_start: forks now. Call it next in main(), with a table that lives for ever. */
int nursery_start(const struct nursery_entry *entries, size_t count, struct nursery **nursery, struct px_error *error);

/* nursery_attach: from here on reports are read on this loop. lost: the nursery died, and its children with it; their
 * `ended` callbacks have been called. It was replaced before those, so they may spawn again. */
int nursery_attach(struct nursery *nursery, struct loop *loop, void (*lost)(void *argument), void *argument,
                   struct px_error *error);

/* nursery_spawn: asks for a child; *socket is our end (AF_UNIX, SOCK_SEQPACKET or SOCK_STREAM as `type` says), non-
 * blocking, the caller's to close; the child's end blocks. ended: called once on LOOP with the wait status (-1: nursery
 * lost or stopped; 127 << 8, with a line in the log: it could not be forked). The child object lives until `ended` was
 * called. PX_E_NOT_FOUND: no such entry; PX_E_LIMIT: NURSERY_CHILDREN_MAX or NURSERY_ARGUMENT_BYTES; PX_E_BUSY: more
 * is asked of it than it can take; PX_E_INTERNAL: it is lost. */
int nursery_spawn(struct nursery *nursery, const char *entry, int type, const void *argument, size_t argument_size,
                  void (*ended)(void *owner, int status), void *owner, int *socket, struct nursery_child **child,
                  struct px_error *error);
int nursery_child_pid(const struct nursery_child *child); /* 0 until reported */
void nursery_kill(struct nursery_child *child, int signal);
/* nursery_disown: `ended` will not be called; the child is killed. */
void nursery_disown(struct nursery_child *child);
/* nursery_stop: kills all children and the nursery and waits for them; calls `ended` of each. NULL is fine. */
void nursery_stop(struct nursery *nursery);

#endif
