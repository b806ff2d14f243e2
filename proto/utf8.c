#include "proto/utf8.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

static bool is_tail(unsigned char byte) {
    return (byte & 0xC0u) == 0x80u;
}

/* Bytes of the character at c (left of them there), 0 when it is none. */
static size_t character_size(const unsigned char *c, size_t left) {
    if (c[0] < 0x80)
        return 1;
    if (c[0] >= 0xC2 && c[0] <= 0xDF)
        return left >= 2 && is_tail(c[1]) ? 2 : 0;
    if (c[0] >= 0xE0 && c[0] <= 0xEF) {
        if (left < 3 || !is_tail(c[1]) || !is_tail(c[2]))
            return 0;
        bool overlong = c[0] == 0xE0 && c[1] < 0xA0;
        bool surrogate = c[0] == 0xED && c[1] >= 0xA0;
        return overlong || surrogate ? 0 : 3;
    }
    if (c[0] >= 0xF0 && c[0] <= 0xF4) {
        if (left < 4 || !is_tail(c[1]) || !is_tail(c[2]) || !is_tail(c[3]))
            return 0;
        bool overlong = c[0] == 0xF0 && c[1] < 0x90;
        bool beyond = c[0] == 0xF4 && c[1] >= 0x90;
        return overlong || beyond ? 0 : 4;
    }
    return 0;
}

size_t px_utf8_valid(const char *text, size_t length) {
    const unsigned char *bytes = (const unsigned char *)text;
    size_t at = 0;
    while (at < length) {
        uint64_t eight;
        while (length - at >= sizeof eight) { /* plain ASCII, eight at a time */
            memcpy(&eight, bytes + at, sizeof eight);
            if ((eight & UINT64_C(0x8080808080808080)) != 0)
                break;
            at += sizeof eight;
        }
        if (at == length)
            break;
        size_t size = character_size(bytes + at, length - at);
        if (size == 0)
            return at;
        at += size;
    }
    return at;
}

void px_utf8_clean(char *text, size_t length) {
    size_t at = px_utf8_valid(text, length);
    while (at < length) {
        text[at++] = '?';
        at += px_utf8_valid(text + at, length - at);
    }
}
