#include "daemon/workers/nursery_process.h"

#include "daemon/host/log.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

struct process {
    uint32_t child; /* the daemon's number */
    pid_t pid;
};

struct server {
    const struct nursery_entry *entries;
    size_t entry_count;
    pid_t self;
    int signals;
    struct process processes[NURSERY_CHILDREN_MAX];
    size_t process_count;
};

/* Moves the socket to NURSERY_SOCKET and closes everything above it. */
static void keep_only(int socket) {
    if (socket != NURSERY_SOCKET)
        dup2(socket, NURSERY_SOCKET);
    close_range(NURSERY_SOCKET + 1, ~0u, 0);
}

/* ---- the child -------------------------------------------------------------------------------------------------- */

static void reset_signals(void) {
    for (int number = 1; number < NSIG; number++)
        signal(number, SIG_DFL); /* fails for SIGKILL, SIGSTOP and libc's own: so be it */
    signal(SIGINT, SIG_IGN);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

_Noreturn static void become(const struct server *server, const struct nursery_request *request, int socket) {
    reset_signals();
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != server->self) /* it died before we asked to be told */
        _exit(1);
    keep_only(socket);
    const struct nursery_entry *entry = &server->entries[request->entry];
    prctl(PR_SET_NAME, entry->name);
    _exit(entry->run(NURSERY_SOCKET, request->argument, request->argument_size));
}

/* ---- the nursery ------------------------------------------------------------------------------------------------ */

static void report(enum nursery_report_kind kind, uint32_t child, pid_t pid, int status) {
    const struct nursery_report message = {.kind = kind, .child = child, .pid = pid, .status = status};
    /* An error means that the daemon is gone: the next poll says so, too. */
    send(NURSERY_SOCKET, &message, sizeof(message), MSG_NOSIGNAL);
}

static void fork_child(struct server *server, const struct nursery_request *request, int socket) {
    bool sane =
        socket >= 0 && request->entry < server->entry_count && request->argument_size <= sizeof(request->argument);
    pid_t pid = sane && server->process_count < NURSERY_CHILDREN_MAX ? fork() : -1;
    if (pid == 0)
        become(server, request, socket);
    if (pid < 0) {
        log_error("nursery", "cannot fork: %s", strerror(errno));
        report(NURSERY_REPORT_ENDED, request->child, 0, 127 << 8);
        return;
    }
    server->processes[server->process_count++] = (struct process){.child = request->child, .pid = pid};
    report(NURSERY_REPORT_STARTED, request->child, pid, 0);
}

static void signal_child(const struct server *server, const struct nursery_request *request) {
    for (size_t i = 0; i < server->process_count; i++)
        if (server->processes[i].child == request->child)
            kill(server->processes[i].pid, request->signal); /* not reaped yet, so the pid is still its own */
}

static void reap(struct server *server) {
    struct signalfd_siginfo ignored;
    while (read(server->signals, &ignored, sizeof(ignored)) > 0)
        continue;
    int status;
    for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
        for (size_t i = 0; i < server->process_count; i++) {
            if (server->processes[i].pid != pid)
                continue;
            report(NURSERY_REPORT_ENDED, server->processes[i].child, pid, status);
            server->processes[i] = server->processes[--server->process_count];
            break;
        }
    }
}

/* The descriptor that came with a message; -1: none. */
static int passed_descriptor(struct msghdr *header) {
    const struct cmsghdr *control = CMSG_FIRSTHDR(header);
    if (!control || control->cmsg_level != SOL_SOCKET || control->cmsg_type != SCM_RIGHTS)
        return -1;
    int descriptor;
    memcpy(&descriptor, CMSG_DATA(control), sizeof(descriptor));
    return descriptor;
}

/* Takes one request; false when the daemon is gone. */
static bool serve_one(struct server *server) {
    struct nursery_request request;
    _Alignas(struct cmsghdr) unsigned char control[CMSG_SPACE(sizeof(int))];
    struct iovec part = {.iov_base = &request, .iov_len = sizeof(request)};
    struct msghdr header = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)};
    ssize_t size = recvmsg(NURSERY_SOCKET, &header, MSG_CMSG_CLOEXEC);
    if (size < 0 && errno == EINTR)
        return true;
    if (size != (ssize_t)sizeof(request))
        return false;
    int descriptor = passed_descriptor(&header);
    if (request.kind == NURSERY_REQUEST_FORK)
        fork_child(server, &request, descriptor);
    else
        signal_child(server, &request);
    if (descriptor >= 0)
        close(descriptor); /* the child has its own; ours would keep its end from hanging up */
    return true;
}

static void kill_all(struct server *server) {
    for (size_t i = 0; i < server->process_count; i++)
        kill(server->processes[i].pid, SIGKILL);
    while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
        continue;
}

/* Signals that people and systemd send to the whole group: the daemon acts on them, then hangs up. */
static void ignore_signals(void) {
    static const int ignored[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGUSR1, SIGUSR2};
    for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
        signal(ignored[i], SIG_IGN);
}

int nursery_process_run(int socket, const struct nursery_entry *entries, size_t count) {
    struct server server = {.entries = entries, .entry_count = count, .self = getpid()};
    prctl(PR_SET_NAME, "pxd-nursery");
    ignore_signals();
    keep_only(socket);
    sigset_t child_ended;
    sigemptyset(&child_ended);
    sigaddset(&child_ended, SIGCHLD);
    sigprocmask(SIG_BLOCK, &child_ended, NULL);
    server.signals = signalfd(-1, &child_ended, SFD_CLOEXEC | SFD_NONBLOCK);
    if (server.signals < 0) {
        log_error("nursery", "cannot wait for children: %s", strerror(errno));
        return 1;
    }
    struct pollfd ready[] = {{.fd = NURSERY_SOCKET, .events = POLLIN}, {.fd = server.signals, .events = POLLIN}};
    for (bool alive = true; alive;) {
        if (poll(ready, 2, -1) < 0)
            continue;
        if (ready[1].revents)
            reap(&server);
        if (ready[0].revents)
            alive = serve_one(&server);
    }
    kill_all(&server);
    return 0;
}
