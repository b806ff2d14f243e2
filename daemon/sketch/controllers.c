/* controllers.c: see controllers.h. */
#include "daemon/sketch/controllers.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int number_of_text(const char *text, size_t length, int *number) {
    char digits[8];
    if (length == 0 || length >= sizeof digits)
        return -1;
    memcpy(digits, text, length);
    digits[length] = '\0';
    if (strspn(digits, "0123456789") != length)
        return -1;
    *number = atoi(digits);
    return 0;
}

int controllers_number(const struct px_value *value, const struct px_path *path, int *number, struct px_error *error) {
    double real;
    int found = -1;
    if (value->type == PX_STR) {
        if (number_of_text(value->text, value->count, &found) != 0)
            return px_fail_at(error, PX_E_RANGE, path, "a controller's number is 0 to %d, as an integer or in decimal digits",
                              CONTROLLERS - 1);
    } else if (!px_value_number(value, &real)) {
        return px_fail_at(error, PX_E_TYPE, path, "a controller's number is an integer or a decimal string, not %s",
                          px_type_name(value->type));
    } else if (real >= 0 && real < CONTROLLERS && real == floor(real)) {
        found = (int)real;
    }
    if (found < 0 || found >= CONTROLLERS)
        return px_fail_at(error, PX_E_RANGE, path, "there are controllers 0 to %d", CONTROLLERS - 1);
    *number = found;
    return 0;
}

static int take_value(double values[CONTROLLERS], const struct px_value *key, const struct px_value *value,
                      const struct px_path *path, struct px_error *error) {
    int number = 0;
    double real;
    int status = controllers_number(key, path, &number, error);
    if (status != 0)
        return status;
    if (!px_value_number(value, &real))
        return px_fail_at(error, PX_E_TYPE, path, "a number from 0 to 1 is expected, not %s", px_type_name(value->type));
    if (!(real >= 0 && real <= 1))
        return px_fail_at(error, PX_E_RANGE, path, "a controller's value is 0 to 1");
    values[number] = real;
    return 0;
}

int controllers_set(struct controllers *controllers, const struct px_value *values, const struct px_path *path,
                    struct px_error *error) {
    struct controllers changed = *controllers;
    int status = 0;
    if (values->type != PX_MAP && values->type != PX_ARRAY)
        return px_fail_at(error, PX_E_TYPE, path, "a map of controllers is expected, not %s", px_type_name(values->type));
    for (uint32_t i = 0; i < values->count && status == 0; i++) {
        if (values->type == PX_MAP) {
            char key[48];
            const struct px_pair *pair = &values->pairs[i];
            if (pair->key.type == PX_STR)
                snprintf(key, sizeof key, "%.*s", (int)(pair->key.count < 40 ? pair->key.count : 40), pair->key.text);
            else
                snprintf(key, sizeof key, "%u", i);
            const struct px_path at = {.parent = path, .key = key};
            status = take_value(changed.values, &pair->key, &pair->value, &at, error);
        } else {
            const struct px_value *item = &values->items[i];
            const struct px_path at = {.parent = path, .index = (long)i};
            if (item->type != PX_ARRAY || item->count != 2)
                return px_fail_at(error, PX_E_TYPE, &at, "a pair [number, value] is expected");
            status = take_value(changed.values, &item->items[0], &item->items[1], &at, error);
        }
    }
    if (status == 0)
        *controllers = changed;
    return status;
}
