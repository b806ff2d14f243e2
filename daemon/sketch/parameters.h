/* parameters.h: the live parameters of one sketch, as they stand: of its kernels, its own, and its seed.
 *
 * Threads  LOOP. Errors: PX_E_PARAM for an address that the present plan does not have, with the nearest one.
 */
#ifndef SKETCH_PARAMETERS_H
#define SKETCH_PARAMETERS_H

#include "daemon/sketch/live.h"

/* parameters_write: a list of {name (the address), param, kernel, type, unit, min, max, step, choices, help, value, default, from}. */
void parameters_write(struct live *live, struct px_writer *writer);

/* parameters_check: whether a value may be set at an address; path: of the value in the request. */
int parameters_check(struct live *live, const char *address, const struct px_value *value, const struct px_path *path,
                     struct px_error *error);

/* parameters_range: of a parameter that is a number (PX_E_TYPE when it is none), for a controller. */
int parameters_range(struct live *live, const char *address, double *lo, double *hi, struct px_error *error);

#endif
