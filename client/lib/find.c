#include "client/lib/find.h"

#include "px/px.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { FIND_PLACES = 3 };

struct find_places {
    char path[FIND_PLACES][FIND_PATH_BYTES];
    size_t count;
};

static void places_add(struct find_places *places, const char *directory, const char *name) {
    char *path = places->path[places->count];
    int length = snprintf(path, FIND_PATH_BYTES, "%s%s", directory, name);
    if (length > 0 && length < FIND_PATH_BYTES)
        places->count++;
}

static void places_fill(struct find_places *places) {
    places->count = 0;
    const char *chosen = getenv("PXD_RUNTIME_DIR");
    if (chosen && *chosen) {
        places_add(places, chosen, "");
        return;
    }
    const char *runtime = getenv("XDG_RUNTIME_DIR");
    if (runtime && *runtime)
        places_add(places, runtime, "/pxd");
    places_add(places, "/run", "/pxd");
    char name[32];
    snprintf(name, sizeof name, "/pxd-%u", (unsigned)getuid());
    places_add(places, "/tmp", name);
}

/* In /tmp anybody can make a directory of that name: ours is ours alone. */
static bool place_is_safe(const char *path) {
    struct stat status;
    if (strncmp(path, "/tmp/pxd-", 9) != 0)
        return true;
    return lstat(path, &status) == 0 && S_ISDIR(status.st_mode) && status.st_uid == getuid() &&
           (status.st_mode & 077) == 0;
}

static bool place_answers(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int length = snprintf(address.sun_path, sizeof address.sun_path, "%s/rpc.sock", path);
    if (length < 0 || (size_t)length >= sizeof address.sun_path)
        return false;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return false;
    int result = connect(fd, (const struct sockaddr *)&address, sizeof address);
    bool answers = result == 0 || errno == EAGAIN; /* its queue of connections is full: it lives */
    close(fd);
    return answers;
}

int px_find(char *directory, size_t size, struct px_error *error) {
    struct find_places places;
    places_fill(&places);
    char looked[FIND_PLACES * (FIND_PATH_BYTES + 2) + 1] = "";
    for (size_t i = 0; i < places.count; i++) {
        const char *path = places.path[i];
        if (place_is_safe(path) && place_answers(path)) {
            if (strlen(path) >= size)
                return px_fail(error, PX_E_RANGE, "%s does not fit into %zu bytes", path, size);
            strcpy(directory, path);
            return 0;
        }
        strcat(looked, i > 0 ? ", " : "");
        strcat(looked, path);
    }
    return px_fail(error, PX_E_NOT_FOUND, "no daemon answers (looked in %s)", looked);
}
