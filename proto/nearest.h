/* nearest.h: which of the known names somebody probably meant.
 *
 *     struct px_nearest nearest = PX_NEAREST("plan.submitt", 12);
 *     px_nearest_offer(&nearest, "plan.submit");  ...  nearest.name is it, or NULL when none is close
 *
 * Source  Levenshtein's distance; a third of the name may be wrong.
 */
#ifndef PX_PROTO_NEAREST_H
#define PX_PROTO_NEAREST_H

#include <stddef.h>

struct px_nearest {
    const char *text; /* what was asked for; not terminated */
    size_t length;
    const char *name; /* the closest so far; borrowed from the caller */
    unsigned distance;
};
#define PX_NEAREST(asked, asked_length) ((struct px_nearest){.text = (asked), .length = (asked_length)})

void px_nearest_offer(struct px_nearest *nearest, const char *name);

#endif
