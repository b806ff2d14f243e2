/* The decoder against msgpack-c: the same tree for every message, made up or damaged, that the scan accepts. */
#include "proto/value.h"

#include <check.h>
#include <msgpack.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MESSAGES = 4000, BYTES_MAX = 4096, DEPTH_MAX = 5 };

static const struct px_limits limits = {.bytes = 1u << 20, .depth = 28, .nodes = 1u << 17};

/* Made up: every kind of head, the long ones for small lengths, too. */
struct maker {
    uint64_t state;
    size_t size;
    uint8_t bytes[BYTES_MAX + 64];
};

static uint32_t random_below(struct maker *maker, uint32_t limit) {
    maker->state = maker->state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(maker->state >> 33) % limit;
}

static void put(struct maker *maker, uint64_t number, unsigned size) {
    for (unsigned i = size; i-- > 0 && maker->size < BYTES_MAX;)
        maker->bytes[maker->size++] = (uint8_t)(number >> (8 * i));
}

static void put_random(struct maker *maker, unsigned size) {
    for (unsigned i = 0; i < size; i++)
        put(maker, random_below(maker, 256), 1);
}

/* A head with its length in 1, 2 or 4 bytes, from the first of three (or two) codes on. */
static void put_length(struct maker *maker, uint8_t code, unsigned least, uint32_t length) {
    unsigned more = random_below(maker, least == 1 ? 3 : 2);
    put(maker, code + more, 1);
    put(maker, length, least << more);
}

static void put_text(struct maker *maker) {
    uint32_t length = random_below(maker, 20);
    if (random_below(maker, 2) == 0)
        put(maker, 0xa0 | length, 1);
    else
        put_length(maker, 0xd9, 1, length);
    for (uint32_t i = 0; i < length; i++)
        put(maker, 'a' + random_below(maker, 26), 1);
}

/* A string, or now and then a number. */
static void put_key(struct maker *maker) {
    unsigned size = random_below(maker, 16);
    if (size >= 4) {
        put_text(maker);
    } else {
        put(maker, (random_below(maker, 2) == 0 ? 0xcc : 0xd0) + size, 1);
        put_random(maker, 1u << size);
    }
}

static void put_value(struct maker *maker, unsigned depth) {
    uint32_t count = random_below(maker, 6);
    switch (random_below(maker, depth < DEPTH_MAX ? 9 : 6)) {
    case 0:
        put(maker, random_below(maker, 256), 1); /* any head: small numbers, nil, and what the scan refuses */
        break;
    case 1:
        put(maker, 0xc2 + random_below(maker, 2), 1);
        break;
    case 2:
        put_length(maker, 0xc4, 1, count);
        put_random(maker, count);
        break;
    case 3:
        put(maker, 0xca + random_below(maker, 2), 1);
        put_random(maker, maker->bytes[maker->size - 1] == 0xca ? 4 : 8);
        break;
    case 4:
        count = random_below(maker, 4);
        put(maker, (random_below(maker, 2) == 0 ? 0xcc : 0xd0) + count, 1);
        put_random(maker, 1u << count);
        break;
    case 5:
        put_text(maker);
        break;
    case 6:
    case 7:
        random_below(maker, 2) == 0 ? put(maker, 0x90 | count, 1) : put_length(maker, 0xdc, 2, count);
        for (uint32_t i = 0; i < count; i++)
            put_value(maker, depth + 1);
        break;
    default:
        random_below(maker, 2) == 0 ? put(maker, 0x80 | count, 1) : put_length(maker, 0xde, 2, count);
        for (uint32_t i = 0; i < count; i++) {
            put_key(maker);
            put_value(maker, depth + 1);
        }
        break;
    }
}

static void assert_text(const struct px_value *value, enum px_type type, const char *text, uint32_t length) {
    ck_assert_int_eq(value->type, type);
    ck_assert_uint_eq(value->count, length);
    ck_assert_ptr_nonnull(value->text);
    if (length > 0)
        ck_assert_mem_eq(value->text, text, length);
}

static void assert_key(const struct px_value *key, const msgpack_object *object) {
    char digits[32];
    if (object->type == MSGPACK_OBJECT_STR) {
        assert_text(key, PX_STR, object->via.str.ptr, object->via.str.size);
        return;
    }
    ck_assert_int_eq(object->type, MSGPACK_OBJECT_POSITIVE_INTEGER);
    int length = snprintf(digits, sizeof digits, "%llu", (unsigned long long)object->via.u64);
    assert_text(key, PX_STR, digits, (uint32_t)length);
}

static void assert_same(const struct px_value *value, const msgpack_object *object) {
    switch (object->type) {
    case MSGPACK_OBJECT_NIL:
        ck_assert_int_eq(value->type, PX_NIL);
        break;
    case MSGPACK_OBJECT_BOOLEAN:
        ck_assert(value->type == PX_BOOL && value->boolean == object->via.boolean);
        break;
    case MSGPACK_OBJECT_POSITIVE_INTEGER:
        ck_assert(value->type == PX_UINT && value->uinteger == object->via.u64);
        break;
    case MSGPACK_OBJECT_NEGATIVE_INTEGER:
        ck_assert(value->type == PX_INT && value->integer == object->via.i64);
        break;
    case MSGPACK_OBJECT_FLOAT32:
    case MSGPACK_OBJECT_FLOAT64:
        ck_assert_int_eq(value->type, PX_REAL);
        ck_assert_mem_eq(&value->real, &object->via.f64, sizeof value->real); /* NaN, too */
        break;
    case MSGPACK_OBJECT_STR:
        assert_text(value, PX_STR, object->via.str.ptr, object->via.str.size);
        break;
    case MSGPACK_OBJECT_BIN:
        assert_text(value, PX_BIN, object->via.bin.ptr, object->via.bin.size);
        break;
    case MSGPACK_OBJECT_ARRAY:
        ck_assert(value->type == PX_ARRAY && value->count == object->via.array.size);
        for (uint32_t i = 0; i < value->count; i++)
            assert_same(&value->items[i], &object->via.array.ptr[i]);
        break;
    case MSGPACK_OBJECT_MAP:
        ck_assert(value->type == PX_MAP && value->count == object->via.map.size);
        for (uint32_t i = 0; i < value->count; i++) {
            assert_key(&value->pairs[i].key, &object->via.map.ptr[i].key);
            assert_same(&value->pairs[i].value, &object->via.map.ptr[i].val);
        }
        break;
    default:
        ck_abort_msg("the reference read a type that is refused");
    }
}

/* True when the message was accepted. */
static bool compare(struct px_document *document, const uint8_t *message, size_t size) {
    uint8_t *bytes = malloc(size > 0 ? size : 1); /* a block of its own: a read beyond it shows */
    memcpy(bytes, message, size);
    bool accepted = px_document_decode(document, bytes, size, &limits, NULL) == 0;
    if (accepted) {
        msgpack_unpacked unpacked;
        msgpack_unpacked_init(&unpacked);
        size_t offset = 0;
        ck_assert_int_eq(msgpack_unpack_next(&unpacked, (const char *)bytes, size, &offset), MSGPACK_UNPACK_SUCCESS);
        ck_assert_uint_eq(offset, size);
        assert_same(&document->root, &unpacked.data);
        msgpack_unpacked_destroy(&unpacked);
    } else {
        ck_assert_int_eq(document->root.type, PX_NIL);
    }
    free(bytes);
    return accepted;
}

START_TEST(every_accepted_message_is_the_tree_that_msgpack_c_reads) {
    static struct maker maker = {.state = 1};
    struct px_document document = {0}; /* one for all: what stood there before does not matter */
    size_t accepted = 0, damaged = 0;
    for (int i = 0; i < MESSAGES; i++) {
        maker.size = 0;
        put_value(&maker, 0);
        accepted += compare(&document, maker.bytes, maker.size);
        for (int j = 0; j < 4; j++) {
            maker.bytes[random_below(&maker, (uint32_t)maker.size)] = (uint8_t)random_below(&maker, 256);
            damaged += compare(&document, maker.bytes, maker.size);
        }
    }
    px_document_free(&document);
    ck_assert_uint_gt(accepted, MESSAGES / 4);
    ck_assert_uint_gt(damaged, MESSAGES / 8);
}
END_TEST

START_TEST(every_head_alone_is_what_msgpack_c_reads) {
    struct px_document document = {0};
    for (unsigned head = 0; head < 256; head++) {
        uint8_t message[16] = {(uint8_t)head};
        for (size_t size = 1; size <= sizeof message; size++)
            compare(&document, message, size);
    }
    px_document_free(&document);
}
END_TEST

START_TEST(a_document_of_the_size_before_takes_no_memory) {
    struct px_document document = {0};
    ck_assert_int_eq(px_document_decode(&document, "\x93\x01\x02\x03", 4, &limits, NULL), 0);
    const void *memory = document.memory;
    ck_assert_int_eq(px_document_decode(&document, "\x81\xa1k\x05", 4, &limits, NULL), 0);
    ck_assert_ptr_eq(document.memory, memory);
    ck_assert_uint_eq(px_value_get(&document.root, "k")->uinteger, 5);
    ck_assert_int_lt(px_document_decode(&document, "\x93\x01", 2, &limits, NULL), 0);
    ck_assert_int_eq(document.root.type, PX_NIL);
    px_document_free(&document);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("reference");
    TCase *tests = tcase_create("reference");
    suite_add_tcase(suite, tests);
    tcase_add_test(tests, every_accepted_message_is_the_tree_that_msgpack_c_reads);
    tcase_add_test(tests, every_head_alone_is_what_msgpack_c_reads);
    tcase_add_test(tests, a_document_of_the_size_before_takes_no_memory);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
