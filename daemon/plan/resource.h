/* resource.h: bytes from outside that kernels need: fonts, found by path or name, read once, known by digest.
 *
 * A name is an existing path, else part of a file name or family (fontconfig's list, sorted by path, ignoring case),
 * else DejaVu Sans stands in and the kernel warns. Read into memory rather than mapped, so that a file that is cut
 * short under us is no SIGBUS; kept while the daemon lives, bounded.
 *
 * Threads  any (POOL normally): one lock, never held while a kernel runs. A changed file is a new resource.
 */
#ifndef PLAN_RESOURCE_H
#define PLAN_RESOURCE_H

#include "shared/error.h"
#include "shared/signature.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct resources;

struct resource {
    const uint8_t *bytes; /* valid while the store lives */
    size_t size;
    struct px_signature digest;
    bool fallback;
};

int resources_create(struct resources **resources, struct px_error *error);
void resources_destroy(struct resources *resources);
/* resources_font: name need not be terminated. PX_E_NOT_FOUND only when not even the stand-in is installed: the message
 * names the package. */
int resources_font(struct resources *resources, const char *name, size_t length, struct resource *resource,
                   struct px_error *error);

/* resources_refresh: names are looked up anew; what was mapped stays. */
void resources_refresh(struct resources *resources);

#endif
