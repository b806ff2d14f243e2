/* source_file.c: see source_file.h. */
#include "daemon/sketch/source_file.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static int open_failed(const char *name, struct px_error *error) {
    int code = errno == ENOENT || errno == ENOTDIR ? PX_E_NOT_FOUND
               : errno == EXDEV || errno == ELOOP || errno == EACCES ? PX_E_ACCESS
                                                                     : PX_E_IO;
    if (errno == EXDEV)
        return px_fail(error, code, "%.300s: outside of the sketch's directory", name);
    return px_fail(error, code, "%.300s: %s", name, strerror(errno));
}

/* Reads an open file to its end; closes it. */
static int read_open(int file, const char *name, char **text, size_t *size, struct px_error *error) {
    struct stat status;
    char *bytes = NULL;
    int code = 0;
    if (fstat(file, &status) != 0 || !S_ISREG(status.st_mode))
        code = px_fail(error, PX_E_IO, "%.300s: not a plain file", name);
    else if (status.st_size > SOURCE_FILE_MAX_BYTES)
        code = px_fail(error, PX_E_LIMIT, "%.300s: larger than %d bytes", name, SOURCE_FILE_MAX_BYTES);
    else if ((bytes = malloc((size_t)status.st_size + 1)) == NULL)
        code = px_fail(error, PX_E_NO_MEMORY, "%.300s: no memory", name);
    size_t length = 0;
    while (code == 0 && length < (size_t)status.st_size) {
        ssize_t got = read(file, bytes + length, (size_t)status.st_size - length);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            code = px_fail(error, PX_E_IO, "%.300s: %s", name, strerror(errno));
        if (got <= 0)
            break;
        length += (size_t)got;
    }
    close(file);
    if (code != 0) {
        free(bytes);
        return code;
    }
    bytes[length] = '\0';
    *text = bytes;
    *size = length;
    return 0;
}

int source_file_read(const char *path, char **text, size_t *size, struct px_error *error) {
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file < 0)
        return open_failed(path, error);
    return read_open(file, path, text, size, error);
}

int source_file_read_beside(int directory, const char *name, char **text, size_t *size, struct px_error *error) {
    if (directory < 0)
        return px_fail(error, PX_E_ACCESS, "%.100s: this sketch was sent without a directory to look in", name);
    const struct open_how how = {.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK, .resolve = RESOLVE_BENEATH};
    int file = (int)syscall(SYS_openat2, directory, name, &how, sizeof how);
    if (file < 0)
        return open_failed(name, error);
    return read_open(file, name, text, size, error);
}
