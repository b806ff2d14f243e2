/* cases.c: see cases.h. */
#include "tests/golden/cases.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void give_up(const char *what, const char *name) {
    fprintf(stderr, "golden: %s: %s\n", what, name);
    exit(2);
}

static char *file_read(const char *path, size_t *size) {
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return NULL;
    fseek(file, 0, SEEK_END);
    *size = (size_t)ftell(file);
    rewind(file);
    char *bytes = malloc(*size + 1);
    if (bytes == NULL || fread(bytes, 1, *size, file) != *size)
        give_up("cannot read", path);
    fclose(file);
    return bytes;
}

static bool text_is(const msgpack_object *object, const char *text) {
    return object->type == MSGPACK_OBJECT_STR && object->via.str.size == strlen(text) &&
           memcmp(object->via.str.ptr, text, object->via.str.size) == 0;
}

static const msgpack_object *map_find(const msgpack_object *map, const char *key) {
    for (uint32_t i = 0; map->type == MSGPACK_OBJECT_MAP && i < map->via.map.size; i++)
        if (text_is(&map->via.map.ptr[i].key, key))
            return &map->via.map.ptr[i].val;
    return NULL;
}

static void text_copy(const msgpack_object *object, char *out, size_t size) {
    if (object != NULL && object->type == MSGPACK_OBJECT_STR)
        snprintf(out, size, "%.*s", (int)object->via.str.size, object->via.str.ptr);
}

static void *bytes_copy(const msgpack_object *object) {
    void *copy = malloc(object->via.bin.size + 1u);
    if (copy == NULL)
        give_up("no memory", "coords");
    memcpy(copy, object->via.bin.ptr, object->via.bin.size);
    return copy;
}

static struct px_geometry geometry_read(const msgpack_object *map) {
    const msgpack_object *coords = map_find(map, "coords"), *offsets = map_find(map, "offsets");
    if (coords == NULL || offsets == NULL)
        return (struct px_geometry){0};
    return (struct px_geometry){
        .coords = bytes_copy(coords),
        .offsets = bytes_copy(offsets),
        .vertex_count = coords->via.bin.size / (3 * sizeof(float)),
        .line_count = offsets->via.bin.size / sizeof(int32_t) - 1,
    };
}

static struct golden_case case_read(const msgpack_object *map) {
    struct golden_case read = {.role = map_find(map, "shape") != NULL ? KERNEL_SHAPE : KERNEL_EFFECT};
    text_copy(map_find(map, "name"), read.name, sizeof read.name);
    text_copy(map_find(map, "class"), read.class, sizeof read.class);
    text_copy(map_find(map, "input"), read.input, sizeof read.input);
    text_copy(map_find(map, read.role == KERNEL_SHAPE ? "shape" : "effect"), read.kernel, sizeof read.kernel);
    const msgpack_object *params = map_find(map, "params");
    if (params != NULL)
        read.params = *params;
    read.expected = geometry_read(map);
    return read;
}

void book_open(struct book *book, const char *name) {
    char path[512];
    size_t size = 0;
    snprintf(path, sizeof path, "%s/golden/data/%s.msgpack", TEST_DATA, name);
    book->bytes = file_read(path, &size);
    msgpack_unpacked_init(&book->unpacked);
    size_t offset = 0;
    if (book->bytes == NULL ||
        msgpack_unpack_next(&book->unpacked, book->bytes, size, &offset) != MSGPACK_UNPACK_SUCCESS)
        give_up("no MessagePack", path);
    const msgpack_object *root = &book->unpacked.data;
    bool map = root->type == MSGPACK_OBJECT_MAP;
    book->count = map ? root->via.map.size : root->via.array.size;
    book->cases = calloc(book->count, sizeof *book->cases);
    if (book->cases == NULL)
        give_up("no memory", path);
    for (size_t i = 0; i < book->count; i++) {
        book->cases[i] = case_read(map ? &root->via.map.ptr[i].val : &root->via.array.ptr[i]);
        if (map)
            text_copy(&root->via.map.ptr[i].key, book->cases[i].name, sizeof book->cases[i].name);
    }
}

void book_close(struct book *book) {
    for (size_t i = 0; i < book->count; i++) {
        free((void *)(uintptr_t)book->cases[i].expected.coords);
        free((void *)(uintptr_t)book->cases[i].expected.offsets);
    }
    free(book->cases);
    msgpack_unpacked_destroy(&book->unpacked);
    free(book->bytes);
}

const struct px_geometry *book_geometry(const struct book *inputs, const char *name) {
    for (size_t i = 0; i < inputs->count; i++)
        if (strcmp(inputs->cases[i].name, name) == 0)
            return &inputs->cases[i].expected;
    give_up("no such input", name);
    return NULL;
}

/* ---- parameters ------------------------------------------------------------------------------------------------- */

static void *keep(struct decoded *decoded, void *memory) {
    if (memory == NULL || decoded->owned_count == DECODED_MAX)
        give_up("no room", "parameters");
    decoded->owned[decoded->owned_count++] = memory;
    return memory;
}

static bool number_of(const msgpack_object *object, double *out) {
    switch (object->type) {
    case MSGPACK_OBJECT_POSITIVE_INTEGER:
        *out = (double)object->via.u64;
        return true;
    case MSGPACK_OBJECT_NEGATIVE_INTEGER:
        *out = (double)object->via.i64;
        return true;
    case MSGPACK_OBJECT_FLOAT32:
    case MSGPACK_OBJECT_FLOAT64:
        *out = object->via.f64;
        return isfinite(*out);
    default:
        return false;
    }
}

/* `count` numbers of an array; one number stands for all of them. */
static bool numbers_of(const msgpack_object *object, double *out, uint32_t count) {
    double one;
    if (number_of(object, &one)) {
        for (uint32_t i = 0; i < count; i++)
            out[i] = one;
        return true;
    }
    if (object->type != MSGPACK_OBJECT_ARRAY || object->via.array.size != count)
        return false;
    for (uint32_t i = 0; i < count; i++)
        if (!number_of(&object->via.array.ptr[i], &out[i]))
            return false;
    return true;
}

static uint32_t list_length(const msgpack_object *object) {
    return object->type == MSGPACK_OBJECT_ARRAY ? object->via.array.size : 1;
}

static bool decode_numbers(struct decoded *decoded, const msgpack_object *object, struct param_numbers *out) {
    uint32_t count = list_length(object);
    double *items = keep(decoded, malloc((count + 1) * sizeof *items));
    *out = (struct param_numbers){items, count};
    return count > 0 && numbers_of(object, items, count);
}

static bool decode_bools(struct decoded *decoded, const msgpack_object *object, struct param_bools *out) {
    uint32_t count = list_length(object);
    bool *items = keep(decoded, malloc((count + 1) * sizeof *items));
    for (uint32_t i = 0; i < count; i++) {
        const msgpack_object *item = object->type == MSGPACK_OBJECT_ARRAY ? &object->via.array.ptr[i] : object;
        if (item->type != MSGPACK_OBJECT_BOOLEAN)
            return false;
        items[i] = item->via.boolean;
    }
    *out = (struct param_bools){items, count};
    return count > 0;
}

static bool decode_string(struct decoded *decoded, const msgpack_object *object, struct param_string *out) {
    if (object->type != MSGPACK_OBJECT_STR)
        return false;
    char *text = keep(decoded, calloc(1, object->via.str.size + 1u));
    memcpy(text, object->via.str.ptr, object->via.str.size);
    *out = (struct param_string){text, object->via.str.size};
    return true;
}

static bool decode_resource(struct decoded *decoded, const msgpack_object *object, struct param_resource *out) {
    size_t size = 0;
    if (!decode_string(decoded, object, &out->name))
        return false;
    char *bytes = file_read(out->name.text, &size);
    if (bytes == NULL)
        give_up("no such font (fonts-dejavu-core)", out->name.text);
    out->bytes = keep(decoded, bytes);
    out->size = size;
    return true;
}

static bool decode_choice(const struct param *param, const msgpack_object *object, int32_t *out) {
    for (int32_t i = 0; param->choices[i] != NULL; i++) {
        if (text_is(object, param->choices[i])) {
            *out = i;
            return true;
        }
    }
    return false;
}

static bool decode_integer(const struct param *param, const msgpack_object *object, int64_t *out) {
    double value;
    if (!number_of(object, &value))
        return false;
    value = param->rounded ? rint(value) : trunc(value);
    *out = (int64_t)fmin(PARAM_INTEGER_MAX, fmax(-PARAM_INTEGER_MAX, value));
    return true;
}

static bool decode_node(struct decoded *decoded, const msgpack_object *object, const struct book *inputs,
                        uint32_t *out) {
    char name[32] = "";
    text_copy(map_find(object, "input"), name, sizeof name);
    decoded->further[decoded->further_count++] = *book_geometry(inputs, name);
    *out = (uint32_t)decoded->further_count;
    return true;
}

static bool decode_one(struct decoded *decoded, const struct param *param, const msgpack_object *object,
                       const struct book *inputs) {
    void *at = decoded->values + param->offset;
    switch (param->type) {
    case PARAM_NUMBER:
        if (param->optional && object->type == MSGPACK_OBJECT_NIL) {
            *(double *)at = NAN;
            return true;
        }
        return number_of(object, at);
    case PARAM_INTEGER:
        return decode_integer(param, object, at);
    case PARAM_BOOL:
        *(bool *)at = object->via.boolean;
        return object->type == MSGPACK_OBJECT_BOOLEAN;
    case PARAM_VECTOR:
        return numbers_of(object, at, 3);
    case PARAM_REGION:
        return numbers_of(object, at, 4);
    case PARAM_STRING:
        return decode_string(decoded, object, at);
    case PARAM_CHOICE:
        return decode_choice(param, object, at);
    case PARAM_NUMBERS:
        return decode_numbers(decoded, object, at);
    case PARAM_BOOLS:
        return decode_bools(decoded, object, at);
    case PARAM_RESOURCE:
        return decode_resource(decoded, object, at);
    case PARAM_NODE:
        return decode_node(decoded, object, inputs, at);
    }
    return false;
}

int decode(const struct kernel *kernel, const msgpack_object *params, const struct book *inputs,
           struct decoded *decoded, struct px_error *error) {
    *decoded = (struct decoded){0};
    if (kernel->params_size > sizeof decoded->values)
        give_up("parameters too large", kernel->name);
    params_set_defaults(kernel->params, kernel->param_count, decoded->values);
    for (uint32_t i = 0; params->type == MSGPACK_OBJECT_MAP && i < params->via.map.size; i++) {
        const msgpack_object *key = &params->via.map.ptr[i].key;
        const struct param *param =
            params_find(kernel->params, kernel->param_count, key->via.str.ptr, key->via.str.size);
        if (param == NULL)
            return px_fail(error, PX_E_PARAM, "unknown name %.*s", (int)key->via.str.size, key->via.str.ptr);
        if (!decode_one(decoded, param, &params->via.map.ptr[i].val, inputs))
            return px_fail(error, PX_E_RANGE, "%s is not accepted", param->name);
    }
    const char *name = NULL;
    return kernel->check == NULL ? 0 : kernel->check(decoded->values, &name, error);
}

void decoded_free(struct decoded *decoded) {
    for (size_t i = 0; i < decoded->owned_count; i++)
        free(decoded->owned[i]);
}
