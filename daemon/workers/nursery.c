#include "daemon/workers/nursery.h"

#include "daemon/host/log.h"
#include "daemon/workers/nursery_process.h"
#include "shared/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { STOP_LIMIT_MS = 2000 };
static const uint64_t replacement_window_ns = UINT64_C(10) * 1000000000u;

struct nursery_child {
    struct nursery *nursery;
    struct nursery_child *next;
    uint32_t number;
    int pid;
    int signal_due;                         /* 0, or a signal that the nursery could not take yet */
    void (*ended)(void *owner, int status); /* NULL: disowned */
    void *owner;
};

struct nursery {
    const struct nursery_entry *entries;
    size_t entry_count;
    pid_t pid;
    int socket;        /* -1: lost */
    struct loop *loop; /* NULL until attached */
    struct loop_watch *watch;
    void (*lost)(void *argument);
    void *argument;
    struct nursery_child *children;
    size_t child_count;
    uint32_t last_number;
    uint64_t replaced_ns[NURSERY_REPLACEMENTS]; /* when; a ring */
    size_t replacements;
};

/* ---- starting --------------------------------------------------------------------------------------------------- */

int nursery_main(int argc, char **argv, const struct nursery_entry *entries, size_t count) {
    if (argc != 2 || strcmp(argv[1], NURSERY_OPTION) != 0)
        return -1;
    int type = 0;
    socklen_t size = sizeof(type);
    if (getsockopt(NURSERY_SOCKET, SOL_SOCKET, SO_TYPE, &type, &size) != 0 || type != SOCK_SEQPACKET) {
        log_error("nursery", NURSERY_OPTION " is how pxd starts itself, not for you");
        return 2;
    }
    return nursery_process_run(NURSERY_SOCKET, entries, count);
}

static int make_pair(int type, int pair[2], struct px_error *error) {
    if (socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, pair) != 0)
        return px_fail(error, PX_E_IO, "cannot make a pair of sockets: %s", strerror(errno));
    return PX_OK;
}

int nursery_start(const struct nursery_entry *entries, size_t count, struct nursery **out, struct px_error *error) {
    struct nursery *nursery = calloc(1, sizeof(*nursery));
    if (!nursery)
        return px_fail(error, PX_E_NO_MEMORY, "no memory for the nursery");
    int pair[2];
    int code = make_pair(SOCK_SEQPACKET, pair, error);
    if (code != PX_OK) {
        free(nursery);
        return code;
    }
    pid_t pid = fork();
    if (pid == 0) {
        close(pair[0]);
        _exit(nursery_process_run(pair[1], entries, count));
    }
    int number = errno;
    close(pair[1]);
    if (pid < 0) {
        close(pair[0]);
        free(nursery);
        return px_fail(error, PX_E_INTERNAL, "cannot fork the nursery: %s", strerror(number));
    }
    *nursery = (struct nursery){.entries = entries, .entry_count = count, .pid = pid, .socket = pair[0]};
    *out = nursery;
    return PX_OK;
}

/* ---- children --------------------------------------------------------------------------------------------------- */

static struct nursery_child *find_child(struct nursery *nursery, uint32_t number) {
    struct nursery_child *child = nursery->children;
    while (child && child->number != number)
        child = child->next;
    return child;
}

static void child_end(struct nursery_child *child, int status) {
    if (child->ended)
        child->ended(child->owner, status);
    free(child);
}

static void child_unlink(struct nursery_child *child) {
    struct nursery_child **link = &child->nursery->children;
    while (*link != child)
        link = &(*link)->next;
    *link = child->next;
    child->nursery->child_count--;
}

/* Ends those of `children`, which are in no nursery's list any more. */
static void end_all(struct nursery_child *children, int status) {
    while (children) {
        struct nursery_child *next = children->next;
        child_end(children, status);
        children = next;
    }
}

static struct nursery_child *take_children(struct nursery *nursery) {
    struct nursery_child *children = nursery->children;
    nursery->children = NULL;
    nursery->child_count = 0;
    return children;
}

/* ---- losing and replacing --------------------------------------------------------------------------------------- */

static void on_ready(void *argument, int events);

/* Waits for the nursery's end; one that does not end by itself is killed, its children by PR_SET_PDEATHSIG. */
static void await_end(pid_t pid) {
    int process = pidfd_open(pid, 0);
    if (process < 0 || poll(&(struct pollfd){.fd = process, .events = POLLIN}, 1, STOP_LIMIT_MS) != 1)
        kill(pid, SIGKILL);
    if (process >= 0)
        close(process);
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        continue;
}

/* Whether one more replacement is allowed now; counts it. */
static bool may_replace(struct nursery *nursery) {
    uint64_t now = px_clock_ns();
    uint64_t *oldest = &nursery->replaced_ns[nursery->replacements % NURSERY_REPLACEMENTS];
    if (*oldest != 0 && now - *oldest < replacement_window_ns)
        return false;
    *oldest = now;
    nursery->replacements++;
    return true;
}

/* Runs this program as a nursery on the other end of the socket. */
static int spawn_program(int socket, pid_t *pid) {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, socket, NURSERY_SOCKET);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    char *arguments[] = {(char[]){"pxd"}, (char[]){NURSERY_OPTION}, NULL};
    int number = posix_spawn(pid, "/proc/self/exe", &actions, &attributes, arguments, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return number;
}

static int replace(struct nursery *nursery, struct px_error *error) {
    if (!nursery->loop || !may_replace(nursery))
        return px_fail(error, PX_E_INTERNAL,
                       "the process that starts sketches and workers died too often to be replaced now; try again in "
                       "ten seconds");
    int pair[2];
    int code = make_pair(SOCK_SEQPACKET, pair, error);
    if (code != PX_OK)
        return code;
    int number = spawn_program(pair[1], &nursery->pid);
    close(pair[1]);
    if (number != 0) {
        close(pair[0]);
        return px_fail(error, PX_E_INTERNAL, "cannot start a new nursery: %s", strerror(number));
    }
    nursery->socket = pair[0];
    code = loop_watch(nursery->loop, nursery->socket, LOOP_READABLE, on_ready, nursery, &nursery->watch, error);
    if (code != PX_OK) {
        close(nursery->socket);
        nursery->socket = -1;
        await_end(nursery->pid);
    }
    return code;
}

static void on_lost(struct nursery *nursery) {
    loop_unwatch(nursery->watch);
    nursery->watch = NULL;
    close(nursery->socket);
    nursery->socket = -1;
    await_end(nursery->pid);
    struct nursery_child *children = take_children(nursery);
    struct px_error error;
    if (replace(nursery, &error) == PX_OK)
        log_error("nursery", "the nursery died with all its children; process %d replaces it", (int)nursery->pid);
    else
        log_error("nursery", "the nursery died with all its children: %s", error.message);
    end_all(children, -1);
    if (nursery->lost)
        nursery->lost(nursery->argument);
}

/* ---- messages --------------------------------------------------------------------------------------------------- */

static bool send_request(struct nursery *nursery, const struct nursery_request *request, int descriptor) {
    _Alignas(struct cmsghdr) unsigned char control[CMSG_SPACE(sizeof(int))] = {0};
    struct iovec part = {.iov_base = (void *)(uintptr_t)request, .iov_len = sizeof(*request)};
    struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1};
    if (descriptor >= 0) {
        header.msg_control = control;
        header.msg_controllen = sizeof(control);
        struct cmsghdr *rights = CMSG_FIRSTHDR(&header);
        rights->cmsg_level = SOL_SOCKET;
        rights->cmsg_type = SCM_RIGHTS;
        rights->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(rights), &descriptor, sizeof(descriptor));
    }
    return sendmsg(nursery->socket, &header, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)sizeof(*request);
}

static void send_signal(struct nursery_child *child, int number) {
    const struct nursery_request request = {.kind = NURSERY_REQUEST_SIGNAL, .child = child->number, .signal = number};
    struct nursery *nursery = child->nursery;
    child->signal_due = 0;
    if (send_request(nursery, &request, -1) || errno != EAGAIN)
        return; /* any other error: the nursery is lost and its children with it */
    child->signal_due = number;
    if (nursery->watch)
        loop_watch_change(nursery->watch, LOOP_READABLE | LOOP_WRITABLE);
}

static void send_due(struct nursery *nursery) {
    loop_watch_change(nursery->watch, LOOP_READABLE);
    for (struct nursery_child *child = nursery->children; child; child = child->next)
        if (child->signal_due)
            send_signal(child, child->signal_due);
}

static void on_report(struct nursery *nursery, const struct nursery_report *report) {
    struct nursery_child *child = find_child(nursery, report->child);
    if (!child)
        return;
    if (report->kind == NURSERY_REPORT_STARTED) {
        child->pid = report->pid;
        return;
    }
    child_unlink(child);
    child_end(child, report->status);
}

static void on_ready(void *argument, int events) {
    struct nursery *nursery = argument;
    if (events & LOOP_WRITABLE)
        send_due(nursery);
    struct nursery_report report;
    ssize_t size;
    while ((size = recv(nursery->socket, &report, sizeof(report), MSG_DONTWAIT)) == (ssize_t)sizeof(report))
        on_report(nursery, &report);
    if (size < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    on_lost(nursery);
}

/* ---- for others ------------------------------------------------------------------------------------------------- */

int nursery_attach(struct nursery *nursery, struct loop *loop, void (*lost)(void *argument), void *argument,
                   struct px_error *error) {
    int code = loop_watch(loop, nursery->socket, LOOP_READABLE, on_ready, nursery, &nursery->watch, error);
    if (code != PX_OK)
        return code;
    nursery->loop = loop;
    nursery->lost = lost;
    nursery->argument = argument;
    return PX_OK;
}

static int find_entry(const struct nursery *nursery, const char *name, uint32_t *entry, struct px_error *error) {
    for (size_t i = 0; i < nursery->entry_count; i++) {
        if (strcmp(nursery->entries[i].name, name) == 0) {
            *entry = (uint32_t)i;
            return PX_OK;
        }
    }
    return px_fail(error, PX_E_NOT_FOUND, "the nursery knows no \"%s\"", name);
}

static int prepare(struct nursery *nursery, const char *entry, const void *argument, size_t argument_size,
                   struct nursery_request *request, struct px_error *error) {
    int code = find_entry(nursery, entry, &request->entry, error);
    if (code != PX_OK)
        return code;
    if (argument_size > NURSERY_ARGUMENT_BYTES)
        return px_fail(error, PX_E_LIMIT, "the argument of %s has %zu bytes; at most %d go", entry, argument_size,
                       NURSERY_ARGUMENT_BYTES);
    if (nursery->child_count >= NURSERY_CHILDREN_MAX)
        return px_fail(error, PX_E_LIMIT, "cannot start %s: there are %d sketch and worker processes, the limit", entry,
                       NURSERY_CHILDREN_MAX);
    request->kind = NURSERY_REQUEST_FORK;
    request->argument_size = (uint32_t)argument_size;
    if (argument_size > 0)
        memcpy(request->argument, argument, argument_size);
    return nursery->socket < 0 ? replace(nursery, error) : PX_OK;
}

int nursery_spawn(struct nursery *nursery, const char *entry, int type, const void *argument, size_t argument_size,
                  void (*ended)(void *owner, int status), void *owner, int *socket, struct nursery_child **out,
                  struct px_error *error) {
    struct nursery_request request = {0};
    int code = prepare(nursery, entry, argument, argument_size, &request, error);
    if (code != PX_OK)
        return code;
    struct nursery_child *child = calloc(1, sizeof(*child));
    if (!child)
        return px_fail(error, PX_E_NO_MEMORY, "no memory to start %s", entry);
    int pair[2];
    code = make_pair(type, pair, error);
    if (code != PX_OK) {
        free(child);
        return code;
    }
    fcntl(pair[0], F_SETFL, O_NONBLOCK);
    request.child = ++nursery->last_number;
    bool sent = send_request(nursery, &request, pair[1]);
    int number = errno;
    close(pair[1]);
    if (!sent) {
        close(pair[0]);
        free(child);
        return number == EAGAIN
                   ? px_fail(error, PX_E_BUSY, "cannot start %s now: too many processes are being started", entry)
                   : px_fail(error, PX_E_INTERNAL, "cannot start %s: the nursery is lost: %s", entry, strerror(number));
    }
    *child = (struct nursery_child){
        .nursery = nursery, .next = nursery->children, .number = request.child, .ended = ended, .owner = owner};
    nursery->children = child;
    nursery->child_count++;
    *socket = pair[0];
    *out = child;
    return PX_OK;
}

int nursery_child_pid(const struct nursery_child *child) {
    return child->pid;
}

void nursery_kill(struct nursery_child *child, int signal) {
    send_signal(child, signal);
}

void nursery_disown(struct nursery_child *child) {
    child->ended = NULL;
    send_signal(child, SIGKILL);
}

void nursery_stop(struct nursery *nursery) {
    if (!nursery)
        return;
    loop_unwatch(nursery->watch);
    nursery->watch = NULL;
    nursery->loop = NULL; /* from here on it is not replaced */
    if (nursery->socket >= 0) {
        close(nursery->socket);
        nursery->socket = -1;
        await_end(nursery->pid);
    }
    end_all(take_children(nursery), -1);
    free(nursery);
}
