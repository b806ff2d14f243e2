/* message.h: messages as tables; from one table come the decoder, the encoder and describe.
 *
 * A table lists the fields of a struct: name on the wire, type, where it stands, whether it must be there, range,
 * choices, unit, help. px_message_decode checks a map against it: an unknown or missing name is PX_E_PARAM, a wrong
 * type PX_E_TYPE, NaN or out of range PX_E_RANGE, each with the path and what would be accepted.
 *
 * Ownership  decoded strings, values and lists borrow from the document, and from it only.
 */
#ifndef PX_PROTO_MESSAGE_H
#define PX_PROTO_MESSAGE_H

#include "proto/value.h"
#include "proto/writer.h"

/* type of field -> member of the struct */
enum px_field_type {
    PX_FIELD_BOOL,   /* bool */
    PX_FIELD_INT,    /* int64_t; a whole number (a REAL without fraction is accepted) */
    PX_FIELD_NUMBER, /* double, finite */
    PX_FIELD_STRING, /* struct px_text */
    PX_FIELD_BYTES,  /* struct px_text: bin */
    PX_FIELD_CHOICE, /* int: index into choices */
    PX_FIELD_LIST,   /* const struct px_value *: an ARRAY, checked by the owner */
    PX_FIELD_MAP,    /* const struct px_value *: a MAP, checked by the owner */
    PX_FIELD_VALUE,  /* const struct px_value *: anything, checked by the owner */
};

struct px_text {
    const char *text; /* not terminated; NULL: absent */
    uint32_t length;
};

struct px_field {
    const char *name;
    enum px_field_type type;
    size_t offset;
    bool required;
    bool nullable;       /* nil means absent */
    double def;          /* BOOL, INT, NUMBER, CHOICE when absent; NAN for NUMBER: none */
    double min, max;     /* INT, NUMBER: accepted, when min < max; STRING, BYTES: length */
    const char *unit;
    const char *const *choices; /* CHOICE: NULL-terminated */
    const char *help;
    const char *since;   /* api level, "1" when NULL */
};

struct px_message {
    const char *name;
    const struct px_field *fields;
    size_t field_count;
    size_t size; /* of the struct */
};

/* PX_FIELD(NUMBER, struct clock_set, fps, .def = NAN, .min = 1, .max = 1000, .help = "...") */
#define PX_FIELD(kind, strct, member, ...)                                                                             \
    { .name = #member, .type = PX_FIELD_##kind, .offset = offsetof(strct, member), __VA_ARGS__ }
#define PX_MESSAGE(title, table, strct)                                                                                \
    { .name = title, .fields = table, .field_count = sizeof(table) / sizeof(table)[0], .size = sizeof(strct) }

/* px_message_decode: value NULL stands for an empty map. ignore: names that the caller handles itself (token), or NULL,
 * NULL-terminated. */
int px_message_decode(const struct px_message *message, const struct px_value *value, const struct px_path *path,
                      const char *const *ignore, void *out, struct px_error *error);

/* px_message_encode: writes the struct as a map, all fields (absent strings and values as nil). */
void px_message_encode(const struct px_message *message, const void *in, struct px_writer *writer);

/* px_message_describe: a list of {name, type, unit, default, min, max, choices, help, since, required}. */
void px_message_describe(const struct px_message *message, struct px_writer *writer);

/* px_text_copy: into a terminated buffer; false when it does not fit or holds a zero byte. */
bool px_text_copy(struct px_text text, char *out, size_t size);

#endif
