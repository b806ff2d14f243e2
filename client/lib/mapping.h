/* mapping.h: memory behind a descriptor that the daemon sent, mapped only after it was checked.
 *
 * A mapping beyond the end of its file, or of a file that may shrink, ends in SIGBUS: so the size is compared with
 * fstat and the seal against shrinking is required. Pages are made present at once, off the frame path.
 */
#ifndef CLIENT_LIB_MAPPING_H
#define CLIENT_LIB_MAPPING_H

#include "shared/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mapping {
    const uint8_t *base; /* NULL: not mapped */
    size_t size;
};

/* mapping_open: what: for messages. The descriptor stays the caller's. writable: the lease page only. */
int mapping_open(int fd, uint64_t size, bool writable, const char *what, struct mapping *mapping,
                 struct px_error *error);
void mapping_close(struct mapping *mapping); /* zeroed is fine */

#endif
