/* daemon.h: the composition root: creates the parts in the order in which they depend on each other, runs LOOP, and
 * destroys them in reverse. The only place that sees all.
 *
 * Threads  the main thread becomes LOOP.
 */
#ifndef DAEMON_DAEMON_H
#define DAEMON_DAEMON_H

#include "shared/error.h"

struct config;
struct nursery;

/* daemon_run: takes the nursery. Until SIGTERM, SIGINT, server.shutdown or the last client of --end-with-last-client. */
int daemon_run(struct config *config, struct nursery *nursery, struct px_error *error);
const char *daemon_version(void);

#endif
