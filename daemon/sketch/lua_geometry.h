/* lua_geometry.h: geometries and chains of effects in a sketch: immutable, already written as a plan has them.
 *
 *     G.sphere{...} -> geometry      E.fill{...}:displace{...} -> chain      chain(geometry) -> geometry      a + b
 *
 * A geometry holds its source's bytes (shape, lines) or its two halves (a join), and its effects' bytes; applying a
 * chain shares the source. A row of `+` is one concat of the plan, in order.
 *
 * Limits   PLAN_NODES_MAX pieces, PLAN_DEPTH_MAX of joins within effects within joins.
 */
#ifndef SKETCH_LUA_GEOMETRY_H
#define SKETCH_LUA_GEOMETRY_H

#include "daemon/sketch/lua_host.h"

/* lua_geometry_open: makes the metatables and the global functions that build geometries from lines. */
void lua_geometry_open(lua_State *L);

/* lua_geometry_push_source: pushes a geometry whose fields ("shape", "params" or "lines": `fields` of them) stand in the
 * host's scratch writer. label: "" or checked. */
void lua_geometry_push_source(lua_State *L, unsigned fields, const char *label);

/* lua_chain_push: pushes a chain: that at `index` (0: an empty one) followed by the effect in the host's scratch writer
 * (when `with_effect`). */
void lua_chain_push(lua_State *L, int index, bool with_effect);

bool lua_is_geometry(lua_State *L, int index);
bool lua_is_chain(lua_State *L, int index);

/* lua_geometry_fields: how many fields the node has; lua_geometry_write: writes them, keys and values, into an open map. */
unsigned lua_geometry_fields(lua_State *L, int index);
void lua_geometry_write(lua_State *L, int index, struct px_writer *writer);

/* lua_geometry_concat_list: G.concat{a, b, ...}. */
int lua_geometry_concat_list(lua_State *L);

/* lua_label_check: a label of a live parameter's address, or an error that says what one may look like. */
const char *lua_label_check(lua_State *L, int index);

#endif
