/* writer.h: writes MessagePack into a growing buffer, bounded.
 *
 * A call that fails (no memory, past the limit) leaves the writer failed; px_writer_finish tells. So a sequence of
 * writes needs one check at its end. Texts leave as valid UTF-8: a byte that is none becomes '?', so that one odd file
 * name does not make a whole reply unreadable.
 *
 * Ownership  the buffer is the writer's until px_writer_take gives it (malloc'd) to the caller.
 */
#ifndef PX_PROTO_WRITER_H
#define PX_PROTO_WRITER_H

#include "proto/value.h"

struct px_writer {
    uint8_t *bytes;
    size_t size;
    size_t room;
    size_t limit; /* 0: none */
    int failed;   /* 0, PX_E_NO_MEMORY or PX_E_LIMIT */
};

void px_writer_init(struct px_writer *writer, size_t limit);
void px_writer_free(struct px_writer *writer);
uint8_t *px_writer_take(struct px_writer *writer, size_t *size); /* the writer is empty again; free() the bytes */
int px_writer_finish(const struct px_writer *writer, struct px_error *error);

void px_write_nil(struct px_writer *writer);
void px_write_bool(struct px_writer *writer, bool value);
void px_write_int(struct px_writer *writer, int64_t value);
void px_write_uint(struct px_writer *writer, uint64_t value);
void px_write_real(struct px_writer *writer, double value);
void px_write_string(struct px_writer *writer, const char *text);
void px_write_text(struct px_writer *writer, const char *text, size_t length);
void px_write_bin(struct px_writer *writer, const void *bytes, size_t size);
/* px_write_bin_begin: head of a binary of `size` bytes; gives where to write them (NULL when failed). */
uint8_t *px_write_bin_begin(struct px_writer *writer, size_t size);
void px_write_array(struct px_writer *writer, uint32_t count); /* count values follow */
void px_write_map(struct px_writer *writer, uint32_t count);   /* count keys and values follow */
void px_write_value(struct px_writer *writer, const struct px_value *value);
/* Always 9 bytes: where a message must have the same size whatever its numbers. */
void px_write_uint64_fixed(struct px_writer *writer, uint64_t value);
/* px_write_raw: bytes that are MessagePack already. */
void px_write_raw(struct px_writer *writer, const void *bytes, size_t size);
void px_write_error(struct px_writer *writer, const struct px_error *error); /* {code, name, message, data} */

/* px_key: a key and what follows it, for maps: px_key(w, "t"), px_write_real(w, t). */
static inline void px_key(struct px_writer *writer, const char *key) {
    px_write_string(writer, key);
}

#endif
