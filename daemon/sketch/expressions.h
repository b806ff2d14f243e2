/* expressions.h: the `=` expressions of plans, one Lua 5.4 expression each, in the process they run in.
 *
 * They see t, frame, seed, cc, lfo, math and pi, can change none of them, and have no string methods. Compiled once by
 * their text, kept while there is room.
 *
 * Threads    one. Errors: PX_E_SKETCH, with the index of the expression.
 */
#ifndef SKETCH_EXPRESSIONS_H
#define SKETCH_EXPRESSIONS_H

#include "daemon/sketch/lua_host.h"

struct expressions;

struct expressions *expressions_create(size_t limit_bytes); /* NULL: no memory */
void expressions_destroy(struct expressions *expressions);  /* NULL is fine */

struct expressions_moment {
    double t;
    double frame;
    double seed;
    double cc[SKETCH_CC_COUNT];
};

/* expressions_evaluate: sources: a list of strings. values: room for as many; *failed: the index, on error. */
int expressions_evaluate(struct expressions *expressions, const struct px_value *sources,
                         const struct expressions_moment *moment, double *values, size_t *failed,
                         struct px_error *error);
void expressions_interrupt(struct expressions *expressions, int limit_ms); /* as script_interrupt */

#endif
