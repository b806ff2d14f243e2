/* nng_server.h: rpc.nng and further URLs: one request a message, by nng's REP.
 *
 *     context: LISTENING -- request --> PARKED (its call waits) -- reply --> SENDING --> LISTENING or closed
 *
 * A context is parked for every request that waits; there are always a few that listen, so that a waiting poll never
 * starves a control request. nng's own threads only post to LOOP. A reply that a client does not take within a limit
 * closes its pipe: one that never reads must not hold up the others.
 *
 * Threads  LOOP; the callbacks of nng as marked.
 */
#ifndef RPC_NNG_SERVER_H
#define RPC_NNG_SERVER_H

#include "daemon/rpc/peer.h"
#include "daemon/rpc/rpc.h"

struct nng_server;

int nng_server_open(struct rpc *rpc, const struct peer_rules *rules, struct nng_server **server,
                    struct px_error *error);
/* nng_server_close: stops nng's callbacks (waits for those that run); memory that they posted goes with loop_drain. */
void nng_server_close(struct nng_server *server);
size_t nng_server_contexts(const struct nng_server *server);
uint64_t nng_server_refused(const struct nng_server *server); /* connections beyond the limit */
size_t nng_server_connections(const struct nng_server *server);

#endif
