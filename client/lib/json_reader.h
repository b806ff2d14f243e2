/* json_reader.h: JSON text (RFC 8259) to MessagePack.
 *
 * Whole numbers stay whole (64 bits); a number with a point, an exponent or more digits than that becomes a double.
 * {"$bin": "<base64>"} becomes a binary. Nesting is bounded by what the wire takes.
 *
 * Errors   PX_E_PROTOCOL with line and column; PX_E_LIMIT (depth).
 */
#ifndef CLIENT_LIB_JSON_READER_H
#define CLIENT_LIB_JSON_READER_H

#include "proto/writer.h"

int json_read(const char *text, size_t length, struct px_writer *writer, struct px_error *error);

#endif
