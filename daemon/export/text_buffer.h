/* text_buffer.h: text that grows, for writers of files: numbers without a locale, fast.
 *
 * A write that finds no memory leaves the buffer failed; whoever takes the text looks once, at the end.
 */
#ifndef EXPORT_TEXT_BUFFER_H
#define EXPORT_TEXT_BUFFER_H

#include <stdbool.h>
#include <stddef.h>

struct text_buffer {
    char *text;
    size_t size, room;
    bool failed;
};

void text_buffer_free(struct text_buffer *buffer);

/* text_buffer_reserve: room for so many more bytes; false: no memory. */
bool text_buffer_reserve(struct text_buffer *buffer, size_t more);
void text_buffer_add(struct text_buffer *buffer, const char *text);

/* text_buffer_number: rounded to so many decimals (0..6), half away from zero; without zeros at the end; never "-0". */
void text_buffer_number(struct text_buffer *buffer, double value, int decimals);

/* text_buffer_escaped: as text of an XML attribute; what is no valid UTF-8 becomes '?'. */
void text_buffer_escaped(struct text_buffer *buffer, const char *text);

#endif
