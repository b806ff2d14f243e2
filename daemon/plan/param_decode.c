/* param_decode.c: one value into the member of a parameter struct that its table entry names. Nothing is written unless
 * the whole value fits. */
#include "daemon/plan/decode.h"

#include <math.h>
#include <stdio.h>

enum { LIST_ITEMS_MAX = 65536, STRING_BYTES_MAX = 65536 };

static int decode_integer(struct decoder *decoder, const struct param *param, const struct px_value *value,
                          const struct px_path *path, int64_t *out, bool *open) {
    double number = 0;
    bool here = false;
    int code = decode_number(decoder, value, path, "a whole number", &number, &here);
    *open |= here;
    if (code < 0 || here)
        return code;
    if (number > PARAM_INTEGER_MAX)
        number = PARAM_INTEGER_MAX;
    if (number < -PARAM_INTEGER_MAX)
        number = -PARAM_INTEGER_MAX;
    *out = (int64_t)(param->rounded ? rint(number) : trunc(number));
    return 0;
}

static int decode_bool(struct decoder *decoder, const struct px_value *value, const struct px_path *path, bool *out) {
    if (value->type != PX_BOOL)
        return decode_type(decoder, value, path, "true or false");
    *out = value->boolean;
    return 0;
}

/* A fixed count of numbers; with `broadcast` one number means all of them. */
static int decode_components(struct decoder *decoder, const struct px_value *value, const struct px_path *path,
                             const char *what, uint32_t count, bool broadcast, double *out, bool *open) {
    double numbers[4];
    memcpy(numbers, out, count * sizeof *numbers);
    if (value->type != PX_ARRAY) {
        if (!broadcast)
            return decode_type(decoder, value, path, what);
        int code = decode_number(decoder, value, path, what, &numbers[0], open);
        if (code < 0)
            return code;
        for (uint32_t i = 0; i < count; i++)
            out[i] = numbers[0];
        return 0;
    }
    if (value->count != count)
        return px_fail_at(decoder->error, PX_E_TYPE, path, "expected %s, got a list of %u", what, value->count);
    for (uint32_t i = 0; i < count; i++) {
        const struct px_path at = {path, NULL, (long)i};
        int code = decode_number(decoder, &value->items[i], &at, "a number", &numbers[i], open);
        if (code < 0)
            return code;
    }
    memcpy(out, numbers, count * sizeof *numbers);
    return 0;
}

/* Single values stand for a list of one. */
static int list_count(struct decoder *decoder, const struct px_value *value, const struct px_path *path,
                      const char *what, uint32_t *count) {
    *count = value->type == PX_ARRAY ? value->count : 1;
    if (*count == 0)
        return px_fail_at(decoder->error, PX_E_RANGE, path, "an empty list; expected %s", what);
    if (*count > LIST_ITEMS_MAX)
        return px_fail_at(decoder->error, PX_E_LIMIT, path, "a list of %u; at most %d are accepted", *count,
                          LIST_ITEMS_MAX);
    return 0;
}

static int decode_numbers(struct decoder *decoder, const struct param *param, const struct px_value *value,
                          const struct px_path *path, struct param_numbers *out, bool *open) {
    const char *what = "a number or a list of numbers";
    uint32_t count;
    int code = list_count(decoder, value, path, what, &count);
    if (code < 0)
        return code;
    double *items = decoder_take(decoder, count * sizeof *items);
    if (items == NULL)
        return decoder_no_memory(decoder);
    for (uint32_t i = 0; i < count && code == 0; i++) {
        const struct px_path at = {path, NULL, (long)i};
        items[i] = param->def;
        code = value->type == PX_ARRAY ? decode_number(decoder, &value->items[i], &at, "a number", &items[i], open)
                                       : decode_number(decoder, value, path, what, &items[i], open);
    }
    if (code == 0)
        *out = (struct param_numbers){items, count};
    return code;
}

static int decode_bools(struct decoder *decoder, const struct px_value *value, const struct px_path *path,
                        struct param_bools *out) {
    uint32_t count;
    int code = list_count(decoder, value, path, "a bool or a list of bools", &count);
    if (code < 0)
        return code;
    bool *items = decoder_take(decoder, count * sizeof *items);
    if (items == NULL)
        return decoder_no_memory(decoder);
    for (uint32_t i = 0; i < count && code == 0; i++) {
        const struct px_path at = {path, NULL, (long)i};
        code = value->type == PX_ARRAY ? decode_bool(decoder, &value->items[i], &at, &items[i])
                                       : decode_bool(decoder, value, path, &items[i]);
    }
    if (code == 0)
        *out = (struct param_bools){items, count};
    return code;
}

static int decode_string(struct decoder *decoder, const struct px_value *value, const struct px_path *path,
                         struct param_string *out) {
    const char *text;
    int code = decode_text(decoder, value, path, STRING_BYTES_MAX, &text);
    if (code == 0)
        *out = (struct param_string){text, value->count};
    return code;
}

static int decode_choice(struct decoder *decoder, const struct param *param, const struct px_value *value,
                         const struct px_path *path, int32_t *out) {
    char words[256] = "";
    size_t at = 0;
    for (int32_t i = 0; param->choices[i] != NULL; i++) {
        if (px_value_is_string(value, param->choices[i])) {
            *out = i;
            return 0;
        }
        int n = snprintf(words + at, sizeof words - at, "%s%s", i == 0 ? "" : ", ", param->choices[i]);
        at = n > 0 && (size_t)n < sizeof words - at ? at + (size_t)n : at;
    }
    if (value->type != PX_STR)
        return px_fail_at(decoder->error, PX_E_TYPE, path, "expected one of %s; got %s", words,
                          px_type_name(value->type));
    return px_fail_at(decoder->error, PX_E_RANGE, path, "expected one of %s; got \"%.*s\"", words,
                      (int)(value->count < 40 ? value->count : 40), value->text);
}

int decode_param(struct decoder *decoder, const struct param *param, const struct px_value *value,
                 const struct px_path *path, void *params, bool *open) {
    void *member = (char *)params + param->offset;
    switch (param->type) {
    case PARAM_NUMBER:
        if (param->optional && value->type == PX_NIL) {
            *(double *)member = NAN;
            return 0;
        }
        return decode_number(decoder, value, path, param->optional ? "a number or nil" : "a number", member, open);
    case PARAM_INTEGER:
        return decode_integer(decoder, param, value, path, member, open);
    case PARAM_BOOL:
        return decode_bool(decoder, value, path, member);
    case PARAM_VECTOR:
        return decode_components(decoder, value, path, "three numbers, or one for all", 3, true, member, open);
    case PARAM_REGION:
        return decode_components(decoder, value, path, "four numbers", 4, false, member, open);
    case PARAM_STRING:
        return decode_string(decoder, value, path, member);
    case PARAM_CHOICE:
        return decode_choice(decoder, param, value, path, member);
    case PARAM_NUMBERS:
        return decode_numbers(decoder, param, value, path, member, open);
    case PARAM_BOOLS:
        return decode_bools(decoder, value, path, member);
    case PARAM_RESOURCE:
        return decode_string(decoder, value, path, &((struct param_resource *)member)->name);
    case PARAM_NODE:
        break;
    }
    return px_fail_at(decoder->error, PX_E_TYPE, path, "a node cannot stand here");
}

int plan_param_check(const struct param *param, const struct px_value *value, const struct px_path *path,
                     struct px_error *error) {
    struct plan_body body = {0};
    struct decoder *decoder = &(struct decoder){.body = &body, .error = error, .literal = true};
    if (!plan_memory_open(&body.memory, NULL))
        return decoder_no_memory(decoder);
    bool open = false;
    size_t room = param->offset + sizeof(struct param_resource) + 4 * sizeof(double);
    void *params = plan_memory_take(&body.memory, room);
    int code = params == NULL ? decoder_no_memory(decoder) : 0;
    if (code == 0) {
        memset(params, 0, room);
        code = decode_param(decoder, param, value, path, params, &open);
    }
    plan_memory_close(&body.memory);
    return code;
}
