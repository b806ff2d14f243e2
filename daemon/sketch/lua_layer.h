/* lua_layer.h: layers, the canvas and colours of a sketch.
 *
 *     L.layer(geometry, {color = "#336699", thickness = .3, name = "title"})    L(geometry, {...})
 *     L.of({a, b}, {...})    canvas{size = "A5" | {w, h}, background = , color = , thickness = }
 *
 * Units  thickness and size in mm. Colours: "#rrggbb[aa]", "0x..." or bare hex, lists of 3 or 4 in 0..1 or 0..255.
 */
#ifndef SKETCH_LUA_LAYER_H
#define SKETCH_LUA_LAYER_H

#include "daemon/sketch/lua_host.h"

/* uservalue 1: the geometry */
struct lua_layer {
    bool has_color, has_thickness;
    double color[4];
    double thickness_mm;
    char name[OWN_NAME_BYTES];
};

void lua_layer_open(lua_State *L); /* sets the globals L and canvas */
struct lua_layer *lua_layer_at(lua_State *L, int index); /* NULL: no layer */

#endif
