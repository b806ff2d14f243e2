/* lua_lines.c: see lua_lines.h. */
#include "daemon/sketch/lua_lines.h"

#include "daemon/sketch/lua_error.h"
#include "daemon/sketch/lua_geometry.h"
#include "shared/geometry.h"

#include <lauxlib.h>
#include <math.h>
#include <string.h>

/* Reads the point on top (popped) of line i, place k (from 1). */
static void read_point(lua_State *L, lua_Integer i, lua_Integer k, float point[3]) {
    if (!lua_istable(L, -1))
        lua_raise(L, "G.lines[%lld][%lld]: a point {x, y} or {x, y, z} is expected, got %s", (long long)i, (long long)k,
                  luaL_typename(L, -1));
    for (int c = 0; c < 3; c++) {
        int type = lua_rawgeti(L, -1, c + 1);
        double value = type == LUA_TNUMBER ? lua_tonumber(L, -1) : type == LUA_TNIL && c == 2 ? 0 : NAN;
        point[c] = (float)value;
        if (!isfinite(value) || !isfinite(point[c]))
            lua_raise(L, "G.lines[%lld][%lld]: %c must be a finite number", (long long)i, (long long)k, "xyz"[c]);
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
}

static void put_int32(uint8_t *at, int32_t value) {
    memcpy(at, &value, sizeof value); /* little-endian machines only, as all of shared/ */
}

/* Counts the points of every line; raises on what is no line. */
static size_t count_points(lua_State *L, lua_Integer lines) {
    size_t points = 0;
    for (lua_Integer i = 1; i <= lines; i++) {
        if (lua_rawgeti(L, 1, i) != LUA_TTABLE)
            lua_raise(L, "G.lines[%lld]: a list of points is expected, got %s", (long long)i, luaL_typename(L, -1));
        points += (size_t)lua_rawlen(L, -1);
        lua_pop(L, 1);
    }
    return points;
}

static void write_coords(lua_State *L, struct px_writer *writer, lua_Integer lines, size_t points) {
    uint8_t *at = px_write_bin_begin(writer, points * 3 * sizeof(float));
    if (at == NULL)
        return;
    for (lua_Integer i = 1; i <= lines; i++) {
        lua_rawgeti(L, 1, i);
        lua_Integer count = (lua_Integer)lua_rawlen(L, -1);
        for (lua_Integer k = 1; k <= count; k++) {
            float point[3];
            lua_rawgeti(L, -1, k);
            read_point(L, i, k, point);
            memcpy(at, point, sizeof point);
            at += sizeof point;
        }
        lua_pop(L, 1);
    }
}

static void write_offsets(lua_State *L, struct px_writer *writer, lua_Integer lines) {
    uint8_t *at = px_write_bin_begin(writer, ((size_t)lines + 1) * sizeof(int32_t));
    if (at == NULL)
        return;
    int32_t offset = 0;
    put_int32(at, 0);
    for (lua_Integer i = 1; i <= lines; i++) {
        lua_rawgeti(L, 1, i);
        offset += (int32_t)lua_rawlen(L, -1);
        put_int32(at + (size_t)i * sizeof offset, offset);
        lua_pop(L, 1);
    }
}

int lua_lines_make(lua_State *L) {
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_Integer lines = (lua_Integer)lua_rawlen(L, 1);
    if (lines == 0 && (lua_pushnil(L), lua_next(L, 1) != 0))
        lua_raise(L, "G.lines: a list of lines is expected: {{{x, y}, {x, y}}, ...}");
    size_t points = count_points(L, lines);
    if (points > PX_GEOMETRY_VERTICES_MAX)
        lua_raise(L, "G.lines: more than %d points", PX_GEOMETRY_VERTICES_MAX);
    struct px_writer *writer = lua_scratch(L);
    px_key(writer, "lines");
    px_write_map(writer, 2);
    px_key(writer, "coords");
    write_coords(L, writer, lines, points);
    px_key(writer, "offsets");
    write_offsets(L, writer, lines);
    const char *label = lua_tostring(L, lua_upvalueindex(1));
    lua_geometry_push_source(L, 1, label != NULL ? label : "");
    return 1;
}
