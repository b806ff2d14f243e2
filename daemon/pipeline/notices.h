/* notices.h: warnings of kernels, kept by signature, so that a geometry from the cache comes with what was said when it
 * was made.
 *
 * Threads  any; one lock, taken only when there is or was something to say. Bounded: the oldest go.
 */
#ifndef PIPELINE_NOTICES_H
#define PIPELINE_NOTICES_H

#include "daemon/kernel/kernel.h"
#include "shared/signature.h"

struct notices;

struct notices *notices_create(void); /* NULL: no memory */
void notices_destroy(struct notices *notices);
void notices_put(struct notices *notices, struct px_signature signature, const struct kernel_warnings *warnings);
bool notices_any(const struct notices *notices);

/* notices_get: false when nothing was said; the text of each is copied. */
bool notices_get(struct notices *notices, struct px_signature signature, struct kernel_warnings *warnings);

#endif
