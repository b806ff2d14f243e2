/* base64.h: binaries as text (RFC 4648, with padding).
 */
#ifndef CLIENT_LIB_BASE64_H
#define CLIENT_LIB_BASE64_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

void base64_write(FILE *out, const uint8_t *bytes, size_t size);

/* base64_decode: in place; false when text is no base64. */
bool base64_decode(char *text, size_t length, size_t *size);

#endif
