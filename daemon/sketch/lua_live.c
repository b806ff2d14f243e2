/* lua_live.c: see lua_live.h. */
#include "daemon/sketch/lua_live.h"

#include "daemon/sketch/lfo.h"
#include "daemon/sketch/lua_error.h"
#include "daemon/sketch/lua_geometry.h"
#include "proto/utf8.h"

#include <lauxlib.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char lfo_type[] = "lfo";

/* The number of a controller, from an integer or a decimal string; -1: none. */
static int controller(lua_State *L, int index) {
    int is_whole;
    lua_Integer number = lua_tointegerx(L, index, &is_whole);
    return is_whole && number >= 0 && number < SKETCH_CC_COUNT ? (int)number : -1;
}

static int cc_index(lua_State *L) {
    struct lua_host *host = lua_host(L);
    host->used_cc = true;
    int number = controller(L, 2);
    lua_pushnumber(L, number >= 0 ? host->cc[number] : 0);
    return 1;
}

static int cc_assign(lua_State *L) {
    lua_raise(L, "cc is set by controllers (cc.set), not by the sketch");
}

static int cc_length(lua_State *L) {
    lua_pushinteger(L, SKETCH_CC_COUNT);
    return 1;
}

/* Takes the field `name` of the table at index if it is there. */
static void take_number(lua_State *L, int index, const char *name, double *out) {
    lua_pushstring(L, name);
    if (lua_rawget(L, index) != LUA_TNIL) {
        if (lua_type(L, -1) != LUA_TNUMBER)
            lua_raise(L, "lfo: %s must be a number, got %s", name, luaL_typename(L, -1));
        *out = lua_tonumber(L, -1);
    }
    lua_pop(L, 1);
}

static void check_lfo_names(lua_State *L, int index) {
    static const char *const names[] = {"wave", "freq", "period", "phase",       "lo",         "hi",
                                        "pw",   "skew", "seed",   "octaves",     "persistence", "lacunarity"};
    lua_pushnil(L);
    while (lua_next(L, index)) {
        lua_pop(L, 1);
        const char *key = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "?";
        bool known = false;
        for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
            known = known || strcmp(key, names[i]) == 0;
        if (!known && (lua_type(L, -1) != LUA_TNUMBER || lua_tonumber(L, -1) != 1))
            lua_raise(L, "lfo: unknown name '%.40s'; there are: wave, freq, period, phase, lo, hi, pw, skew, seed, "
                         "octaves, persistence, lacunarity", key);
    }
}

static void read_wave(lua_State *L, int index, struct lfo *lfo) {
    const char *name = lua_type(L, index) == LUA_TSTRING ? lua_tostring(L, index) : "?";
    int wave = lfo_wave_named(name);
    if (wave < 0)
        lua_raise(L, "lfo: unknown wave '%.40s'; it may be sine, triangle, saw_up, saw_down, square, pulse, sh, perlin",
                  name);
    lfo->wave = (enum lfo_wave)wave;
}

static void read_lfo_options(lua_State *L, int index, struct lfo *lfo) {
    double period = NAN;
    double seed = 0;
    double octaves = lfo->octaves;
    check_lfo_names(L, index);
    take_number(L, index, "freq", &lfo->freq);
    take_number(L, index, "period", &period);
    take_number(L, index, "phase", &lfo->phase);
    take_number(L, index, "lo", &lfo->lo);
    take_number(L, index, "hi", &lfo->hi);
    take_number(L, index, "pw", &lfo->pulse_width);
    take_number(L, index, "skew", &lfo->skew);
    take_number(L, index, "seed", &seed);
    take_number(L, index, "octaves", &octaves);
    take_number(L, index, "persistence", &lfo->persistence);
    take_number(L, index, "lacunarity", &lfo->lacunarity);
    if (!isnan(period))
        lfo->freq = period > 0 ? 1 / period : 0;
    lfo->octaves = octaves >= 1 && octaves <= 64 ? (int)octaves : 0;
    lfo->seed = fabs(seed) < 9e15 ? (uint64_t)(int64_t)seed : 0;
}

/* lfo(wave, {freq = ...}) or lfo{wave = , freq = }: an object that is called with t. */
static int lfo_make(lua_State *L) {
    lua_settop(L, 2);
    struct lfo settings;
    lfo_defaults(&settings);
    int options = lua_istable(L, 1) ? 1 : 2;
    if (lua_type(L, 1) == LUA_TSTRING)
        read_wave(L, 1, &settings);
    else if (!lua_isnil(L, 1) && options != 1)
        lua_raise(L, "lfo: the name of a wave is expected, got %s", luaL_typename(L, 1));
    if (lua_istable(L, options)) {
        read_lfo_options(L, options, &settings);
        lua_pushliteral(L, "wave");
        if (lua_rawget(L, options) != LUA_TNIL)
            read_wave(L, lua_gettop(L), &settings);
        lua_pop(L, 1);
    }
    struct px_error error = {0};
    if (lfo_init(&settings, &error) != 0)
        lua_raise(L, "%s", error.message);
    struct lfo *lfo = lua_newuserdatauv(L, sizeof *lfo, 0);
    *lfo = settings;
    luaL_setmetatable(L, lfo_type);
    return 1;
}

static int lfo_call(lua_State *L) {
    const struct lfo *lfo = luaL_checkudata(L, 1, lfo_type);
    struct lua_host *host = lua_host(L);
    host->used_time = true;
    double t = lua_isnoneornil(L, 2) ? host->t : luaL_checknumber(L, 2);
    lua_pushnumber(L, lfo_value(lfo, t));
    return 1;
}

static struct own_param *find_own(struct lua_host *host, const char *name) {
    for (size_t i = 0; i < host->own_count; i++)
        if (strcmp(host->own[i].name, name) == 0)
            return &host->own[i];
    return NULL;
}

/* Takes the value given from outside, if it has the parameter's type. */
static void take_override(const struct lua_host *host, struct own_param *param) {
    const struct px_value *value = px_value_get(host->params, param->name);
    double number;
    if (value == NULL)
        return;
    if (param->type == OWN_NUMBER && px_value_number(value, &number) && isfinite(number))
        param->value = number;
    else if (param->type == OWN_BOOL && value->type == PX_BOOL)
        param->value = value->boolean;
    else if (param->type == OWN_STRING && value->type == PX_STR && value->count < OWN_TEXT_BYTES) {
        memcpy(param->value_text, value->text, value->count);
        param->value_text[value->count] = '\0';
    }
}

static double range_number(lua_State *L, int index, const char *what, double def) {
    if (lua_isnoneornil(L, index))
        return def;
    if (lua_type(L, index) != LUA_TNUMBER || !isfinite(lua_tonumber(L, index)))
        lua_raise(L, "param: %s must be a finite number", what);
    return lua_tonumber(L, index);
}

/* Reads param's arguments, after the name, into the record. */
static void read_own(lua_State *L, struct own_param *param) {
    switch (lua_type(L, 2)) {
    case LUA_TNUMBER:
        param->type = OWN_NUMBER;
        param->def = range_number(L, 2, "the default", 0);
        param->min = range_number(L, 3, "min", param->def < 0 ? 2 * param->def : 0);
        param->max = range_number(L, 4, "max", param->def > 0 ? 2 * param->def : param->min + 1);
        param->step = range_number(L, 5, "step", 0);
        if (!(param->max > param->min))
            lua_raise(L, "param '%s': max must be above min", param->name);
        break;
    case LUA_TBOOLEAN:
        param->type = OWN_BOOL;
        param->def = lua_toboolean(L, 2);
        break;
    case LUA_TSTRING:
        param->type = OWN_STRING;
        if (lua_rawlen(L, 2) >= OWN_TEXT_BYTES || strlen(lua_tostring(L, 2)) != lua_rawlen(L, 2))
            lua_raise(L, "param '%s': a text has at most %d bytes", param->name, OWN_TEXT_BYTES - 1);
        if (px_utf8_valid(lua_tostring(L, 2), lua_rawlen(L, 2)) != lua_rawlen(L, 2))
            lua_raise(L, "param '%s': the default is not UTF-8", param->name);
        strcpy(param->def_text, lua_tostring(L, 2));
        break;
    default:
        lua_raise(L, "param '%s': the default must be a number, true, false or a string, got %s", param->name,
                  luaL_typename(L, 2));
    }
}

static void push_own(lua_State *L, const struct own_param *param) {
    lua_Integer whole;
    if (param->type == OWN_STRING)
        lua_pushstring(L, param->value_text);
    else if (param->type == OWN_BOOL)
        lua_pushboolean(L, param->value != 0);
    else if (lua_isinteger(L, 2) && lua_numbertointeger(param->value, &whole) && (lua_Number)whole == param->value)
        lua_pushinteger(L, whole);
    else
        lua_pushnumber(L, param->value);
}

/* param(name, default, min, max, step): a live parameter of the sketch: the value in force. */
static int param_declare(lua_State *L) {
    struct lua_host *host = lua_host(L);
    lua_settop(L, 5);
    struct own_param param = {0};
    strcpy(param.name, lua_label_check(L, 1));
    read_own(L, &param);
    param.value = param.def;
    strcpy(param.value_text, param.def_text);
    take_override(host, &param);
    struct own_param *held = find_own(host, param.name);
    if (held == NULL) {
        if (host->own_count == OWN_PARAMS_MAX)
            lua_raise(L, "param: a sketch has at most %d parameters", OWN_PARAMS_MAX);
        held = &host->own[host->own_count++];
    }
    param.at_load = held->at_load || host->loading;
    *held = param;
    push_own(L, held);
    return 1;
}

/* A global that is not there: `frame` stands outside so that reading it is noticed. */
static int global_index(lua_State *L) {
    if (lua_type(L, 2) != LUA_TSTRING || strcmp(lua_tostring(L, 2), "frame") != 0)
        return 0;
    struct lua_host *host = lua_host(L);
    host->used_time = true;
    lua_pushinteger(L, (lua_Integer)host->frame);
    return 1;
}

static void lock(lua_State *L, const char *name) {
    lua_pushstring(L, name);
    lua_setfield(L, -2, "__metatable");
}

void lua_live_open(lua_State *L) {
    luaL_newmetatable(L, lfo_type);
    lua_pushcfunction(L, lfo_call);
    lua_setfield(L, -2, "__call");
    lock(L, lfo_type);
    lua_pop(L, 1);
    lua_pushcfunction(L, lfo_make);
    lua_setglobal(L, "lfo");

    lua_newuserdatauv(L, 0, 0);
    lua_createtable(L, 0, 4);
    lua_pushcfunction(L, cc_index);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, cc_assign);
    lua_setfield(L, -2, "__newindex");
    lua_pushcfunction(L, cc_length);
    lua_setfield(L, -2, "__len");
    lock(L, "cc");
    lua_setmetatable(L, -2);
    lua_setglobal(L, "cc");
}

void lua_live_open_sketch(lua_State *L) {
    lua_pushcfunction(L, param_declare);
    lua_setglobal(L, "param");
    lua_pushinteger(L, 0);
    lua_setglobal(L, "seed");
    lua_pushglobaltable(L);
    lua_createtable(L, 0, 2);
    lua_pushcfunction(L, global_index);
    lua_setfield(L, -2, "__index");
    lock(L, "globals");
    lua_setmetatable(L, -2);
    lua_pop(L, 1);
}
