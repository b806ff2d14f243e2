/* lua_plan.h: what draw returned, as a plan in MessagePack: the same sketch and inputs, the same bytes.
 *
 * Accepted: a geometry, a layer, a list of them mixed (lists in lists too), or several of these returned at once.
 * Metatables of returned tables are not looked at.
 */
#ifndef SKETCH_LUA_PLAN_H
#define SKETCH_LUA_PLAN_H

#include <lua.h>

/* lua_plan_write: the `count` values on top of the stack into the host's plan writer. Raises, naming the place. */
void lua_plan_write(lua_State *L, int count, lua_Integer seed);

#endif
