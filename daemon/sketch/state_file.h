/* state_file.h: one file of a sketch's kept values in the state directory: read whole, written whole and renamed.
 *
 * Threads  LOOP: files are small. Errors: PX_E_NOT_FOUND (no file yet), PX_E_LIMIT, PX_E_IO.
 */
#ifndef SKETCH_STATE_FILE_H
#define SKETCH_STATE_FILE_H

#include "shared/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { STATE_FILE_MAX_BYTES = 8 * 1024 * 1024 };

/* state_file_path: `<dir>/sketches/<name>.params`, the name with bytes other than letters, digits, - and _ as %xx. */
bool state_file_path(const char *state_dir, const char *name, char *out, size_t size);
int state_file_read(const char *path, uint8_t **bytes, size_t *size, struct px_error *error); /* gives malloc'd bytes */
int state_file_write(const char *path, const void *bytes, size_t size, struct px_error *error);

#endif
