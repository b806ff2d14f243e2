/* source_file.h: reads a Lua file of bounded size: a sketch by its path, or a file beside one.
 *
 * A file beside a sketch is looked up below the sketch's directory and never outside of it: no "..", no link out
 * (openat2, RESOLVE_BENEATH). Plain files only.
 *
 * Threads  LOOP: files are small (SOURCE_FILE_MAX_BYTES). Ownership: gives malloc'd bytes, zero-terminated.
 * Errors   PX_E_NOT_FOUND, PX_E_ACCESS, PX_E_LIMIT, PX_E_IO.
 */
#ifndef SKETCH_SOURCE_FILE_H
#define SKETCH_SOURCE_FILE_H

#include "shared/error.h"

#include <stddef.h>

enum { SOURCE_FILE_MAX_BYTES = 1024 * 1024 };

int source_file_read(const char *path, char **text, size_t *size, struct px_error *error);
int source_file_read_beside(int directory, const char *name, char **text, size_t *size, struct px_error *error);

#endif
