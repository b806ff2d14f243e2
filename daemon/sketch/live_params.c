/* live_params.c: see live_params.h. */
#include "daemon/sketch/live_params.h"

#include "daemon/host/log.h"
#include "daemon/sketch/state_file.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STATE_VERSION = 1 };

/* One address: with an override, a binding, or both. */
struct entry {
    char address[LIVE_ADDRESS_MAX + 1];
    bool overridden, bound;
    struct px_document value; /* of the override; borrows from bytes */
    uint8_t *bytes;
    size_t size;
    struct live_binding binding;
};

struct live_params {
    char path[4096]; /* "" : not kept */
    char name[64];
    struct entry *entries; /* sorted by address */
    size_t count, room;
    bool unsaved;
};

static bool is_own(const char *address) {
    return strchr(address, '/') == NULL;
}

/* Where an address stands, or would stand. */
static size_t place_of(const struct live_params *params, const char *address, bool *found) {
    size_t low = 0;
    size_t high = params->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(params->entries[middle].address, address) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *found = low < params->count && strcmp(params->entries[low].address, address) == 0;
    return low;
}

static struct entry *find(const struct live_params *params, const char *address) {
    bool found;
    size_t place = place_of(params, address, &found);
    return found ? &params->entries[place] : NULL;
}

static struct entry *find_or_add(struct live_params *params, const char *address, struct px_error *error) {
    bool found;
    size_t place = place_of(params, address, &found);
    if (found)
        return &params->entries[place];
    if (params->count == LIVE_PARAMS_MAX || strlen(address) > LIVE_ADDRESS_MAX) {
        px_fail(error, PX_E_LIMIT, "%s: at most %d parameters, with addresses of %d bytes, are kept for a sketch",
                params->name, LIVE_PARAMS_MAX, LIVE_ADDRESS_MAX);
        return NULL;
    }
    if (params->count == params->room) {
        size_t room = params->room == 0 ? 16 : 2 * params->room;
        struct entry *moved = realloc(params->entries, room * sizeof *moved);
        if (moved == NULL) {
            px_fail(error, PX_E_NO_MEMORY, "no memory for the parameters of %s", params->name);
            return NULL;
        }
        params->entries = moved;
        params->room = room;
    }
    struct entry *entry = &params->entries[place];
    memmove(entry + 1, entry, (params->count - place) * sizeof *entry);
    memset(entry, 0, sizeof *entry);
    strcpy(entry->address, address);
    params->count++;
    return entry;
}

static void drop_value(struct entry *entry) {
    px_document_free(&entry->value);
    free(entry->bytes);
    entry->value = (struct px_document){0};
    entry->bytes = NULL;
    entry->overridden = false;
}

/* Takes entries out that say nothing any more. */
static void compact(struct live_params *params) {
    size_t kept = 0;
    for (size_t i = 0; i < params->count; i++)
        if (params->entries[i].overridden || params->entries[i].bound)
            params->entries[kept++] = params->entries[i];
    params->count = kept;
}

/* ---- keeping ------------------------------------------------------------------------------------------------------ */

static void read_overrides(struct live_params *params, const struct px_value *map) {
    for (uint32_t i = 0; map != NULL && map->type == PX_MAP && i < map->count; i++) {
        char address[LIVE_ADDRESS_MAX + 1];
        const struct px_value *key = &map->pairs[i].key;
        if (key->type != PX_STR || key->count > LIVE_ADDRESS_MAX)
            continue;
        memcpy(address, key->text, key->count);
        address[key->count] = '\0';
        live_params_set(params, address, &map->pairs[i].value, NULL);
    }
}

static void read_bindings(struct live_params *params, const struct px_value *map) {
    for (uint32_t i = 0; map != NULL && map->type == PX_MAP && i < map->count; i++) {
        char address[LIVE_ADDRESS_MAX + 1];
        const struct px_value *key = &map->pairs[i].key;
        const struct px_value *list = &map->pairs[i].value;
        double cc, lo, hi;
        if (key->type != PX_STR || key->count > LIVE_ADDRESS_MAX || list->type != PX_ARRAY || list->count != 3 ||
            !px_value_number(&list->items[0], &cc) || !px_value_number(&list->items[1], &lo) ||
            !px_value_number(&list->items[2], &hi) || !(cc >= 0 && cc < CONTROLLERS) || !isfinite(lo) || !isfinite(hi))
            continue;
        memcpy(address, key->text, key->count);
        address[key->count] = '\0';
        live_params_bind(params, address, (struct live_binding){.cc = (int)cc, .lo = lo, .hi = hi}, NULL);
    }
}

static void load(struct live_params *params) {
    uint8_t *bytes;
    size_t size;
    struct px_error error;
    struct px_document document = {0};
    int status = state_file_read(params->path, &bytes, &size, &error);
    if (status == PX_E_NOT_FOUND)
        return;
    if (status == 0) {
        status = px_value_decode(bytes, size, &PX_LIMITS_DEFAULT, &document, &error);
        if (status == 0) {
            read_overrides(params, px_value_get(&document.root, "overrides"));
            read_bindings(params, px_value_get(&document.root, "bindings"));
        }
        px_document_free(&document);
        free(bytes);
    }
    if (status != 0)
        log_warning("sketch", "%s: its saved parameters cannot be read: %s", params->name, error.message);
    params->unsaved = false;
}

struct live_params *live_params_create(const char *state_dir, const char *name) {
    struct live_params *params = calloc(1, sizeof *params);
    if (params == NULL)
        return NULL;
    snprintf(params->name, sizeof params->name, "%s", name);
    if (state_dir[0] != '\0' && state_file_path(state_dir, name, params->path, sizeof params->path))
        load(params);
    return params;
}

void live_params_destroy(struct live_params *params) {
    if (params == NULL)
        return;
    live_params_save(params);
    for (size_t i = 0; i < params->count; i++)
        drop_value(&params->entries[i]);
    free(params->entries);
    free(params);
}

bool live_params_unsaved(const struct live_params *params) {
    return params->unsaved;
}

static void write_state(const struct live_params *params, struct px_writer *writer) {
    uint32_t overridden = 0;
    uint32_t bound = 0;
    for (size_t i = 0; i < params->count; i++) {
        overridden += params->entries[i].overridden;
        bound += params->entries[i].bound;
    }
    px_write_map(writer, 3);
    px_key(writer, "version");
    px_write_int(writer, STATE_VERSION);
    px_key(writer, "overrides");
    px_write_map(writer, overridden);
    for (size_t i = 0; i < params->count; i++) {
        if (!params->entries[i].overridden)
            continue;
        px_key(writer, params->entries[i].address);
        px_write_raw(writer, params->entries[i].bytes, params->entries[i].size);
    }
    px_key(writer, "bindings");
    px_write_map(writer, bound);
    for (size_t i = 0; i < params->count; i++) {
        const struct live_binding *binding = &params->entries[i].binding;
        if (!params->entries[i].bound)
            continue;
        px_key(writer, params->entries[i].address);
        px_write_array(writer, 3);
        px_write_int(writer, binding->cc);
        px_write_real(writer, binding->lo);
        px_write_real(writer, binding->hi);
    }
}

void live_params_save(struct live_params *params) {
    struct px_error error;
    struct px_writer writer;
    if (!params->unsaved || params->path[0] == '\0')
        return;
    params->unsaved = false;
    px_writer_init(&writer, STATE_FILE_MAX_BYTES);
    write_state(params, &writer);
    int status = px_writer_finish(&writer, &error);
    if (status == 0)
        status = state_file_write(params->path, writer.bytes, writer.size, &error);
    if (status != 0)
        log_warning("sketch", "%s: its parameters are not saved: %s", params->name, error.message);
    px_writer_free(&writer);
}

/* ---- changes ------------------------------------------------------------------------------------------------------ */

int live_params_set(struct live_params *params, const char *address, const struct px_value *value,
                    struct px_error *error) {
    struct px_writer writer;
    struct px_document document = {0};
    size_t size;
    px_writer_init(&writer, LIVE_VALUE_MAX_BYTES);
    px_write_value(&writer, value);
    int status = px_writer_finish(&writer, error);
    if (status != 0) {
        px_writer_free(&writer);
        return px_fail(error, PX_E_LIMIT, "values[\"%s\"]: a value has at most %d bytes", address, LIVE_VALUE_MAX_BYTES);
    }
    uint8_t *bytes = px_writer_take(&writer, &size);
    status = px_value_decode(bytes, size, &PX_LIMITS_DEFAULT, &document, error);
    struct entry *entry = status == 0 ? find_or_add(params, address, error) : NULL;
    if (entry == NULL) {
        px_document_free(&document);
        free(bytes);
        return status != 0 ? status : PX_E_LIMIT;
    }
    drop_value(entry);
    entry->value = document;
    entry->bytes = bytes;
    entry->size = size;
    entry->overridden = true;
    params->unsaved = true;
    return 0;
}

bool live_params_reset(struct live_params *params, const char *address) {
    bool any = false;
    for (size_t i = 0; i < params->count; i++) {
        struct entry *entry = &params->entries[i];
        if (entry->overridden && (address == NULL || strcmp(entry->address, address) == 0)) {
            drop_value(entry);
            any = true;
        }
    }
    compact(params);
    params->unsaved = params->unsaved || any;
    return any;
}

int live_params_bind(struct live_params *params, const char *address, struct live_binding binding,
                     struct px_error *error) {
    struct entry *entry = find_or_add(params, address, error);
    if (entry == NULL)
        return PX_E_LIMIT;
    entry->binding = binding;
    entry->bound = true;
    params->unsaved = true;
    return 0;
}

bool live_params_unbind(struct live_params *params, const char *address) {
    struct entry *entry = find(params, address);
    bool any = entry != NULL && entry->bound;
    if (any) {
        entry->bound = false;
        params->unsaved = true;
        compact(params);
    }
    return any;
}

const struct live_binding *live_params_binding(const struct live_params *params, const char *address) {
    const struct entry *entry = find(params, address);
    return entry != NULL && entry->bound ? &entry->binding : NULL;
}

const struct px_value *live_params_override(const struct live_params *params, const char *address) {
    const struct entry *entry = find(params, address);
    return entry != NULL && entry->overridden ? &entry->value.root : NULL;
}

bool live_params_bound(const struct live_params *params) {
    for (size_t i = 0; i < params->count; i++)
        if (params->entries[i].bound)
            return true;
    return false;
}

/* ---- what is in force --------------------------------------------------------------------------------------------- */

/* The value of an entry: its controller's, else its override. number: room for the former. */
static const struct px_value *value_in_force(const struct entry *entry, const struct controllers *controllers,
                                             struct px_value *number) {
    if (!entry->bound)
        return &entry->value.root;
    const struct live_binding *binding = &entry->binding;
    *number = (struct px_value){
        .type = PX_REAL, .real = binding->lo + (binding->hi - binding->lo) * controllers->values[binding->cc]};
    return number;
}

int live_params_overrides(const struct live_params *params, const struct controllers *controllers,
                          struct overrides **overrides, struct px_error *error) {
    struct override *list = calloc(params->count + 1, sizeof *list);
    struct px_value *numbers = calloc(params->count + 1, sizeof *numbers);
    size_t count = 0;
    int status = list != NULL && numbers != NULL ? 0 : px_fail(error, PX_E_NO_MEMORY, "no memory for overrides");
    *overrides = NULL;
    for (size_t i = 0; status == 0 && i < params->count; i++) {
        const struct entry *entry = &params->entries[i];
        if (is_own(entry->address))
            continue;
        list[count++] = (struct override){.address = entry->address,
                                          .value = value_in_force(entry, controllers, &numbers[i]),
                                          .from_cc = entry->bound};
    }
    if (status == 0 && count > 0)
        status = overrides_create(list, count, overrides, error);
    free(list);
    free(numbers);
    return status;
}

void live_params_write_own(const struct live_params *params, const struct controllers *controllers,
                           struct px_writer *writer) {
    uint32_t count = 0;
    for (size_t i = 0; i < params->count; i++)
        count += is_own(params->entries[i].address);
    px_write_map(writer, count);
    for (size_t i = 0; i < params->count; i++) {
        struct px_value number;
        if (!is_own(params->entries[i].address))
            continue;
        px_key(writer, params->entries[i].address);
        px_write_value(writer, value_in_force(&params->entries[i], controllers, &number));
    }
}

void live_params_write_bindings(const struct live_params *params, struct px_writer *writer) {
    uint32_t count = 0;
    for (size_t i = 0; i < params->count; i++)
        count += params->entries[i].bound;
    px_write_array(writer, count);
    for (size_t i = 0; i < params->count; i++) {
        const struct entry *entry = &params->entries[i];
        if (!entry->bound)
            continue;
        px_write_map(writer, 4);
        px_key(writer, "param");
        px_write_string(writer, entry->address);
        px_key(writer, "cc");
        px_write_int(writer, entry->binding.cc);
        px_key(writer, "lo");
        px_write_real(writer, entry->binding.lo);
        px_key(writer, "hi");
        px_write_real(writer, entry->binding.hi);
    }
}
