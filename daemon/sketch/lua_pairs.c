/* lua_pairs.c: see lua_pairs.h. */
#include "daemon/sketch/lua_pairs.h"

#include <lauxlib.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum key_kind { KEY_NUMBER, KEY_STRING, KEY_BOOL, KEY_OTHER };
struct key {
    enum key_kind kind;
    bool whole;
    lua_Integer integer;
    lua_Number number;
    const char *text; /* kept alive by the table */
    size_t length;
    lua_Integer place; /* in the list of keys */
};

static struct key key_at(lua_State *L, int index) {
    struct key key = {.kind = KEY_OTHER};
    switch (lua_type(L, index)) {
    case LUA_TNUMBER:
        key.kind = KEY_NUMBER;
        key.whole = lua_isinteger(L, index);
        key.integer = key.whole ? lua_tointeger(L, index) : 0;
        key.number = lua_tonumber(L, index);
        break;
    case LUA_TSTRING:
        key.kind = KEY_STRING;
        key.text = lua_tolstring(L, index, &key.length);
        break;
    case LUA_TBOOLEAN:
        key.kind = KEY_BOOL;
        key.integer = lua_toboolean(L, index);
        break;
    default:
        break;
    }
    return key;
}

static int compare_numbers(const struct key *a, const struct key *b) {
    if (a->whole && b->whole)
        return (a->integer > b->integer) - (a->integer < b->integer);
    return (a->number > b->number) - (a->number < b->number);
}

static int compare(const struct key *a, const struct key *b) {
    if (a->kind != b->kind)
        return a->kind < b->kind ? -1 : 1;
    if (a->kind == KEY_NUMBER)
        return compare_numbers(a, b);
    if (a->kind == KEY_STRING) {
        int order = memcmp(a->text, b->text, a->length < b->length ? a->length : b->length);
        return order != 0 ? order : (a->length > b->length) - (a->length < b->length);
    }
    return (a->integer > b->integer) - (a->integer < b->integer);
}

static int compare_places(const void *a, const void *b) {
    return compare(a, b);
}

/* Number of keys of the table at index 1; *plain: they are 1..n. */
static size_t count_keys(lua_State *L, bool *plain) {
    lua_Unsigned length = lua_rawlen(L, 1);
    size_t count = 0;
    *plain = true;
    lua_pushnil(L);
    while (lua_next(L, 1)) {
        lua_pop(L, 1);
        count++;
        *plain = *plain && lua_isinteger(L, -1) && (lua_Unsigned)lua_tointeger(L, -1) - 1 < length;
    }
    return count;
}

/* upvalues: table, place. */
static int next_item(lua_State *L) {
    lua_Integer place = lua_tointeger(L, lua_upvalueindex(2)) + 1;
    lua_pushinteger(L, place);
    lua_replace(L, lua_upvalueindex(2));
    lua_pushinteger(L, place);
    if (lua_rawgeti(L, lua_upvalueindex(1), place) == LUA_TNIL)
        lua_pushnil(L), lua_replace(L, -3);
    return 2;
}

/* upvalues: table, place, sorted keys, their number. A key removed meanwhile is left out. */
static int next_key(lua_State *L) {
    lua_Integer place = lua_tointeger(L, lua_upvalueindex(2));
    lua_Integer count = lua_tointeger(L, lua_upvalueindex(4));
    while (place < count) {
        lua_settop(L, 0);
        lua_rawgeti(L, lua_upvalueindex(3), ++place);
        lua_pushvalue(L, -1);
        if (lua_rawget(L, lua_upvalueindex(1)) != LUA_TNIL)
            break;
        lua_settop(L, 0);
    }
    lua_pushinteger(L, place);
    lua_replace(L, lua_upvalueindex(2));
    if (lua_gettop(L) == 2)
        return 2;
    lua_pushnil(L);
    return 1;
}

/* Pushes the list of keys of the table at index 1, sorted. */
static void push_sorted(lua_State *L, size_t count) {
    lua_createtable(L, (int)count, 0);
    int sorted = lua_gettop(L);
    struct key *keys = lua_newuserdatauv(L, (count + 1) * sizeof *keys, 0);
    lua_createtable(L, (int)count, 0);
    int raw = lua_gettop(L);
    size_t n = 0;
    lua_pushnil(L);
    while (n < count && lua_next(L, 1)) {
        lua_pop(L, 1);
        keys[n] = key_at(L, -1);
        keys[n].place = (lua_Integer)n + 1;
        n++;
        lua_pushvalue(L, -1);
        lua_rawseti(L, raw, (lua_Integer)n);
    }
    lua_settop(L, raw);
    qsort(keys, n, sizeof *keys, compare_places);
    for (size_t i = 0; i < n; i++) {
        lua_rawgeti(L, raw, keys[i].place);
        lua_rawseti(L, sorted, (lua_Integer)i + 1);
    }
    lua_settop(L, sorted);
}

int lua_sorted_pairs(lua_State *L) {
    luaL_checkany(L, 1);
    if (luaL_getmetafield(L, 1, "__pairs") != LUA_TNIL) {
        lua_pushvalue(L, 1);
        lua_call(L, 1, 3);
        return 3;
    }
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    bool plain;
    size_t count = count_keys(L, &plain);
    lua_pushvalue(L, 1);
    lua_pushinteger(L, 0);
    if (plain) {
        lua_pushcclosure(L, next_item, 2);
    } else {
        push_sorted(L, count);
        lua_pushinteger(L, (lua_Integer)count);
        lua_pushcclosure(L, next_key, 4);
    }
    return 1;
}

/* next(table, key): the least key above `key`: one walk over the table, where a loop with pairs sorts once. */
int lua_sorted_next(lua_State *L) {
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 2);
    bool first = lua_isnil(L, 2);
    struct key after = key_at(L, 2);
    if (!first && after.kind == KEY_OTHER)
        return luaL_error(L, "next: use pairs for a table whose keys are neither numbers nor strings");
    struct key best = {.kind = KEY_OTHER};
    bool found = false;
    lua_pushnil(L); /* 3: the best key */
    lua_pushnil(L);
    while (lua_next(L, 1)) {
        lua_pop(L, 1);
        struct key key = key_at(L, -1);
        if ((first || compare(&key, &after) > 0) && (!found || compare(&key, &best) < 0)) {
            found = true;
            best = key;
            lua_pushvalue(L, -1);
            lua_replace(L, 3);
        }
    }
    if (!found) {
        lua_pushnil(L);
        return 1;
    }
    lua_pushvalue(L, 3);
    lua_pushvalue(L, 3);
    lua_rawget(L, 1);
    return 2;
}
