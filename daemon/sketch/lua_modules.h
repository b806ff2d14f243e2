/* lua_modules.h: require of files beside the sketch: the parent reads them, this process has no files.
 *
 *     require "lib.grid"  ->  lib/grid.lua below the sketch's directory, run once, its result kept
 */
#ifndef SKETCH_LUA_MODULES_H
#define SKETCH_LUA_MODULES_H

#include <lua.h>

void lua_modules_open(lua_State *L); /* sets the global require */

#endif
