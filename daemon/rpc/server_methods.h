/* server_methods.h: what server.* and stats.* ask of the rest of the daemon, as callbacks given at creation.
 *
 * Each may be NULL. They are called on LOOP and answer at once: no computation, no waiting.
 */
#ifndef RPC_SERVER_METHODS_H
#define RPC_SERVER_METHODS_H

#include "daemon/rpc/metrics.h"
#include "proto/writer.h"
#include "shared/error.h"

#include <stdint.h>

enum { SERVER_API = 1 }; /* api level: grows when something is added */

struct daemon;

struct server_hooks {
    /* info: writes more pairs (a key, a value) into the map of server.info and returns how many pairs: mode, mode_why,
     * workers. version, api, session, pid, uptime, isa, limits, endpoints and clients are there already. */
    uint32_t (*info)(struct daemon *daemon, struct px_writer *writer);
    /* stats: the same for stats.get: one pair a section, {...} as value. rpc, log and loop are there already. */
    uint32_t (*stats)(struct daemon *daemon, struct px_writer *writer);
    /* metrics: the same numbers for stats.prometheus. */
    void (*metrics)(struct daemon *daemon, struct metrics *metrics);
    /* shutdown: begins to end the daemon (loop_stop or what leads to it); the answer is sent already. */
    void (*shutdown)(struct daemon *daemon);
    /* reload: reads the configuration again. */
    int (*reload)(struct daemon *daemon, struct px_error *error);
};

#endif
