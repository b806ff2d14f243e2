/* signature.h: 128 bits (XXH3) that name a geometry by how it is made. Equal signature, equal bytes.
 *
 * Each item goes in with a type byte and its length, so that ("ab","c") and ("a","bc") differ; numbers go in
 * canonically (-0 as +0, every value little-endian), never as raw structs, whose padding is not a value.
 *
 * Threads  any; a hasher belongs to one thread at a time and lives on its stack.
 */
#ifndef PX_SHARED_SIGNATURE_H
#define PX_SHARED_SIGNATURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct px_signature {
    uint64_t low;
    uint64_t high;
};
_Static_assert(sizeof(struct px_signature) == 16, "a signature has 16 bytes on every side");

/* Room for XXH3's streaming state, which wants 64-byte alignment. */
struct px_hasher {
    _Alignas(64) unsigned char state[640];
};

void px_hasher_init(struct px_hasher *hasher);
void px_hasher_add_string(struct px_hasher *hasher, const char *text, size_t length);
void px_hasher_add_bytes(struct px_hasher *hasher, const void *bytes, size_t size);
void px_hasher_add_number(struct px_hasher *hasher, double value);
void px_hasher_add_integer(struct px_hasher *hasher, int64_t value);
void px_hasher_add_signature(struct px_hasher *hasher, struct px_signature signature);
struct px_signature px_hasher_finish(const struct px_hasher *hasher);

/* px_signature_of_bytes: the digest of a block (a font file, a user's coordinates). */
struct px_signature px_signature_of_bytes(const void *bytes, size_t size);

static inline bool px_signature_equal(struct px_signature a, struct px_signature b) {
    return a.low == b.low && a.high == b.high;
}
static inline bool px_signature_is_zero(struct px_signature a) {
    return (a.low | a.high) == 0;
}

/* px_signature_to_bytes: the canonical 16 bytes (high first, big-endian), as RPC gives them. */
void px_signature_to_bytes(struct px_signature signature, uint8_t out[16]);
struct px_signature px_signature_from_bytes(const uint8_t bytes[16]);

/* px_signature_print: 32 hex digits and a terminating zero. */
void px_signature_print(struct px_signature signature, char out[33]);

#endif
