/* lua_live.h: what changes from frame to frame, as a sketch reads it: cc, lfo, param, frame, seed.
 *
 *     cc[i]    lfo("sine", {freq = .5, lo = 0, hi = 10})(t)    param("size", 40, 10, 80)    frame    seed
 *
 * Reading frame or calling an lfo, or cc, is noted in the host, so that a sketch that reads none of them and whose draw
 * takes no t is known to be still.
 */
#ifndef SKETCH_LUA_LIVE_H
#define SKETCH_LUA_LIVE_H

#include <lua.h>

/* lua_live_open: cc and lfo as globals: all that expressions have. lua_live_open_sketch: also param, frame and seed. */
void lua_live_open(lua_State *L);
void lua_live_open_sketch(lua_State *L);

#endif
