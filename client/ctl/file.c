#include "client/ctl/file.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int file_failed(struct px_error *error, const char *path) {
    return px_fail(error, errno == ENOENT ? PX_E_NOT_FOUND : PX_E_IO, "%s: %s", path, strerror(errno));
}

static int read_all(FILE *file, const char *path, char **bytes, size_t *size, struct px_error *error) {
    char *held = NULL;
    size_t count = 0, room = 0;
    do {
        if (room - count < 2) {
            room = room ? room * 2 : 64 * 1024;
            char *more = realloc(held, room);
            if (!more) {
                free(held);
                return px_fail(error, PX_E_NO_MEMORY, "%s: no memory for it", path);
            }
            held = more;
        }
        count += fread(held + count, 1, room - count - 1, file);
    } while (!feof(file) && !ferror(file));
    if (ferror(file)) {
        free(held);
        return file_failed(error, path);
    }
    held[count] = '\0';
    *bytes = held;
    *size = count;
    return 0;
}

int file_read(const char *path, char **bytes, size_t *size, struct px_error *error) {
    if (strcmp(path, "-") == 0)
        return read_all(stdin, "standard input", bytes, size, error);
    FILE *file = fopen(path, "re");
    if (!file)
        return file_failed(error, path);
    int code = read_all(file, path, bytes, size, error);
    fclose(file);
    return code;
}

static int write_all(FILE *file, const char *path, const void *bytes, size_t size, struct px_error *error) {
    if (fwrite(bytes, 1, size, file) != size || fflush(file) != 0)
        return file_failed(error, path);
    return 0;
}

/* What is no regular file (a pipe, /dev/stdout) cannot be replaced. */
static bool is_special(const char *path) {
    struct stat status;
    return stat(path, &status) == 0 && !S_ISREG(status.st_mode);
}

static int write_named(const char *path, const char *target, const void *bytes, size_t size, struct px_error *error) {
    FILE *file = fopen(path, "we");
    if (!file)
        return file_failed(error, target);
    int code = write_all(file, target, bytes, size, error);
    if (fclose(file) != 0 && code == 0)
        code = file_failed(error, target);
    return code;
}

int file_write(const char *path, const void *bytes, size_t size, struct px_error *error) {
    if (strcmp(path, "-") == 0)
        return write_all(stdout, "standard output", bytes, size, error);
    if (is_special(path))
        return write_named(path, path, bytes, size, error);
    char beside[4096];
    int length = snprintf(beside, sizeof beside, "%s.%ld.part", path, (long)getpid());
    if (length < 0 || (size_t)length >= sizeof beside)
        return px_fail(error, PX_E_RANGE, "%s: too long a path", path);
    int code = write_named(beside, path, bytes, size, error);
    if (code == 0 && rename(beside, path) != 0)
        code = file_failed(error, path);
    if (code < 0)
        unlink(beside);
    return code;
}
