#include "daemon/export/save.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The directory a file goes to, opened, and the file's name in it. */
struct place {
    int directory;
    const char *name; /* part of the path given */
};

static int code_of_errno(int number) {
    switch (number) {
    case ENOENT:
    case ENOTDIR:
        return PX_E_NOT_FOUND;
    case EACCES:
    case EPERM:
    case EROFS:
        return PX_E_ACCESS;
    default:
        return PX_E_IO;
    }
}

/* Whether the directory that was opened lies in `below`: its own name is asked of the kernel, links are resolved. */
static bool lies_below(int directory, const char *below) {
    char link[64], actual[PATH_MAX], wanted[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", directory);
    ssize_t n = readlink(link, actual, sizeof actual - 1);
    if (n < 0 || realpath(below, wanted) == NULL)
        return false;
    actual[n] = '\0';
    size_t length = strlen(wanted);
    return strncmp(actual, wanted, length) == 0 && (actual[length] == '/' || actual[length] == '\0' || length == 1);
}

static int open_directory(const char *path, size_t length, struct px_error *error) {
    char *parent = strndup(path, length > 0 ? length : 1);
    if (parent == NULL)
        return px_fail(error, PX_E_NO_MEMORY, "no memory for a path");
    int directory = open(parent, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0)
        px_fail(error, code_of_errno(errno), "path: %.200s: %s", parent, strerror(errno));
    free(parent);
    return directory < 0 ? error == NULL ? PX_E_IO : error->code : directory;
}

static int place_open(const char *path, const char *below, struct place *place, struct px_error *error) {
    const char *slash = strrchr(path, '/');
    if (path[0] != '/')
        return px_fail(error, PX_E_RANGE, "path: \"%.200s\" is not absolute", path);
    place->name = slash + 1;
    if (place->name[0] == '\0' || strcmp(place->name, ".") == 0 || strcmp(place->name, "..") == 0)
        return px_fail(error, PX_E_RANGE, "path: \"%.200s\" names no file", path);
    struct px_error why = {0};
    place->directory = open_directory(path, (size_t)(slash - path), &why);
    if (place->directory < 0)
        return px_fail(error, why.code, "%s", why.message);
    if (below != NULL && !lies_below(place->directory, below)) {
        close(place->directory);
        return px_fail(error, PX_E_ACCESS,
                       "path: \"%.200s\" is not below export_dir, where others than the daemon's "
                       "own user may write",
                       path);
    }
    return 0;
}

int save_check(const char *path, const char *below, struct px_error *error) {
    struct place place;
    int code = place_open(path, below, &place, error);
    if (code < 0)
        return code;
    if (faccessat(place.directory, ".", W_OK, 0) < 0)
        code = px_fail(error, code_of_errno(errno), "path: \"%.200s\": %s", path, strerror(errno));
    close(place.directory);
    return code;
}

static bool write_all(int fd, const char *bytes, size_t size) {
    while (size > 0) {
        ssize_t n = write(fd, bytes, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        bytes += n;
        size -= (size_t)n;
    }
    return true;
}

static int save_in(const struct place *place, const void *bytes, size_t size) {
    char temporary[NAME_MAX + 1];
    snprintf(temporary, sizeof temporary, ".pxd-%d-%.200s", (int)gettid(), place->name);
    unlinkat(place->directory, temporary, 0); /* of an earlier thread with our number */
    int fd = openat(place->directory, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (fd < 0)
        return -errno;
    int failed = write_all(fd, bytes, size) ? 0 : errno;
    if (close(fd) < 0 && failed == 0)
        failed = errno;
    if (failed == 0 && renameat(place->directory, temporary, place->directory, place->name) < 0)
        failed = errno;
    if (failed != 0)
        unlinkat(place->directory, temporary, 0);
    return -failed;
}

int save_bytes(const char *path, const char *below, const void *bytes, size_t size, struct px_error *error) {
    struct place place;
    int code = place_open(path, below, &place, error);
    if (code < 0)
        return code;
    int failed = -save_in(&place, bytes, size);
    close(place.directory);
    return failed == 0 ? 0 : px_fail(error, code_of_errno(failed), "path: \"%.200s\": %s", path, strerror(failed));
}
