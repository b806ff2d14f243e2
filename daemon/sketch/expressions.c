/* expressions.c: see expressions.h. */
#include "daemon/sketch/expressions.h"

#include "daemon/sketch/lua_error.h"
#include "daemon/sketch/lua_live.h"
#include "daemon/sketch/lua_sandbox.h"

#include <lauxlib.h>
#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { COMPILED_MAX = 8192, SOURCE_MAX_BYTES = 4096 };

struct expressions {
    struct lua_host host; /* first: the hook finds the rest by it */
    lua_State *L;
    size_t limit_bytes;
    size_t compiled;
    _Atomic int limit_ms;
};

/* Stack of the state between calls: 1 the environment's fields, 2 the environment, 3 compiled functions by source. */
enum { FIELDS = 1, ENVIRONMENT = 2, COMPILED = 3 };

static int no_assignment(lua_State *L) {
    return luaL_error(L, "an expression cannot set anything");
}

/* Replaces the table on top by an empty one that shows its fields and cannot be changed. */
static void freeze(lua_State *L) {
    lua_newtable(L);
    lua_createtable(L, 0, 3);
    lua_pushvalue(L, -3);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, no_assignment);
    lua_setfield(L, -2, "__newindex");
    lua_pushliteral(L, "fixed");
    lua_setfield(L, -2, "__metatable");
    lua_setmetatable(L, -2);
    lua_remove(L, -2);
}

static int open_environment(lua_State *L) {
    lua_live_open(L);
    lua_pushliteral(L, "");
    lua_pushnil(L);
    lua_setmetatable(L, -2); /* no methods on strings */
    lua_settop(L, 0);
    lua_newtable(L);
    lua_getglobal(L, "cc");
    lua_setfield(L, FIELDS, "cc");
    lua_getglobal(L, "lfo");
    lua_setfield(L, FIELDS, "lfo");
    lua_pushnumber(L, 3.14159265358979323846);
    lua_setfield(L, FIELDS, "pi");
    lua_getglobal(L, "math");
    lua_pushnil(L);
    lua_setfield(L, -2, "randomseed");
    freeze(L);
    lua_setfield(L, FIELDS, "math");
    lua_pushvalue(L, FIELDS);
    freeze(L);
    lua_newtable(L);
    return 3;
}

static int start(struct expressions *expressions) {
    lua_State *old = expressions->L;
    expressions->L = NULL; /* an interrupt must not find it half closed */
    lua_sandbox_destroy(old);
    expressions->host.limit_bytes = expressions->limit_bytes;
    expressions->L = lua_sandbox_create(&expressions->host);
    if (expressions->L == NULL)
        return PX_E_NO_MEMORY;
    lua_pushcfunction(expressions->L, open_environment);
    expressions->compiled = 0;
    return lua_pcall(expressions->L, 0, 3, 0) == LUA_OK ? 0 : PX_E_NO_MEMORY;
}

struct expressions *expressions_create(size_t limit_bytes) {
    struct expressions *expressions = calloc(1, sizeof *expressions);
    if (expressions == NULL)
        return NULL;
    expressions->limit_bytes = limit_bytes;
    if (start(expressions) != 0) {
        expressions_destroy(expressions);
        return NULL;
    }
    return expressions;
}

void expressions_destroy(struct expressions *expressions) {
    if (expressions == NULL)
        return;
    lua_sandbox_destroy(expressions->L);
    free(expressions);
}

/* arguments: the source. Gives the compiled function with our environment; raises. */
static int compile(lua_State *L) {
    size_t length;
    const char *source = lua_tolstring(L, 1, &length);
    /* Parentheses: one expression and nothing else. The chunk's name shows as the place in messages. */
    lua_pushliteral(L, "return (");
    lua_pushvalue(L, 1);
    lua_pushliteral(L, "\n)");
    lua_concat(L, 3);
    source = lua_tolstring(L, -1, &length);
    if (luaL_loadbufferx(L, source, length, "=expression", "t") != LUA_OK)
        return lua_error(L);
    return 1;
}

/* Pushes the function of a source; 0 or an error. */
static int push_compiled(struct expressions *expressions, const struct px_value *source, struct px_error *error) {
    lua_State *L = expressions->L;
    if (source->type != PX_STR || source->count > SOURCE_MAX_BYTES)
        return px_fail(error, PX_E_LIMIT, "an expression has at most %d bytes", SOURCE_MAX_BYTES);
    lua_pushcfunction(L, compile);
    lua_pushlstring(L, source->text, source->count);
    lua_pushvalue(L, -1);
    if (lua_rawget(L, COMPILED) == LUA_TFUNCTION) {
        lua_replace(L, -3);
        lua_pop(L, 1);
        return 0;
    }
    lua_pop(L, 1);
    int status = lua_pcall(L, 1, 1, 0);
    if (status != LUA_OK)
        return lua_error_take(L, status, error);
    lua_pushvalue(L, ENVIRONMENT);
    if (lua_setupvalue(L, -2, 1) == NULL)
        lua_pop(L, 1); /* names nothing from outside */
    if (expressions->compiled < COMPILED_MAX) {
        lua_pushlstring(L, source->text, source->count);
        lua_pushvalue(L, -2);
        lua_rawset(L, COMPILED);
        expressions->compiled++;
    }
    return 0;
}

static int evaluate_one(struct expressions *expressions, const struct px_value *source, double *value,
                        struct px_error *error) {
    lua_State *L = expressions->L;
    int status = push_compiled(expressions, source, error);
    if (status != 0)
        return status;
    lua_pushcfunction(L, lua_error_handler);
    lua_insert(L, -2);
    status = lua_pcall(L, 0, 1, -2);
    lua_remove(L, -2);
    if (status != LUA_OK)
        return lua_error_take(L, status, error);
    bool number = lua_type(L, -1) == LUA_TNUMBER;
    *value = lua_tonumber(L, -1);
    const char *type = lua_typename(L, lua_type(L, -1));
    lua_pop(L, 1);
    if (!number)
        return px_fail(error, PX_E_SKETCH, "gives a %s, a number is expected", type);
    if (!isfinite(*value))
        return px_fail(error, PX_E_SKETCH, "gives %s, a finite number is expected", isnan(*value) ? "NaN" : "infinity");
    return 0;
}

/* arguments: the moment. */
static int set_fields(lua_State *L) {
    const struct expressions_moment *moment = lua_touserdata(L, 1);
    lua_pushnumber(L, moment->t);
    lua_setfield(L, 2, "t");
    lua_pushnumber(L, moment->frame);
    lua_setfield(L, 2, "frame");
    lua_pushnumber(L, moment->seed);
    lua_setfield(L, 2, "seed");
    return 0;
}

static int set_moment(struct expressions *expressions, const struct expressions_moment *moment,
                      struct px_error *error) {
    lua_State *L = expressions->L;
    memcpy(expressions->host.cc, moment->cc, sizeof expressions->host.cc);
    expressions->host.t = moment->t;
    expressions->host.refused_at[0] = '\0';
    lua_pushcfunction(L, set_fields);
    lua_pushlightuserdata(L, (void *)(uintptr_t)moment);
    lua_pushvalue(L, FIELDS);
    int status = lua_pcall(L, 2, 0, 0);
    return status == LUA_OK ? 0 : lua_error_take(L, status, error);
}

static int seed_one(lua_State *L) {
    lua_sandbox_seed(L, lua_tointeger(L, 1));
    return 0;
}

static int seed_random(struct expressions *expressions, double seed, struct px_error *error) {
    lua_pushcfunction(expressions->L, seed_one);
    lua_pushinteger(expressions->L, fabs(seed) < 9e15 ? (lua_Integer)seed : 0);
    int status = lua_pcall(expressions->L, 1, 0, 0);
    return status == LUA_OK ? 0 : lua_error_take(expressions->L, status, error);
}

int expressions_evaluate(struct expressions *expressions, const struct px_value *sources,
                         const struct expressions_moment *moment, double *values, size_t *failed,
                         struct px_error *error) {
    *failed = 0;
    if ((expressions->L == NULL || expressions->compiled >= COMPILED_MAX) && start(expressions) != 0)
        return px_fail(error, PX_E_NO_MEMORY, "no memory for expressions");
    lua_settop(expressions->L, COMPILED);
    int status = set_moment(expressions, moment, error);
    for (uint32_t i = 0; status == 0 && i < sources->count; i++) {
        *failed = i;
        status = seed_random(expressions, moment->seed, error); /* each alike, whatever stands before it */
        if (status == 0)
            status = evaluate_one(expressions, &sources->items[i], &values[i], error);
    }
    return status;
}

static void out_of_time(lua_State *L, lua_Debug *frame) {
    (void)frame;
    struct expressions *expressions = (struct expressions *)lua_host(L); /* host is its first member */
    lua_sethook(L, NULL, 0, 0);
    lua_raise(L, "took longer than %d ms", atomic_load_explicit(&expressions->limit_ms, memory_order_relaxed));
}

void expressions_interrupt(struct expressions *expressions, int limit_ms) {
    atomic_store_explicit(&expressions->limit_ms, limit_ms, memory_order_relaxed);
    if (expressions->L != NULL)
        lua_sethook(expressions->L, out_of_time, LUA_MASKCALL | LUA_MASKRET | LUA_MASKCOUNT, 1);
}
