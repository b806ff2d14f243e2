#include "proto/value.h"

#include <stdlib.h>
#include <string.h>

/* Reads the bytes of a message that the scan has passed, front to back: every head is known, every length is there.
 * Values stand in one block, each list's one after the other: `next` is the first that is not taken. */
struct reader {
    const uint8_t *at;
    struct px_value *next;
    char *digits; /* room for those of integer keys, behind the values */
};
enum { DIGITS_MAX = 20 }; /* of 64 bits */

_Static_assert(sizeof(struct px_pair) == 2 * sizeof(struct px_value), "a pair takes the room of two values");

static uint64_t read_big_endian(struct reader *reader, unsigned size) {
    uint64_t number = 0;
    for (unsigned i = 0; i < size; i++)
        number = number << 8 | reader->at[i];
    reader->at += size;
    return number;
}

static struct px_value integer_value(int64_t number) {
    return number < 0 ? (struct px_value){.type = PX_INT, .integer = number}
                      : (struct px_value){.type = PX_UINT, .uinteger = (uint64_t)number};
}

/* Two's complement of 1, 2, 4 or 8 bytes. */
static struct px_value read_signed(struct reader *reader, unsigned size) {
    unsigned shift = 64 - 8 * size;
    return integer_value((int64_t)(read_big_endian(reader, size) << shift) >> shift);
}

static struct px_value read_float32(struct reader *reader) {
    uint32_t bits = (uint32_t)read_big_endian(reader, 4);
    float real;
    memcpy(&real, &bits, sizeof real);
    return (struct px_value){.type = PX_REAL, .real = (double)real};
}

static struct px_value read_float64(struct reader *reader) {
    uint64_t bits = read_big_endian(reader, 8);
    double real;
    memcpy(&real, &bits, sizeof real);
    return (struct px_value){.type = PX_REAL, .real = real};
}

static struct px_value read_text(struct reader *reader, enum px_type type, uint64_t length) {
    struct px_value value = {.type = type, .count = (uint32_t)length, .bytes = reader->at};
    reader->at += length;
    return value;
}

/* The head of a list or map; its values are read by read_children. */
static struct px_value open_list(struct reader *reader, uint64_t count) {
    struct px_value value = {.type = PX_ARRAY, .count = (uint32_t)count, .items = reader->next};
    reader->next += count;
    return value;
}

static struct px_value open_map(struct reader *reader, uint64_t count) {
    struct px_value value = {
        .type = PX_MAP, .count = (uint32_t)count, .pairs = (const struct px_pair *)(const void *)reader->next};
    reader->next += 2 * count;
    return value;
}

/* A head from 0xc0 to 0xdf; extensions and 0xc1 were refused by the scan. */
static struct px_value read_headed(struct reader *reader, uint8_t head) {
    switch (head) {
    case 0xc2:
    case 0xc3:
        return (struct px_value){.type = PX_BOOL, .boolean = head == 0xc3};
    case 0xc4:
    case 0xc5:
    case 0xc6:
        return read_text(reader, PX_BIN, read_big_endian(reader, 1u << (head - 0xc4)));
    case 0xca:
        return read_float32(reader);
    case 0xcb:
        return read_float64(reader);
    case 0xcc:
    case 0xcd:
    case 0xce:
    case 0xcf:
        return (struct px_value){.type = PX_UINT, .uinteger = read_big_endian(reader, 1u << (head - 0xcc))};
    case 0xd0:
    case 0xd1:
    case 0xd2:
    case 0xd3:
        return read_signed(reader, 1u << (head - 0xd0));
    case 0xd9:
    case 0xda:
    case 0xdb:
        return read_text(reader, PX_STR, read_big_endian(reader, 1u << (head - 0xd9)));
    case 0xdc:
    case 0xdd:
        return open_list(reader, read_big_endian(reader, 2u << (head - 0xdc)));
    case 0xde:
    case 0xdf:
        return open_map(reader, read_big_endian(reader, 2u << (head - 0xde)));
    default: /* 0xc0 */
        return (struct px_value){.type = PX_NIL};
    }
}

static struct px_value read_value(struct reader *reader) {
    uint8_t head = *reader->at++;
    if (head < 0x80 || head >= 0xe0)
        return integer_value((int8_t)head);
    if (head < 0x90)
        return open_map(reader, head & 0x0fu);
    if (head < 0xa0)
        return open_list(reader, head & 0x0fu);
    if (head < 0xc0)
        return read_text(reader, PX_STR, head & 0x1fu);
    return read_headed(reader, head);
}

/* A key: a string as it is, a number as its decimal digits. */
static struct px_value read_key(struct reader *reader) {
    struct px_value key = read_value(reader);
    if (key.type == PX_STR)
        return key;
    char *end = reader->digits + DIGITS_MAX, *first = end;
    uint64_t number = key.uinteger;
    do {
        *--first = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    reader->digits = end;
    return (struct px_value){.type = PX_STR, .count = (uint32_t)(end - first), .text = first};
}

/* Recursion is bounded by the depth that the scan allowed. */
static struct px_value read_tree(struct reader *reader) {
    struct px_value *children = reader->next;
    struct px_value value = read_value(reader);
    size_t count = (size_t)(reader->next - children);
    for (size_t i = 0; i < count; i++)
        children[i] = value.type == PX_MAP && i % 2 == 0 ? read_key(reader) : read_tree(reader);
    return value;
}

static int key_order(const struct px_value *a, const struct px_value *b) {
    if (a->count != b->count)
        return a->count < b->count ? -1 : 1;
    return memcmp(a->text, b->text, a->count);
}

static int key_pointer_order(const void *a, const void *b) {
    return key_order(*(const struct px_value *const *)a, *(const struct px_value *const *)b);
}

/* A repeated key, or NULL. By pairs for small maps; sorted for others, so that a large map costs no n^2. */
static int find_repeated(const struct px_value *map, const struct px_value **repeated, struct px_error *error) {
    enum { SMALL = 24 };
    *repeated = NULL;
    if (map->count <= SMALL) {
        for (uint32_t i = 1; i < map->count; i++)
            for (uint32_t j = 0; j < i; j++)
                if (key_order(&map->pairs[i].key, &map->pairs[j].key) == 0)
                    *repeated = &map->pairs[i].key;
        return 0;
    }
    const struct px_value **keys = malloc(map->count * sizeof(const struct px_value *));
    if (keys == NULL)
        return px_fail(error, PX_E_NO_MEMORY, "no memory to check the keys of a map");
    for (uint32_t i = 0; i < map->count; i++)
        keys[i] = &map->pairs[i].key;
    qsort(keys, map->count, sizeof keys[0], key_pointer_order);
    for (uint32_t i = 1; i < map->count; i++)
        if (key_order(keys[i], keys[i - 1]) == 0)
            *repeated = keys[i];
    free(keys);
    return 0;
}

static int check_keys(const struct px_value *value, struct px_error *error) {
    int code = 0;
    if (value->type == PX_ARRAY) {
        for (uint32_t i = 0; i < value->count && code == 0; i++)
            code = check_keys(&value->items[i], error);
    } else if (value->type == PX_MAP) {
        const struct px_value *repeated;
        code = find_repeated(value, &repeated, error);
        if (code == 0 && repeated != NULL)
            code = px_fail(error, PX_E_PROTOCOL, "the key \"%.*s\" stands twice in one map",
                           repeated->count < 64 ? (int)repeated->count : 64, repeated->text);
        for (uint32_t i = 0; i < value->count && code == 0; i++)
            code = check_keys(&value->pairs[i].value, error);
    }
    return code;
}

static int scan_whole(const void *bytes, size_t length, const struct px_limits *limits, struct px_scanner *scanner,
                      struct px_error *error) {
    if (length > limits->bytes)
        return px_fail(error, PX_E_LIMIT, "a message of %zu bytes; accepted are %zu", length, limits->bytes);
    px_scanner_init(scanner);
    size_t size = 0;
    int whole = px_scanner_feed(scanner, bytes, length, limits, &size, error);
    if (whole < 0)
        return whole;
    if (whole == 0)
        return px_fail(error, PX_E_PROTOCOL, "truncated: %zu bytes are no whole message", length);
    if (size != length)
        return px_fail(error, PX_E_PROTOCOL, "%zu bytes behind the end of the message", length - size);
    return 0;
}

static int make_room(struct px_document *document, const struct px_scanner *scanner, struct px_error *error) {
    size_t size = scanner->nodes * sizeof(struct px_value) + scanner->integer_keys * DIGITS_MAX;
    if (size <= document->room)
        return 0;
    px_document_free(document);
    document->memory = malloc(size);
    if (document->memory == NULL)
        return px_fail(error, PX_E_NO_MEMORY, "no memory for a message of %zu bytes of values", size);
    document->room = size;
    return 0;
}

int px_document_decode(struct px_document *document, const void *bytes, size_t length, const struct px_limits *limits,
                       struct px_error *error) {
    document->root = (struct px_value){.type = PX_NIL};
    struct px_scanner scanner;
    int code = scan_whole(bytes, length, limits, &scanner, error);
    if (code == 0)
        code = make_room(document, &scanner, error);
    if (code != 0)
        return code;
    struct px_value *values = document->memory;
    struct reader reader = {.at = bytes, .next = values, .digits = (char *)(values + scanner.nodes)};
    struct px_value root = read_tree(&reader);
    code = check_keys(&root, error);
    if (code == 0)
        document->root = root;
    return code;
}

int px_value_decode(const void *bytes, size_t length, const struct px_limits *limits, struct px_document *document,
                    struct px_error *error) {
    struct px_document made = {0};
    int code = px_document_decode(&made, bytes, length, limits, error);
    if (code == 0)
        *document = made;
    else
        px_document_free(&made);
    return code;
}

void px_document_free(struct px_document *document) {
    free(document->memory);
    *document = (struct px_document){0};
}

bool px_value_is_string(const struct px_value *value, const char *text) {
    return value != NULL && value->type == PX_STR && value->count == strlen(text) &&
           memcmp(value->text, text, value->count) == 0;
}

const struct px_value *px_value_get(const struct px_value *map, const char *key) {
    if (map == NULL || map->type != PX_MAP)
        return NULL;
    for (uint32_t i = 0; i < map->count; i++)
        if (px_value_is_string(&map->pairs[i].key, key))
            return &map->pairs[i].value;
    return NULL;
}

bool px_value_number(const struct px_value *value, double *number) {
    if (value == NULL)
        return false;
    switch (value->type) {
    case PX_INT:
        *number = (double)value->integer;
        return true;
    case PX_UINT:
        *number = (double)value->uinteger;
        return true;
    case PX_REAL:
        *number = value->real;
        return true;
    default:
        return false;
    }
}

const char *px_type_name(enum px_type type) {
    static const char *const names[] = {"nil", "bool", "integer", "integer", "number", "string", "bin", "list", "map"};
    return names[type];
}
