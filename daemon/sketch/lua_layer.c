/* lua_layer.c: see lua_layer.h. */
#include "daemon/sketch/lua_layer.h"

#include "daemon/sketch/lua_error.h"
#include "daemon/sketch/lua_geometry.h"
#include "proto/nearest.h"
#include "proto/utf8.h"

#include <lauxlib.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char layer_type[] = "layer";

struct lua_layer *lua_layer_at(lua_State *L, int index) {
    return luaL_testudata(L, index, layer_type);
}

__attribute__((noreturn)) static void wrong_color(lua_State *L) {
    lua_raise(L, "a colour is \"#rrggbb\", \"#rrggbbaa\" or a list of 3 or 4 numbers in 0..1 or 0..255");
}

static void hex_color(lua_State *L, const char *text, double color[4]) {
    if (text[0] == '#')
        text += 1;
    else if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X'))
        text += 2;
    size_t length = strlen(text);
    if ((length != 6 && length != 8) || strspn(text, "0123456789abcdefABCDEF") != length)
        wrong_color(L);
    color[3] = 1;
    for (size_t i = 0; i < length / 2; i++) {
        const char pair[3] = {text[2 * i], text[2 * i + 1], '\0'};
        color[i] = (double)strtoul(pair, NULL, 16) / 255;
    }
}

static void list_color(lua_State *L, int index, double color[4]) {
    lua_Integer count = (lua_Integer)lua_rawlen(L, index);
    if (count != 3 && count != 4)
        wrong_color(L);
    bool bytes = false;
    color[3] = 1;
    for (lua_Integer i = 0; i < count; i++) {
        double part = lua_rawgeti(L, index, i + 1) == LUA_TNUMBER ? lua_tonumber(L, -1) : NAN;
        if (!(part >= 0 && part <= 255))
            wrong_color(L);
        bytes = bytes || part > 1;
        color[i] = part;
        lua_pop(L, 1);
    }
    if (bytes)
        for (lua_Integer i = 0; i < count; i++)
            color[i] /= 255;
}

/* Reads the colour on top (popped). */
static void read_color(lua_State *L, double color[4]) {
    if (lua_type(L, -1) == LUA_TSTRING)
        hex_color(L, lua_tostring(L, -1), color);
    else if (lua_istable(L, -1))
        list_color(L, lua_gettop(L), color);
    else
        wrong_color(L);
    lua_pop(L, 1);
}

/* Reads the thickness on top (popped). */
static double read_thickness(lua_State *L) {
    double value = lua_type(L, -1) == LUA_TNUMBER ? lua_tonumber(L, -1) : NAN;
    if (!isfinite(value) || value < 0)
        lua_raise(L, "thickness is a number of millimetres, 0 or more");
    lua_pop(L, 1);
    return value;
}

static bool push_field(lua_State *L, int index, const char *name) {
    lua_pushstring(L, name);
    if (lua_rawget(L, index) != LUA_TNIL)
        return true;
    lua_pop(L, 1);
    return false;
}

/* Raises for a key of the table at index that is none of names. */
static void check_keys(lua_State *L, int index, const char *what, const char *const *names) {
    lua_pushnil(L);
    while (lua_next(L, index)) {
        lua_pop(L, 1);
        const char *key = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "?";
        struct px_nearest nearest = PX_NEAREST(key, strlen(key));
        bool known = false;
        for (size_t i = 0; names[i] != NULL && !known; i++) {
            known = strcmp(key, names[i]) == 0;
            px_nearest_offer(&nearest, names[i]);
        }
        if (!known)
            lua_raise(L, "%s: unknown name '%.40s'%s%s%s", what, key, nearest.name != NULL ? "; did you mean '" : "",
                      nearest.name != NULL ? nearest.name : "", nearest.name != NULL ? "'?" : "");
    }
}

/* Reads the options in the table at index (or none) into the layer. */
static void read_layer_options(lua_State *L, int index, struct lua_layer *layer) {
    static const char *const names[] = {"color", "thickness", "name", "meta", NULL};
    if (lua_isnoneornil(L, index))
        return;
    if (!lua_istable(L, index))
        lua_raise(L, "L.layer: options come as a table: {color = , thickness = , name = }");
    check_keys(L, index, "L.layer", names);
    if (push_field(L, index, "color")) {
        read_color(L, layer->color);
        layer->has_color = true;
    }
    if (push_field(L, index, "thickness")) {
        layer->thickness_mm = read_thickness(L);
        layer->has_thickness = true;
    }
    if (push_field(L, index, "name")) {
        strcpy(layer->name, lua_label_check(L, lua_gettop(L)));
        lua_pop(L, 1);
    }
}

static void push_layer(lua_State *L, int geometry, const struct lua_layer *options) {
    if (!lua_is_geometry(L, geometry))
        lua_raise(L, "L.layer: a geometry is expected, got %s", luaL_typename(L, geometry));
    struct lua_layer *layer = lua_newuserdatauv(L, sizeof *layer, 1);
    *layer = *options;
    lua_pushvalue(L, geometry);
    lua_setiuservalue(L, -2, 1);
    luaL_setmetatable(L, layer_type);
}

static int layer_make(lua_State *L) {
    struct lua_layer options = {0};
    lua_settop(L, 2);
    read_layer_options(L, 2, &options);
    push_layer(L, 1, &options);
    return 1;
}

static int layer_call(lua_State *L) {
    lua_remove(L, 1);
    return layer_make(L);
}

/* L.of({a, b, ...}, {...}): a list of layers with the same options. */
static int layer_of(lua_State *L) {
    struct lua_layer options = {0};
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 2);
    read_layer_options(L, 2, &options);
    lua_Integer count = (lua_Integer)lua_rawlen(L, 1);
    lua_newtable(L);
    for (lua_Integer i = 1; i <= count; i++) {
        lua_rawgeti(L, 1, i);
        push_layer(L, lua_gettop(L), &options);
        lua_rawseti(L, 3, i);
        lua_pop(L, 1);
    }
    return 1;
}

/* L.sequence(a, b, ...): its arguments as a list. */
static int layer_sequence(lua_State *L) {
    int count = lua_gettop(L);
    lua_createtable(L, count, 0);
    lua_insert(L, 1);
    for (int i = count; i >= 1; i--)
        lua_rawseti(L, 1, i);
    return 1;
}

static void read_size(lua_State *L, struct own_canvas *canvas) {
    canvas->has_size = true;
    canvas->size_name[0] = '\0';
    if (lua_type(L, -1) == LUA_TSTRING) {
        const char *name = lua_tostring(L, -1);
        if (strlen(name) == 0 || px_utf8_valid(name, strlen(name)) != strlen(name) || strlen(name) >= sizeof canvas->size_name)
            lua_raise(L, "canvas: size is a paper's name (\"A5\", \"A4_LANDSCAPE\") or {width, height} in mm");
        strcpy(canvas->size_name, name);
    } else {
        for (int i = 0; i < 2; i++) {
            int type = lua_istable(L, -1) ? lua_rawgeti(L, -1, i + 1) : LUA_TNIL;
            canvas->size_mm[i] = type == LUA_TNUMBER ? lua_tonumber(L, -1) : NAN;
            if (!(canvas->size_mm[i] > 0) || !isfinite(canvas->size_mm[i]))
                lua_raise(L, "canvas: size is a paper's name (\"A5\", \"A4_LANDSCAPE\") or {width, height} in mm");
            lua_pop(L, 1);
        }
    }
    lua_pop(L, 1);
}

static int canvas_set(lua_State *L) {
    static const char *const names[] = {"size", "background", "color", "thickness", NULL};
    struct own_canvas *canvas = &lua_host(L)->canvas;
    lua_settop(L, 1);
    if (!lua_istable(L, 1))
        lua_raise(L, "canvas takes a table: canvas{size = , background = , color = , thickness = }");
    check_keys(L, 1, "canvas", names);
    if (push_field(L, 1, "size"))
        read_size(L, canvas);
    if (push_field(L, 1, "background")) {
        read_color(L, canvas->background);
        canvas->has_background = true;
    }
    if (push_field(L, 1, "color")) {
        read_color(L, canvas->color);
        canvas->has_color = true;
    }
    if (push_field(L, 1, "thickness")) {
        canvas->thickness_mm = read_thickness(L);
        canvas->has_thickness = true;
    }
    return 0;
}

void lua_layer_open(lua_State *L) {
    static const luaL_Reg functions[] = {
        {"layer", layer_make}, {"of", layer_of}, {"sequence", layer_sequence}, {NULL, NULL}};
    luaL_newmetatable(L, layer_type);
    lua_pushstring(L, layer_type);
    lua_setfield(L, -2, "__metatable");
    lua_pop(L, 1);
    luaL_newlib(L, functions);
    lua_createtable(L, 0, 2);
    lua_pushcfunction(L, layer_call);
    lua_setfield(L, -2, "__call");
    lua_pushliteral(L, "L");
    lua_setfield(L, -2, "__metatable");
    lua_setmetatable(L, -2);
    lua_setglobal(L, "L");
    lua_pushcfunction(L, canvas_set);
    lua_setglobal(L, "canvas");
}
