/* plan_text.h: plans for tests, written as text: JSON with nan, inf, and 'hex' for a binary. */
#ifndef TESTS_PLAN_TEXT_H
#define TESTS_PLAN_TEXT_H

#include "daemon/plan/plan.h"
#include "daemon/plan/resource.h"

#include <check.h>
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct plan_text {
    struct px_document document;
    uint8_t *bytes;
};

static const char *text_skip(const char *at) {
    while (isspace((unsigned char)*at) || *at == ',' || *at == ':')
        at++;
    return at;
}

static const char *text_string(const char *at, struct px_writer *writer) {
    const char *end = strchr(at + 1, '"');
    if (end == NULL)
        ck_abort_msg("a string without end");
    px_write_text(writer, at + 1, (size_t)(end - at - 1));
    return end + 1;
}

static const char *text_binary(const char *at, struct px_writer *writer) {
    uint8_t bytes[1024];
    size_t count = 0;
    for (at++; *at != '\''; at += 2) {
        char digits[3] = {at[0], at[1], 0};
        bytes[count++] = (uint8_t)strtoul(digits, NULL, 16);
    }
    px_write_bin(writer, bytes, count);
    return at + 1;
}

static const char *text_number(const char *at, struct px_writer *writer) {
    char *end;
    double number = strtod(at, &end);
    if (end == at) /* an assertion each time would cost more than the rest */
        ck_abort_msg("no value at %s", at);
    bool whole = memchr(at, '.', (size_t)(end - at)) == NULL && memchr(at, 'e', (size_t)(end - at)) == NULL;
    if (isfinite(number) && whole)
        px_write_int(writer, strtoll(at, NULL, 10));
    else
        px_write_real(writer, number);
    return end;
}

static const char *text_value(const char *at, struct px_writer *writer);

static const char *text_items(const char *at, struct px_writer *writer, char end, bool map) {
    struct px_writer items;
    px_writer_init(&items, 0);
    uint32_t count = 0;
    for (at = text_skip(at + 1); *at != end; at = text_skip(at), count++)
        at = text_value(at, &items);
    if (map)
        px_write_map(writer, count / 2);
    else
        px_write_array(writer, count);
    px_write_raw(writer, items.bytes, items.size);
    px_writer_free(&items);
    return at + 1;
}

static const char *text_value(const char *at, struct px_writer *writer) {
    at = text_skip(at);
    switch (*at) {
    case '{':
        return text_items(at, writer, '}', true);
    case '[':
        return text_items(at, writer, ']', false);
    case '"':
        return text_string(at, writer);
    case '\'':
        return text_binary(at, writer);
    case 't':
        px_write_bool(writer, true);
        return at + 4;
    case 'f':
        px_write_bool(writer, false);
        return at + 5;
    default:
        if (strncmp(at, "nil", 3) == 0) {
            px_write_nil(writer);
            return at + 3;
        }
        return text_number(at, writer);
    }
}

static inline struct plan_text plan_text_parse(const char *text) {
    struct px_writer writer;
    px_writer_init(&writer, 0);
    text_value(text, &writer);
    ck_assert_int_eq(px_writer_finish(&writer, NULL), 0);
    size_t size;
    struct plan_text parsed = {.bytes = px_writer_take(&writer, &size)};
    struct px_error error = {0};
    int code = px_value_decode(parsed.bytes, size, &PX_LIMITS_DEFAULT, &parsed.document, &error);
    ck_assert_msg(code == 0, "%s", error.message);
    return parsed;
}

static inline void plan_text_free(struct plan_text *parsed) {
    px_document_free(&parsed->document);
    free(parsed->bytes);
}

static inline struct plan_options plan_text_options(struct resources *resources) {
    static const struct px_path path = {NULL, "plan", 0};
    return (struct plan_options){.resources = resources, .vertices_max = 100000, .path = &path};
}

static inline int plan_text_decode(const char *text, const struct plan_options *options, struct plan **plan,
                                   struct px_error *error) {
    struct plan_text parsed = plan_text_parse(text);
    int code = plan_decode(&parsed.document.root, options, plan, error);
    plan_text_free(&parsed); /* a plan owns all it points to */
    return code;
}

#endif
