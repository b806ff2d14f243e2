#include "client/ctl/program.h"

#include "client/ctl/interrupts.h"
#include "shared/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { DAEMON_START_MS = 10000, DAEMON_LOOK_MS = 10, LOG_SHOWN_BYTES = 300 };

bool program_beside(const char *name, char *path, size_t size) {
    char own[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", own, sizeof own - 1);
    if (length <= 0)
        return false;
    own[length] = '\0';
    *strrchr(own, '/') = '\0';
    int written = snprintf(path, size, "%s/%s", own, name);
    return written > 0 && (size_t)written < size && access(path, X_OK) == 0;
}

/* ---- a child ----------------------------------------------------------------------------------------------------- */

/* In the child: a session of its own, nothing to read, output to the log. */
static bool detach(const char *log) {
    setsid();
    int input = open("/dev/null", O_RDONLY | O_CLOEXEC);
    int output = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    return input >= 0 && output >= 0 && dup2(input, STDIN_FILENO) >= 0 && dup2(output, STDOUT_FILENO) >= 0 &&
           dup2(output, STDERR_FILENO) >= 0;
}

/* The pipe closes at exec; a number in it is errno of what failed. */
static void child(char *const argv[], const char *log, int report) {
    interrupts_restore();
    if (!log || detach(log))
        execvp(argv[0], argv);
    int why = errno;
    ssize_t sent = write(report, &why, sizeof why);
    (void)sent;
    _exit(127);
}

int program_start(char *const argv[], const char *log, pid_t *pid, struct px_error *error) {
    int report[2], why = 0;
    if (pipe2(report, O_CLOEXEC) != 0)
        return px_fail(error, PX_E_IO, "pipe: %s", strerror(errno));
    *pid = fork();
    if (*pid == 0)
        child(argv, log, report[1]);
    close(report[1]);
    if (*pid < 0)
        why = errno;
    else if (read(report[0], &why, sizeof why) != sizeof why)
        why = 0;
    close(report[0]);
    if (why == 0)
        return 0;
    if (*pid > 0)
        waitpid(*pid, NULL, 0);
    return px_fail(error, why == ENOENT ? PX_E_NOT_FOUND : PX_E_IO, "%s: %s", argv[0], strerror(why));
}

/* ---- the daemon -------------------------------------------------------------------------------------------------- */

static bool make_directory(const char *path) {
    return mkdir(path, 0700) == 0 || errno == EEXIST;
}

/* The state directory, as the daemon itself looks for it. */
static bool state_directory(char path[PATH_MAX]) {
    const char *own = getenv("PXD_STATE_DIR"), *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    int length;
    if (own && *own) {
        length = snprintf(path, PATH_MAX, "%s", own);
        return length > 0 && length < PATH_MAX && make_directory(path);
    }
    if (state && *state) {
        length = snprintf(path, PATH_MAX, "%s", state);
    } else {
        if (!home || !*home)
            return false;
        snprintf(path, PATH_MAX, "%s/.local", home);
        make_directory(path);
        length = snprintf(path, PATH_MAX, "%s/.local/state", home);
    }
    if (length < 0 || length > PATH_MAX - 8 || !make_directory(path))
        return false;
    strcat(path, "/pxd");
    return make_directory(path);
}

static void log_path(char path[PATH_MAX]) {
    if (state_directory(path) && strlen(path) < PATH_MAX - 16)
        strcat(path, "/pxd.log");
    else
        snprintf(path, PATH_MAX, "/tmp/pxd-%u.log", (unsigned)getuid());
}

/* The end of the log, where a daemon that ended at once said why. */
static void read_tail(const char *path, char out[LOG_SHOWN_BYTES + 1]) {
    out[0] = '\0';
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat status;
    if (fd < 0)
        return;
    if (fstat(fd, &status) == 0) {
        off_t from = status.st_size > LOG_SHOWN_BYTES ? status.st_size - LOG_SHOWN_BYTES : 0;
        ssize_t got = pread(fd, out, LOG_SHOWN_BYTES, from);
        out[got > 0 ? got : 0] = '\0';
    }
    close(fd);
    size_t length = strlen(out);
    while (length > 0 && out[length - 1] == '\n')
        out[--length] = '\0';
}

/* Waits until the daemon answers. One that ended may have lost to another that was started at the same moment. */
static int await_daemon(struct ctl *ctl, pid_t pid, const char *log, struct px_error *error) {
    uint64_t deadline = px_clock_ns() + DAEMON_START_MS * 1000000ull;
    bool ended = false;
    for (;;) {
        if (ctl_open(ctl, NULL) == 0)
            return 0;
        char tail[LOG_SHOWN_BYTES + 1];
        if (ended) {
            read_tail(log, tail);
            return px_fail(error, PX_E_IO, "pxd ended at once (%s): ...%s", log, tail);
        }
        if (px_clock_ns() > deadline)
            return px_fail(error, PX_E_TIMEOUT, "pxd does not answer after %d s; see %s", DAEMON_START_MS / 1000, log);
        ended = waitpid(pid, NULL, WNOHANG) == pid;
        nanosleep(&(struct timespec){.tv_nsec = DAEMON_LOOK_MS * 1000000}, NULL);
    }
}

int program_start_daemon(struct ctl *ctl, struct px_error *error) {
    char path[PATH_MAX], log[PATH_MAX];
    if (!program_beside("pxd", path, sizeof path))
        strcpy(path, "pxd");
    log_path(log);
    pid_t pid;
    int code = program_start((char *[]){path, (char[]){"--end-with-last-client"}, NULL}, log, &pid, error);
    if (code < 0)
        return code;
    return await_daemon(ctl, pid, log, error);
}
