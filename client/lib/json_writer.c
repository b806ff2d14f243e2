#include "client/lib/json_writer.h"

#include "client/lib/base64.h"
#include "proto/utf8.h"

#include <inttypes.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct json_writer {
    FILE *out;
    int indent;
    int level;
};

static void write_value(struct json_writer *writer, const struct px_value *value);

static void write_character(FILE *out, unsigned char c) {
    static const char escaped[] = "\"\\\b\f\n\r\t", names[] = "\"\\bfnrt";
    const char *found = c ? strchr(escaped, c) : NULL;
    if (found)
        fprintf(out, "\\%c", names[found - escaped]);
    else if (c < 0x20 || c == 0x7f)
        fprintf(out, "\\u%04x", c);
    else
        fputc(c, out);
}

static void write_text(FILE *out, const char *text, size_t length) {
    fputc('"', out);
    size_t valid = px_utf8_valid(text, length);
    for (size_t i = 0; i < length; i++) {
        if (i == valid) {
            fputs("\xef\xbf\xbd", out);
            valid = i + 1 + px_utf8_valid(text + i + 1, length - i - 1);
        } else {
            write_character(out, (unsigned char)text[i]);
        }
    }
    fputc('"', out);
}

static void write_real(FILE *out, double value) {
    if (!isfinite(value)) {
        fputs("null", out);
        return;
    }
    char text[40];
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            break;
    }
    fputs(text, out);
    if (!strpbrk(text, ".e"))
        fputs(".0", out);
}

static void write_break(const struct json_writer *writer) {
    fprintf(writer->out, "\n%*s", writer->indent * writer->level, "");
}

static bool is_plain(const struct px_value *value) {
    return value->type != PX_ARRAY && value->type != PX_MAP;
}

/* Whether a list goes on one line: nothing but plain values in it. */
static bool on_one_line(const struct json_writer *writer, const struct px_value *list) {
    bool plain = writer->indent == 0 || list->count == 0;
    if (!plain) {
        plain = true;
        for (uint32_t i = 0; i < list->count; i++)
            plain = plain && is_plain(&list->items[i]);
    }
    return plain;
}

static void write_list(struct json_writer *writer, const struct px_value *list) {
    bool line = on_one_line(writer, list);
    fputc('[', writer->out);
    writer->level++;
    for (uint32_t i = 0; i < list->count; i++) {
        if (i > 0)
            fputs(line && writer->indent ? ", " : ",", writer->out);
        if (!line)
            write_break(writer);
        write_value(writer, &list->items[i]);
    }
    writer->level--;
    if (!line)
        write_break(writer);
    fputc(']', writer->out);
}

static void write_map(struct json_writer *writer, const struct px_value *map) {
    bool line = writer->indent == 0 || map->count == 0;
    fputc('{', writer->out);
    writer->level++;
    for (uint32_t i = 0; i < map->count; i++) {
        if (i > 0)
            fputc(',', writer->out);
        if (!line)
            write_break(writer);
        write_text(writer->out, map->pairs[i].key.text, map->pairs[i].key.count);
        fputs(writer->indent ? ": " : ":", writer->out);
        write_value(writer, &map->pairs[i].value);
    }
    writer->level--;
    if (!line)
        write_break(writer);
    fputc('}', writer->out);
}

static void write_binary(struct json_writer *writer, const struct px_value *value) {
    fputs(writer->indent ? "{\"$bin\": \"" : "{\"$bin\":\"", writer->out);
    base64_write(writer->out, value->bytes, value->count);
    fputs("\"}", writer->out);
}

static void write_value(struct json_writer *writer, const struct px_value *value) {
    switch (value->type) {
    case PX_NIL:
        fputs("null", writer->out);
        break;
    case PX_BOOL:
        fputs(value->boolean ? "true" : "false", writer->out);
        break;
    case PX_INT:
        fprintf(writer->out, "%" PRId64, value->integer);
        break;
    case PX_UINT:
        fprintf(writer->out, "%" PRIu64, value->uinteger);
        break;
    case PX_REAL:
        write_real(writer->out, value->real);
        break;
    case PX_STR:
        write_text(writer->out, value->text, value->count);
        break;
    case PX_BIN:
        write_binary(writer, value);
        break;
    case PX_ARRAY:
        write_list(writer, value);
        break;
    case PX_MAP:
        write_map(writer, value);
        break;
    }
}

int json_write(const struct px_value *value, int indent, char **text, struct px_error *error) {
    char *written = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&written, &size);
    locale_t locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    bool failed = !out || !locale;
    if (!failed) {
        locale_t before = uselocale(locale); /* of this thread only: a number has a point */
        struct json_writer writer = {.out = out, .indent = indent};
        write_value(&writer, value);
        uselocale(before);
        failed = ferror(out) != 0;
    }
    if (locale)
        freelocale(locale);
    if (out)
        failed = fclose(out) != 0 || failed;
    if (failed) {
        free(written);
        return px_fail(error, PX_E_NO_MEMORY, "no memory to write JSON");
    }
    *text = written;
    return 0;
}
