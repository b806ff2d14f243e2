/* daemon.h: the parts of a running daemon, as the handlers of methods see them. Filled by daemon.c, read on LOOP. */
#ifndef RPC_DAEMON_H
#define RPC_DAEMON_H

#include <stdint.h>

struct daemon {
    struct config *config;
    struct loop *loop;
    struct pool *pool;
    struct nursery *nursery;
    struct slab_store *store;
    struct cache *cache;
    struct board *board;
    struct announce *announce;
    struct arena_server *arena_server;
    struct resources *resources;
    struct pipeline *pipeline;
    struct sketches *sketches;
    struct jobs *jobs; /* export/job.h */
    struct rpc *rpc;
    uint64_t session;
    uint64_t started_ns;
};

#endif
