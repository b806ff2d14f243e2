#include "client/ctl/file_watch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

enum { EVENTS = IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE };

/* Watches the directory of the path; gives the file's own name. */
static int watch_directory(int fd, const char *path, char name[NAME_MAX + 1]) {
    char directory[PATH_MAX];
    const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
    if (strlen(path) >= sizeof directory || strlen(base) > NAME_MAX) {
        errno = ENAMETOOLONG;
        return -1;
    }
    strcpy(name, base);
    strcpy(directory, path);
    if (slash == path)
        strcpy(directory, "/");
    else if (slash)
        directory[slash - path] = '\0';
    else
        strcpy(directory, ".");
    return inotify_add_watch(fd, directory, EVENTS | IN_MASK_ADD);
}

int file_watch_open(const char *path, struct file_watch *watch, struct px_error *error) {
    char full[PATH_MAX];
    *watch = (struct file_watch){.fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC)};
    if (watch->fd < 0)
        return px_fail(error, PX_E_IO, "inotify: %s (see fs.inotify.max_user_instances)", strerror(errno));
    bool watching = watch_directory(watch->fd, path, watch->name) >= 0;
    if (watching && realpath(path, full))
        watching = watch_directory(watch->fd, full, watch->target) >= 0;
    if (watching)
        return 0;
    px_fail(error, PX_E_IO, "%s cannot be watched: %s (see fs.inotify.max_user_watches)", path, strerror(errno));
    file_watch_close(watch);
    return PX_E_IO;
}

void file_watch_close(struct file_watch *watch) {
    if (watch->fd >= 0)
        close(watch->fd);
    watch->fd = -1;
}

static bool concerns(const struct file_watch *watch, const char *name) {
    size_t length = strlen(name);
    return strcmp(name, watch->name) == 0 || strcmp(name, watch->target) == 0 ||
           (length > 4 && name[0] != '.' && strcmp(name + length - 4, ".lua") == 0); /* it may be required */
}

void file_watch_take(struct file_watch *watch, uint64_t now_ns) {
    _Alignas(struct inotify_event) char events[16 * 1024];
    ssize_t got;
    while ((got = read(watch->fd, events, sizeof events)) > 0) {
        for (char *at = events; at < events + got;) {
            const struct inotify_event *event = (const struct inotify_event *)(void *)at;
            bool unsure = event->len == 0 || (event->mask & IN_Q_OVERFLOW);
            if (unsure || concerns(watch, event->name))
                watch->changed_ns = now_ns;
            at += sizeof *event + event->len;
        }
    }
}

bool file_watch_due(struct file_watch *watch, uint64_t now_ns, int *wait_ms) {
    const uint64_t quiet_ns = FILE_WATCH_QUIET_MS * 1000000ull;
    *wait_ms = -1;
    if (watch->changed_ns == 0)
        return false;
    if (now_ns - watch->changed_ns >= quiet_ns) {
        watch->changed_ns = 0;
        return true;
    }
    *wait_ms = (int)((quiet_ns - (now_ns - watch->changed_ns)) / 1000000) + 1;
    return false;
}
