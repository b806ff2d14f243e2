#include "daemon/frame/arena_client.h"
#include "daemon/host/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { BACKLOG = 64, SOCKET_MODE = 0660 };

struct arena_server {
    struct arena_server_config config;
    struct sockaddr_un address;
    struct stat file; /* of the socket file that is ours */
    int fd, spare_fd; /* spare: given up to refuse somebody when descriptors are used up */
    struct loop_watch *watch;
    struct arena_client *clients; /* newest first */
    size_t connected, ready;
    struct arena_server_stats stats;
};

/* ---- clients come and go -------------------------------------------------------------------------------------- */

static void tell_changed(struct arena_server *server) {
    if (server->config.clients_changed != NULL)
        server->config.clients_changed(server->config.argument, server->ready);
}

static void drop(struct arena_server *server, struct arena_client *client) {
    struct arena_client **link = &server->clients;
    while (*link != client)
        link = &(*link)->next;
    *link = client->next;
    bool was_ready = client->board != NULL;
    server->connected--;
    server->ready -= was_ready;
    arena_client_destroy(client, server->config.board);
    if (was_ready)
        tell_changed(server);
}

static void drop_for(struct arena_server *server, struct arena_client *client, const struct px_error *why) {
    server->stats.dropped++;
    log_warning("frame", "arena.sock: client of process %d dropped: %s", client->pid, why->message);
    drop(server, client);
}

static void watch_for(struct arena_client *client) {
    loop_watch_change(client->watch, LOOP_READABLE | LOOP_HANGUP | (client->blocked ? LOOP_WRITABLE : 0));
}

static void push(struct arena_server *server, struct arena_client *client) {
    struct px_error why;
    if (arena_client_push(client, server->config.store, &server->stats.bytes, &why) < 0)
        drop_for(server, client, &why);
    else
        watch_for(client);
}

static void greet(struct arena_server *server, struct arena_client *client) {
    struct px_error why;
    int code = arena_client_greet(client, &server->config, &server->stats.bytes, &why);
    if (client->board != NULL)
        server->ready++;
    if (code < 0) {
        drop_for(server, client, &why);
        return;
    }
    watch_for(client);
    tell_changed(server);
}

/* After its hello a client has nothing to say: a message is an error, an end is a hang-up. */
static void listen_to(struct arena_server *server, struct arena_client *client) {
    char byte;
    ssize_t got = recv(client->fd, &byte, sizeof byte, MSG_DONTWAIT);
    if (got > 0)
        drop_for(server, client, &(struct px_error){.message = "it spoke after its hello"});
    else if (got == 0 || (errno != EAGAIN && errno != EINTR))
        drop(server, client);
}

static void client_ready(void *argument, int events) {
    struct arena_client *client = argument;
    struct arena_server *server = client->server;
    if (client->board == NULL)
        greet(server, client);
    else if (events & (LOOP_READABLE | LOOP_HANGUP))
        listen_to(server, client);
    else
        push(server, client);
}

/* ---- accepting ------------------------------------------------------------------------------------------------ */

/* The oldest connection that has not said hello. */
static struct arena_client *oldest_silent(struct arena_server *server) {
    struct arena_client *found = NULL;
    for (struct arena_client *client = server->clients; client != NULL; client = client->next)
        if (client->board == NULL)
            found = client;
    return found;
}

static void refuse(struct arena_server *server, int fd, const struct px_error *why) {
    char hello[64];
    (void)!recv(fd, hello, sizeof hello, MSG_DONTWAIT); /* unread words would turn the answer into a reset */
    arena_client_refuse(fd, why);
    close(fd);
    server->stats.refused++;
}

static void add(struct arena_server *server, int fd) {
    struct px_error why;
    struct arena_client *client;
    if (arena_client_create(fd, &client, &why) < 0) {
        log_error("frame", "arena.sock: %s", why.message);
        return;
    }
    client->server = server;
    client->next = server->clients;
    server->clients = client;
    server->connected++;
    server->stats.accepted++;
    if (loop_watch(server->config.loop, fd, LOOP_READABLE | LOOP_HANGUP, client_ready, client, &client->watch, &why) < 0)
        drop_for(server, client, &why);
}

static void admit(struct arena_server *server, int fd) {
    struct arena_client *silent = server->connected >= server->config.clients_max ? oldest_silent(server) : NULL;
    if (silent != NULL)
        drop_for(server, silent, &(struct px_error){.message = "no hello, and its place was wanted"});
    if (server->connected < server->config.clients_max) {
        add(server, fd);
        return;
    }
    struct px_error why;
    px_fail(&why, PX_E_LIMIT, "%zu clients are connected, no more are accepted", server->config.clients_max);
    refuse(server, fd, &why);
}

/* Without a descriptor left, the waiting connection would wake us for ever: it is taken and closed. */
static void refuse_without_descriptors(struct arena_server *server) {
    log_error("frame", "arena.sock: descriptors are used up, a client was refused");
    close(server->spare_fd);
    int fd = accept4(server->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd >= 0)
        refuse(server, fd, &(struct px_error){.code = PX_E_LIMIT, .message = "the daemon's descriptors are used up"});
    server->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static void server_ready(void *argument, int events) {
    (void)events;
    struct arena_server *server = argument;
    int fd = accept4(server->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd >= 0)
        admit(server, fd);
    else if (errno == EMFILE || errno == ENFILE)
        refuse_without_descriptors(server);
}

/* ---- the socket file ------------------------------------------------------------------------------------------ */

static int fail_errno(struct px_error *error, const char *path, const char *what) {
    return px_fail(error, PX_E_IO, "%s: %s: %s", path, what, strerror(errno));
}

/* Takes away a socket file on which nobody listens. */
static int take_over(const struct sockaddr_un *address, struct px_error *error) {
    struct stat file;
    if (lstat(address->sun_path, &file) != 0)
        return errno == ENOENT ? 0 : fail_errno(error, address->sun_path, "lstat");
    if (!S_ISSOCK(file.st_mode))
        return px_fail(error, PX_E_EXISTS, "%s: exists and is no socket", address->sun_path);
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return fail_errno(error, address->sun_path, "socket");
    int refused = connect(fd, (const struct sockaddr *)address, sizeof *address) != 0 && errno == ECONNREFUSED;
    close(fd);
    if (!refused)
        return px_fail(error, PX_E_EXISTS, "%s: a daemon listens there already", address->sun_path);
    return unlink(address->sun_path) == 0 ? 0 : fail_errno(error, address->sun_path, "unlink");
}

static int bind_and_listen(struct arena_server *server, struct px_error *error) {
    const char *path = server->address.sun_path;
    server->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (server->fd < 0)
        return fail_errno(error, path, "socket");
    fchmod(server->fd, SOCKET_MODE); /* never more than this, from the first moment; chmod then makes it exactly this */
    if (bind(server->fd, (const struct sockaddr *)&server->address, sizeof server->address) != 0)
        return fail_errno(error, path, "bind");
    if (lstat(path, &server->file) != 0)
        return fail_errno(error, path, "lstat");
    if (chmod(path, SOCKET_MODE) != 0)
        return fail_errno(error, path, "chmod");
    if (listen(server->fd, BACKLOG) != 0)
        return fail_errno(error, path, "listen");
    return loop_watch(server->config.loop, server->fd, LOOP_READABLE, server_ready, server, &server->watch, error);
}

static void remove_file(const struct arena_server *server) {
    struct stat file;
    if (server->file.st_ino != 0 && lstat(server->address.sun_path, &file) == 0 &&
        file.st_ino == server->file.st_ino && file.st_dev == server->file.st_dev)
        unlink(server->address.sun_path);
}

int arena_server_open(const struct arena_server_config *config, struct arena_server **server, struct px_error *error) {
    struct arena_server *made = calloc(1, sizeof *made);
    if (made == NULL)
        return px_fail(error, PX_E_NO_MEMORY, "no memory for arena.sock");
    made->config = *config;
    made->fd = -1;
    made->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    made->address.sun_family = AF_UNIX;
    int code = 0;
    if (strlen(config->path) >= sizeof made->address.sun_path)
        code = px_fail(error, PX_E_RANGE, "%s: the path of a socket has at most %zu bytes", config->path,
                       sizeof made->address.sun_path - 1);
    else
        strcpy(made->address.sun_path, config->path);
    if (code == 0)
        code = take_over(&made->address, error);
    if (code == 0)
        code = bind_and_listen(made, error);
    if (code < 0) {
        arena_server_close(made);
        return code;
    }
    *server = made;
    return 0;
}

void arena_server_close(struct arena_server *server) {
    if (server == NULL)
        return;
    loop_unwatch(server->watch);
    while (server->clients != NULL)
        drop(server, server->clients);
    remove_file(server);
    if (server->fd >= 0)
        close(server->fd);
    if (server->spare_fd >= 0)
        close(server->spare_fd);
    free(server);
}

/* ---- what others ask of it ------------------------------------------------------------------------------------ */

void arena_server_arenas_changed(struct arena_server *server) {
    struct arena_client *next;
    for (struct arena_client *client = server->clients; client != NULL; client = next) {
        next = client->next;
        if (client->board != NULL && !client->blocked)
            push(server, client);
    }
}

size_t arena_server_clients(const struct arena_server *server) {
    return server->ready;
}

static struct arena_client *client_of(const struct arena_server *server, int pid, struct px_error *error) {
    for (struct arena_client *client = server->clients; client != NULL; client = client->next)
        if (client->board != NULL && client->pid == pid && pid != 0)
            return client;
    px_fail(error, PX_E_NOT_FOUND, "process %d has no connection to arena.sock, which handles need", pid);
    return NULL;
}

int arena_server_pin(struct arena_server *server, int peer_pid, struct slab *slab, struct px_error *error) {
    struct arena_client *client = client_of(server, peer_pid, error);
    return client != NULL ? arena_client_pin(client, slab, error) : PX_E_NOT_FOUND;
}

int arena_server_release(struct arena_server *server, int peer_pid, struct px_handle handle, struct px_error *error) {
    int code = PX_E_NOT_FOUND;
    if (client_of(server, peer_pid, error) == NULL)
        return code;
    for (struct arena_client *client = server->clients; client != NULL && code != 0; client = client->next)
        if (client->pid == peer_pid)
            code = arena_client_release(client, handle, error);
    return code;
}

void arena_server_stats(const struct arena_server *server, struct arena_server_stats *stats) {
    *stats = server->stats;
    stats->clients = server->ready;
    for (const struct arena_client *client = server->clients; client != NULL; client = client->next)
        stats->pins += client->pin_count;
}
