#include "proto/value.h"

#include <msgpack.h>
#include <stdlib.h>
#include <string.h>

/* Room that is handed out front to back: what a tree needs was counted before. */
struct block {
    unsigned char *next;
};

static void *block_take(struct block *block, size_t size) {
    void *taken = block->next;
    block->next += size;
    return taken;
}

/* Bytes of the block: each item of a list one value, each pair of a map two. Every node but the root is in one. */
static size_t tree_size(const msgpack_object *object) {
    size_t size = 0;
    if (object->type == MSGPACK_OBJECT_ARRAY) {
        size = object->via.array.size * sizeof(struct px_value);
        for (uint32_t i = 0; i < object->via.array.size; i++)
            size += tree_size(&object->via.array.ptr[i]);
    } else if (object->type == MSGPACK_OBJECT_MAP) {
        size = object->via.map.size * sizeof(struct px_pair);
        for (uint32_t i = 0; i < object->via.map.size; i++)
            size += tree_size(&object->via.map.ptr[i].val);
    }
    return size;
}

/* The library gives NULL for some empty texts; a value never does. */
static struct px_value text_value(enum px_type type, const char *text, uint32_t length) {
    return (struct px_value){.type = type, .count = length, .text = text != NULL ? text : ""};
}

static void tree_fill(const msgpack_object *object, struct block *block, struct px_value *value);

static void list_fill(const msgpack_object_array *array, struct block *block, struct px_value *value) {
    struct px_value *items = block_take(block, array->size * sizeof *items);
    *value = (struct px_value){.type = PX_ARRAY, .count = array->size, .items = items};
    for (uint32_t i = 0; i < array->size; i++)
        tree_fill(&array->ptr[i], block, &items[i]);
}

static void map_fill(const msgpack_object_map *map, struct block *block, struct px_value *value) {
    struct px_pair *pairs = block_take(block, map->size * sizeof *pairs);
    *value = (struct px_value){.type = PX_MAP, .count = map->size, .pairs = pairs};
    for (uint32_t i = 0; i < map->size; i++) {
        const msgpack_object_str *key = &map->ptr[i].key.via.str; /* the scan saw that it is one */
        pairs[i].key = text_value(PX_STR, key->ptr, key->size);
        tree_fill(&map->ptr[i].val, block, &pairs[i].value);
    }
}

/* Recursion is bounded by the depth that the scan allowed. */
static void tree_fill(const msgpack_object *object, struct block *block, struct px_value *value) {
    switch (object->type) {
    case MSGPACK_OBJECT_BOOLEAN:
        *value = (struct px_value){.type = PX_BOOL, .boolean = object->via.boolean};
        break;
    case MSGPACK_OBJECT_POSITIVE_INTEGER:
        *value = (struct px_value){.type = PX_UINT, .uinteger = object->via.u64};
        break;
    case MSGPACK_OBJECT_NEGATIVE_INTEGER:
        *value = (struct px_value){.type = PX_INT, .integer = object->via.i64};
        break;
    case MSGPACK_OBJECT_FLOAT32:
    case MSGPACK_OBJECT_FLOAT64:
        *value = (struct px_value){.type = PX_REAL, .real = object->via.f64};
        break;
    case MSGPACK_OBJECT_STR:
        *value = text_value(PX_STR, object->via.str.ptr, object->via.str.size);
        break;
    case MSGPACK_OBJECT_BIN:
        *value = text_value(PX_BIN, object->via.bin.ptr, object->via.bin.size);
        break;
    case MSGPACK_OBJECT_ARRAY:
        list_fill(&object->via.array, block, value);
        break;
    case MSGPACK_OBJECT_MAP:
        map_fill(&object->via.map, block, value);
        break;
    default: /* nil; extensions were refused by the scan */
        *value = (struct px_value){.type = PX_NIL};
        break;
    }
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

static int document_fill(const msgpack_object *object, struct px_document *document, struct px_error *error) {
    size_t size = tree_size(object);
    struct block block = {.next = size > 0 ? malloc(size) : NULL};
    if (size > 0 && block.next == NULL)
        return px_fail(error, PX_E_NO_MEMORY, "no memory for a message of %zu bytes of values", size);
    struct px_document made = {.memory = block.next};
    tree_fill(object, &block, &made.root);
    int code = check_keys(&made.root, error);
    if (code != 0) {
        px_document_free(&made);
        return code;
    }
    *document = made;
    return 0;
}

int px_value_decode(const void *bytes, size_t length, const struct px_limits *limits, struct px_document *document,
                    struct px_error *error) {
    if (length > limits->bytes)
        return px_fail(error, PX_E_LIMIT, "a message of %zu bytes; accepted are %zu", length, limits->bytes);
    size_t size = 0;
    int whole = px_scan(bytes, length, limits, &size, error);
    if (whole < 0)
        return whole;
    if (whole == 0)
        return px_fail(error, PX_E_PROTOCOL, "truncated: %zu bytes are no whole message", length);
    if (size != length)
        return px_fail(error, PX_E_PROTOCOL, "%zu bytes behind the end of the message", length - size);

    msgpack_unpacked unpacked;
    msgpack_unpacked_init(&unpacked);
    size_t offset = 0;
    msgpack_unpack_return result = msgpack_unpack_next(&unpacked, bytes, length, &offset);
    int code = 0;
    if (result == MSGPACK_UNPACK_NOMEM_ERROR)
        code = px_fail(error, PX_E_NO_MEMORY, "no memory for a message of %zu bytes", length);
    else if (result != MSGPACK_UNPACK_SUCCESS || offset != length)
        code = px_fail(error, PX_E_PROTOCOL, "not MessagePack");
    else
        code = document_fill(&unpacked.data, document, error);
    msgpack_unpacked_destroy(&unpacked);
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
