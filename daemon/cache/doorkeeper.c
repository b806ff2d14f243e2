#include "daemon/cache/doorkeeper.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* Gives the whole pages in a block their memory now, at a tenth of what touching them later would cost. Older kernels
 * cannot: then they come when they are touched. */
static void populate(void *block, size_t size) {
    const uintptr_t page = 4096, first = ((uintptr_t)block + page - 1) & ~(page - 1),
                    end = ((uintptr_t)block + size) & ~(page - 1);
    if (end > first)
        madvise((void *)first, end - first, MADV_POPULATE_WRITE);
}

bool doorkeeper_init(struct doorkeeper *door, size_t signatures) {
    uint32_t sets = 64;
    while ((size_t)sets * DOOR_WAYS < signatures && sets < 1u << 24)
        sets *= 2;
    *door = (struct doorkeeper){.marks = calloc((size_t)sets * DOOR_WAYS, sizeof(struct door_mark)), .sets = sets};
    if (door->marks == NULL)
        return false;
    populate(door->marks, (size_t)sets * DOOR_WAYS * sizeof *door->marks);
    return true;
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
