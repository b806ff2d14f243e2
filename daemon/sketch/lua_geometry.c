/* lua_geometry.c: see lua_geometry.h. */
#include "daemon/sketch/lua_geometry.h"

#include "daemon/plan/plan.h"
#include "daemon/sketch/lua_error.h"
#include "daemon/sketch/lua_kernel.h"
#include "proto/utf8.h"

#include <lauxlib.h>
#include <math.h>
#include <string.h>

static const char geometry_type[] = "geometry";
static const char chain_type[] = "chain";

/* uservalues: 1 source bytes or left half, 2 right half, 3 effects' bytes */
struct geometry {
    bool joined;
    unsigned fields; /* of the source */
    unsigned effects;
    unsigned pieces; /* nodes in all */
    unsigned depth;
    char label[OWN_NAME_BYTES];
};
enum { SOURCE = 1, RIGHT = 2, EFFECTS = 3 };

/* uservalue 1: effects' bytes */
struct chain {
    unsigned effects;
    char label[OWN_NAME_BYTES];
};

bool lua_is_geometry(lua_State *L, int index) {
    return luaL_testudata(L, index, geometry_type) != NULL;
}

bool lua_is_chain(lua_State *L, int index) {
    return luaL_testudata(L, index, chain_type) != NULL;
}

static struct geometry *check_geometry(lua_State *L, int index, const char *what) {
    struct geometry *geometry = luaL_testudata(L, index, geometry_type);
    if (geometry == NULL)
        lua_raise(L, "%s: a geometry is expected, got %s", what, luaL_typename(L, index));
    return geometry;
}

const char *lua_label_check(lua_State *L, int index) {
    size_t length = 0;
    const char *text = lua_type(L, index) == LUA_TSTRING ? lua_tolstring(L, index, &length) : NULL;
    if (text == NULL || length == 0 || length >= OWN_NAME_BYTES || px_utf8_valid(text, length) != length ||
        strlen(text) != length ||
        strpbrk(text, "/#.") != NULL)
        lua_raise(L, "label: a name of 1 to %d bytes without / # . is expected", OWN_NAME_BYTES - 1);
    return text;
}

static struct geometry *new_geometry(lua_State *L) {
    struct geometry *geometry = lua_newuserdatauv(L, sizeof *geometry, 3);
    *geometry = (struct geometry){.pieces = 1};
    luaL_setmetatable(L, geometry_type);
    return geometry;
}

void lua_geometry_push_source(lua_State *L, unsigned fields, const char *label) {
    struct px_writer *scratch = &lua_host(L)->scratch;
    if (scratch->failed != 0)
        lua_raise(L, "too much data for one geometry (%d MB at most)", SKETCH_PLAN_MAX_BYTES >> 20);
    struct geometry *geometry = new_geometry(L);
    geometry->fields = fields;
    strcpy(geometry->label, label);
    lua_pushlstring(L, (const char *)scratch->bytes, scratch->size);
    lua_setiuservalue(L, -2, SOURCE);
}

/* Copies the userdata at index with its uservalues; pushes the copy. */
static struct geometry *copy_geometry(lua_State *L, int index) {
    index = lua_absindex(L, index);
    struct geometry *from = lua_touserdata(L, index);
    struct geometry *to = new_geometry(L);
    *to = *from;
    for (int i = SOURCE; i <= EFFECTS; i++) {
        lua_getiuservalue(L, index, i);
        lua_setiuservalue(L, -2, i);
    }
    return to;
}

void lua_chain_push(lua_State *L, int index, bool with_effect) {
    struct px_writer *scratch = &lua_host(L)->scratch;
    struct chain *from = index != 0 ? lua_touserdata(L, index) : NULL;
    struct chain *chain = lua_newuserdatauv(L, sizeof *chain, 1);
    *chain = from != NULL ? *from : (struct chain){0};
    luaL_setmetatable(L, chain_type);
    if (from != NULL)
        lua_getiuservalue(L, index, 1);
    else
        lua_pushliteral(L, "");
    if (lua_isnil(L, -1)) {
        lua_pop(L, 1);
        lua_pushliteral(L, "");
    }
    if (with_effect) {
        if (scratch->failed != 0)
            lua_raise(L, "too much data for one effect (%d MB at most)", SKETCH_PLAN_MAX_BYTES >> 20);
        lua_pushlstring(L, (const char *)scratch->bytes, scratch->size);
        lua_concat(L, 2);
        chain->effects++;
    }
    lua_setiuservalue(L, -2, 1);
}

/* Adds `count` effects, whose bytes are the string on top, to a copy of the geometry at index; leaves only the copy. */
static struct geometry *push_with_effects(lua_State *L, int index, unsigned count) {
    index = lua_absindex(L, index);
    int added = lua_gettop(L);
    struct geometry *geometry = copy_geometry(L, index);
    if (count > 0) {
        if (geometry->effects > 0)
            lua_getiuservalue(L, index, EFFECTS);
        else
            lua_pushliteral(L, "");
        lua_pushvalue(L, added);
        lua_concat(L, 2);
        lua_setiuservalue(L, -2, EFFECTS);
        geometry->effects += count;
    }
    lua_remove(L, added);
    return geometry;
}

static void check_size(lua_State *L, const struct geometry *geometry) {
    if (geometry->pieces > PLAN_NODES_MAX)
        lua_raise(L, "more than %d pieces in one geometry", PLAN_NODES_MAX);
    if (geometry->depth > PLAN_DEPTH_MAX)
        lua_raise(L, "geometries are joined within effects more than %d deep", PLAN_DEPTH_MAX);
}

/* Whether a join's pieces may stand in an outer join directly. */
static bool is_plain_join(const struct geometry *geometry) {
    return geometry->joined && geometry->effects == 0 && geometry->label[0] == '\0';
}

/* What it adds to a join around it. */
static unsigned pieces_inside(const struct geometry *geometry) {
    return is_plain_join(geometry) ? geometry->pieces - 1 : geometry->pieces;
}

static unsigned depth_inside(const struct geometry *geometry) {
    return is_plain_join(geometry) ? geometry->depth : geometry->depth + 1;
}

/* Pushes the join of the geometries at a and b (b 0: of a alone). */
static void push_join(lua_State *L, int a, int b) {
    a = lua_absindex(L, a);
    struct geometry *left = lua_touserdata(L, a);
    struct geometry *joined = new_geometry(L);
    joined->joined = true;
    joined->fields = 1;
    joined->pieces = pieces_inside(left) + 1;
    joined->depth = depth_inside(left);
    lua_pushvalue(L, a);
    lua_setiuservalue(L, -2, SOURCE);
    if (b != 0) {
        struct geometry *right = lua_touserdata(L, b);
        unsigned depth = depth_inside(right);
        joined->pieces += pieces_inside(right);
        joined->depth = depth > joined->depth ? depth : joined->depth;
        lua_pushvalue(L, b);
        lua_setiuservalue(L, -2, RIGHT);
    }
    check_size(L, joined);
}

static int geometry_add(lua_State *L) {
    check_geometry(L, 1, "+");
    check_geometry(L, 2, "+");
    push_join(L, 1, 2);
    return 1;
}

/* g:concat(a, b, ...) */
static int geometry_concat(lua_State *L) {
    check_geometry(L, 1, "concat");
    int count = lua_gettop(L);
    lua_pushvalue(L, 1);
    for (int i = 2; i <= count; i++) {
        check_geometry(L, i, "concat");
        push_join(L, lua_gettop(L), i);
        lua_replace(L, count + 1);
    }
    return 1;
}

int lua_geometry_concat_list(lua_State *L) {
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    lua_Integer count = (lua_Integer)lua_rawlen(L, 1);
    if (count == 0)
        lua_raise(L, "G.concat: a list of at least one geometry is expected");
    lua_rawgeti(L, 1, 1);
    check_geometry(L, 2, "G.concat");
    for (lua_Integer i = 2; i <= count; i++) {
        lua_rawgeti(L, 1, i);
        check_geometry(L, 3, "G.concat");
        push_join(L, 2, 3);
        lua_replace(L, 2);
        lua_settop(L, 2);
    }
    return 1;
}

static int geometry_label(lua_State *L) {
    check_geometry(L, 1, "label");
    const char *label = lua_label_check(L, 2);
    struct geometry *named = copy_geometry(L, 1);
    strcpy(named->label, label);
    return 1;
}

/* A finite number: argument `place`, or the field `name` when the argument at 2 is a table; absent: def. */
static double motion_number(lua_State *L, int place, const char *name, double def) {
    bool table = lua_istable(L, 2) && place >= 2;
    if (table) {
        lua_pushstring(L, name);
        lua_rawget(L, 2);
    } else {
        lua_pushvalue(L, place);
    }
    double value = def;
    if (!lua_isnoneornil(L, -1)) {
        if (lua_type(L, -1) != LUA_TNUMBER || !isfinite(lua_tonumber(L, -1)))
            lua_raise(L, "%s: a finite number is expected", name);
        value = lua_tonumber(L, -1);
    }
    lua_pop(L, 1);
    return value;
}

/* The centre of a motion: argument `place` or the field "center", {x, y(, z)}; absent: the origin. */
static void motion_centre(lua_State *L, int place, double centre[3]) {
    memset(centre, 0, 3 * sizeof *centre);
    if (lua_istable(L, 2)) {
        lua_pushliteral(L, "center");
        lua_rawget(L, 2);
    } else {
        lua_pushvalue(L, place);
    }
    if (!lua_isnil(L, -1)) {
        if (!lua_istable(L, -1))
            lua_raise(L, "center: a list {x, y, z} is expected");
        for (int i = 0; i < 3; i++) {
            int type = lua_rawgeti(L, -1, i + 1);
            double value = type == LUA_TNUMBER ? lua_tonumber(L, -1) : type == LUA_TNIL && i == 2 ? 0 : NAN;
            if (!isfinite(value))
                lua_raise(L, "center: a list {x, y, z} of finite numbers is expected");
            centre[i] = value;
            lua_pop(L, 1);
        }
    }
    lua_pop(L, 1);
}

static void write_vector(struct px_writer *writer, const char *name, const double vector[3]) {
    px_key(writer, name);
    px_write_array(writer, 3);
    for (int i = 0; i < 3; i++)
        px_write_real(writer, vector[i]);
}

static int push_motion(lua_State *L) {
    struct px_writer *scratch = &lua_host(L)->scratch;
    lua_pushlstring(L, (const char *)scratch->bytes, scratch->size);
    push_with_effects(L, 1, 1);
    return 1;
}

/* A table of named arguments may hold these names only: a slip must not leave the picture standing still. */
static void motion_names(lua_State *L, const char *effect, const char *const *names) {
    lua_pushnil(L);
    while (lua_next(L, 2) != 0) {
        lua_pop(L, 1);
        bool known = false;
        for (const char *const *name = names; *name != NULL && lua_type(L, -1) == LUA_TSTRING; name++)
            known = known || strcmp(lua_tostring(L, -1), *name) == 0;
        if (!known)
            lua_raise(L, "%s of a geometry takes %s, %s, %s and no \"%s\"; E.%s{...} is the effect with its own names",
                      effect, names[0], names[1], names[2], luaL_tolstring(L, -1, NULL), effect);
    }
}

static struct px_writer *motion_begin(lua_State *L, const char *effect, const char *const *names, uint32_t params) {
    check_geometry(L, 1, effect);
    if (lua_istable(L, 2))
        motion_names(L, effect, names);
    if (lua_istable(L, 2))
        lua_settop(L, 2);
    lua_settop(L, 6);
    struct px_writer *scratch = lua_scratch(L);
    px_write_array(scratch, 2);
    px_write_string(scratch, effect);
    px_write_map(scratch, params);
    return scratch;
}

static int geometry_translate(lua_State *L) {
    struct px_writer *writer = motion_begin(L, "translate", (const char *[]){"dx", "dy", "dz", NULL}, 1);
    double delta[3] = {motion_number(L, 2, "dx", 0), motion_number(L, 3, "dy", 0), motion_number(L, 4, "dz", 0)};
    write_vector(writer, "delta", delta);
    return push_motion(L);
}

/* about: the centre, not the geometry's own. */
static void write_about(lua_State *L, struct px_writer *writer, int place) {
    double centre[3];
    motion_centre(L, place, centre);
    px_key(writer, "auto_center");
    px_write_bool(writer, false);
    write_vector(writer, "pivot", centre);
}

static int geometry_scale(lua_State *L) {
    struct px_writer *writer = motion_begin(L, "scale", (const char *[]){"sx", "sy", "sz", "center", NULL}, 3);
    double sx = motion_number(L, 2, "sx", 1);
    double factors[3] = {sx, motion_number(L, 3, "sy", sx), motion_number(L, 4, "sz", sx)};
    write_about(L, writer, 5);
    write_vector(writer, "scale", factors);
    return push_motion(L);
}

/* Radians here, as in the Python API; degrees in the effect. */
static int geometry_rotate(lua_State *L) {
    static const double degrees = 180 / 3.14159265358979323846;
    struct px_writer *writer = motion_begin(L, "rotate", (const char *[]){"x", "y", "z", "center", NULL}, 3);
    double turns[3] = {motion_number(L, 2, "x", 0) * degrees, motion_number(L, 3, "y", 0) * degrees,
                       motion_number(L, 4, "z", 0) * degrees};
    write_about(L, writer, 5);
    write_vector(writer, "rotation", turns);
    return push_motion(L);
}

/* chain(geometry). A chain's label goes to the geometry; one that has its own is wrapped, so that both names work. */
static int chain_call(lua_State *L) {
    struct chain *chain = luaL_checkudata(L, 1, chain_type);
    if (lua_istable(L, 2))
        lua_raise(L, "a chain is applied to one geometry: join the list with G.concat first");
    struct geometry *from = check_geometry(L, 2, "a chain is applied by calling it");
    int base = 2;
    if (chain->label[0] != '\0' && from->label[0] != '\0' && strcmp(chain->label, from->label) != 0) {
        push_join(L, 2, 0);
        base = lua_gettop(L);
    }
    lua_getiuservalue(L, 1, 1);
    struct geometry *result = push_with_effects(L, base, chain->effects);
    if (chain->label[0] != '\0')
        strcpy(result->label, chain->label);
    return 1;
}

static int chain_label(lua_State *L) {
    luaL_checkudata(L, 1, chain_type);
    const char *label = lua_label_check(L, 2);
    lua_chain_push(L, 1, false);
    struct chain *chain = lua_touserdata(L, -1);
    strcpy(chain->label, label);
    return 1;
}

/* :build() and :cache() mean nothing here: the chain itself. */
static int chain_same(lua_State *L) {
    luaL_checkudata(L, 1, chain_type);
    lua_settop(L, 1);
    return 1;
}

/* chain.name: label, build, cache, else the effect of that name. upvalue 1: the table of the three. */
static int chain_index(lua_State *L) {
    lua_pushvalue(L, 2);
    if (lua_rawget(L, lua_upvalueindex(1)) != LUA_TNIL)
        return 1;
    lua_pushvalue(L, 2);
    return lua_kernel_effect_method(L);
}

static unsigned own_fields(const struct geometry *geometry) {
    return geometry->fields + (geometry->effects > 0) + (geometry->label[0] != '\0');
}

unsigned lua_geometry_fields(lua_State *L, int index) {
    return own_fields(lua_touserdata(L, index));
}

/* Number of pieces of a row of joins, from the geometry on top (popped); with a writer, writes each. */
static uint32_t walk_pieces(lua_State *L, struct px_writer *writer) {
    int base = lua_gettop(L);
    uint32_t count = 0;
    while (lua_gettop(L) >= base) {
        struct geometry *geometry = lua_touserdata(L, -1);
        int top = lua_gettop(L);
        luaL_checkstack(L, 4, "a geometry of too many pieces");
        if (is_plain_join(geometry)) {
            if (lua_getiuservalue(L, top, RIGHT) != LUA_TUSERDATA)
                lua_pop(L, 1);
            lua_getiuservalue(L, top, SOURCE);
            lua_remove(L, top);
            continue;
        }
        if (writer != NULL) {
            px_write_map(writer, own_fields(geometry));
            lua_geometry_write(L, top, writer);
        }
        count++;
        lua_settop(L, top - 1);
    }
    return count;
}

/* Number of pieces of the join at index; with a writer, writes each. */
static uint32_t walk_join(lua_State *L, int index, struct px_writer *writer) {
    uint32_t count = 0;
    lua_getiuservalue(L, index, SOURCE);
    count += walk_pieces(L, writer);
    if (lua_getiuservalue(L, index, RIGHT) == LUA_TUSERDATA)
        count += walk_pieces(L, writer);
    else
        lua_pop(L, 1);
    return count;
}

void lua_geometry_write(lua_State *L, int index, struct px_writer *writer) {
    index = lua_absindex(L, index);
    luaL_checkstack(L, 8, "a geometry joined too deep");
    const struct geometry *geometry = lua_touserdata(L, index);
    if (geometry->joined) {
        px_key(writer, "concat");
        px_write_array(writer, walk_join(L, index, NULL));
        walk_join(L, index, writer);
    } else {
        size_t size;
        lua_getiuservalue(L, index, SOURCE);
        const char *bytes = lua_tolstring(L, -1, &size);
        px_write_raw(writer, bytes, size);
        lua_pop(L, 1);
    }
    if (geometry->effects > 0) {
        size_t size;
        px_key(writer, "effects");
        px_write_array(writer, geometry->effects);
        lua_getiuservalue(L, index, EFFECTS);
        const char *bytes = lua_tolstring(L, -1, &size);
        px_write_raw(writer, bytes, size);
        lua_pop(L, 1);
    }
    if (geometry->label[0] != '\0') {
        px_key(writer, "label");
        px_write_string(writer, geometry->label);
    }
}

static int read_only(lua_State *L) {
    lua_raise(L, "a %s cannot be changed: methods give a new one", luaL_typename(L, 1));
}

/* Finishes the metatable on top: locked. */
static void lock(lua_State *L, const char *name) {
    lua_pushcfunction(L, read_only);
    lua_setfield(L, -2, "__newindex");
    lua_pushstring(L, name);
    lua_setfield(L, -2, "__metatable");
    lua_pop(L, 1);
}

void lua_geometry_open(lua_State *L) {
    static const luaL_Reg geometry_methods[] = {
        {"translate", geometry_translate}, {"scale", geometry_scale}, {"rotate", geometry_rotate},
        {"concat", geometry_concat},       {"label", geometry_label}, {NULL, NULL},
    };
    static const luaL_Reg chain_methods[] = {
        {"label", chain_label}, {"build", chain_same}, {"cache", chain_same}, {NULL, NULL}};
    luaL_newmetatable(L, geometry_type);
    luaL_newlib(L, geometry_methods);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, geometry_add);
    lua_setfield(L, -2, "__add");
    lua_pushcfunction(L, geometry_add);
    lua_setfield(L, -2, "__concat");
    lock(L, geometry_type);

    luaL_newmetatable(L, chain_type);
    luaL_newlib(L, chain_methods);
    lua_pushcclosure(L, chain_index, 1);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, chain_call);
    lua_setfield(L, -2, "__call");
    lock(L, chain_type);
}
