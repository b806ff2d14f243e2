#include "daemon/cache/doorkeeper.h"

#include <stdlib.h>
#include <string.h>

bool doorkeeper_init(struct doorkeeper *door, size_t signatures) {
    uint32_t sets = 64;
    while ((size_t)sets * DOOR_WAYS < signatures && sets < 1u << 24)
        sets *= 2;
    *door = (struct doorkeeper){.marks = calloc((size_t)sets * DOOR_WAYS, sizeof(struct door_mark)), .sets = sets};
    return door->marks != NULL;
}

void doorkeeper_fini(struct doorkeeper *door) {
    free(door->marks);
    door->marks = NULL;
}

static uint32_t print_of(struct px_signature signature) {
    uint32_t print = (uint32_t)(signature.low >> 32);
    return print != 0 ? print : 1;
}

bool doorkeeper_see(struct doorkeeper *door, struct px_signature signature, uint32_t now, uint32_t *ago) {
    struct door_mark *set = door->marks + ((uint32_t)signature.low & (door->sets - 1)) * DOOR_WAYS;
    uint32_t print = print_of(signature);
    struct door_mark *oldest = set;
    for (struct door_mark *mark = set; mark < set + DOOR_WAYS; mark++) {
        if (mark->print == print) {
            *ago = now - mark->at;
            mark->at = now;
            return true;
        }
        if (oldest->print != 0 && (mark->print == 0 || now - mark->at > now - oldest->at))
            oldest = mark;
    }
    *oldest = (struct door_mark){.print = print, .at = now};
    return false;
}

void doorkeeper_clear(struct doorkeeper *door) {
    memset(door->marks, 0, (size_t)door->sets * DOOR_WAYS * sizeof *door->marks);
}
