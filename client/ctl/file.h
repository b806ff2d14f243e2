/* file.h: whole files, where "-" is standard input or output.
 */
#ifndef CLIENT_CTL_FILE_H
#define CLIENT_CTL_FILE_H

#include "shared/error.h"

#include <stddef.h>

/* file_read: bytes: malloc'd, with a zero behind them. */
int file_read(const char *path, char **bytes, size_t *size, struct px_error *error);

/* file_write: a file appears whole or not at all: written beside it, then renamed. */
int file_write(const char *path, const void *bytes, size_t size, struct px_error *error);

#endif
