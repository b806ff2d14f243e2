/* lua_pairs.h: `pairs` and `next` in sorted order: numbers, then strings by bytes, then false and true, then the rest.
 *
 * Keys that are tables, functions or userdata have no order of their own but their address: they come last, in any order.
 */
#ifndef SKETCH_LUA_PAIRS_H
#define SKETCH_LUA_PAIRS_H

#include <lua.h>

int lua_sorted_pairs(lua_State *L);
int lua_sorted_next(lua_State *L);

#endif
