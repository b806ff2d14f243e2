/* peer.h: who is at the other end of a connection, and what that allows.
 *
 * Locally: the daemon's own uid and root control; members of control_group control; whoever else may open the socket
 * views. Elsewhere (further URLs, until there are tokens): view.
 */
#ifndef RPC_PEER_H
#define RPC_PEER_H

#include "daemon/rpc/rpc.h"

#include <sys/types.h>

struct peer {
    enum rpc_role role;
    int pid;      /* 0: not known */
    bool own_uid; /* local, and the daemon's uid */
};

/* The control group, resolved once: asking the system for names may block. */
struct peer_rules {
    uid_t own_uid;
    bool has_group;
    gid_t group;
    uid_t *members; /* uids that the group lists by name */
    size_t member_count;
};

/* peer_rules_init: group "": none. PX_E_NOT_FOUND when there is no such group. */
int peer_rules_init(struct peer_rules *rules, const char *group, struct px_error *error);
void peer_rules_fini(struct peer_rules *rules);

/* peer_of_socket: by SO_PEERCRED and SO_PEERGROUPS of a connected Unix socket. Role NONE when it cannot be told. */
struct peer peer_of_socket(const struct peer_rules *rules, int fd);
/* peer_of_ids: where only these are known; groups: its primary one and those that list it. */
struct peer peer_of_ids(const struct peer_rules *rules, uid_t uid, gid_t gid);
struct peer peer_remote(void);

#endif
