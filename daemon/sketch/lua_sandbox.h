/* lua_sandbox.h: a Lua state with the safe part of Lua's own library and nothing else.
 *
 * No io, os, package, debug, dofile, loadfile, binary chunks, string.dump. What differs from plain Lua, so that the same
 * sketch gives the same plans: `pairs` and `next` go in sorted order (numbers, then strings, then booleans),
 * `math.random` starts from a given seed, tables and functions print without their address. Memory is counted.
 *
 * Threads  the one thread of a sketch process.
 */
#ifndef SKETCH_LUA_SANDBOX_H
#define SKETCH_LUA_SANDBOX_H

#include "daemon/sketch/lua_host.h"

/* lua_sandbox_create: a state tied to host, whose `world` and `limit_bytes` are set; NULL: no memory. */
lua_State *lua_sandbox_create(struct lua_host *host);
void lua_sandbox_destroy(lua_State *L); /* NULL is fine */

/* lua_sandbox_seed: what math.random draws from here on. */
void lua_sandbox_seed(lua_State *L, lua_Integer seed);

#endif
