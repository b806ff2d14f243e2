#include "shared/signature.h"

#include <stdio.h>
#include <string.h>
#define XXH_STATIC_LINKING_ONLY
#include <xxhash.h>

_Static_assert(sizeof(XXH3_state_t) <= sizeof(struct px_hasher), "the hasher holds XXH3's state");

enum item_kind { ITEM_STRING = 1, ITEM_BYTES, ITEM_NUMBER, ITEM_INTEGER, ITEM_SIGNATURE };

static XXH3_state_t *state_of(struct px_hasher *hasher) {
    return (XXH3_state_t *)(void *)hasher->state;
}

static void add(struct px_hasher *hasher, enum item_kind kind, const void *bytes, size_t size) {
    unsigned char head[9];
    head[0] = (unsigned char)kind;
    for (int i = 0; i < 8; i++)
        head[1 + i] = (unsigned char)((uint64_t)size >> (8 * i));
    XXH3_128bits_update(state_of(hasher), head, sizeof head);
    if (size > 0)
        XXH3_128bits_update(state_of(hasher), bytes, size);
}

static void add_u64(struct px_hasher *hasher, enum item_kind kind, uint64_t value) {
    unsigned char bytes[9];
    bytes[0] = (unsigned char)kind;
    for (int i = 0; i < 8; i++)
        bytes[1 + i] = (unsigned char)(value >> (8 * i));
    XXH3_128bits_update(state_of(hasher), bytes, sizeof bytes);
}

void px_hasher_init(struct px_hasher *hasher) {
    XXH3_INITSTATE(state_of(hasher));
    XXH3_128bits_reset(state_of(hasher));
}

void px_hasher_add_string(struct px_hasher *hasher, const char *text, size_t length) {
    add(hasher, ITEM_STRING, text, length);
}

void px_hasher_add_bytes(struct px_hasher *hasher, const void *bytes, size_t size) {
    add(hasher, ITEM_BYTES, bytes, size);
}

void px_hasher_add_number(struct px_hasher *hasher, double value) {
    if (value == 0.0)
        value = 0.0; /* -0 and +0 are one value */
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    if (bits == 0x8000000000000000ull)
        bits = 0;
    add_u64(hasher, ITEM_NUMBER, bits);
}

void px_hasher_add_integer(struct px_hasher *hasher, int64_t value) {
    add_u64(hasher, ITEM_INTEGER, (uint64_t)value);
}

void px_hasher_add_signature(struct px_hasher *hasher, struct px_signature signature) {
    add_u64(hasher, ITEM_SIGNATURE, signature.low);
    add_u64(hasher, ITEM_SIGNATURE, signature.high);
}

struct px_signature px_hasher_finish(const struct px_hasher *hasher) {
    XXH128_hash_t hash = XXH3_128bits_digest((const XXH3_state_t *)(const void *)hasher->state);
    return (struct px_signature){.low = hash.low64, .high = hash.high64};
}

struct px_signature px_signature_of_bytes(const void *bytes, size_t size) {
    XXH128_hash_t hash = XXH3_128bits(bytes, size);
    return (struct px_signature){.low = hash.low64, .high = hash.high64};
}

void px_signature_to_bytes(struct px_signature signature, uint8_t out[16]) {
    for (int i = 0; i < 8; i++) {
        out[i] = (uint8_t)(signature.high >> (56 - 8 * i));
        out[8 + i] = (uint8_t)(signature.low >> (56 - 8 * i));
    }
}

struct px_signature px_signature_from_bytes(const uint8_t bytes[16]) {
    struct px_signature signature = {0, 0};
    for (int i = 0; i < 8; i++) {
        signature.high = signature.high << 8 | bytes[i];
        signature.low = signature.low << 8 | bytes[8 + i];
    }
    return signature;
}

void px_signature_print(struct px_signature signature, char out[33]) {
    snprintf(out, 33, "%016llx%016llx", (unsigned long long)signature.high, (unsigned long long)signature.low);
}
