#include "client/lib/json_reader.h"

#include "client/lib/base64.h"
#include "proto/utf8.h"

#include <errno.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

enum { JSON_DEPTH_MAX = 26 }; /* the request around it takes two levels of the wire's 28 */

struct json_reader {
    const char *begin, *at, *end;
    unsigned depth;
    struct px_writer *writer;
    char *text; /* the string read last, unescaped; room for the longest there can be */
    size_t text_length;
    locale_t locale; /* "C": a number has a point whatever the user's language */
    struct px_error *error;
};

static int json_value(struct json_reader *reader);

static int json_fail(struct json_reader *reader, int code, const char *what) {
    size_t line = 1, column = 1;
    for (const char *c = reader->begin; c < reader->at; c++) {
        column = *c == '\n' ? 1 : column + 1;
        line += *c == '\n';
    }
    return px_fail(reader->error, code, "JSON, line %zu, column %zu: %s", line, column, what);
}

static int json_wrong(struct json_reader *reader, const char *what) {
    return json_fail(reader, PX_E_PROTOCOL, what);
}

/* The next character that is no space, not taken; '\0' at the end. */
static char json_peek(struct json_reader *reader) {
    while (reader->at < reader->end && memchr(" \t\r\n", *reader->at, 4))
        reader->at++;
    return reader->at < reader->end ? *reader->at : '\0';
}

static bool json_take(struct json_reader *reader, char wanted) {
    if (json_peek(reader) != wanted || reader->at == reader->end)
        return false;
    reader->at++;
    return true;
}

/* ---- strings ----------------------------------------------------------------------------------------------------- */

static int json_hex4(struct json_reader *reader, uint32_t *unit) {
    *unit = 0;
    for (int i = 0; i < 4; i++) {
        char c = reader->at < reader->end ? *reader->at : '\0';
        if (c >= '0' && c <= '9')
            *unit = *unit << 4 | (uint32_t)(c - '0');
        else if ((c | 32) >= 'a' && (c | 32) <= 'f')
            *unit = *unit << 4 | (uint32_t)((c | 32) - 'a' + 10);
        else
            return json_wrong(reader, "\\u wants four hexadecimal digits");
        reader->at++;
    }
    return 0;
}

static void json_put_utf8(struct json_reader *reader, uint32_t point) {
    char *out = reader->text + reader->text_length;
    if (point < 0x80) {
        out[0] = (char)point;
        reader->text_length += 1;
    } else if (point < 0x800) {
        out[0] = (char)(0xc0 | point >> 6);
        out[1] = (char)(0x80 | (point & 63));
        reader->text_length += 2;
    } else if (point < 0x10000) {
        out[0] = (char)(0xe0 | point >> 12);
        out[1] = (char)(0x80 | (point >> 6 & 63));
        out[2] = (char)(0x80 | (point & 63));
        reader->text_length += 3;
    } else {
        out[0] = (char)(0xf0 | point >> 18);
        out[1] = (char)(0x80 | (point >> 12 & 63));
        out[2] = (char)(0x80 | (point >> 6 & 63));
        out[3] = (char)(0x80 | (point & 63));
        reader->text_length += 4;
    }
}

/* After \u: one unit, or the two of a surrogate pair. */
static int json_unicode(struct json_reader *reader) {
    uint32_t high, low;
    int code = json_hex4(reader, &high);
    if (code < 0)
        return code;
    if (high >= 0xdc00 && high <= 0xdfff)
        return json_wrong(reader, "the second half of a surrogate pair stands alone");
    if (high >= 0xd800 && high <= 0xdbff) {
        if (reader->end - reader->at < 2 || reader->at[0] != '\\' || reader->at[1] != 'u')
            return json_wrong(reader, "the first half of a surrogate pair stands alone");
        reader->at += 2;
        code = json_hex4(reader, &low);
        if (code < 0)
            return code;
        if (low < 0xdc00 || low > 0xdfff)
            return json_wrong(reader, "the first half of a surrogate pair stands alone");
        high = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
    }
    json_put_utf8(reader, high);
    return 0;
}

static int json_escape(struct json_reader *reader) {
    static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
    char c = reader->at < reader->end ? *reader->at : '\0';
    if (c == 'u') {
        reader->at++;
        return json_unicode(reader);
    }
    const char *found = c ? strchr(names, c) : NULL;
    if (!found)
        return json_wrong(reader, "unknown escape");
    reader->at++;
    reader->text[reader->text_length++] = values[found - names];
    return 0;
}

/* Unescapes into reader->text; never longer than what it is written as. */
static int json_string(struct json_reader *reader) {
    if (!json_take(reader, '"'))
        return json_wrong(reader, "expected a string");
    reader->text_length = 0;
    while (reader->at < reader->end && *reader->at != '"') {
        char c = *reader->at;
        if ((unsigned char)c < 0x20)
            return json_wrong(reader, "a control character in a string must be escaped");
        reader->at++;
        if (c != '\\') {
            reader->text[reader->text_length++] = c;
            continue;
        }
        int code = json_escape(reader);
        if (code < 0)
            return code;
    }
    if (reader->at == reader->end)
        return json_wrong(reader, "the string does not end");
    reader->at++;
    if (px_utf8_valid(reader->text, reader->text_length) != reader->text_length)
        return json_wrong(reader, "the string is not UTF-8");
    return 0;
}

/* ---- numbers ----------------------------------------------------------------------------------------------------- */

static size_t json_digits(const char **at, const char *end) {
    const char *start = *at;
    while (*at < end && **at >= '0' && **at <= '9')
        (*at)++;
    return (size_t)(*at - start);
}

/* Whether a number of JSON's grammar stands at `from`; where it ends, and whether it is written whole. */
static bool json_number_form(const char *from, const char *end, const char **after, bool *whole) {
    const char *at = from;
    at += at < end && *at == '-';
    bool zero = at < end && *at == '0';
    size_t digits = json_digits(&at, end);
    if (digits == 0 || (zero && digits > 1))
        return false;
    *whole = true;
    if (at < end && *at == '.') {
        at++;
        *whole = false;
        if (json_digits(&at, end) == 0)
            return false;
    }
    if (at < end && (*at | 32) == 'e') {
        at++;
        *whole = false;
        at += at < end && (*at == '+' || *at == '-');
        if (json_digits(&at, end) == 0)
            return false;
    }
    *after = at;
    return true;
}

static bool json_write_whole(struct json_reader *reader, const char *from) {
    errno = 0;
    if (*from == '-') {
        long long value = strtoll(from, NULL, 10);
        if (errno != 0 || value == 0) /* -0 is a double only */
            return false;
        px_write_int(reader->writer, value);
        return true;
    }
    unsigned long long value = strtoull(from, NULL, 10);
    if (errno != 0)
        return false;
    px_write_uint(reader->writer, value);
    return true;
}

static int json_number(struct json_reader *reader) {
    const char *from = reader->at, *after;
    bool whole;
    if (!json_number_form(from, reader->end, &after, &whole))
        return json_wrong(reader, "expected a value");
    if (!whole || !json_write_whole(reader, from)) {
        double value = strtod_l(from, NULL, reader->locale);
        if (value - value != 0)
            return json_wrong(reader, "the number is too large");
        px_write_real(reader->writer, value);
    }
    reader->at = after;
    return 0;
}

/* ---- lists and maps ---------------------------------------------------------------------------------------------- */

/* The head of a list or map, whose count is known at its end only: written in its long form and mended. */
static void json_set_count(struct px_writer *writer, size_t head, uint32_t count) {
    if (writer->failed)
        return;
    for (int i = 0; i < 4; i++)
        writer->bytes[head + 1 + (size_t)i] = (uint8_t)(count >> (24 - 8 * i));
}

static int json_list(struct json_reader *reader) {
    size_t head = reader->writer->size;
    px_write_array(reader->writer, UINT32_MAX);
    reader->at++;
    uint32_t count = 0;
    if (!json_take(reader, ']')) {
        do {
            int code = json_value(reader);
            if (code < 0)
                return code;
            count++;
        } while (json_take(reader, ','));
        if (!json_take(reader, ']'))
            return json_wrong(reader, "expected , or ]");
    }
    json_set_count(reader->writer, head, count);
    return 0;
}

/* One "key": value. binary: it was "$bin" with a string. */
static int json_pair(struct json_reader *reader, bool *binary) {
    json_peek(reader);
    int code = json_string(reader);
    if (code < 0)
        return code;
    bool bin = reader->text_length == 4 && memcmp(reader->text, "$bin", 4) == 0;
    px_write_text(reader->writer, reader->text, reader->text_length);
    if (!json_take(reader, ':'))
        return json_wrong(reader, "expected :");
    *binary = bin && json_peek(reader) == '"';
    return json_value(reader);
}

/* {"$bin": ...} was written as a map: reader->text still holds its value. */
static int json_binary(struct json_reader *reader, size_t head) {
    size_t size;
    if (!base64_decode(reader->text, reader->text_length, &size))
        return json_wrong(reader, "\"$bin\" wants base64");
    if (!reader->writer->failed)
        reader->writer->size = head;
    px_write_bin(reader->writer, reader->text, size);
    return 0;
}

static int json_map(struct json_reader *reader) {
    size_t head = reader->writer->size;
    px_write_map(reader->writer, UINT32_MAX);
    reader->at++;
    uint32_t count = 0;
    bool binary = false;
    if (!json_take(reader, '}')) {
        do {
            int code = json_pair(reader, &binary);
            if (code < 0)
                return code;
            count++;
        } while (json_take(reader, ','));
        if (!json_take(reader, '}'))
            return json_wrong(reader, "expected , or }");
    }
    if (binary && count == 1)
        return json_binary(reader, head);
    json_set_count(reader->writer, head, count);
    return 0;
}

/* ---- values ------------------------------------------------------------------------------------------------------ */

static bool json_word(struct json_reader *reader, const char *word) {
    size_t length = strlen(word);
    if ((size_t)(reader->end - reader->at) < length || memcmp(reader->at, word, length) != 0)
        return false;
    reader->at += length;
    return true;
}

static int json_nested(struct json_reader *reader, int (*read)(struct json_reader *)) {
    if (reader->depth == JSON_DEPTH_MAX)
        return json_fail(reader, PX_E_LIMIT, "nested too deep");
    reader->depth++;
    int code = read(reader);
    reader->depth--;
    return code;
}

static int json_value(struct json_reader *reader) {
    char c = json_peek(reader);
    if (c == '{')
        return json_nested(reader, json_map);
    if (c == '[')
        return json_nested(reader, json_list);
    if (c == '"') {
        int code = json_string(reader);
        if (code == 0)
            px_write_text(reader->writer, reader->text, reader->text_length);
        return code;
    }
    if (json_word(reader, "null"))
        px_write_nil(reader->writer);
    else if (json_word(reader, "true"))
        px_write_bool(reader->writer, true);
    else if (json_word(reader, "false"))
        px_write_bool(reader->writer, false);
    else
        return json_number(reader);
    return 0;
}

static int json_document(struct json_reader *reader) {
    int code = json_value(reader);
    if (code < 0)
        return code;
    json_peek(reader);
    if (reader->at != reader->end)
        return json_wrong(reader, "something follows the value");
    return px_writer_finish(reader->writer, reader->error);
}

int json_read(const char *text, size_t length, struct px_writer *writer, struct px_error *error) {
    /* A copy with a zero behind it, so that strtod ends; the unescaped strings stand in the same block. */
    char *memory = malloc(2 * length + 2);
    locale_t locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    int code = PX_E_NO_MEMORY;
    if (memory && locale) {
        memcpy(memory, text, length);
        memory[length] = '\0';
        struct json_reader reader = {.begin = memory,
                                     .at = memory,
                                     .end = memory + length,
                                     .writer = writer,
                                     .text = memory + length + 1,
                                     .locale = locale,
                                     .error = error};
        code = json_document(&reader);
    } else {
        px_fail(error, code, "no memory to read %zu bytes of JSON", length);
    }
    if (locale)
        freelocale(locale);
    free(memory);
    return code;
}
