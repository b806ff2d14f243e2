/* lua_error.h: errors of sketches with file and line.
 *
 * Threads  the one thread of a sketch process.
 */
#ifndef SKETCH_LUA_ERROR_H
#define SKETCH_LUA_ERROR_H

#include "shared/error.h"

#include <lua.h>

/* lua_raise: raises "file:line: message", the place being the innermost line of Lua code. Does not return. */
__attribute__((format(printf, 2, 3), noreturn)) void lua_raise(lua_State *L, const char *format, ...);

/* lua_error_handler: message handler for lua_pcall: makes any error object a string with a place and, when functions
 * of the sketch called each other, where from. */
int lua_error_handler(lua_State *L);

/* lua_error_take: pops the error object of a failed call into an error: PX_E_SKETCH. status: of lua_pcall or load. */
int lua_error_take(lua_State *L, int status, struct px_error *error);

/* lua_place: "file:line" of the innermost line of Lua code into out; "" when there is none. Allocates nothing. */
void lua_place(lua_State *L, char *out, size_t size);

#endif
