/* value.h: one decoded MessagePack object as a tree, after a scan that bounds it.
 *
 *     bytes -- px_scan (limits, no allocation) --> px_value_decode (one block of memory) --> tree -->
 * px_document_free
 *
 * The scan comes first because an array header alone makes a decoder reserve memory for elements that never come: it
 * bounds depth, nodes and bytes, and requires every child to be within the bytes left. Map keys must be strings
 * without a zero byte or integers of 0 or more, which become their decimal digits; they may not repeat (1 and "1" are
 * the same). Every string must be UTF-8: names travel into logs, files and replies.
 * Extension types have no meaning here and are refused.
 *
 * What the scan has passed is read by the project's own decoder, since a frame's plan is decoded 60 times a second and
 * more: no allocation once a document is warm. msgpack-c is its reference in tests/unit/proto/reference_test.c.
 *
 * Ownership  strings and binaries borrow from the bytes given; the tree is one allocation (struct px_document), and
 *            the digits of integer keys are in it.
 * Errors     PX_E_PROTOCOL (malformed, truncated, trailing), PX_E_LIMIT (a stated limit).
 */
#ifndef PX_PROTO_VALUE_H
#define PX_PROTO_VALUE_H

#include "shared/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum px_type { PX_NIL, PX_BOOL, PX_INT, PX_UINT, PX_REAL, PX_STR, PX_BIN, PX_ARRAY, PX_MAP };

struct px_pair;

/* INT holds negative integers only; UINT all others. */
struct px_value {
    enum px_type type;
    uint32_t count; /* ARRAY: items, MAP: pairs, STR and BIN: bytes */
    union {
        bool boolean;
        int64_t integer;
        uint64_t uinteger;
        double real;
        const char *text;           /* not terminated */
        const uint8_t *bytes;
        const struct px_value *items;
        const struct px_pair *pairs; /* in the order of the message */
    };
};
struct px_pair {
    struct px_value key; /* STR */
    struct px_value value;
};

struct px_limits {
    size_t bytes;    /* of one message */
    unsigned depth;  /* nesting of arrays and maps; msgpack-c refuses beyond 32, and so do we */
    size_t nodes;    /* values in all */
};
#define PX_LIMITS_DEFAULT ((struct px_limits){.bytes = 64u << 20, .depth = 28, .nodes = 4u << 20})

/* px_scan: looks at the first object in bytes without allocating. 1: whole, *size is its length. 0: incomplete (so far
 * within the limits). Negative: PX_E_PROTOCOL or PX_E_LIMIT, with the byte position in the message. */
int px_scan(const void *bytes, size_t length, const struct px_limits *limits, size_t *size, struct px_error *error);

/* A scan that can go on when more bytes of a stream arrive, without starting again (a slow sender must not cost n^2). */
struct px_scanner {
    size_t at;      /* bytes looked at: whole values and heads */
    unsigned depth; /* of the list or map whose values come next; 0: the root */
    size_t nodes;   /* values announced, seen or not */
    size_t waiting; /* of those, not seen yet: each needs a byte at least */
    size_t integer_keys; /* seen: the digits of each need room */
    uint64_t left[33]; /* values still to come at each depth */
    bool map[33];      /* whether that depth is a map: a key comes when `left` is even */
};
void px_scanner_init(struct px_scanner *scanner);
/* px_scanner_feed: bytes is the whole message so far (the same beginning as before). Returns as px_scan. */
int px_scanner_feed(struct px_scanner *scanner, const void *bytes, size_t length, const struct px_limits *limits,
                    size_t *size, struct px_error *error);

struct px_document {
    struct px_value root;
    void *memory; /* one block */
    size_t room;  /* of it, bytes */
};

/* px_document_decode: as px_value_decode, into a document that is zeroed or held another message before: its block is
 * used again when it is large enough. After an error the root is nil and the block stays. */
int px_document_decode(struct px_document *document, const void *bytes, size_t length, const struct px_limits *limits,
                       struct px_error *error);

/* px_value_decode: exactly one object, all of bytes, into a new document; left as it was after an error. */
int px_value_decode(const void *bytes, size_t length, const struct px_limits *limits, struct px_document *document,
                    struct px_error *error);
void px_document_free(struct px_document *document); /* zeroed is fine */

/* px_value_get: the value of a key of a MAP; NULL if there is none or it is no map. */
const struct px_value *px_value_get(const struct px_value *map, const char *key);
bool px_value_is_string(const struct px_value *value, const char *text);

/* px_value_number: INT, UINT or REAL as a double; false for others. NaN and infinities pass: the caller refuses. */
bool px_value_number(const struct px_value *value, double *number);
const char *px_type_name(enum px_type type); /* "nil", "bool", "integer", "number", "string", "bin", "list", "map" */

#endif
