#include "client/lib/find.h"

#include "client/lib/stream.h"
#include "px/px.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
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

int find_first(int (*attempt)(void *argument, const char *directory, struct px_error *error), void *argument,
               struct px_error *error) {
    struct find_places places;
    places_fill(&places);
    char looked[FIND_PLACES * (FIND_PATH_BYTES + 2) + 1] = "";
    struct px_error why, refused = {0};
    for (size_t i = 0; i < places.count; i++) {
        int code = place_is_safe(places.path[i]) ? attempt(argument, places.path[i], &why) : PX_E_NOT_FOUND;
        if (code == 0)
            return 0;
        if (code == PX_E_ACCESS)
            refused = why;
        strcat(looked, i > 0 ? ", " : "");
        strcat(looked, places.path[i]);
    }
    if (refused.code < 0)
        return px_fail(error, refused.code, "%s", refused.message);
    return px_fail(error, PX_E_NOT_FOUND, "no daemon answers (looked in %s)", looked);
}

struct find_result {
    char *directory;
    size_t size;
};

static int find_attempt(void *argument, const char *directory, struct px_error *error) {
    struct find_result *result = argument;
    struct stream stream;
    char path[FIND_PATH_BYTES + 16];
    snprintf(path, sizeof path, "%s/rpc.sock", directory);
    int code = stream_open(path, &stream, error);
    stream_close(&stream);
    if (code == 0)
        snprintf(result->directory, result->size, "%s", directory);
    return code;
}

int px_find(char *directory, size_t size, struct px_error *error) {
    char found[FIND_PATH_BYTES];
    struct find_result result = {.directory = found, .size = sizeof found};
    int code = find_first(find_attempt, &result, error);
    if (code < 0)
        return code;
    if (strlen(found) >= size)
        return px_fail(error, PX_E_RANGE, "%s does not fit into %zu bytes", found, size);
    strcpy(directory, found);
    return 0;
}
