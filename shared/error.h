/* error.h: the error codes of every interface, from one table, and one explicit error value.
 *
 * A function that can fail returns 0 or a negative PX_E code and, where it takes a `struct px_error *`, leaves the
 * detail there: a sentence that names the offending place (a path in the request, a file and line) and what would be
 * accepted. Never thread-local: jobs change threads.
 *
 * Threads    any; an error value belongs to whoever holds it.
 * Ownership  plain values; `error` may be NULL everywhere.
 */
#ifndef PX_SHARED_ERROR_H
#define PX_SHARED_ERROR_H

#include <stdarg.h>

/* name, code on the wire, what it says in general */
#define PX_ERRORS(X)                                                                                                   \
    X(PROTOCOL, -1, "not MessagePack, truncated, trailing bytes, or not a request")                                    \
    X(METHOD, -2, "unknown method")                                                                                    \
    X(PARAM, -3, "unknown or missing name")                                                                            \
    X(TYPE, -4, "wrong type")                                                                                          \
    X(RANGE, -5, "a value with no meaning")                                                                            \
    X(LIMIT, -6, "a stated limit was passed")                                                                          \
    X(SKETCH, -7, "a sketch failed")                                                                                   \
    X(KERNEL, -8, "a kernel failed or is quarantined")                                                                 \
    X(NOT_FOUND, -9, "there is no such thing")                                                                         \
    X(EXISTS, -10, "it exists already")                                                                                \
    X(STALE, -11, "it is out of date")                                                                                 \
    X(BUSY, -12, "busy")                                                                                               \
    X(ACCESS, -13, "role or token does not allow it")                                                                  \
    X(CANCELLED, -14, "cancelled")                                                                                     \
    X(TIMEOUT, -15, "out of time")                                                                                     \
    X(IO, -16, "input or output failed")                                                                               \
    X(NO_MEMORY, -17, "out of memory or budget")                                                                       \
    X(UNSUPPORTED, -18, "not supported here")                                                                          \
    X(INTERNAL, -19, "an internal error")

enum px_error_code {
    PX_OK = 0,
#define X(name, code, text) PX_E_##name = code,
    PX_ERRORS(X)
#undef X
};

struct px_error {
    int code;          /* PX_OK or a PX_E code */
    char message[500]; /* a sentence, UTF-8, always terminated; cut at a character boundary */
};

/* A step on the way into a request; lives on the stack of the decoder, the innermost last.
 * key NULL: an index. The root has parent NULL and prints its key alone. */
struct px_path {
    const struct px_path *parent;
    const char *key;
    long index;
};

/* px_error_name: "E_RANGE" for PX_E_RANGE; "E_INTERNAL" for a code that is not in the table. */
const char *px_error_name(int code);

/* px_error_code_named: the code of "E_RANGE" (as a reply names it); PX_E_INTERNAL when unknown. */
int px_error_code_named(const char *name);

/* px_error_text: the general sentence of a code. */
const char *px_error_text(int code);

/* px_fail: sets code and message and returns code, so that a caller can write `return px_fail(...)`. */
__attribute__((format(printf, 3, 4))) int px_fail(struct px_error *error, int code, const char *format, ...);

/* px_fail_at: the same with the path in front: "plan.layers[0].effects[2].density: ...". */
__attribute__((format(printf, 4, 5))) int px_fail_at(struct px_error *error, int code, const struct px_path *path,
                                                     const char *format, ...);

/* px_path_print: writes the path ("plan.layers[0].name") into out, always terminated; returns the length written. */
int px_path_print(const struct px_path *path, char *out, unsigned size);

#endif
