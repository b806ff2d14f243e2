/* lua_sandbox.c: see lua_sandbox.h. */
#include "daemon/sketch/lua_sandbox.h"

#include "daemon/sketch/lua_error.h"
#include "daemon/sketch/lua_pairs.h"

#include <lauxlib.h>
#include <lualib.h>
#include <stdlib.h>
#include <string.h>

enum { PRINT_MAX_BYTES = 1024 };

/* Counts what the state holds; past the limit Lua raises its "not enough memory". */
static void *allocate(void *argument, void *block, size_t old_size, size_t new_size) {
    struct lua_host *host = argument;
    size_t held = block != NULL ? old_size : 0; /* without a block old_size is a kind, not a size */
    if (new_size == 0) {
        free(block);
        host->used_bytes -= held;
        return NULL;
    }
    bool refused = new_size > held && new_size - held > host->limit_bytes - host->used_bytes;
    void *moved = refused ? NULL : realloc(block, new_size);
    if (moved == NULL) {
        if (host->state != NULL)
            lua_place(host->state, host->refused_at, sizeof host->refused_at);
        return NULL;
    }
    host->used_bytes += new_size - held;
    return moved;
}

static bool has_address(lua_State *L, int index) {
    switch (lua_type(L, index)) {
    case LUA_TTABLE:
    case LUA_TFUNCTION:
    case LUA_TUSERDATA:
    case LUA_TLIGHTUSERDATA:
    case LUA_TTHREAD:
        return true;
    default:
        return false;
    }
}

/* Pushes what `tostring` gives, without an address. */
static void push_text(lua_State *L, int index) {
    int named = has_address(L, index) ? luaL_getmetafield(L, index, "__tostring") : LUA_TNUMBER;
    if (named == LUA_TNIL) {
        lua_pushstring(L, luaL_typename(L, index));
        return;
    }
    if (has_address(L, index))
        lua_pop(L, 1);
    luaL_tolstring(L, index, NULL);
}

static int sandbox_tostring(lua_State *L) {
    luaL_checkany(L, 1);
    push_text(L, 1);
    return 1;
}

static int sandbox_print(lua_State *L) {
    struct lua_host *host = lua_host(L);
    int count = lua_gettop(L);
    luaL_Buffer line;
    luaL_buffinit(L, &line);
    for (int i = 1; i <= count; i++) {
        if (i > 1)
            luaL_addchar(&line, ' ');
        push_text(L, i);
        luaL_addvalue(&line);
    }
    luaL_pushresult(&line);
    size_t length;
    const char *text = lua_tolstring(L, -1, &length);
    host->world.print(host->world.argument, text, length < PRINT_MAX_BYTES ? length : PRINT_MAX_BYTES);
    return 0;
}

/* string.format without %p, and with tables and functions by their kind only. upvalue 1: Lua's own. */
static int sandbox_format(lua_State *L) {
    const char *format = luaL_checkstring(L, 1);
    for (const char *at = strchr(format, '%'); at != NULL; at = strchr(at, '%')) {
        at += 1 + strspn(at + 1, "-+ #0123456789.");
        if (*at == 'p')
            return luaL_error(L, "string.format: %%p is not available in sketches");
        if (*at != '\0')
            at++;
    }
    int count = lua_gettop(L);
    for (int i = 2; i <= count; i++) {
        if (has_address(L, i)) {
            push_text(L, i);
            lua_replace(L, i);
        }
    }
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, count, 1);
    return 1;
}

/* load(chunk, name, mode, env): text only, whatever mode says. upvalue 1: Lua's own. */
static int sandbox_load(lua_State *L) {
    luaL_checkany(L, 1);
    bool with_environment = lua_gettop(L) >= 4;
    lua_settop(L, with_environment ? 4 : 2);
    if (!with_environment)
        lua_settop(L, 3);
    lua_pushliteral(L, "t");
    lua_replace(L, 3);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, with_environment ? 4 : 3, LUA_MULTRET);
    return lua_gettop(L);
}

static int sandbox_collectgarbage(lua_State *L) {
    static const char *const options[] = {"collect", "count", "step", NULL};
    switch (luaL_checkoption(L, 1, "collect", options)) {
    case 1:
        lua_pushnumber(L, (lua_Number)lua_gc(L, LUA_GCCOUNT) + (lua_Number)lua_gc(L, LUA_GCCOUNTB) / 1024);
        return 1;
    default:
        lua_gc(L, LUA_GCCOLLECT);
        lua_pushinteger(L, 0);
        return 1;
    }
}

void lua_sandbox_seed(lua_State *L, lua_Integer seed) {
    lua_getfield(L, LUA_REGISTRYINDEX, "randomseed");
    lua_pushinteger(L, seed);
    lua_call(L, 1, 0);
}

/* math.randomseed(x): without x Lua takes the time of day; here it is the first seed again. upvalue 1: Lua's own. */
static int sandbox_randomseed(lua_State *L) {
    if (lua_gettop(L) == 0)
        lua_pushinteger(L, 0);
    int count = lua_gettop(L);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, count, 0);
    return 0;
}

/* Replaces table[name] (the table on top) by function with the old value as its upvalue. */
static void wrap(lua_State *L, const char *name, lua_CFunction function) {
    lua_getfield(L, -1, name);
    lua_pushcclosure(L, function, 1);
    lua_setfield(L, -2, name);
}

static void forget(lua_State *L, const char *name) {
    lua_pushnil(L);
    lua_setfield(L, -2, name);
}

static void open_library(lua_State *L, const char *name, lua_CFunction open) {
    luaL_requiref(L, name, open, 1);
    lua_pop(L, 1);
}

static void limit_base(lua_State *L) {
    lua_pushglobaltable(L);
    forget(L, "dofile");
    forget(L, "loadfile");
    forget(L, "warn");
    wrap(L, "load", sandbox_load);
    wrap(L, "tostring", sandbox_tostring);
    wrap(L, "print", sandbox_print);
    wrap(L, "collectgarbage", sandbox_collectgarbage);
    wrap(L, "pairs", lua_sorted_pairs);
    wrap(L, "next", lua_sorted_next);
    lua_pop(L, 1);
}

static int open_all(lua_State *L) {
    open_library(L, LUA_GNAME, luaopen_base);
    open_library(L, LUA_COLIBNAME, luaopen_coroutine);
    open_library(L, LUA_TABLIBNAME, luaopen_table);
    open_library(L, LUA_STRLIBNAME, luaopen_string);
    open_library(L, LUA_MATHLIBNAME, luaopen_math);
    open_library(L, LUA_UTF8LIBNAME, luaopen_utf8);
    limit_base(L);
    lua_getglobal(L, "string");
    forget(L, "dump");
    wrap(L, "format", sandbox_format);
    lua_getglobal(L, "math");
    lua_getfield(L, -1, "randomseed");
    lua_setfield(L, LUA_REGISTRYINDEX, "randomseed");
    wrap(L, "randomseed", sandbox_randomseed);
    lua_settop(L, 0);
    lua_sandbox_seed(L, 0);
    /* luaL_requiref left the libraries in the registry, where no sketch can reach them. */
    return 0;
}

lua_State *lua_sandbox_create(struct lua_host *host) {
    host->used_bytes = 0;
    host->state = NULL;
    lua_State *L = lua_newstate(allocate, host);
    if (L == NULL)
        return NULL;
    *(struct lua_host **)lua_getextraspace(L) = host;
    lua_pushcfunction(L, open_all);
    if (lua_pcall(L, 0, 0, 0) != LUA_OK) {
        lua_close(L);
        return NULL;
    }
    host->state = L;
    return L;
}

void lua_sandbox_destroy(lua_State *L) {
    if (L == NULL)
        return;
    lua_host(L)->state = NULL;
    lua_close(L);
}
