/* lua_plan.c: see lua_plan.h. */
#include "daemon/sketch/lua_plan.h"

#include "daemon/plan/plan.h"
#include "daemon/sketch/lua_error.h"
#include "daemon/sketch/lua_geometry.h"
#include "daemon/sketch/lua_layer.h"

#include <lauxlib.h>
#include <stdio.h>
#include <string.h>

enum { LIST_DEPTH_MAX = 8 };

/* Where draw stands in the file, for messages about what it returned. */
struct result {
    char place[96];
    unsigned count; /* layers so far */
};

static void write_color(struct px_writer *writer, const char *key, const double color[4]) {
    px_key(writer, key);
    px_write_array(writer, 4);
    for (int i = 0; i < 4; i++)
        px_write_real(writer, color[i]);
}

static void write_canvas(struct px_writer *writer, const struct own_canvas *canvas) {
    px_key(writer, "canvas");
    px_write_map(writer, (uint32_t)canvas->has_size + canvas->has_background + canvas->has_color +
                             canvas->has_thickness);
    if (canvas->has_size) {
        px_key(writer, "size");
        if (canvas->size_name[0] != '\0') {
            px_write_string(writer, canvas->size_name);
        } else {
            px_write_array(writer, 2);
            px_write_real(writer, canvas->size_mm[0]);
            px_write_real(writer, canvas->size_mm[1]);
        }
    }
    if (canvas->has_background)
        write_color(writer, "background", canvas->background);
    if (canvas->has_color)
        write_color(writer, "color", canvas->color);
    if (canvas->has_thickness) {
        px_key(writer, "thickness");
        px_write_real(writer, canvas->thickness_mm);
    }
}

/* Writes the geometry or layer on top as a layer of the plan. */
static void write_layer(lua_State *L, struct px_writer *writer) {
    const struct lua_layer *layer = lua_layer_at(L, -1);
    int geometry = lua_gettop(L);
    if (layer != NULL) {
        lua_getiuservalue(L, -1, 1);
        geometry++;
    }
    uint32_t fields = lua_geometry_fields(L, geometry);
    if (layer != NULL)
        fields += (uint32_t)layer->has_color + layer->has_thickness + (layer->name[0] != '\0');
    px_write_map(writer, fields);
    if (layer != NULL) {
        if (layer->name[0] != '\0') {
            px_key(writer, "name");
            px_write_string(writer, layer->name);
        }
        if (layer->has_color)
            write_color(writer, "color", layer->color);
        if (layer->has_thickness) {
            px_key(writer, "thickness");
            px_write_real(writer, layer->thickness_mm);
        }
    }
    lua_geometry_write(L, geometry, writer);
    if (layer != NULL)
        lua_pop(L, 1);
}

__attribute__((noreturn)) static void raise_result(lua_State *L, const struct result *result, const char *what,
                                                   lua_Integer item) {
    char at[32] = "";
    if (item > 0)
        snprintf(at, sizeof at, " (item %lld)", (long long)item);
    lua_pushfstring(L, "%s: draw returned %s%s; return a geometry, a layer or a list of them", result->place, what, at);
    lua_error(L);
    __builtin_unreachable();
}

/* Visits the value on top: counts its layers, and writes them when there is a writer. item: its place in its list. */
static void visit(lua_State *L, struct result *result, unsigned depth, lua_Integer item, struct px_writer *writer) {
    if (lua_is_geometry(L, -1) || lua_layer_at(L, -1) != NULL) {
        if (writer != NULL)
            write_layer(L, writer);
        if (++result->count > PLAN_LAYERS_MAX)
            raise_result(L, result, "more layers than a frame may have (4096)", 0);
        return;
    }
    if (lua_is_chain(L, -1))
        raise_result(L, result, "a chain of effects that was not applied to a geometry", item);
    if (lua_isnil(L, -1))
        raise_result(L, result, "nothing", item);
    if (!lua_istable(L, -1))
        raise_result(L, result, luaL_typename(L, -1), item);
    if (depth == LIST_DEPTH_MAX)
        raise_result(L, result, "lists nested too deep", 0);
    luaL_checkstack(L, 4, "result of draw");
    lua_Integer length = (lua_Integer)lua_rawlen(L, -1);
    if (length == 0) {
        lua_pushnil(L);
        if (lua_next(L, -2) != 0)
            raise_result(L, result, "a table that is no list", item);
        return;
    }
    for (lua_Integer i = 1; i <= length; i++) {
        lua_rawgeti(L, -1, i);
        visit(L, result, depth + 1, i, writer);
        lua_pop(L, 1);
    }
}

static void visit_all(lua_State *L, int first, int count, struct result *result, struct px_writer *writer) {
    for (int i = 0; i < count; i++) {
        lua_pushvalue(L, first + i);
        visit(L, result, 0, count > 1 ? i + 1 : 0, writer);
        lua_pop(L, 1);
    }
}

/* "file:line" of the function draw. */
static void find_draw(lua_State *L, struct result *result) {
    lua_Debug draw;
    result->place[0] = '\0';
    if (lua_getglobal(L, "draw") != LUA_TFUNCTION) {
        lua_pop(L, 1);
        return;
    }
    lua_getinfo(L, ">S", &draw);
    snprintf(result->place, sizeof result->place, "%s:%d", draw.short_src, draw.linedefined);
}

void lua_plan_write(lua_State *L, int count, lua_Integer seed) {
    struct lua_host *host = lua_host(L);
    struct px_writer *writer = &host->plan;
    int first = lua_gettop(L) - count + 1;
    struct result result = {0};
    find_draw(L, &result);
    if (count == 0)
        raise_result(L, &result, "nothing", 0);
    visit_all(L, first, count, &result, NULL);
    bool canvas = host->canvas.has_size || host->canvas.has_background || host->canvas.has_color ||
                  host->canvas.has_thickness;
    writer->size = 0;
    writer->failed = 0;
    px_write_map(writer, canvas ? 3 : 2);
    if (canvas)
        write_canvas(writer, &host->canvas);
    px_key(writer, "seed");
    px_write_int(writer, seed);
    px_key(writer, "layers");
    px_write_array(writer, result.count);
    result.count = 0;
    visit_all(L, first, count, &result, writer);
    if (px_writer_finish(writer, NULL) != 0)
        raise_result(L, &result, "a plan of more than 16 MB", 0);
}
