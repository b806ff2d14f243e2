/* json_writer.h: a decoded value as JSON text.
 *
 * Numbers read back as they were: whole ones without a point, doubles with one and in the shortest form; NaN and
 * infinities, which JSON does not know, become null. Binaries become {"$bin": base64}. Text that is no UTF-8 has U+FFFD
 * in its place.
 */
#ifndef CLIENT_LIB_JSON_WRITER_H
#define CLIENT_LIB_JSON_WRITER_H

#include "proto/value.h"

/* json_write: indent 0: one line; else that many spaces a level, lists of plain values on one line. text: malloc'd. */
int json_write(const struct px_value *value, int indent, char **text, struct px_error *error);

#endif
