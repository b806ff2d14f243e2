/* param.c: defaults, look-up and signature of parameters, all from their table. */
#include "daemon/kernel/param.h"

#include "shared/signature.h"

#include <string.h>

static const char *const type_names[] = {
    [PARAM_NUMBER] = "number", [PARAM_INTEGER] = "integer",   [PARAM_BOOL] = "bool",       [PARAM_VECTOR] = "vector",
    [PARAM_STRING] = "string", [PARAM_CHOICE] = "choice",     [PARAM_NUMBERS] = "numbers", [PARAM_BOOLS] = "bools",
    [PARAM_REGION] = "region", [PARAM_RESOURCE] = "resource", [PARAM_NODE] = "node",
};

const char *param_type_name(enum param_type type) {
    return type_names[type];
}

/* Component i of a default: from the list if there is one. */
static double default_at(const struct param *param, size_t i) {
    return param->def_list != NULL ? param->def_list[i] : param->def;
}

static void set_default_components(const struct param *param, double *out, size_t count) {
    for (size_t i = 0; i < count; i++)
        out[i] = default_at(param, i);
}

static struct param_string default_text(const struct param *param) {
    const char *text = param->def_text != NULL ? param->def_text : "";
    return (struct param_string){.text = text, .length = (uint32_t)strlen(text)};
}

static void set_default(const struct param *param, void *member) {
    static const bool bools[2] = {false, true};
    switch (param->type) {
    case PARAM_NUMBER:
        *(double *)member = param->optional && param->def == 0.0 ? NAN : param->def;
        break;
    case PARAM_INTEGER:
        *(int64_t *)member = (int64_t)param->def;
        break;
    case PARAM_BOOL:
        *(bool *)member = param->def != 0.0;
        break;
    case PARAM_VECTOR:
        set_default_components(param, member, 3);
        break;
    case PARAM_REGION:
        set_default_components(param, member, 4);
        break;
    case PARAM_CHOICE:
        *(int32_t *)member = (int32_t)param->def;
        break;
    case PARAM_NUMBERS:
        *(struct param_numbers *)member = param->def_list != NULL
                                              ? (struct param_numbers){param->def_list, param->def_count}
                                              : (struct param_numbers){&param->def, 1};
        break;
    case PARAM_BOOLS:
        *(struct param_bools *)member = (struct param_bools){&bools[param->def != 0.0], 1};
        break;
    case PARAM_STRING:
        *(struct param_string *)member = default_text(param);
        break;
    case PARAM_RESOURCE:
        *(struct param_resource *)member = (struct param_resource){.name = default_text(param)};
        break;
    case PARAM_NODE:
        *(uint32_t *)member = 0;
        break;
    }
}

void params_set_defaults(const struct param *params, size_t count, void *out) {
    for (size_t i = 0; i < count; i++)
        set_default(&params[i], (char *)out + params[i].offset);
}

const struct param *params_find(const struct param *params, size_t count, const char *name, size_t name_length) {
    for (size_t i = 0; i < count; i++) {
        if (strlen(params[i].name) == name_length && memcmp(params[i].name, name, name_length) == 0)
            return &params[i];
    }
    return NULL;
}

static void sign_numbers(const double *numbers, size_t count, struct px_hasher *hasher) {
    px_hasher_add_integer(hasher, (int64_t)count);
    for (size_t i = 0; i < count; i++)
        px_hasher_add_number(hasher, numbers[i]);
}

static void sign_bools(const struct param_bools *bools, struct px_hasher *hasher) {
    px_hasher_add_integer(hasher, (int64_t)bools->count);
    for (size_t i = 0; i < bools->count; i++)
        px_hasher_add_integer(hasher, bools->items[i] ? 1 : 0);
}

/* A number, or the word none. */
static void sign_number(double value, struct px_hasher *hasher) {
    if (isnan(value))
        px_hasher_add_string(hasher, "none", 4);
    else
        px_hasher_add_number(hasher, value);
}

/* Everything but NODE and RESOURCE. */
static void sign_value(const struct param *param, const void *member, struct px_hasher *hasher) {
    switch (param->type) {
    case PARAM_NUMBER:
        sign_number(*(const double *)member, hasher);
        break;
    case PARAM_INTEGER:
        px_hasher_add_integer(hasher, *(const int64_t *)member);
        break;
    case PARAM_BOOL:
        px_hasher_add_integer(hasher, *(const bool *)member ? 1 : 0);
        break;
    case PARAM_VECTOR:
        sign_numbers(member, 3, hasher);
        break;
    case PARAM_REGION:
        sign_numbers(member, 4, hasher);
        break;
    case PARAM_CHOICE: {
        const char *word = param->choices[*(const int32_t *)member];
        px_hasher_add_string(hasher, word, strlen(word));
        break;
    }
    case PARAM_NUMBERS: {
        const struct param_numbers *numbers = member;
        sign_numbers(numbers->items, numbers->count, hasher);
        break;
    }
    case PARAM_BOOLS:
        sign_bools(member, hasher);
        break;
    case PARAM_STRING: {
        const struct param_string *string = member;
        px_hasher_add_string(hasher, string->text, string->length);
        break;
    }
    case PARAM_RESOURCE:
    case PARAM_NODE:
        break;
    }
}

/* A resource counts by its bytes and, because the kernel warns then, by whether it stands in for another. */
static void sign_resource(const struct param_resource *resource, struct px_signature digest, struct px_hasher *hasher) {
    px_hasher_add_signature(hasher, digest);
    px_hasher_add_integer(hasher, resource->fallback ? 1 : 0);
}

void params_sign(const struct param *params, size_t count, const void *values, const struct px_signature *digests,
                 struct px_hasher *hasher) {
    size_t resources = 0;
    for (size_t i = 0; i < count; i++) {
        const struct param *param = &params[i];
        const void *member = (const char *)values + param->offset;
        if (param->type == PARAM_NODE)
            continue;
        px_hasher_add_string(hasher, param->name, strlen(param->name));
        px_hasher_add_integer(hasher, param->type);
        if (param->type == PARAM_RESOURCE)
            sign_resource(member, digests[resources++], hasher);
        else
            sign_value(param, member, hasher);
    }
}
