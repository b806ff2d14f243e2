#include "proto/utf8.h"
#include "proto/value.h"

#include <string.h>

/* Invariant while a value is waiting: at + waiting <= limits->bytes, nodes <= limits->nodes. */
enum { LIBRARY_DEPTH_MAX = 32 };

/* What the first byte of a value says. */
enum head_kind { HEAD_PLAIN, HEAD_STR, HEAD_BIN, HEAD_ARRAY, HEAD_MAP, HEAD_EXT, HEAD_RESERVED };
struct head {
    enum head_kind kind;
    unsigned length_size; /* bytes of the length that follows; 0: `value` has it */
    uint32_t value;       /* PLAIN: bytes after the first; others: length, count */
};

static struct head head_c0_to_df(uint8_t byte) {
    static const struct head heads[32] = {
        [0x00] = {HEAD_PLAIN, 0, 0}, [0x01] = {HEAD_RESERVED, 0, 0},                            /* nil, reserved */
        [0x02] = {HEAD_PLAIN, 0, 0}, [0x03] = {HEAD_PLAIN, 0, 0},                               /* false, true */
        [0x04] = {HEAD_BIN, 1, 0},   [0x05] = {HEAD_BIN, 2, 0},      [0x06] = {HEAD_BIN, 4, 0}, /* bin */
        [0x07] = {HEAD_EXT, 1, 0},   [0x08] = {HEAD_EXT, 2, 0},      [0x09] = {HEAD_EXT, 4, 0}, /* ext */
        [0x0A] = {HEAD_PLAIN, 0, 4}, [0x0B] = {HEAD_PLAIN, 0, 8},                               /* float32, float64 */
        [0x0C] = {HEAD_PLAIN, 0, 1}, [0x0D] = {HEAD_PLAIN, 0, 2},                               /* uint */
        [0x0E] = {HEAD_PLAIN, 0, 4}, [0x0F] = {HEAD_PLAIN, 0, 8},                               /* */
        [0x10] = {HEAD_PLAIN, 0, 1}, [0x11] = {HEAD_PLAIN, 0, 2},                               /* int */
        [0x12] = {HEAD_PLAIN, 0, 4}, [0x13] = {HEAD_PLAIN, 0, 8},                               /* */
        [0x14] = {HEAD_EXT, 0, 0},   [0x15] = {HEAD_EXT, 0, 0},      [0x16] = {HEAD_EXT, 0, 0}, /* fixext */
        [0x17] = {HEAD_EXT, 0, 0},   [0x18] = {HEAD_EXT, 0, 0},                                 /* */
        [0x19] = {HEAD_STR, 1, 0},   [0x1A] = {HEAD_STR, 2, 0},      [0x1B] = {HEAD_STR, 4, 0}, /* str */
        [0x1C] = {HEAD_ARRAY, 2, 0}, [0x1D] = {HEAD_ARRAY, 4, 0},                               /* array */
        [0x1E] = {HEAD_MAP, 2, 0},   [0x1F] = {HEAD_MAP, 4, 0},                                 /* map */
    };
    return heads[byte & 0x1Fu];
}

static struct head head_of(uint8_t byte) {
    if (byte < 0x80 || byte >= 0xE0)
        return (struct head){HEAD_PLAIN, 0, 0}; /* small integers */
    if (byte < 0x90)
        return (struct head){HEAD_MAP, 0, byte & 0x0Fu};
    if (byte < 0xA0)
        return (struct head){HEAD_ARRAY, 0, byte & 0x0Fu};
    if (byte < 0xC0)
        return (struct head){HEAD_STR, 0, byte & 0x1Fu};
    return head_c0_to_df(byte);
}

static uint32_t big_endian(const uint8_t *bytes, unsigned size) {
    uint32_t value = 0;
    for (unsigned i = 0; i < size; i++)
        value = value << 8 | bytes[i];
    return value;
}

void px_scanner_init(struct px_scanner *scanner) {
    *scanner = (struct px_scanner){.nodes = 1, .waiting = 1};
    scanner->left[0] = 1;
}

static bool key_expected(const struct px_scanner *scanner) {
    return scanner->map[scanner->depth] && scanner->left[scanner->depth] % 2 == 0;
}

/* Closes every list and map whose last value was taken; each is then one value of the one around it. */
static void close_complete(struct px_scanner *scanner) {
    while (scanner->depth > 0 && scanner->left[scanner->depth] == 0) {
        scanner->depth--;
        scanner->left[scanner->depth]--;
    }
}

static void take_plain(struct px_scanner *scanner, size_t size) {
    scanner->at += size;
    scanner->waiting--;
    scanner->left[scanner->depth]--;
    close_complete(scanner);
}

/* A list or map of `values` (a map has two a pair) opens; its head has `size` bytes. */
static int take_container(struct px_scanner *scanner, size_t size, uint64_t values, bool map,
                          const struct px_limits *limits, struct px_error *error) {
    unsigned depth_max = limits->depth < LIBRARY_DEPTH_MAX ? limits->depth : LIBRARY_DEPTH_MAX;
    if (scanner->depth >= depth_max)
        return px_fail(error, PX_E_LIMIT, "byte %zu: more than %u lists and maps in each other", scanner->at,
                       depth_max);
    if (values > limits->nodes - scanner->nodes)
        return px_fail(error, PX_E_LIMIT, "byte %zu: more than %zu values in one message", scanner->at, limits->nodes);
    if (scanner->waiting - 1 + values > limits->bytes - scanner->at - size)
        return px_fail(error, PX_E_LIMIT, "byte %zu: announces more values than a message of %zu bytes can hold",
                       scanner->at, limits->bytes);
    scanner->at += size;
    scanner->nodes += (size_t)values;
    scanner->waiting = scanner->waiting - 1 + (size_t)values;
    scanner->depth++;
    scanner->left[scanner->depth] = values;
    scanner->map[scanner->depth] = map;
    close_complete(scanner);
    return 1;
}

static int check_text(const struct px_scanner *scanner, const char *text, size_t length, struct px_error *error) {
    size_t valid = px_utf8_valid(text, length);
    if (valid != length)
        return px_fail(error, PX_E_PROTOCOL, "byte %zu: a string that is not UTF-8 (its byte %zu)", scanner->at, valid);
    if (key_expected(scanner) && length > 0 && memchr(text, 0, length) != NULL)
        return px_fail(error, PX_E_PROTOCOL, "byte %zu: a key with a zero byte", scanner->at);
    return 0;
}

static int refuse(const struct px_scanner *scanner, const struct head *head, struct px_error *error) {
    if (head->kind == HEAD_RESERVED)
        return px_fail(error, PX_E_PROTOCOL, "byte %zu: 0xc1 is no MessagePack value", scanner->at);
    if (head->kind == HEAD_EXT)
        return px_fail(error, PX_E_PROTOCOL, "byte %zu: extension types are not used in this protocol", scanner->at);
    return 0;
}

/* head: the bytes from the first of a value on, all of it. */
static bool is_natural(const uint8_t *head) {
    bool unsigned_head = head[0] < 0x80 || (head[0] >= 0xCC && head[0] <= 0xCF);
    bool signed_head = head[0] >= 0xD0 && head[0] <= 0xD3;
    return unsigned_head || (signed_head && head[1] < 0x80);
}

static int refuse_key(const struct px_scanner *scanner, struct px_error *error) {
    return px_fail(error, PX_E_PROTOCOL, "byte %zu: the key of a map must be a string or an integer of 0 or more",
                   scanner->at);
}

/* Looks at the value at scanner->at, where a byte is. 1: taken, 0: not all of it is there, negative: refused. */
static int scan_value(struct px_scanner *scanner, const uint8_t *bytes, size_t length, const struct px_limits *limits,
                      struct px_error *error) {
    const uint8_t *value = bytes + scanner->at;
    size_t there = length - scanner->at;
    size_t allowed = limits->bytes - scanner->at - (scanner->waiting - 1); /* the others need a byte each */
    struct head head = head_of(value[0]);
    int code = refuse(scanner, &head, error);
    if (code != 0)
        return code;
    bool key = key_expected(scanner);
    if (key && head.kind != HEAD_STR && head.kind != HEAD_PLAIN)
        return refuse_key(scanner, error);
    size_t head_size = 1 + head.length_size;
    if (head_size > allowed)
        return px_fail(error, PX_E_LIMIT, "a message of more than %zu bytes", limits->bytes);
    if (there < head_size)
        return 0;
    uint32_t count = head.length_size > 0 ? big_endian(value + 1, head.length_size) : head.value;
    if (head.kind == HEAD_ARRAY || head.kind == HEAD_MAP) {
        bool map = head.kind == HEAD_MAP;
        return take_container(scanner, head_size, (uint64_t)count << map, map, limits, error);
    }
    if (count > allowed - head_size)
        return px_fail(error, PX_E_LIMIT, "byte %zu: a message of more than %zu bytes", scanner->at, limits->bytes);
    if (there - head_size < count)
        return 0;
    if (head.kind == HEAD_STR) {
        code = check_text(scanner, (const char *)value + head_size, count, error);
        if (code != 0)
            return code;
    } else if (key) {
        if (!is_natural(value))
            return refuse_key(scanner, error);
        scanner->integer_keys++;
    }
    take_plain(scanner, head_size + count);
    return 1;
}

int px_scanner_feed(struct px_scanner *scanner, const void *bytes, size_t length, const struct px_limits *limits,
                    size_t *size, struct px_error *error) {
    if (scanner->nodes > limits->nodes || scanner->waiting > limits->bytes - scanner->at)
        return px_fail(error, PX_E_LIMIT, "a message of more than %zu bytes or %zu values", limits->bytes,
                       limits->nodes);
    while (scanner->left[0] > 0) {
        if (scanner->at == length)
            return 0;
        int taken = scan_value(scanner, bytes, length, limits, error);
        if (taken <= 0)
            return taken;
    }
    *size = scanner->at;
    return 1;
}

int px_scan(const void *bytes, size_t length, const struct px_limits *limits, size_t *size, struct px_error *error) {
    struct px_scanner scanner;
    px_scanner_init(&scanner);
    return px_scanner_feed(&scanner, bytes, length, limits, size, error);
}
