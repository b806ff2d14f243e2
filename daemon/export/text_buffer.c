#include "daemon/export/text_buffer.h"

#include "proto/utf8.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NUMBER_BYTES_MAX = 340 }; /* the largest double, written out */

void text_buffer_free(struct text_buffer *buffer) {
    free(buffer->text);
    *buffer = (struct text_buffer){0};
}

bool text_buffer_reserve(struct text_buffer *buffer, size_t more) {
    if (buffer->failed)
        return false;
    if (more <= buffer->room - buffer->size)
        return true;
    size_t room = buffer->room == 0 ? 4096 : buffer->room * 2;
    while (room - buffer->size < more)
        room *= 2;
    char *grown = realloc(buffer->text, room);
    if (grown == NULL) {
        buffer->failed = true;
        return false;
    }
    buffer->text = grown;
    buffer->room = room;
    return true;
}

static void add_bytes(struct text_buffer *buffer, const char *text, size_t length) {
    if (!text_buffer_reserve(buffer, length))
        return;
    memcpy(buffer->text + buffer->size, text, length);
    buffer->size += length;
}

void text_buffer_add(struct text_buffer *buffer, const char *text) {
    add_bytes(buffer, text, strlen(text));
}

static const double powers[] = {1, 10, 100, 1e3, 1e4, 1e5, 1e6};

/* Digits of value, at least `least` of them, to the left of `end`; returns where they begin. */
static char *digits_before(char *end, uint64_t value, int least) {
    do {
        *--end = (char)('0' + value % 10);
        value /= 10;
        least--;
    } while (value > 0 || least > 0);
    return end;
}

void text_buffer_number(struct text_buffer *buffer, double value, int decimals) {
    if (!text_buffer_reserve(buffer, NUMBER_BYTES_MAX))
        return;
    double scaled = floor(fabs(value) * powers[decimals] + 0.5);
    if (!(scaled < 1e18)) { /* whole numbers anyhow */
        buffer->size += (size_t)snprintf(buffer->text + buffer->size, NUMBER_BYTES_MAX, "%.0f", value);
        return;
    }
    uint64_t units = (uint64_t)scaled;
    while (decimals > 0 && units % 10 == 0) {
        units /= 10;
        decimals--;
    }
    if (value < 0 && units > 0)
        buffer->text[buffer->size++] = '-';
    char digits[32], *end = digits + sizeof digits, *begin = digits_before(end, units, decimals + 1);
    size_t whole = (size_t)(end - begin) - (size_t)decimals;
    memcpy(buffer->text + buffer->size, begin, whole);
    buffer->size += whole;
    if (decimals > 0) {
        buffer->text[buffer->size++] = '.';
        memcpy(buffer->text + buffer->size, begin + whole, (size_t)decimals);
        buffer->size += (size_t)decimals;
    }
}

static void add_escaped(struct text_buffer *buffer, char c) {
    switch (c) {
    case '&':
        text_buffer_add(buffer, "&amp;");
        break;
    case '<':
        text_buffer_add(buffer, "&lt;");
        break;
    case '>':
        text_buffer_add(buffer, "&gt;");
        break;
    case '"':
        text_buffer_add(buffer, "&quot;");
        break;
    default:
        add_bytes(buffer, (unsigned char)c < 0x20 ? " " : &c, 1); /* XML 1.0 has no other way for most of these */
    }
}

void text_buffer_escaped(struct text_buffer *buffer, const char *text) {
    size_t length = strlen(text);
    char *clean = strdup(text);
    if (clean == NULL) {
        buffer->failed = true;
        return;
    }
    px_utf8_clean(clean, length);
    for (size_t i = 0; i < length; i++)
        add_escaped(buffer, clean[i]);
    free(clean);
}
