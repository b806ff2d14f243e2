/* utf8.h: whether a text is UTF-8.
 *
 * Source  RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF.
 */
#ifndef PX_PROTO_UTF8_H
#define PX_PROTO_UTF8_H

#include <stddef.h>

/* px_utf8_valid: how many bytes from the start are whole, valid characters; length when all are. */
size_t px_utf8_valid(const char *text, size_t length);

/* px_utf8_clean: overwrites each byte that belongs to no valid character by '?'. */
void px_utf8_clean(char *text, size_t length);

#endif
