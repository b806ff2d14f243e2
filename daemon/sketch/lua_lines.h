/* lua_lines.h: G.lines{{{x, y(, z)}, ...}, ...}: polylines of the sketch's own.
 *
 * Units  mm. Non-finite coordinates and points that are no numbers are errors that name line and point.
 */
#ifndef SKETCH_LUA_LINES_H
#define SKETCH_LUA_LINES_H

#include <lua.h>

/* G.lines: pushes a geometry. upvalue 1: the label, or nil. */
int lua_lines_make(lua_State *L);


#endif
