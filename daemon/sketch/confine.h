/* confine.h: takes from this process everything that a sketch does not need.
 *
 * Memory by RLIMIT_DATA (mapped arenas do not count), no core files, no new privileges, and a list of system calls:
 * those that read and write the one socket and manage memory and signals. Any other kills the process (SIGSYS).
 * Sanitizer builds (PX_SANITIZED) keep both off: their runtimes need more.
 *
 * Threads  the one thread of a child of the nursery, after everything is set up. Errors: PX_E_INTERNAL.
 */
#ifndef SKETCH_CONFINE_H
#define SKETCH_CONFINE_H

#include "shared/error.h"

#include <stddef.h>

int confine(size_t memory_bytes, struct px_error *error);

#endif
