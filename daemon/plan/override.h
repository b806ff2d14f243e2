/* override.h: values of live parameters that win over what a plan says: an immutable, sorted snapshot.
 *
 * Addresses are `<label>/<kernel>[#n].<parameter>`. A snapshot is made by the sketch module whenever a value changes
 * and is read by workers: so it is immutable and counted.
 *
 * Threads    ref, unref, find: any. Ownership: create copies everything.
 */
#ifndef PLAN_OVERRIDE_H
#define PLAN_OVERRIDE_H

#include "proto/value.h"

struct overrides;

struct override {
    const char *address;
    const struct px_value *value; /* as given over RPC, or a number from a controller */
    bool from_cc;
};

int overrides_create(const struct override *list, size_t count, struct overrides **overrides, struct px_error *error);
struct overrides *overrides_ref(struct overrides *overrides); /* NULL is fine */
void overrides_unref(struct overrides *overrides);            /* NULL is fine */
size_t overrides_count(const struct overrides *overrides);    /* NULL: 0 */
const struct override *overrides_find(const struct overrides *overrides, const char *address);

/* overrides_under: those whose address begins with this prefix: neighbours in the snapshot. */
const struct override *overrides_under(const struct overrides *overrides, const char *prefix, size_t length,
                                       size_t *count);

#endif
