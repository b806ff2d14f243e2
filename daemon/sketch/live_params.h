/* live_params.h: values that a person gave to a sketch's parameters: overrides and bindings to controllers.
 *
 *     in force:  controller bound to it  >  override  >  what the sketch says  >  the kernel's default
 *
 * They belong to the sketch's name and outlive reloads and restarts: kept in state_dir, one MessagePack file a name,
 * written whole and renamed, read when the name is first used.
 *
 * Addresses  `<label>/<kernel>[#n].<parameter>`; without a slash: one of the sketch's own param(), or `seed`.
 * Threads    LOOP. Ownership: everything given is copied.
 * Limits     LIVE_PARAMS_MAX of each kind, LIVE_VALUE_MAX_BYTES a value: PX_E_LIMIT.
 */
#ifndef SKETCH_LIVE_PARAMS_H
#define SKETCH_LIVE_PARAMS_H

#include "daemon/plan/override.h"
#include "daemon/sketch/controllers.h"
#include "proto/writer.h"

enum { LIVE_PARAMS_MAX = 4096, LIVE_ADDRESS_MAX = 255, LIVE_VALUE_MAX_BYTES = 64 * 1024 };

struct live_params;

struct live_binding {
    int cc;
    double lo, hi;
};

/* live_params_create: state_dir "": not kept. A file that cannot be read is left out, with a line in the log. */
struct live_params *live_params_create(const char *state_dir, const char *name); /* NULL: no memory */
void live_params_destroy(struct live_params *params);                            /* NULL is fine; saves first */
void live_params_save(struct live_params *params);                               /* if anything changed */
bool live_params_unsaved(const struct live_params *params);

int live_params_set(struct live_params *params, const char *address, const struct px_value *value,
                    struct px_error *error);
bool live_params_reset(struct live_params *params, const char *address); /* NULL: all overrides; whether any went */
int live_params_bind(struct live_params *params, const char *address, struct live_binding binding,
                     struct px_error *error);
bool live_params_unbind(struct live_params *params, const char *address);

/* NULL: none. Valid until the next change. */
const struct live_binding *live_params_binding(const struct live_params *params, const char *address);
const struct px_value *live_params_override(const struct live_params *params, const char *address);
bool live_params_bound(const struct live_params *params); /* whether anything is bound */

/* live_params_overrides: those of kernels' parameters, with controllers' values: a snapshot; gives a reference.
 * live_params_write_own: the bare names with their values, as one map. */
int live_params_overrides(const struct live_params *params, const struct controllers *controllers,
                          struct overrides **overrides, struct px_error *error);
void live_params_write_own(const struct live_params *params, const struct controllers *controllers,
                           struct px_writer *writer);
void live_params_write_bindings(const struct live_params *params, struct px_writer *writer); /* a list of maps */

#endif
