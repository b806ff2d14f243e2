/* lua_kernel.h: G and E: every kernel of the registry as a function of a sketch, its parameters checked by its table.
 *
 *     G.sphere{subdivisions = 2}    G.label("title").text{...}    G.lines{{{x, y}, ...}, ...}    G.concat{a, b}
 *     E.fill{density = 20}          E.fill{...}:displace{...}     E.pipeline
 *
 * A name may end with an underscore, because `repeat` is a word of Lua: E.repeat_{count = 5}.
 *
 * Unknown names and wrong types are errors with file and line that name the nearest; values are checked again, with
 * everything else, when the plan is decoded.
 */
#ifndef SKETCH_LUA_KERNEL_H
#define SKETCH_LUA_KERNEL_H

#include <lua.h>

void lua_kernel_open(lua_State *L); /* sets the globals G and E */

/* lua_kernel_effect_method: for the name on top: pushes the method that adds this effect to a chain. Raises. */
int lua_kernel_effect_method(lua_State *L);

#endif
