/* lua_modules.c: see lua_modules.h. */
#include "daemon/sketch/lua_modules.h"

#include "daemon/sketch/lua_error.h"
#include "daemon/sketch/lua_host.h"

#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MODULE_NAME_MAX = 100 };
static const char running[] = "running";

/* "lib.grid" -> "lib/grid.lua"; false when the name is none of a file beside the sketch. */
static bool file_name(const char *name, char out[MODULE_NAME_MAX + 8]) {
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
    size_t length = strlen(name);
    if (length == 0 || length > MODULE_NAME_MAX || name[0] == '.' || name[length - 1] == '.' ||
        strstr(name, "..") != NULL)
        return false;
    for (size_t i = 0; i < length; i++) {
        if (name[i] != '.' && strchr(letters, name[i]) == NULL)
            return false;
        out[i] = name[i] == '.' ? '/' : name[i];
    }
    strcpy(out + length, ".lua");
    return true;
}

/* Compiles the text of a module; pushes the function or the error. Frees the text. */
static int compile(lua_State *L, const char *file, char *text, size_t size) {
    char chunk[MODULE_NAME_MAX + 16];
    snprintf(chunk, sizeof chunk, "@%s", file);
    int status = luaL_loadbufferx(L, text, size, chunk, "t");
    free(text);
    return status;
}

/* require(name); upvalue 1: results by name. */
static int require_module(lua_State *L) {
    struct lua_host *host = lua_host(L);
    char file[MODULE_NAME_MAX + 8];
    lua_settop(L, 1);
    if (lua_type(L, 1) != LUA_TSTRING || !file_name(lua_tostring(L, 1), file))
        lua_raise(L, "require: the name of a file beside the sketch is expected, without .lua: require \"grid\"");
    lua_pushvalue(L, 1);
    if (lua_rawget(L, lua_upvalueindex(1)) != LUA_TNIL) {
        if (lua_touserdata(L, -1) == (void *)(uintptr_t)running)
            lua_raise(L, "require: %s requires itself", file);
        return 1;
    }
    struct px_error error = {0};
    size_t size = 0;
    char *text = host->world.file(host->world.argument, file, &size, &error);
    if (text == NULL)
        lua_raise(L, "require: %s", error.message);
    if (compile(L, file, text, size) != LUA_OK)
        return lua_error(L);
    lua_pushvalue(L, 1);
    lua_pushlightuserdata(L, (void *)(uintptr_t)running);
    lua_rawset(L, lua_upvalueindex(1));
    lua_pushvalue(L, 1);
    if (lua_pcall(L, 1, 1, 0) != LUA_OK) {
        lua_pushvalue(L, 1);
        lua_pushnil(L);
        lua_rawset(L, lua_upvalueindex(1));
        return lua_error(L);
    }
    if (lua_isnil(L, -1)) {
        lua_pop(L, 1);
        lua_pushboolean(L, 1);
    }
    lua_pushvalue(L, 1);
    lua_pushvalue(L, -2);
    lua_rawset(L, lua_upvalueindex(1));
    return 1;
}

void lua_modules_open(lua_State *L) {
    lua_newtable(L);
    lua_pushcclosure(L, require_module, 1);
    lua_setglobal(L, "require");
}
