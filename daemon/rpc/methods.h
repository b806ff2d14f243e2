/* methods.h: the list of method tables, one a namespace; and finding a method by its name.
 *
 * A namespace is <namespace>_methods.c, which defines `const struct rpc_method_table <namespace>_method_table`; it gets
 * one line here.
 */
#ifndef RPC_METHODS_H
#define RPC_METHODS_H

#include "daemon/rpc/rpc.h"

#define METHOD_NAMESPACES(X)                                                                                           \
    X(server)                                                                                                          \
    X(stats)                                                                                                           \
    X(log)                                                                                                             \
    X(subscribe)                                                                                                       \
    X(sketch)                                                                                                          \
    X(clock)                                                                                                           \
    X(param)                                                                                                           \
    X(cc)                                                                                                              \
    X(geometry)                                                                                                        \
    X(export)                                                                                                          \
    X(job)                                                                                                             \
    X(cache)

#define X(name) extern const struct rpc_method_table name##_method_table;
METHOD_NAMESPACES(X)
#undef X

/* A table's initialiser from its array. */
#define METHOD_TABLE(array) {.methods = array, .count = sizeof(array) / sizeof(array)[0]}

const struct rpc_method_table *const *method_tables(size_t *count);

/* Methods of all tables, sorted by name. */
struct method_index {
    const struct rpc_method **methods;
    size_t count;
};

/* method_index_init: PX_E_INTERNAL when two methods have one name. */
int method_index_init(struct method_index *index, const struct rpc_method_table *const *tables, size_t count,
                      struct px_error *error);
void method_index_fini(struct method_index *index);

/* method_find: E_METHOD with the nearest name when there is none. */
int method_find(const struct method_index *index, const char *name, size_t length, const struct rpc_method **method,
                struct px_error *error);

/* method_index_describe: a list of {name, role, idempotent, params, help, result, since}. */
void method_index_describe(const struct method_index *index, struct px_writer *writer);
const char *rpc_role_name(enum rpc_role role); /* "none", "view", "control" */

#endif
