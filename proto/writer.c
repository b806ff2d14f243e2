#include "proto/writer.h"

#include "proto/utf8.h"

#include <msgpack.h>
#include <stdlib.h>
#include <string.h>

enum { ROOM_FIRST = 256 };

void px_writer_init(struct px_writer *writer, size_t limit) {
    *writer = (struct px_writer){.limit = limit};
}

void px_writer_free(struct px_writer *writer) {
    free(writer->bytes);
    px_writer_init(writer, writer->limit);
}

uint8_t *px_writer_take(struct px_writer *writer, size_t *size) {
    uint8_t *bytes = writer->bytes;
    *size = writer->size;
    px_writer_init(writer, writer->limit);
    return bytes;
}

int px_writer_finish(const struct px_writer *writer, struct px_error *error) {
    if (writer->failed == PX_E_LIMIT)
        return px_fail(error, PX_E_LIMIT, "the message would have more than %zu bytes", writer->limit);
    if (writer->failed != 0)
        return px_fail(error, writer->failed, "no memory for a message of more than %zu bytes", writer->size);
    return 0;
}

/* Makes room for `size` more bytes and takes them; NULL when the writer has failed or fails now. */
static uint8_t *take_room(struct px_writer *writer, size_t size) {
    if (writer->failed != 0)
        return NULL;
    size_t limit = writer->limit != 0 ? writer->limit : SIZE_MAX / 4;
    if (size > limit - writer->size) {
        writer->failed = PX_E_LIMIT;
        return NULL;
    }
    size_t need = writer->size + size;
    if (need > writer->room) {
        size_t room = writer->room < ROOM_FIRST ? ROOM_FIRST : writer->room;
        while (room < need)
            room *= 2;
        uint8_t *bytes = realloc(writer->bytes, room);
        if (bytes == NULL) {
            writer->failed = PX_E_NO_MEMORY;
            return NULL;
        }
        writer->bytes = bytes;
        writer->room = room;
    }
    uint8_t *taken = writer->bytes + writer->size;
    writer->size = need;
    return taken;
}

static int packer_write(void *data, const char *bytes, size_t size) {
    uint8_t *room = take_room(data, size);
    if (room == NULL)
        return -1;
    memcpy(room, bytes, size);
    return 0;
}

static msgpack_packer packer_of(struct px_writer *writer) {
    msgpack_packer packer;
    msgpack_packer_init(&packer, writer, packer_write);
    return packer;
}

void px_write_nil(struct px_writer *writer) {
    msgpack_packer packer = packer_of(writer);
    msgpack_pack_nil(&packer);
}

void px_write_bool(struct px_writer *writer, bool value) {
    msgpack_packer packer = packer_of(writer);
    if (value)
        msgpack_pack_true(&packer);
    else
        msgpack_pack_false(&packer);
}

void px_write_int(struct px_writer *writer, int64_t value) {
    msgpack_packer packer = packer_of(writer);
    msgpack_pack_int64(&packer, value);
}

void px_write_uint(struct px_writer *writer, uint64_t value) {
    msgpack_packer packer = packer_of(writer);
    msgpack_pack_uint64(&packer, value);
}

void px_write_uint64_fixed(struct px_writer *writer, uint64_t value) {
    msgpack_packer packer = packer_of(writer);
    msgpack_pack_fix_uint64(&packer, value);
}

void px_write_real(struct px_writer *writer, double value) {
    msgpack_packer packer = packer_of(writer);
    msgpack_pack_double(&packer, value);
}

void px_write_string(struct px_writer *writer, const char *text) {
    px_write_text(writer, text, strlen(text));
}

/* Lengths and counts of the format have 32 bits. */
static bool too_long(struct px_writer *writer, size_t size) {
    if (size <= UINT32_MAX)
        return false;
    if (writer->failed == 0)
        writer->failed = PX_E_LIMIT;
    return true;
}

void px_write_text(struct px_writer *writer, const char *text, size_t length) {
    if (too_long(writer, length))
        return;
    msgpack_packer packer = packer_of(writer);
    msgpack_pack_str(&packer, length);
    uint8_t *body = take_room(writer, length);
    if (body == NULL || length == 0)
        return;
    memcpy(body, text, length);
    px_utf8_clean((char *)body, length);
}

uint8_t *px_write_bin_begin(struct px_writer *writer, size_t size) {
    if (too_long(writer, size))
        return NULL;
    msgpack_packer packer = packer_of(writer);
    msgpack_pack_bin(&packer, size);
    return take_room(writer, size);
}

void px_write_bin(struct px_writer *writer, const void *bytes, size_t size) {
    uint8_t *body = px_write_bin_begin(writer, size);
    if (body != NULL && size > 0)
        memcpy(body, bytes, size);
}

void px_write_array(struct px_writer *writer, uint32_t count) {
    msgpack_packer packer = packer_of(writer);
    msgpack_pack_array(&packer, count);
}

void px_write_map(struct px_writer *writer, uint32_t count) {
    msgpack_packer packer = packer_of(writer);
    msgpack_pack_map(&packer, count);
}

void px_write_raw(struct px_writer *writer, const void *bytes, size_t size) {
    uint8_t *room = take_room(writer, size);
    if (room != NULL && size > 0)
        memcpy(room, bytes, size);
}

static void write_list(struct px_writer *writer, const struct px_value *list) {
    px_write_array(writer, list->count);
    for (uint32_t i = 0; i < list->count; i++)
        px_write_value(writer, &list->items[i]);
}

static void write_pairs(struct px_writer *writer, const struct px_value *map) {
    px_write_map(writer, map->count);
    for (uint32_t i = 0; i < map->count; i++) {
        px_write_value(writer, &map->pairs[i].key);
        px_write_value(writer, &map->pairs[i].value);
    }
}

void px_write_value(struct px_writer *writer, const struct px_value *value) {
    switch (value->type) {
    case PX_NIL:
        px_write_nil(writer);
        break;
    case PX_BOOL:
        px_write_bool(writer, value->boolean);
        break;
    case PX_INT:
        px_write_int(writer, value->integer);
        break;
    case PX_UINT:
        px_write_uint(writer, value->uinteger);
        break;
    case PX_REAL:
        px_write_real(writer, value->real);
        break;
    case PX_STR:
        px_write_text(writer, value->text, value->count);
        break;
    case PX_BIN:
        px_write_bin(writer, value->bytes, value->count);
        break;
    case PX_ARRAY:
        write_list(writer, value);
        break;
    case PX_MAP:
        write_pairs(writer, value);
        break;
    }
}

void px_write_error(struct px_writer *writer, const struct px_error *error) {
    px_write_map(writer, 4);
    px_key(writer, "code");
    px_write_int(writer, error->code);
    px_key(writer, "name");
    px_write_string(writer, px_error_name(error->code));
    px_key(writer, "message");
    px_write_string(writer, error->message[0] != '\0' ? error->message : px_error_text(error->code));
    px_key(writer, "data");
    px_write_nil(writer);
}
