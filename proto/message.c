#include "proto/message.h"

#include "proto/nearest.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static const char *field_type_name(enum px_field_type type) {
    static const char *const names[] = {
        [PX_FIELD_BOOL] = "bool",     [PX_FIELD_INT] = "integer", [PX_FIELD_NUMBER] = "number",
        [PX_FIELD_STRING] = "string", [PX_FIELD_BYTES] = "bin",   [PX_FIELD_CHOICE] = "choice",
        [PX_FIELD_LIST] = "list",     [PX_FIELD_MAP] = "map",     [PX_FIELD_VALUE] = "any",
    };
    return names[type];
}

/* A list of words in a message: "a, b, c", cut when it does not fit. */
struct words {
    char text[240];
    size_t length;
};

static void words_add(struct words *words, const char *word) {
    size_t size = strlen(word);
    if (words->length + size + 6 >= sizeof words->text) {
        if (words->length + 5 < sizeof words->text && words->text[words->length - 1] != '.') {
            memcpy(words->text + words->length, ", ...", 6);
            words->length += 5;
        }
        return;
    }
    int n = snprintf(words->text + words->length, sizeof words->text - words->length, "%s%s",
                     words->length > 0 ? ", " : "", word);
    words->length += (size_t)n;
}

/* ---- decoding ---- */

static void *member(void *out, const struct px_field *field) {
    return (unsigned char *)out + field->offset;
}

static const void *const_member(const void *in, const struct px_field *field) {
    return (const unsigned char *)in + field->offset;
}

/* Every member has its own C type: written by copy, so that no alignment or aliasing is assumed of the table. */
static void set_default(const struct px_field *field, void *out) {
    switch (field->type) {
    case PX_FIELD_BOOL: {
        bool value = field->def != 0 && !isnan(field->def);
        memcpy(member(out, field), &value, sizeof value);
        break;
    }
    case PX_FIELD_INT: {
        int64_t value = isnan(field->def) ? 0 : (int64_t)field->def;
        memcpy(member(out, field), &value, sizeof value);
        break;
    }
    case PX_FIELD_NUMBER:
        memcpy(member(out, field), &field->def, sizeof field->def);
        break;
    case PX_FIELD_CHOICE: {
        int value = isnan(field->def) ? -1 : (int)field->def;
        memcpy(member(out, field), &value, sizeof value);
        break;
    }
    case PX_FIELD_STRING:
    case PX_FIELD_BYTES: {
        struct px_text value = {0};
        memcpy(member(out, field), &value, sizeof value);
        break;
    }
    case PX_FIELD_LIST:
    case PX_FIELD_MAP:
    case PX_FIELD_VALUE: {
        const struct px_value *value = NULL;
        memcpy(member(out, field), &value, sizeof value);
        break;
    }
    }
}

static int wrong_type(const struct px_field *field, const struct px_value *value, const struct px_path *path,
                      struct px_error *error) {
    const char *wanted = field->type == PX_FIELD_CHOICE ? "string" : field_type_name(field->type);
    return px_fail_at(error, PX_E_TYPE, path, "%s, not %s%s", wanted, px_type_name(value->type),
                      field->nullable ? " (or nil)" : "");
}

static int check_range(const struct px_field *field, double number, const struct px_path *path,
                       struct px_error *error) {
    if (!isfinite(number))
        return px_fail_at(error, PX_E_RANGE, path, "a finite number, not %s", isnan(number) ? "NaN" : "infinity");
    if (!(field->min < field->max) || (number >= field->min && number <= field->max))
        return 0;
    if (isinf(field->max))
        return px_fail_at(error, PX_E_RANGE, path, "%.17g is out of range: %.10g or more", number, field->min);
    if (isinf(field->min))
        return px_fail_at(error, PX_E_RANGE, path, "%.17g is out of range: %.10g or less", number, field->max);
    return px_fail_at(error, PX_E_RANGE, path, "%.17g is out of range: %.10g to %.10g", number, field->min, field->max);
}

static int decode_number(const struct px_field *field, const struct px_value *value, const struct px_path *path,
                         void *out, struct px_error *error) {
    double number;
    if (!px_value_number(value, &number))
        return wrong_type(field, value, path, error);
    int code = check_range(field, number, path, error);
    if (code == 0)
        memcpy(member(out, field), &number, sizeof number);
    return code;
}

/* The whole number in value; false when it has a fraction or 64 bits cannot hold it. */
static bool whole_number(const struct px_value *value, int64_t *whole) {
    switch (value->type) {
    case PX_INT:
        *whole = value->integer;
        return true;
    case PX_UINT:
        *whole = (int64_t)value->uinteger;
        return value->uinteger <= INT64_MAX;
    default: /* REAL, finite */
        if (value->real != trunc(value->real) || fabs(value->real) >= 9223372036854775808.0)
            return false;
        *whole = (int64_t)value->real;
        return true;
    }
}

static int decode_integer(const struct px_field *field, const struct px_value *value, const struct px_path *path,
                          void *out, struct px_error *error) {
    double number;
    if (!px_value_number(value, &number))
        return wrong_type(field, value, path, error);
    int code = check_range(field, number, path, error);
    if (code != 0)
        return code;
    int64_t whole;
    if (!whole_number(value, &whole))
        return px_fail_at(error, PX_E_RANGE, path, "a whole number of 64 bits, not %.17g", number);
    memcpy(member(out, field), &whole, sizeof whole);
    return 0;
}

static int decode_text(const struct px_field *field, const struct px_value *value, const struct px_path *path,
                       void *out, struct px_error *error) {
    enum px_type wanted = field->type == PX_FIELD_STRING ? PX_STR : PX_BIN;
    if (value->type != wanted)
        return wrong_type(field, value, path, error);
    double length = value->count;
    if (field->min < field->max && (length < field->min || length > field->max))
        return px_fail_at(error, PX_E_RANGE, path, "%" PRIu32 " bytes long; accepted are %.10g to %.10g", value->count,
                          field->min, field->max);
    struct px_text text = {.text = value->text != NULL ? value->text : "", .length = value->count};
    memcpy(member(out, field), &text, sizeof text);
    return 0;
}

static int decode_choice(const struct px_field *field, const struct px_value *value, const struct px_path *path,
                         void *out, struct px_error *error) {
    if (value->type != PX_STR)
        return wrong_type(field, value, path, error);
    struct words words = {0};
    for (int i = 0; field->choices[i] != NULL; i++) {
        if (px_value_is_string(value, field->choices[i])) {
            memcpy(member(out, field), &i, sizeof i);
            return 0;
        }
        words_add(&words, field->choices[i]);
    }
    return px_fail_at(error, PX_E_RANGE, path, "\"%.*s\" is none of: %s", value->count < 48 ? (int)value->count : 48,
                      value->text, words.text);
}

static int decode_field(const struct px_field *field, const struct px_value *value, const struct px_path *path,
                        void *out, struct px_error *error) {
    switch (field->type) {
    case PX_FIELD_BOOL:
        if (value->type != PX_BOOL)
            return wrong_type(field, value, path, error);
        memcpy(member(out, field), &value->boolean, sizeof value->boolean);
        return 0;
    case PX_FIELD_INT:
        return decode_integer(field, value, path, out, error);
    case PX_FIELD_NUMBER:
        return decode_number(field, value, path, out, error);
    case PX_FIELD_STRING:
    case PX_FIELD_BYTES:
        return decode_text(field, value, path, out, error);
    case PX_FIELD_CHOICE:
        return decode_choice(field, value, path, out, error);
    case PX_FIELD_LIST:
    case PX_FIELD_MAP:
        if (value->type != (field->type == PX_FIELD_LIST ? PX_ARRAY : PX_MAP))
            return wrong_type(field, value, path, error);
        break;
    case PX_FIELD_VALUE:
        break;
    }
    memcpy(member(out, field), &value, sizeof value);
    return 0;
}

static bool is_ignored(const char *const *ignore, const struct px_value *key) {
    for (; ignore != NULL && *ignore != NULL; ignore++)
        if (px_value_is_string(key, *ignore))
            return true;
    return false;
}

static int unknown_name(const struct px_message *message, const struct px_value *key, const struct px_path *parent,
                        struct px_error *error) {
    char name[80];
    snprintf(name, sizeof name, "%.*s", key->count < 64 ? (int)key->count : 64, key->text);
    struct px_path path = {.parent = parent, .key = name};
    struct px_nearest nearest = PX_NEAREST(key->text, key->count);
    struct words words = {0};
    for (size_t i = 0; i < message->field_count; i++) {
        px_nearest_offer(&nearest, message->fields[i].name);
        words_add(&words, message->fields[i].name);
    }
    if (message->field_count == 0)
        return px_fail_at(error, PX_E_PARAM, &path, "unknown name; %s takes none", message->name);
    if (nearest.name != NULL)
        return px_fail_at(error, PX_E_PARAM, &path, "unknown name (did you mean %s?); %s takes %s", nearest.name,
                          message->name, words.text);
    return px_fail_at(error, PX_E_PARAM, &path, "unknown name; %s takes %s", message->name, words.text);
}

static bool has_field(const struct px_message *message, const struct px_value *key) {
    for (size_t i = 0; i < message->field_count; i++)
        if (px_value_is_string(key, message->fields[i].name))
            return true;
    return false;
}

static int check_names(const struct px_message *message, const struct px_value *map, const struct px_path *path,
                       const char *const *ignore, struct px_error *error) {
    for (uint32_t i = 0; i < map->count; i++) {
        const struct px_value *key = &map->pairs[i].key;
        if (!has_field(message, key) && !is_ignored(ignore, key))
            return unknown_name(message, key, path, error);
    }
    return 0;
}

int px_message_decode(const struct px_message *message, const struct px_value *value, const struct px_path *path,
                      const char *const *ignore, void *out, struct px_error *error) {
    if (value != NULL && value->type != PX_MAP)
        return px_fail_at(error, PX_E_TYPE, path, "%s is a map, not %s", message->name, px_type_name(value->type));
    memset(out, 0, message->size);
    if (value != NULL) {
        int code = check_names(message, value, path, ignore, error);
        if (code != 0)
            return code;
    }
    for (size_t i = 0; i < message->field_count; i++) {
        const struct px_field *field = &message->fields[i];
        const struct px_value *given = px_value_get(value, field->name);
        struct px_path here = {.parent = path, .key = field->name};
        if (given != NULL && given->type == PX_NIL && field->nullable)
            given = NULL;
        if (given == NULL && field->required)
            return px_fail_at(error, PX_E_PARAM, &here, "missing: %s wants a %s here", message->name,
                              field_type_name(field->type));
        int code = 0;
        if (given == NULL)
            set_default(field, out);
        else
            code = decode_field(field, given, &here, out, error);
        if (code != 0)
            return code;
    }
    return 0;
}

/* ---- encoding ---- */

static void write_finite(struct px_writer *writer, double number) {
    if (isfinite(number))
        px_write_real(writer, number);
    else
        px_write_nil(writer);
}

static void encode_text(const struct px_field *field, const struct px_text *text, struct px_writer *writer) {
    if (text->text == NULL)
        px_write_nil(writer);
    else if (field->type == PX_FIELD_STRING)
        px_write_text(writer, text->text, text->length);
    else
        px_write_bin(writer, text->text, text->length);
}

static void encode_field(const struct px_field *field, const void *in, struct px_writer *writer) {
    const void *from = const_member(in, field);
    switch (field->type) {
    case PX_FIELD_BOOL: {
        bool value;
        memcpy(&value, from, sizeof value);
        px_write_bool(writer, value);
        break;
    }
    case PX_FIELD_INT: {
        int64_t value;
        memcpy(&value, from, sizeof value);
        px_write_int(writer, value);
        break;
    }
    case PX_FIELD_NUMBER: {
        double value;
        memcpy(&value, from, sizeof value);
        write_finite(writer, value);
        break;
    }
    case PX_FIELD_STRING:
    case PX_FIELD_BYTES: {
        struct px_text value;
        memcpy(&value, from, sizeof value);
        encode_text(field, &value, writer);
        break;
    }
    case PX_FIELD_CHOICE: {
        int value;
        memcpy(&value, from, sizeof value);
        if (value < 0)
            px_write_nil(writer);
        else
            px_write_string(writer, field->choices[value]);
        break;
    }
    case PX_FIELD_LIST:
    case PX_FIELD_MAP:
    case PX_FIELD_VALUE: {
        const struct px_value *value;
        memcpy(&value, from, sizeof value);
        if (value == NULL)
            px_write_nil(writer);
        else
            px_write_value(writer, value);
        break;
    }
    }
}

void px_message_encode(const struct px_message *message, const void *in, struct px_writer *writer) {
    px_write_map(writer, (uint32_t)message->field_count);
    for (size_t i = 0; i < message->field_count; i++) {
        px_key(writer, message->fields[i].name);
        encode_field(&message->fields[i], in, writer);
    }
}

/* ---- describing ---- */

static void describe_default(const struct px_field *field, struct px_writer *writer) {
    if (field->required || isnan(field->def)) {
        px_write_nil(writer);
        return;
    }
    switch (field->type) {
    case PX_FIELD_BOOL:
        px_write_bool(writer, field->def != 0);
        break;
    case PX_FIELD_INT:
        px_write_int(writer, (int64_t)field->def);
        break;
    case PX_FIELD_NUMBER:
        write_finite(writer, field->def);
        break;
    case PX_FIELD_CHOICE:
        if (field->def < 0)
            px_write_nil(writer);
        else
            px_write_string(writer, field->choices[(int)field->def]);
        break;
    default:
        px_write_nil(writer);
        break;
    }
}

static void describe_bound(const struct px_field *field, double bound, struct px_writer *writer) {
    bool whole = field->type == PX_FIELD_INT || field->type == PX_FIELD_STRING || field->type == PX_FIELD_BYTES;
    if (!(field->min < field->max))
        px_write_nil(writer);
    else if (whole && fabs(bound) < 9223372036854775808.0)
        px_write_int(writer, (int64_t)bound);
    else
        write_finite(writer, bound);
}

static void describe_choices(const struct px_field *field, struct px_writer *writer) {
    if (field->choices == NULL) {
        px_write_nil(writer);
        return;
    }
    uint32_t count = 0;
    while (field->choices[count] != NULL)
        count++;
    px_write_array(writer, count);
    for (uint32_t i = 0; i < count; i++)
        px_write_string(writer, field->choices[i]);
}

static void describe_field(const struct px_field *field, struct px_writer *writer) {
    px_write_map(writer, 10);
    px_key(writer, "name");
    px_write_string(writer, field->name);
    px_key(writer, "type");
    px_write_string(writer, field_type_name(field->type));
    px_key(writer, "unit");
    px_write_string(writer, field->unit != NULL ? field->unit : "");
    px_key(writer, "default");
    describe_default(field, writer);
    px_key(writer, "min");
    describe_bound(field, field->min, writer);
    px_key(writer, "max");
    describe_bound(field, field->max, writer);
    px_key(writer, "choices");
    describe_choices(field, writer);
    px_key(writer, "help");
    px_write_string(writer, field->help != NULL ? field->help : "");
    px_key(writer, "since");
    px_write_string(writer, field->since != NULL ? field->since : "1");
    px_key(writer, "required");
    px_write_bool(writer, field->required);
}

void px_message_describe(const struct px_message *message, struct px_writer *writer) {
    px_write_array(writer, (uint32_t)message->field_count);
    for (size_t i = 0; i < message->field_count; i++)
        describe_field(&message->fields[i], writer);
}

bool px_text_copy(struct px_text text, char *out, size_t size) {
    if (text.length >= size || (text.length > 0 && memchr(text.text, 0, text.length) != NULL))
        return false;
    if (text.length > 0)
        memcpy(out, text.text, text.length);
    out[text.length] = '\0';
    return true;
}
