#include "shared/error.h"

#include <stdio.h>
#include <string.h>

const char *px_error_name(int code) {
    switch (code) {
#define X(name, number, text)                                                                                          \
    case number:                                                                                                       \
        return "E_" #name;
        PX_ERRORS(X)
#undef X
    default:
        return code == PX_OK ? "OK" : "E_INTERNAL";
    }
}

int px_error_code_named(const char *name) {
#define X(symbol, number, text)                                                                                        \
    if (strcmp(name, "E_" #symbol) == 0)                                                                               \
        return number;
    PX_ERRORS(X)
#undef X
    return PX_E_INTERNAL;
}

const char *px_error_text(int code) {
    switch (code) {
#define X(name, number, text)                                                                                          \
    case number:                                                                                                       \
        return text;
        PX_ERRORS(X)
#undef X
    default:
        return code == PX_OK ? "no error" : "an unknown error";
    }
}

/* Ends the text at the last whole UTF-8 character: a cut message must still be a valid MessagePack string. */
static void cut_at_character(char *text) {
    size_t length = strlen(text);
    size_t start = length;
    while (start > 0 && ((unsigned char)text[start - 1] & 0xC0u) == 0x80u)
        start--;
    if (start == 0)
        return;
    unsigned char lead = (unsigned char)text[start - 1];
    size_t need = lead >= 0xF0u ? 4 : lead >= 0xE0u ? 3 : lead >= 0xC0u ? 2 : 1;
    if (length - (start - 1) < need)
        text[start - 1] = '\0';
}

__attribute__((format(printf, 3, 0))) static void message_set(struct px_error *error, unsigned at, const char *format,
                                                              va_list args) {
    int n = vsnprintf(error->message + at, sizeof error->message - at, format, args);
    if (n >= 0 && (size_t)n >= sizeof error->message - at)
        cut_at_character(error->message);
}

int px_fail(struct px_error *error, int code, const char *format, ...) {
    if (error != NULL) {
        va_list args;
        va_start(args, format);
        error->code = code;
        message_set(error, 0, format, args);
        va_end(args);
    }
    return code;
}

int px_fail_at(struct px_error *error, int code, const struct px_path *path, const char *format, ...) {
    if (error != NULL) {
        va_list args;
        va_start(args, format);
        error->code = code;
        int at = px_path_print(path, error->message, sizeof error->message / 2);
        if (at > 0) {
            error->message[at++] = ':';
            error->message[at++] = ' ';
        }
        message_set(error, (unsigned)at, format, args);
        va_end(args);
    }
    return code;
}

static int path_append(char *out, unsigned size, int at, const char *text) {
    while (*text != '\0' && (unsigned)at + 1 < size)
        out[at++] = *text++;
    out[at] = '\0';
    return at;
}

int px_path_print(const struct px_path *path, char *out, unsigned size) {
    if (size == 0)
        return 0;
    out[0] = '\0';
    if (path == NULL)
        return 0;
    int at = px_path_print(path->parent, out, size);
    if (path->key == NULL) {
        char index[32];
        snprintf(index, sizeof index, "[%ld]", path->index);
        return path_append(out, size, at, index);
    }
    if (at > 0 && path->key[0] != '\0')
        at = path_append(out, size, at, ".");
    at = path_append(out, size, at, path->key);
    cut_at_character(out);
    return (int)strlen(out);
}
