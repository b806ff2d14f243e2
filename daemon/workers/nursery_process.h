/* nursery_process.h: the nursery's own process, and the messages between it and the daemon.
 *
 *     daemon -- FORK {child, entry, argument} + one descriptor, SIGNAL {child, signal} --> nursery
 *     daemon <-- STARTED {child, pid}, ENDED {child, status} -- nursery
 *
 * One message, one packet of an AF_UNIX seqpacket socket; both ends are the same program. Unread reports are at most two
 * a child, which the socket's buffer holds: the nursery never waits to send.
 */
#ifndef WORKERS_NURSERY_PROCESS_H
#define WORKERS_NURSERY_PROCESS_H

#include "daemon/workers/nursery.h"

#include <stddef.h>
#include <stdint.h>

enum nursery_request_kind { NURSERY_REQUEST_FORK, NURSERY_REQUEST_SIGNAL };
enum nursery_report_kind { NURSERY_REPORT_STARTED, NURSERY_REPORT_ENDED };

struct nursery_request {
    uint32_t kind;
    uint32_t child;  /* the daemon's number for it, never used twice */
    uint32_t entry;  /* FORK: index in the table */
    int32_t signal;  /* SIGNAL */
    uint32_t argument_size;
    uint32_t reserved;
    _Alignas(16) unsigned char argument[NURSERY_ARGUMENT_BYTES];
};

struct nursery_report {
    uint32_t kind;
    uint32_t child;
    int32_t pid;    /* STARTED */
    int32_t status; /* ENDED: as from wait; 127 << 8 when it could not be forked */
};

/* The name of the option by which a program becomes a nursery, and the descriptor its socket then is. */
#define NURSERY_OPTION "--nursery"
enum { NURSERY_SOCKET = 3 };

/* nursery_process_run: serves until the daemon's end of the socket hangs up, kills and reaps all children, and returns
 * the exit status. Takes over the whole process: every other descriptor but 0, 1, 2 is closed. */
int nursery_process_run(int socket, const struct nursery_entry *entries, size_t count);

#endif
