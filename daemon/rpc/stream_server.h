/* stream_server.h: rpc.sock: MessagePack-RPC as a plain stream of objects on a Unix socket.
 *
 *     accept -> OPEN -- end of input --> ENDED: what waits is still answered -- all sent --> closed
 *                 `---- bytes that are no message: [1, nil, error, nil], then closed
 *
 * A client gets a share of LOOP's turn: a bounded number of messages, then the others have theirs. One that does not read
 * fills its own queue up to a limit and is closed.
 *
 * Threads  LOOP.
 */
#ifndef RPC_STREAM_SERVER_H
#define RPC_STREAM_SERVER_H

#include "daemon/rpc/peer.h"
#include "daemon/rpc/rpc.h"

struct stream_server;

int stream_server_open(struct rpc *rpc, const struct peer_rules *rules, struct stream_server **server,
                       struct px_error *error);
/* stream_server_close: its memory goes when the loop has let go of the handles. */
void stream_server_close(struct stream_server *server);
size_t stream_server_connections(const struct stream_server *server);

#endif
