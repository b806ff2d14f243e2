/* lua_host.h: what the Lua functions of one sketch share: memory count, this draw's inputs, and what they noted.
 *
 * One a Lua state, reached from every function through lua_host(): the pointer stands in the state's extra space.
 *
 * Threads    the one thread of a sketch process. Everything here is plain memory of that process.
 */
#ifndef SKETCH_LUA_HOST_H
#define SKETCH_LUA_HOST_H

#include "proto/value.h"
#include "proto/writer.h"

#include <lua.h>
#include <stdbool.h>
#include <stdint.h>

enum { SKETCH_CC_COUNT = 128, OWN_PARAMS_MAX = 256, OWN_NAME_BYTES = 64, OWN_TEXT_BYTES = 256 };
enum { SKETCH_PLAN_MAX_BYTES = 16 * 1024 * 1024 };

/* A live parameter that the sketch declared with param(). */
enum own_type { OWN_NUMBER, OWN_BOOL, OWN_STRING };
struct own_param {
    char name[OWN_NAME_BYTES];
    enum own_type type;
    double def, value; /* numbers and bools */
    double min, max, step;
    char def_text[OWN_TEXT_BYTES];
    char value_text[OWN_TEXT_BYTES];
    bool at_load; /* read while the file ran: a new value means running the file again */
};

/* The canvas that canvas{} set: fields that are absent keep the plan's defaults. */
struct own_canvas {
    bool has_size, has_background, has_color, has_thickness;
    char size_name[32]; /* "" : size_mm */
    double size_mm[2];
    double background[4];
    double color[4];
    double thickness_mm;
};

/* Ties to the world outside the state. */
struct lua_world {
    void (*print)(void *argument, const char *text, size_t length);
    /* Text of a file beside the sketch, malloc'd (the caller frees it); NULL with a reason in `error`. */
    char *(*file)(void *argument, const char *name, size_t *size, struct px_error *error);
    void *argument;
};

struct lua_host {
    struct lua_world world;

    size_t used_bytes; /* by the state's allocator */
    size_t limit_bytes;
    char refused_at[96]; /* "file:line" of the last allocation that was refused, "" : none */
    lua_State *state;

    /* inputs of this call */
    double t;
    double frame;
    double cc[SKETCH_CC_COUNT];
    const struct px_value *params; /* MAP of values that win over param()'s default; may be NULL */

    /* noted by the functions */
    bool loading;       /* the file runs, not draw */
    bool used_time;     /* lfo or frame was read by draw */
    bool used_cc;
    bool load_used_cc;  /* ... while the file ran: a new value means running it again */
    struct own_param own[OWN_PARAMS_MAX];
    size_t own_count;
    struct own_canvas canvas;

    struct px_writer scratch; /* of the function at work: kept, so that an error raised half way leaks nothing */
    struct px_writer plan;    /* result of a draw */
};

static inline struct lua_host *lua_host(lua_State *L) {
    return *(struct lua_host **)lua_getextraspace(L);
}

/* lua_scratch: the host's scratch writer, emptied. */
static inline struct px_writer *lua_scratch(lua_State *L) {
    struct px_writer *writer = &lua_host(L)->scratch;
    writer->size = 0;
    writer->failed = 0;
    return writer;
}

#endif
