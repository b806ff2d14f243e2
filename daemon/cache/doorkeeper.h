/* doorkeeper.h: remembers when signatures were last seen, in memory of fixed size.
 *
 *     sets of DOOR_WAYS marks; a signature's set is fixed, its mark replaces the oldest of that set
 *
 * It may forget (a full set), and takes one signature for another once in 2^32 questions: both cost an admission too
 * few or too many, nothing else.
 *
 * Threads  one shard's lock guards it.
 */
#ifndef CACHE_DOORKEEPER_H
#define CACHE_DOORKEEPER_H

#include "shared/signature.h"

enum { DOOR_WAYS = 4 };

struct door_mark {
    uint32_t print; /* 0: none */
    uint32_t at;    /* the cache's clock */
};

struct doorkeeper {
    struct door_mark *marks; /* sets * DOOR_WAYS */
    uint32_t sets;           /* a power of two */
};

/* doorkeeper_init: for about so many signatures. */
bool doorkeeper_init(struct doorkeeper *door, size_t signatures);
void doorkeeper_fini(struct doorkeeper *door);

/* doorkeeper_see: notes that it was seen at `now`; true if it was seen before, and *ago then is how long before. */
bool doorkeeper_see(struct doorkeeper *door, struct px_signature signature, uint32_t now, uint32_t *ago);
void doorkeeper_clear(struct doorkeeper *door);

#endif
