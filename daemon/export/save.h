/* save.h: writes a result to a file as a whole or not at all: a temporary file beside it, then a rename.
 *
 * Who may write where: with `below` NULL anywhere; else only inside that directory, links resolved, so that no `..` and
 * no link leads out of it.
 *
 * Threads  any that may block (POOL).
 * Errors   PX_E_ACCESS, PX_E_NOT_FOUND (no such directory), PX_E_IO; the file is as it was before.
 */
#ifndef EXPORT_SAVE_H
#define EXPORT_SAVE_H

#include "shared/error.h"

#include <stddef.h>

/* save_check: whether the path could be written under these rules, before anything is computed. */
int save_check(const char *path, const char *below, struct px_error *error);
int save_bytes(const char *path, const char *below, const void *bytes, size_t size, struct px_error *error);

#endif
