#include "daemon/rpc/peer.h"

#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int peer_rules_init(struct peer_rules *rules, const char *group, struct px_error *error) {
    *rules = (struct peer_rules){.own_uid = getuid()};
    if (group == NULL || group[0] == '\0')
        return 0;
    const struct group *entry = getgrnam(group);
    if (entry == NULL)
        return px_fail(error, PX_E_NOT_FOUND, "control_group: there is no group \"%s\"", group);
    rules->has_group = true;
    rules->group = entry->gr_gid;
    size_t count = 0;
    while (entry->gr_mem[count] != NULL)
        count++;
    rules->members = calloc(count + 1, sizeof *rules->members);
    if (rules->members == NULL)
        return px_fail(error, PX_E_NO_MEMORY, "no memory for the members of %s", group);
    for (size_t i = 0; i < count; i++) {
        const struct passwd *user = getpwnam(entry->gr_mem[i]);
        if (user != NULL)
            rules->members[rules->member_count++] = user->pw_uid;
    }
    return 0;
}

void peer_rules_fini(struct peer_rules *rules) {
    free(rules->members);
    *rules = (struct peer_rules){0};
}

struct peer peer_of_ids(const struct peer_rules *rules, uid_t uid, gid_t gid) {
    struct peer peer = {.role = RPC_ROLE_VIEW, .own_uid = uid == rules->own_uid};
    bool control = peer.own_uid || uid == 0 || (rules->has_group && gid == rules->group);
    for (size_t i = 0; i < rules->member_count; i++)
        control = control || rules->members[i] == uid;
    if (control)
        peer.role = RPC_ROLE_CONTROL;
    return peer;
}

static bool socket_has_group(int fd, gid_t group) {
    gid_t few[64], *groups = few;
    socklen_t size = sizeof few;
    int code = getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &size);
    if (code != 0 && size > sizeof few) {
        groups = malloc(size);
        if (groups == NULL)
            return false;
        code = getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &size);
    }
    bool found = false;
    for (size_t i = 0; code == 0 && i < size / sizeof(gid_t); i++)
        found = found || groups[i] == group;
    if (groups != few)
        free(groups);
    return found;
}

struct peer peer_of_socket(const struct peer_rules *rules, int fd) {
    struct ucred credentials;
    socklen_t size = sizeof credentials;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0 || size != sizeof credentials)
        return (struct peer){.role = RPC_ROLE_NONE};
    struct peer peer = peer_of_ids(rules, credentials.uid, credentials.gid);
    peer.pid = (int)credentials.pid;
    if (peer.role < RPC_ROLE_CONTROL && rules->has_group && socket_has_group(fd, rules->group))
        peer.role = RPC_ROLE_CONTROL;
    return peer;
}

struct peer peer_remote(void) {
    return (struct peer){.role = RPC_ROLE_VIEW};
}
