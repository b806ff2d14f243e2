/* state_file.c: see state_file.h. */
#include "daemon/sketch/state_file.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool state_file_path(const char *state_dir, const char *name, char *out, size_t size) {
    char escaped[3 * 64 + 1] = "";
    size_t length = 0;
    for (const char *at = name; *at != '\0' && length + 3 < sizeof escaped; at++) {
        bool plain = isascii((unsigned char)*at) && (isalnum((unsigned char)*at) || *at == '-' || *at == '_');
        length += (size_t)snprintf(escaped + length, sizeof escaped - length, plain ? "%c" : "%%%02x",
                                   (unsigned char)*at);
    }
    int written = snprintf(out, size, "%s/sketches/%s.params", state_dir, escaped);
    return written > 0 && (size_t)written < size;
}

int state_file_read(const char *path, uint8_t **bytes, size_t *size, struct px_error *error) {
    struct stat status;
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (file < 0)
        return px_fail(error, errno == ENOENT ? PX_E_NOT_FOUND : PX_E_IO, "%.300s: %s", path, strerror(errno));
    int code = 0;
    uint8_t *read_bytes = NULL;
    if (fstat(file, &status) != 0 || !S_ISREG(status.st_mode))
        code = px_fail(error, PX_E_IO, "%.300s: not a plain file", path);
    else if (status.st_size > STATE_FILE_MAX_BYTES)
        code = px_fail(error, PX_E_LIMIT, "%.300s: larger than %d bytes", path, STATE_FILE_MAX_BYTES);
    else if ((read_bytes = malloc((size_t)status.st_size + 1)) == NULL)
        code = px_fail(error, PX_E_NO_MEMORY, "%.300s: no memory", path);
    else if (read(file, read_bytes, (size_t)status.st_size) != (ssize_t)status.st_size)
        code = px_fail(error, PX_E_IO, "%.300s: could not be read whole", path);
    close(file);
    if (code != 0) {
        free(read_bytes);
        return code;
    }
    *bytes = read_bytes;
    *size = (size_t)status.st_size;
    return 0;
}

/* Makes the directories on the way to a file. */
static void make_directory(const char *path) {
    char directory[4096];
    snprintf(directory, sizeof directory, "%s", path);
    for (char *slash = strchr(directory + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(directory, 0700);
        *slash = '/';
    }
}

int state_file_write(const char *path, const void *bytes, size_t size, struct px_error *error) {
    char fresh[4096 + 8];
    snprintf(fresh, sizeof fresh, "%s.new", path);
    make_directory(path);
    int file = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (file < 0)
        return px_fail(error, PX_E_IO, "%.300s: %s", fresh, strerror(errno));
    bool whole = write(file, bytes, size) == (ssize_t)size;
    whole = close(file) == 0 && whole;
    if (!whole || rename(fresh, path) != 0) {
        int code = px_fail(error, PX_E_IO, "%.300s: %s", path, strerror(errno));
        unlink(fresh);
        return code;
    }
    return 0;
}
