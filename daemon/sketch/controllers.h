/* controllers.h: the values of MIDI-like controllers, 0..127, each 0..1, shared by all sketches.
 *
 * Threads  LOOP; plain values.
 */
#ifndef SKETCH_CONTROLLERS_H
#define SKETCH_CONTROLLERS_H

#include "proto/value.h"

enum { CONTROLLERS = 128 };

struct controllers {
    double values[CONTROLLERS];
};

/* controllers_number: from an integer or a decimal string; PX_E_TYPE, PX_E_RANGE with the path. */
int controllers_number(const struct px_value *value, const struct px_path *path, int *number, struct px_error *error);

/* controllers_set: values: a map by decimal strings, or a list of [number, value]. All or nothing. */
int controllers_set(struct controllers *controllers, const struct px_value *values, const struct px_path *path,
                    struct px_error *error);

#endif
