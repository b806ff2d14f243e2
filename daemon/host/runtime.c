#include "daemon/host/runtime.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SOCKET_PATH_MAX = 107, PATH_BYTES = 4096 };

/* The longest of the socket files' names; see Places in the interfaces. */
static const char longest_name[] = "arena.sock";

static const char *first_set(const char *name) {
    const char *value = getenv(name);
    return value && value[0] ? value : NULL;
}

/* Where it is; whether that is the place in /tmp, where anybody could have made it before us. */
static bool look_up(const char *chosen, char out[PATH_BYTES]) {
    const char *path = chosen[0] ? chosen : first_set("PXD_RUNTIME_DIR");
    if (path) {
        snprintf(out, PATH_BYTES, "%s", path);
        return false;
    }
    if ((path = first_set("RUNTIME_DIRECTORY"))) {
        snprintf(out, PATH_BYTES, "%.*s", (int)strcspn(path, ":"), path);
        return false;
    }
    if ((path = first_set("XDG_RUNTIME_DIR")) && path[0] == '/') {
        snprintf(out, PATH_BYTES, "%s/pxd", path);
        return false;
    }
    snprintf(out, PATH_BYTES, "/tmp/pxd-%lu", (unsigned long)geteuid());
    return true;
}

static int fail_make(const char *path, struct px_error *error) {
    return px_fail(error, errno == EACCES ? PX_E_ACCESS : PX_E_IO, "cannot make the directory %s: %s", path,
                   strerror(errno));
}

int runtime_make_directory(const char *path, struct px_error *error) {
    char part[PATH_BYTES];
    size_t length = strlen(path);
    if (length == 0 || length >= sizeof(part))
        return px_fail(error, PX_E_RANGE, "a directory's path of %zu bytes", length);
    memcpy(part, path, length + 1);
    for (char *slash = strchr(part + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        if (mkdir(part, 0700) != 0 && errno != EEXIST)
            return fail_make(part, error);
        *slash = '/';
    }
    return mkdir(part, 0700) != 0 && errno != EEXIST ? fail_make(part, error) : PX_OK;
}

static int check_ours(const char *path, int directory, bool shared_place, struct px_error *error) {
    struct stat status;
    if (fstat(directory, &status) != 0)
        return px_fail(error, PX_E_IO, "cannot look at %s: %s", path, strerror(errno));
    if (status.st_uid != geteuid())
        return px_fail(error, PX_E_ACCESS, "%s belongs to user %lu, not to us (%lu); set PXD_RUNTIME_DIR", path,
                       (unsigned long)status.st_uid, (unsigned long)geteuid());
    unsigned mode = status.st_mode & 07777;
    if (shared_place && mode != 0700)
        return px_fail(error, PX_E_ACCESS, "%s has mode %04o and not 0700; set it or PXD_RUNTIME_DIR", path, mode);
    if (mode & S_IWOTH)
        return px_fail(error, PX_E_ACCESS, "%s is writable for everybody (mode %04o); chmod o-w", path, mode);
    return PX_OK;
}

static int lock_directory(const char *path, int directory, struct px_error *error) {
    if (flock(directory, LOCK_EX | LOCK_NB) == 0)
        return PX_OK;
    if (errno == EWOULDBLOCK)
        return px_fail(error, PX_E_EXISTS, "another pxd serves %s; stop it (pxctl stop) or set PXD_RUNTIME_DIR", path);
    return px_fail(error, PX_E_IO, "cannot lock %s: %s", path, strerror(errno));
}

int runtime_open(const char *chosen, struct runtime *runtime, struct px_error *error) {
    char path[PATH_BYTES];
    bool shared_place = look_up(chosen, path);
    size_t longest = strlen(path) + 1 + strlen(longest_name);
    if (longest > SOCKET_PATH_MAX)
        return px_fail(error, PX_E_RANGE, "%s is too long by %zu bytes: the path of a socket in it has at most %d",
                       path, longest - SOCKET_PATH_MAX, SOCKET_PATH_MAX);
    int code = runtime_make_directory(path, error);
    if (code != PX_OK)
        return code;
    int directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | (shared_place ? O_NOFOLLOW : 0));
    if (directory < 0)
        return px_fail(error, errno == ENOENT ? PX_E_IO : PX_E_ACCESS, "cannot use %s: %s", path, strerror(errno));
    if ((code = check_ours(path, directory, shared_place, error)) != PX_OK ||
        (code = lock_directory(path, directory, error)) != PX_OK) {
        close(directory);
        return code;
    }
    memcpy(runtime->path, path, strlen(path) + 1);
    runtime->lock_fd = directory;
    return PX_OK;
}

void runtime_close(struct runtime *runtime) {
    if (runtime->lock_fd >= 0)
        close(runtime->lock_fd);
    runtime->lock_fd = -1;
}

int runtime_socket(const struct runtime *runtime, const char *name, char out[108], struct px_error *error) {
    int length = snprintf(out, SOCKET_PATH_MAX + 1, "%s/%s", runtime->path, name);
    if (length > SOCKET_PATH_MAX)
        return px_fail(error, PX_E_RANGE, "%s/%s has %d bytes; the path of a socket has at most %d", runtime->path,
                       name, length, SOCKET_PATH_MAX);
    return PX_OK;
}
