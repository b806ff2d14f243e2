#include "client/ctl/value.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

double value_number(const struct px_value *map, const char *key, double fallback) {
    double number;
    const struct px_value *value = px_value_get(map, key);
    return value && px_value_number(value, &number) ? number : fallback;
}

const char *value_print(const struct px_value *value, char *out, size_t size) {
    double number = 0;
    if (!value || value->type == PX_NIL)
        snprintf(out, size, "%s", "");
    else if (value->type == PX_STR)
        snprintf(out, size, "%.*s", (int)value->count, value->text);
    else if (value->type == PX_BOOL)
        snprintf(out, size, "%s", value->boolean ? "yes" : "no");
    else if (value->type == PX_UINT)
        snprintf(out, size, "%" PRIu64, value->uinteger);
    else if (px_value_number(value, &number))
        snprintf(out, size, "%.6g", number);
    else
        snprintf(out, size, "(%s)", px_type_name(value->type));
    return out;
}

const char *value_text(const struct px_value *map, const char *key, char *out, size_t size) {
    return value_print(px_value_get(map, key), out, size);
}

bool value_true(const struct px_value *map, const char *key) {
    const struct px_value *value = px_value_get(map, key);
    return value && value->type == PX_BOOL && value->boolean;
}

const struct px_value *value_list(const struct px_value *value, const char *key) {
    if (value->type != PX_ARRAY)
        value = px_value_get(value, key);
    return value && value->type == PX_ARRAY ? value : NULL;
}
