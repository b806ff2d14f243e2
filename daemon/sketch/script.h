/* script.h: one Lua sketch, loaded and drawn, in the process it runs in.
 *
 *     script_create -> script_load (runs the file) -> script_draw (runs draw(t)) ... -> script_destroy
 *
 * When a value that the file itself read while it ran (param, cc or seed outside of draw) has another value now, the
 * file is run again before draw: a slider works wherever it is declared.
 *
 * Threads    one. Ownership: everything given is copied or used during the call only.
 * Errors     PX_E_SKETCH: "file:line: reason (called from file:line)".
 */
#ifndef SKETCH_SCRIPT_H
#define SKETCH_SCRIPT_H

#include "daemon/sketch/lua_host.h"

struct script;

/* What a draw gets. */
struct script_moment {
    double t;
    double frame;
    double cc[SKETCH_CC_COUNT];
    const struct px_value *params; /* MAP by name, "seed" too; NULL: none */
};

struct script_result {
    const uint8_t *plan; /* MessagePack, until the next call */
    size_t plan_size;
    bool uses_time; /* draw takes t, or read frame or an lfo */
    bool uses_cc;
    double seed;
    const struct own_param *params; /* in the order of their first use */
    size_t param_count;
};

struct script *script_create(size_t limit_bytes, const struct lua_world *world); /* NULL: no memory */
void script_destroy(struct script *script);                                      /* NULL is fine */
int script_load(struct script *script, const char *chunk, const char *source, size_t size,
                const struct script_moment *moment, struct px_error *error);
int script_draw(struct script *script, const struct script_moment *moment, struct script_result *result,
                struct px_error *error);

/* script_interrupt: async-signal-safe: Lua code of the call under way ends with an error at its present line. */
void script_interrupt(struct script *script, int limit_ms);

/* script_place: "file:line" where the call under way is, for a process whose Lua code does not go on: it stands in a
 * function of Lua's library or in a coroutine, so the frames above are at rest and may be read from a signal handler. */
void script_place(const struct script *script, char *out, size_t size);

#endif
