#include "daemon/rpc/methods.h"

#include "proto/nearest.h"

#include <stdlib.h>
#include <string.h>

static const struct rpc_method_table *const tables_of_the_daemon[] = {
#define X(name) &name##_method_table,
    METHOD_NAMESPACES(X)
#undef X
};

const struct rpc_method_table *const *method_tables(size_t *count) {
    *count = sizeof tables_of_the_daemon / sizeof tables_of_the_daemon[0];
    return tables_of_the_daemon;
}

static int by_name(const void *a, const void *b) {
    const struct rpc_method *const *left = a, *const *right = b;
    return strcmp((*left)->name, (*right)->name);
}

int method_index_init(struct method_index *index, const struct rpc_method_table *const *tables, size_t count,
                      struct px_error *error) {
    size_t total = 0;
    for (size_t i = 0; i < count; i++)
        total += tables[i]->count;
    const struct rpc_method **methods = calloc(total + 1, sizeof(const struct rpc_method *));
    if (methods == NULL)
        return px_fail(error, PX_E_NO_MEMORY, "no memory for %zu methods", total);
    size_t at = 0;
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < tables[i]->count; j++)
            methods[at++] = &tables[i]->methods[j];
    qsort(methods, total, sizeof methods[0], by_name);
    for (size_t i = 1; i < total; i++) {
        if (strcmp(methods[i - 1]->name, methods[i]->name) == 0) {
            int code = px_fail(error, PX_E_INTERNAL, "two methods are called %s", methods[i]->name);
            free(methods);
            return code;
        }
    }
    *index = (struct method_index){.methods = methods, .count = total};
    return 0;
}

void method_index_fini(struct method_index *index) {
    free(index->methods);
    *index = (struct method_index){0};
}

/* The name comes from a client: not terminated, and may hold a zero byte. */
static int compare_name(const char *name, size_t length, const char *with) {
    size_t with_length = strlen(with);
    int order = memcmp(name, with, length < with_length ? length : with_length);
    return order != 0 ? order : (length > with_length) - (length < with_length);
}

static int unknown_method(const struct method_index *index, const char *name, size_t length, struct px_error *error) {
    struct px_nearest nearest = PX_NEAREST(name, length);
    for (size_t i = 0; i < index->count; i++)
        px_nearest_offer(&nearest, index->methods[i]->name);
    int shown = length < 64 ? (int)length : 64;
    if (nearest.name != NULL)
        return px_fail(error, PX_E_METHOD, "there is no method \"%.*s\" (did you mean %s?); server.describe lists them",
                       shown, name, nearest.name);
    return px_fail(error, PX_E_METHOD, "there is no method \"%.*s\"; server.describe lists them", shown, name);
}

int method_find(const struct method_index *index, const char *name, size_t length, const struct rpc_method **method,
                struct px_error *error) {
    size_t low = 0, high = index->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = compare_name(name, length, index->methods[middle]->name);
        if (order == 0) {
            *method = index->methods[middle];
            return 0;
        }
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return unknown_method(index, name, length, error);
}

const char *rpc_role_name(enum rpc_role role) {
    static const char *const names[] = {"none", "view", "control"};
    return names[role];
}

static void describe_method(const struct rpc_method *method, struct px_writer *writer) {
    static const struct px_message none = {.name = "none"};
    px_write_map(writer, 7);
    px_key(writer, "name");
    px_write_string(writer, method->name);
    px_key(writer, "role");
    px_write_string(writer, rpc_role_name(method->role));
    px_key(writer, "idempotent");
    px_write_bool(writer, method->idempotent);
    px_key(writer, "params");
    px_message_describe(method->params != NULL ? method->params : &none, writer);
    px_key(writer, "help");
    px_write_string(writer, method->help != NULL ? method->help : "");
    px_key(writer, "result");
    px_write_string(writer, method->result != NULL ? method->result : "");
    px_key(writer, "since");
    px_write_string(writer, "1");
}

void method_index_describe(const struct method_index *index, struct px_writer *writer) {
    px_write_array(writer, (uint32_t)index->count);
    for (size_t i = 0; i < index->count; i++)
        describe_method(index->methods[i], writer);
}
