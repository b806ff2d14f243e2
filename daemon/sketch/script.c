/* script.c: see script.h. */
#include "daemon/sketch/script.h"

#include "daemon/sketch/lua_error.h"
#include "daemon/sketch/lua_geometry.h"
#include "daemon/sketch/lua_kernel.h"
#include "daemon/sketch/lua_layer.h"
#include "daemon/sketch/lua_live.h"
#include "daemon/sketch/lua_modules.h"
#include "daemon/sketch/lua_plan.h"
#include "daemon/sketch/lua_sandbox.h"

#include <lauxlib.h>
#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct script {
    struct lua_host host;
    struct lua_world world;
    size_t limit_bytes;
    lua_State *L;
    char chunk[128];
    char *source;
    size_t size;
    /* what the file read while it ran */
    bool has_seed;
    lua_Integer seed; /* given from outside */
    double load_cc[SKETCH_CC_COUNT];
    _Atomic int limit_ms; /* for the message of an interrupt */
};

struct script *script_create(size_t limit_bytes, const struct lua_world *world) {
    struct script *script = calloc(1, sizeof *script);
    if (script == NULL)
        return NULL;
    script->world = *world;
    script->limit_bytes = limit_bytes;
    px_writer_init(&script->host.scratch, SKETCH_PLAN_MAX_BYTES);
    px_writer_init(&script->host.plan, SKETCH_PLAN_MAX_BYTES);
    return script;
}

void script_destroy(struct script *script) {
    if (script == NULL)
        return;
    lua_sandbox_destroy(script->L);
    px_writer_free(&script->host.scratch);
    px_writer_free(&script->host.plan);
    free(script->source);
    free(script);
}

static int open_words(lua_State *L) {
    lua_geometry_open(L);
    lua_kernel_open(L);
    lua_layer_open(L);
    lua_live_open(L);
    lua_live_open_sketch(L);
    lua_modules_open(L);
    return 0;
}

/* Puts this call's inputs where the functions find them. */
static void take_moment(struct script *script, const struct script_moment *moment) {
    struct lua_host *host = &script->host;
    host->t = moment->t;
    host->frame = moment->frame;
    memcpy(host->cc, moment->cc, sizeof host->cc);
    host->params = moment->params;
    double seed;
    const struct px_value *given = px_value_get(moment->params, "seed");
    script->has_seed = given != NULL && px_value_number(given, &seed) && fabs(seed) <= 9007199254740992.0;
    script->seed = script->has_seed ? (lua_Integer)seed : 0;
}

/* argument: the script. Sets the global seed, and math.random by it. */
static int start_seed(lua_State *L) {
    const struct script *script = lua_touserdata(L, 1);
    lua_pushglobaltable(L);
    lua_pushliteral(L, "seed");
    if (script->has_seed) {
        lua_pushvalue(L, -1);
        lua_pushinteger(L, script->seed);
        lua_rawset(L, -4);
    }
    lua_rawget(L, -2);
    lua_Number seed = lua_type(L, -1) == LUA_TNUMBER ? lua_tonumber(L, -1) : NAN;
    if (!(seed >= 0 && seed <= 9007199254740992.0))
        return luaL_error(L, "%s:1: seed must be a number of 0 or more", script->chunk + 1);
    lua_Integer whole = (lua_Integer)seed;
    lua_sandbox_seed(L, whole);
    lua_pushinteger(L, whole);
    return 1;
}

/* Calls the function below `arguments` values on top, protected; error: taken from the stack. */
static int call(lua_State *L, int arguments, int results, struct px_error *error) {
    int base = lua_gettop(L) - arguments;
    lua_pushcfunction(L, lua_error_handler);
    lua_insert(L, base);
    int status = lua_pcall(L, arguments, results, base);
    lua_remove(L, base);
    return status == LUA_OK ? 0 : lua_error_take(L, status, error);
}

static int run_seed(struct script *script, lua_Integer *seed, struct px_error *error) {
    lua_pushcfunction(script->L, start_seed);
    lua_pushlightuserdata(script->L, script);
    int status = call(script->L, 1, 1, error);
    if (status != 0)
        return status;
    *seed = lua_tointeger(script->L, -1);
    lua_pop(script->L, 1);
    return 0;
}

static int run_file(struct script *script, struct px_error *error) {
    lua_State *L = script->L;
    lua_Integer seed;
    int status = run_seed(script, &seed, error);
    if (status != 0)
        return status;
    int loaded = luaL_loadbufferx(L, script->source, script->size, script->chunk, "t");
    if (loaded != LUA_OK)
        return lua_error_take(L, loaded, error);
    return call(L, 0, 0, error);
}

static int check_draw(lua_State *L, const struct script *script, struct px_error *error) {
    int type = lua_getglobal(L, "draw");
    lua_pop(L, 1);
    if (type == LUA_TFUNCTION)
        return 0;
    return px_fail(error, PX_E_SKETCH, "%s:1: a sketch defines a function draw(t); this one has none",
                   script->chunk + 1);
}

/* Makes a fresh state and runs the file in it. */
static int start(struct script *script, struct px_error *error) {
    struct lua_host *host = &script->host;
    lua_State *old = script->L;
    script->L = NULL; /* an interrupt must not find it half closed */
    lua_sandbox_destroy(old);
    host->world = script->world;
    host->limit_bytes = script->limit_bytes;
    host->refused_at[0] = '\0';
    host->own_count = 0;
    host->canvas = (struct own_canvas){0};
    lua_State *L = lua_sandbox_create(host);
    if (L == NULL)
        return px_fail(error, PX_E_SKETCH, "%s: not enough memory to start a sketch", script->chunk + 1);
    script->L = L;
    lua_pushcfunction(L, open_words);
    int status = call(L, 0, 0, error);
    if (status != 0)
        return status;
    host->loading = true;
    host->used_cc = false;
    status = run_file(script, error);
    host->loading = false;
    host->load_used_cc = host->used_cc;
    memcpy(script->load_cc, host->cc, sizeof script->load_cc);
    return status != 0 ? status : check_draw(L, script, error);
}

int script_load(struct script *script, const char *chunk, const char *source, size_t size,
                const struct script_moment *moment, struct px_error *error) {
    char *copy = malloc(size + 1);
    if (copy == NULL)
        return px_fail(error, PX_E_NO_MEMORY, "no memory for a source of %zu bytes", size);
    memcpy(copy, source, size);
    free(script->source);
    script->source = copy;
    script->size = size;
    strcpy(script->chunk, "@");
    strncat(script->chunk, chunk, sizeof script->chunk - 2);
    take_moment(script, moment);
    return start(script, error);
}

/* Whether the file, run now, might do other than it did. */
static bool load_is_old(const struct script *script, const struct script_moment *moment) {
    const struct lua_host *host = &script->host;
    if (script->L == NULL || (host->load_used_cc && memcmp(script->load_cc, moment->cc, sizeof moment->cc) != 0))
        return true;
    for (size_t i = 0; i < host->own_count; i++) {
        const struct own_param *param = &host->own[i];
        if (!param->at_load)
            continue;
        const struct px_value *value = px_value_get(moment->params, param->name);
        double number = param->def;
        if (param->type == OWN_STRING) {
            bool given = value != NULL && value->type == PX_STR;
            size_t length = given ? value->count : strlen(param->def_text);
            const char *text = given ? value->text : param->def_text;
            if (length != strlen(param->value_text) || memcmp(text, param->value_text, length) != 0)
                return true;
            continue;
        }
        if (value != NULL && value->type == PX_BOOL)
            number = value->boolean;
        else if (value != NULL)
            px_value_number(value, &number);
        if (number != param->value)
            return true;
    }
    return false;
}

static bool draw_takes_t(lua_State *L) {
    lua_Debug draw;
    lua_getglobal(L, "draw");
    if (!lua_isfunction(L, -1)) {
        lua_pop(L, 1);
        return true;
    }
    lua_getinfo(L, ">u", &draw);
    return draw.nparams > 0 || draw.isvararg;
}

/* argument: t, seed. Runs draw and writes the plan. */
static int draw_and_write(lua_State *L) {
    lua_getglobal(L, "draw");
    lua_pushvalue(L, 1);
    lua_call(L, 1, LUA_MULTRET);
    lua_plan_write(L, lua_gettop(L) - 2, lua_tointeger(L, 2));
    return 0;
}

int script_draw(struct script *script, const struct script_moment *moment, struct script_result *result,
                struct px_error *error) {
    struct lua_host *host = &script->host;
    bool old_seed = script->has_seed;
    lua_Integer seed_before = script->seed;
    bool reload = load_is_old(script, moment);
    take_moment(script, moment);
    reload = reload || old_seed != script->has_seed || seed_before != script->seed;
    int status = reload ? start(script, error) : check_draw(script->L, script, error);
    lua_Integer seed = 0;
    host->used_time = false;
    host->used_cc = false;
    if (status == 0)
        status = run_seed(script, &seed, error);
    if (status != 0)
        return status;
    lua_State *L = script->L;
    lua_pushcfunction(L, draw_and_write);
    lua_pushnumber(L, moment->t);
    lua_pushinteger(L, seed);
    status = call(L, 2, 0, error);
    host->params = NULL;
    if (status != 0)
        return status;
    *result = (struct script_result){
        .plan = host->plan.bytes,
        .plan_size = host->plan.size,
        .uses_time = host->used_time || draw_takes_t(L),
        .uses_cc = host->used_cc || host->load_used_cc,
        .seed = (double)seed,
        .params = host->own,
        .param_count = host->own_count,
    };
    return 0;
}

/* The hook of an interrupted state: raises at the line where the sketch is. */
static void out_of_time(lua_State *L, lua_Debug *frame) {
    (void)frame;
    /* host is the script's first member */
    const struct script *script = (const struct script *)lua_host(L);
    int limit_ms = atomic_load_explicit(&((struct script *)(uintptr_t)script)->limit_ms, memory_order_relaxed);
    lua_sethook(L, NULL, 0, 0);
    lua_raise(L, "%s took longer than %d ms", script->host.loading ? "loading" : "draw(t)", limit_ms);
}

void script_interrupt(struct script *script, int limit_ms) {
    atomic_store_explicit(&script->limit_ms, limit_ms, memory_order_relaxed);
    if (script->L != NULL)
        lua_sethook(script->L, out_of_time, LUA_MASKCALL | LUA_MASKRET | LUA_MASKCOUNT, 1);
}

void script_place(const struct script *script, char *out, size_t size) {
    out[0] = '\0';
    if (script->L != NULL)
        lua_place(script->L, out, size);
}
