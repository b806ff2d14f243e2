/* parameters.c: see parameters.h. */
#include "daemon/sketch/parameters.h"

#include "proto/nearest.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char seed_address[] = "seed";

/* ---- writing ------------------------------------------------------------------------------------------------------ */

struct listing {
    struct live *live;
    struct px_writer *writer; /* NULL: only count */
    uint32_t count;
};

static void write_key_string(struct px_writer *writer, const char *key, const char *text) {
    px_key(writer, key);
    px_write_string(writer, text);
}

static void write_key_real(struct px_writer *writer, const char *key, double value) {
    px_key(writer, key);
    px_write_real(writer, value);
}

static void write_choices(struct px_writer *writer, const char *const *choices) {
    uint32_t count = 0;
    while (choices[count] != NULL)
        count++;
    px_key(writer, "choices");
    px_write_array(writer, count);
    for (uint32_t i = 0; i < count; i++)
        px_write_string(writer, choices[i]);
}

/* The default as a value: the table's defaults, written by the same hand. */
static void write_default(struct px_writer *writer, const struct kernel *kernel, const struct param *param) {
    void *defaults = calloc(1, kernel->params_size + 1);
    px_key(writer, "default");
    if (defaults == NULL || param->type == PARAM_NODE || param->required) {
        px_write_nil(writer);
    } else {
        params_set_defaults(kernel->params, kernel->param_count, defaults);
        plan_param_write(param, (const char *)defaults + param->offset, writer);
    }
    free(defaults);
}

static void write_kernel_parameter(void *argument, const char *address, const struct kernel *kernel,
                                   const struct param *param, const void *value, const char *from) {
    struct listing *listing = argument;
    struct px_writer *writer = listing->writer;
    bool range = param->min != param->max;
    listing->count++;
    if (writer == NULL)
        return;
    px_write_map(writer, 9u + (range ? 3 : 0) + (param->choices != NULL));
    write_key_string(writer, "name", address);
    write_key_string(writer, "param", param->name);
    write_key_string(writer, "kernel", kernel->name);
    write_key_string(writer, "type", param_type_name(param->type));
    write_key_string(writer, "unit", param->unit != NULL ? param->unit : "");
    if (range) {
        write_key_real(writer, "min", param->min);
        write_key_real(writer, "max", param->max);
        write_key_real(writer, "step", param->step);
    }
    if (param->choices != NULL)
        write_choices(writer, param->choices);
    write_key_string(writer, "help", param->help != NULL ? param->help : "");
    px_key(writer, "value");
    plan_param_write(param, value, writer);
    write_default(writer, kernel, param);
    write_key_string(writer, "from", from);
}

static const char *own_from(struct live *live, const char *address) {
    if (live_params_binding(live_values(live), address) != NULL)
        return "cc";
    return live_params_override(live_values(live), address) != NULL ? "override" : "default";
}

/* One of the sketch's own: the map its process sent, with where its value is from. */
static void write_own(struct live *live, const struct px_value *own, struct px_writer *writer) {
    char name[64] = "";
    const struct px_value *text = px_value_get(own, "name");
    if (text != NULL && text->type == PX_STR && text->count < sizeof name)
        memcpy(name, text->text, text->count);
    px_write_map(writer, own->count + 2);
    px_key(writer, "kernel");
    px_write_nil(writer);
    for (uint32_t i = 0; i < own->count; i++) {
        px_write_value(writer, &own->pairs[i].key);
        px_write_value(writer, &own->pairs[i].value);
    }
    write_key_string(writer, "from", own_from(live, name));
}

/* A script's seed, or that of a plan given as data; submitted plans bring theirs with every frame. */
static bool has_seed(const struct live *live) {
    return live_source(live) != NULL;
}

static const char *seed_from(struct live *live) {
    if (live_params_override(live_values(live), seed_address) != NULL)
        return "override";
    return live_plan(live)->seed != 0 ? "explicit" : "default";
}

static void write_seed(struct live *live, struct px_writer *writer) {
    px_write_map(writer, 6);
    write_key_string(writer, "name", seed_address);
    px_key(writer, "kernel");
    px_write_nil(writer);
    write_key_string(writer, "type", "integer");
    px_key(writer, "value");
    px_write_uint(writer, live_plan(live)->seed);
    px_key(writer, "default");
    px_write_int(writer, 0);
    write_key_string(writer, "from", seed_from(live));
}

void parameters_write(struct live *live, struct px_writer *writer) {
    const struct plan *plan = live_plan(live);
    const struct px_value *own = live_own(live);
    bool seed = has_seed(live) && plan != NULL;
    struct listing listing = {.live = live};
    if (plan != NULL)
        plan_parameters(plan, write_kernel_parameter, &listing);
    px_write_array(writer, listing.count + (own != NULL ? own->count : 0) + seed);
    for (uint32_t i = 0; own != NULL && i < own->count; i++)
        write_own(live, &own->items[i], writer);
    if (seed)
        write_seed(live, writer);
    listing.writer = writer;
    if (plan != NULL)
        plan_parameters(plan, write_kernel_parameter, &listing);
}

/* ---- finding ------------------------------------------------------------------------------------------------------ */

struct search {
    const char *address;
    const struct param *param;
    struct px_nearest nearest;
    char nearest_address[256]; /* addresses are borrowed during the visit only */
};

static void look_at(void *argument, const char *address, const struct kernel *kernel, const struct param *param,
                    const void *value, const char *from) {
    struct search *search = argument;
    (void)kernel, (void)value, (void)from;
    if (strcmp(address, search->address) == 0)
        search->param = param;
    px_nearest_offer(&search->nearest, address);
    if (search->nearest.name == address) {
        strncpy(search->nearest_address, address, sizeof search->nearest_address - 1);
        search->nearest.name = search->nearest_address;
    }
}

static const struct px_value *find_own(struct live *live, const char *address) {
    const struct px_value *own = live_own(live);
    for (uint32_t i = 0; own != NULL && i < own->count; i++)
        if (px_value_is_string(px_value_get(&own->items[i], "name"), address))
            return &own->items[i];
    return NULL;
}

static void search_for(struct live *live, const char *address, struct search *search) {
    *search = (struct search){.address = address, .nearest = PX_NEAREST(address, strlen(address))};
    if (live_plan(live) != NULL)
        plan_parameters(live_plan(live), look_at, search);
}

static int unknown(const struct search *search, const struct px_path *path, struct px_error *error) {
    if (search->nearest.name != NULL)
        return px_fail_at(error, PX_E_PARAM, path, "there is no parameter \"%s\"; did you mean \"%s\"?", search->address,
                          search->nearest.name);
    return px_fail_at(error, PX_E_PARAM, path, "there is no parameter \"%s\"; param.get lists them", search->address);
}

static int check_own(const struct px_value *own, const struct px_value *value, const struct px_path *path,
                     struct px_error *error) {
    const struct px_value *type = px_value_get(own, "type");
    double number;
    if (px_value_is_string(type, "number")) {
        if (!px_value_number(value, &number))
            return px_fail_at(error, PX_E_TYPE, path, "a number is expected, not %s", px_type_name(value->type));
        if (!isfinite(number))
            return px_fail_at(error, PX_E_RANGE, path, "a finite number is expected");
        return 0;
    }
    enum px_type wanted = px_value_is_string(type, "bool") ? PX_BOOL : PX_STR;
    if (value->type != wanted)
        return px_fail_at(error, PX_E_TYPE, path, "a %s is expected, not %s", px_type_name(wanted),
                          px_type_name(value->type));
    if (wanted == PX_STR && value->count > 255)
        return px_fail_at(error, PX_E_LIMIT, path, "a text of at most 255 bytes is expected");
    return 0;
}

static int check_seed(const struct px_value *value, const struct px_path *path, struct px_error *error) {
    double seed;
    if (!px_value_number(value, &seed))
        return px_fail_at(error, PX_E_TYPE, path, "an integer is expected, not %s", px_type_name(value->type));
    if (!(seed >= 0 && seed <= 9007199254740992.0) || seed != floor(seed))
        return px_fail_at(error, PX_E_RANGE, path, "an integer of 0 or more is expected");
    return 0;
}

int parameters_check(struct live *live, const char *address, const struct px_value *value, const struct px_path *path,
                     struct px_error *error) {
    struct search search;
    search_for(live, address, &search);
    if (search.param != NULL)
        return plan_param_check(search.param, value, path, error);
    const struct px_value *own = find_own(live, address);
    if (own != NULL)
        return check_own(own, value, path, error);
    if (strcmp(address, seed_address) == 0 && has_seed(live))
        return check_seed(value, path, error);
    return unknown(&search, path, error);
}

int parameters_range(struct live *live, const char *address, double *lo, double *hi, struct px_error *error) {
    const struct px_path path = {.key = "param"};
    struct search search;
    search_for(live, address, &search);
    *lo = 0;
    *hi = 1;
    if (search.param != NULL) {
        enum param_type type = search.param->type;
        if (type != PARAM_NUMBER && type != PARAM_INTEGER && type != PARAM_VECTOR && type != PARAM_NUMBERS)
            return px_fail_at(error, PX_E_TYPE, &path, "%s is a %s: a controller moves numbers", address,
                              param_type_name(type));
        if (search.param->min < search.param->max) {
            *lo = search.param->min;
            *hi = search.param->max;
        }
        return 0;
    }
    const struct px_value *own = find_own(live, address);
    if (own == NULL)
        return unknown(&search, &path, error);
    if (!px_value_is_string(px_value_get(own, "type"), "number"))
        return px_fail_at(error, PX_E_TYPE, &path, "%s is no number: a controller moves numbers", address);
    px_value_number(px_value_get(own, "min"), lo);
    px_value_number(px_value_get(own, "max"), hi);
    return 0;
}
