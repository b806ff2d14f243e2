/* lua_kernel.c: see lua_kernel.h. */
#include "daemon/sketch/lua_kernel.h"

#include "daemon/kernel/kernel.h"
#include "daemon/sketch/lua_error.h"
#include "daemon/sketch/lua_geometry.h"
#include "daemon/sketch/lua_lines.h"
#include "proto/nearest.h"
#include "proto/utf8.h"

#include <lauxlib.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* One parameter at work, for messages. */
struct place {
    lua_State *L;
    const struct kernel *kernel;
    const struct param *param;
};

static const char *letter(const struct kernel *kernel) {
    return kernel->role == KERNEL_SHAPE ? "G" : "E";
}

__attribute__((noreturn)) static void wrong_value(const struct place *place, const char *wanted, int index) {
    lua_raise(place->L, "%s.%s: %s must be %s, got %s", letter(place->kernel), place->kernel->name, place->param->name,
              wanted, luaL_typename(place->L, index));
}

static double finite_number(const struct place *place, const char *wanted, int index) {
    if (lua_type(place->L, index) != LUA_TNUMBER)
        wrong_value(place, wanted, index);
    double value = lua_tonumber(place->L, index);
    if (!isfinite(value))
        lua_raise(place->L, "%s.%s: %s is not a finite number", letter(place->kernel), place->kernel->name,
                  place->param->name);
    return value;
}

/* Writes a list of numbers; count 0: any but none. */
static void write_numbers(const struct place *place, const char *wanted, int index, lua_Integer count,
                          struct px_writer *writer) {
    lua_State *L = place->L;
    lua_Integer length = (lua_Integer)lua_rawlen(L, index);
    if (length == 0 || (count != 0 && length != count))
        lua_raise(L, "%s.%s: %s must be %s, got a list of %lld", letter(place->kernel), place->kernel->name,
                  place->param->name, wanted, (long long)length);
    px_write_array(writer, (uint32_t)length);
    for (lua_Integer i = 1; i <= length; i++) {
        lua_rawgeti(L, index, i);
        px_write_real(writer, finite_number(place, wanted, lua_gettop(L)));
        lua_pop(L, 1);
    }
}

static void write_bools(const struct place *place, int index, struct px_writer *writer) {
    static const char wanted[] = "true, false or a list of them";
    lua_State *L = place->L;
    if (lua_isboolean(L, index)) {
        px_write_bool(writer, lua_toboolean(L, index));
        return;
    }
    lua_Integer length = lua_istable(L, index) ? (lua_Integer)lua_rawlen(L, index) : 0;
    if (length == 0)
        wrong_value(place, wanted, index);
    px_write_array(writer, (uint32_t)length);
    for (lua_Integer i = 1; i <= length; i++) {
        if (lua_rawgeti(L, index, i) != LUA_TBOOLEAN)
            wrong_value(place, wanted, lua_gettop(L));
        px_write_bool(writer, lua_toboolean(L, -1));
        lua_pop(L, 1);
    }
}

static void write_string(const struct place *place, int index, struct px_writer *writer) {
    size_t length;
    if (lua_type(place->L, index) != LUA_TSTRING)
        wrong_value(place, "a string", index);
    const char *text = lua_tolstring(place->L, index, &length);
    if (px_utf8_valid(text, length) != length)
        lua_raise(place->L, "%s.%s: %s is not UTF-8", letter(place->kernel), place->kernel->name, place->param->name);
    px_write_text(writer, text, length);
}

static void write_choice(const struct place *place, int index, struct px_writer *writer) {
    const char *const *choices = place->param->choices;
    if (lua_type(place->L, index) != LUA_TSTRING)
        wrong_value(place, "one of its words", index);
    const char *word = lua_tostring(place->L, index);
    char list[200] = "";
    for (size_t i = 0; choices[i] != NULL; i++) {
        if (strcmp(choices[i], word) == 0) {
            px_write_string(writer, word);
            return;
        }
        size_t length = strlen(list);
        snprintf(list + length, sizeof list - length, "%s%s", i > 0 ? ", " : "", choices[i]);
    }
    lua_raise(place->L, "%s.%s: %s is \"%.40s\"; it may be %s", letter(place->kernel), place->kernel->name,
              place->param->name, word, list);
}

static void write_node(const struct place *place, int index, struct px_writer *writer) {
    if (!lua_is_geometry(place->L, index))
        wrong_value(place, "a geometry", index);
    px_write_map(writer, lua_geometry_fields(place->L, index));
    lua_geometry_write(place->L, index, writer);
}

/* Writes the value on top. */
static void write_value(const struct place *place, struct px_writer *writer) {
    lua_State *L = place->L;
    int index = lua_gettop(L);
    bool list = lua_istable(L, index);
    switch (place->param->type) {
    case PARAM_NUMBER:
    case PARAM_INTEGER:
        px_write_real(writer, finite_number(place, "a number", index));
        break;
    case PARAM_BOOL:
        if (!lua_isboolean(L, index))
            wrong_value(place, "true or false", index);
        px_write_bool(writer, lua_toboolean(L, index));
        break;
    case PARAM_VECTOR:
        if (list)
            write_numbers(place, "a number or a list of three", index, 3, writer);
        else
            px_write_real(writer, finite_number(place, "a number or a list of three", index));
        break;
    case PARAM_NUMBERS:
        if (list)
            write_numbers(place, "a number or a list of numbers", index, 0, writer);
        else
            px_write_real(writer, finite_number(place, "a number or a list of numbers", index));
        break;
    case PARAM_REGION:
        if (!list)
            wrong_value(place, "a list of four numbers", index);
        write_numbers(place, "a list of four numbers", index, 4, writer);
        break;
    case PARAM_BOOLS:
        write_bools(place, index, writer);
        break;
    case PARAM_STRING:
    case PARAM_RESOURCE:
        write_string(place, index, writer);
        break;
    case PARAM_CHOICE:
        write_choice(place, index, writer);
        break;
    case PARAM_NODE:
        write_node(place, index, writer);
        break;
    }
}

/* Raises for the first key of the table at index that the kernel does not have. */
static void raise_unknown(lua_State *L, const struct kernel *kernel, int index) {
    lua_pushnil(L);
    while (lua_next(L, index)) {
        lua_pop(L, 1);
        if (lua_type(L, -1) != LUA_TSTRING)
            lua_raise(L, "%s.%s: parameters have names: %s.%s{name = value}", letter(kernel), kernel->name,
                      letter(kernel), kernel->name);
        const char *name = lua_tostring(L, -1);
        if (params_find(kernel->params, kernel->param_count, name, strlen(name)) != NULL ||
            (kernel->role == KERNEL_EFFECT && strcmp(name, "bypass") == 0))
            continue;
        struct px_nearest nearest = PX_NEAREST(name, strlen(name));
        char list[260] = "";
        for (size_t i = 0; i < kernel->param_count; i++) {
            px_nearest_offer(&nearest, kernel->params[i].name);
            size_t length = strlen(list);
            snprintf(list + length, sizeof list - length, "%s%s", i > 0 ? ", " : "", kernel->params[i].name);
        }
        if (nearest.name != NULL)
            lua_raise(L, "%s.%s: unknown parameter '%.40s'; did you mean '%s'?", letter(kernel), kernel->name, name,
                      nearest.name);
        lua_raise(L, "%s.%s: unknown parameter '%.40s'; there are: %s", letter(kernel), kernel->name, name, list);
    }
}

/* Pushes the raw field of the table at index; false (nothing pushed) when it is nil. */
static bool push_field(lua_State *L, int index, const char *name) {
    lua_pushstring(L, name);
    if (lua_rawget(L, index) != LUA_TNIL)
        return true;
    lua_pop(L, 1);
    return false;
}

static uint32_t count_fields(lua_State *L, const struct kernel *kernel, int index) {
    uint32_t known = 0;
    for (size_t i = 0; i < kernel->param_count; i++) {
        if (push_field(L, index, kernel->params[i].name)) {
            lua_pop(L, 1);
            known++;
        }
    }
    if (kernel->role == KERNEL_EFFECT && push_field(L, index, "bypass")) {
        lua_pop(L, 1);
        known++;
    }
    return known;
}

/* Writes the parameters in the table at index (or none) as a map, in the order of the kernel's table. */
static void write_params(lua_State *L, const struct kernel *kernel, int index, struct px_writer *writer) {
    if (lua_isnoneornil(L, index)) {
        px_write_map(writer, 0);
        return;
    }
    if (!lua_istable(L, index))
        lua_raise(L, "%s.%s: parameters come as a table: %s.%s{name = value}, got %s", letter(kernel), kernel->name,
                  letter(kernel), kernel->name, luaL_typename(L, index));
    raise_unknown(L, kernel, index);
    px_write_map(writer, count_fields(L, kernel, index));
    for (size_t i = 0; i < kernel->param_count; i++) {
        if (!push_field(L, index, kernel->params[i].name))
            continue;
        const struct place place = {.L = L, .kernel = kernel, .param = &kernel->params[i]};
        px_key(writer, kernel->params[i].name);
        write_value(&place, writer);
        lua_pop(L, 1);
    }
    if (kernel->role == KERNEL_EFFECT && push_field(L, index, "bypass")) {
        if (!lua_isboolean(L, -1))
            lua_raise(L, "E.%s: bypass must be true or false, got %s", kernel->name, luaL_typename(L, -1));
        px_key(writer, "bypass");
        px_write_bool(writer, lua_toboolean(L, -1));
        lua_pop(L, 1);
    }
}

/* G.<shape>{...}; upvalues: kernel, label or nil. */
static int shape_call(lua_State *L) {
    const struct kernel *kernel = lua_touserdata(L, lua_upvalueindex(1));
    const char *label = lua_tostring(L, lua_upvalueindex(2));
    struct px_writer *writer = lua_scratch(L);
    px_key(writer, "shape");
    px_write_string(writer, kernel->name);
    px_key(writer, "params");
    write_params(L, kernel, 1, writer);
    lua_geometry_push_source(L, 2, label != NULL ? label : "");
    return 1;
}

static void write_effect(lua_State *L, const struct kernel *kernel, int index) {
    struct px_writer *writer = lua_scratch(L);
    px_write_array(writer, 2);
    px_write_string(writer, kernel->name);
    write_params(L, kernel, index, writer);
}

/* E.<effect>{...}; upvalue: kernel. */
static int effect_call(lua_State *L) {
    write_effect(L, lua_touserdata(L, lua_upvalueindex(1)), 1);
    lua_chain_push(L, 0, true);
    return 1;
}

/* chain:<effect>{...}; upvalue: kernel. */
static int effect_method(lua_State *L) {
    const struct kernel *kernel = lua_touserdata(L, lua_upvalueindex(1));
    if (!lua_is_chain(L, 1))
        lua_raise(L, "a chain goes on with a colon: chain:%s{...}", kernel->name);
    write_effect(L, kernel, 2);
    lua_chain_push(L, 1, true);
    return 1;
}

static const struct kernel *find_kernel(lua_State *L, enum kernel_role role, const char *kind) {
    if (lua_type(L, -1) != LUA_TSTRING)
        lua_raise(L, "the name of %s is expected, got %s", kind, luaL_typename(L, -1));
    size_t length;
    const char *name = lua_tolstring(L, -1, &length);
    /* `repeat` is a word of Lua itself: there it is written repeat_ */
    bool escaped = length > 1 && name[length - 1] == '_';
    const struct kernel *kernel = kernel_find(role, name, escaped ? length - 1 : length);
    if (kernel != NULL)
        return kernel;
    struct px_nearest nearest = PX_NEAREST(name, strlen(name));
    size_t count;
    const struct kernel *const *all = kernel_list(&count);
    for (size_t i = 0; i < count; i++)
        if (all[i]->role == role)
            px_nearest_offer(&nearest, all[i]->name);
    if (nearest.name != NULL)
        lua_raise(L, "unknown %s '%.40s'; did you mean '%s'?", kind, name, nearest.name);
    lua_raise(L, "unknown %s '%.40s'", kind, name);
}

static void push_kernel(lua_State *L, const struct kernel *kernel) {
    lua_pushlightuserdata(L, (void *)(uintptr_t)kernel);
}

/* Pushes the function for the shape named on top, with the label at `label` (0: none). */
static void push_shape(lua_State *L, int label) {
    if (strcmp(lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "", "lines") == 0) {
        label != 0 ? lua_pushvalue(L, label) : lua_pushnil(L);
        lua_pushcclosure(L, lua_lines_make, 1);
        return;
    }
    push_kernel(L, find_kernel(L, KERNEL_SHAPE, "shape"));
    label != 0 ? lua_pushvalue(L, label) : lua_pushnil(L);
    lua_pushcclosure(L, shape_call, 2);
}

/* G.name: made at first use, then kept in the table itself. */
static int shapes_index(lua_State *L) {
    lua_settop(L, 2);
    push_shape(L, 0);
    lua_pushvalue(L, 2);
    lua_pushvalue(L, -2);
    lua_rawset(L, 1);
    return 1;
}

/* upvalue: the label. */
static int labelled_index(lua_State *L) {
    lua_settop(L, 2);
    push_shape(L, lua_upvalueindex(1));
    return 1;
}

/* G.label("title") -> an object whose fields are the shapes, so named. Takes {uid = "title"} as well. */
static int shapes_label(lua_State *L) {
    if (lua_istable(L, 1))
        push_field(L, 1, "uid");
    lua_label_check(L, lua_gettop(L));
    lua_newtable(L);
    lua_createtable(L, 0, 2);
    lua_pushvalue(L, -3);
    lua_pushcclosure(L, labelled_index, 1);
    lua_setfield(L, -2, "__index");
    lua_pushliteral(L, "G");
    lua_setfield(L, -2, "__metatable");
    lua_setmetatable(L, -2);
    return 1;
}

static int effects_index(lua_State *L) {
    lua_settop(L, 2);
    if (lua_type(L, 2) == LUA_TSTRING && strcmp(lua_tostring(L, 2), "pipeline") == 0) {
        lua_chain_push(L, 0, false);
        return 1;
    }
    push_kernel(L, find_kernel(L, KERNEL_EFFECT, "effect"));
    lua_pushcclosure(L, effect_call, 1);
    lua_pushvalue(L, 2);
    lua_pushvalue(L, -2);
    lua_rawset(L, 1);
    return 1;
}

/* E.label("name"): a chain so named, without a step yet. */
static int effects_label(lua_State *L) {
    lua_settop(L, 1);
    lua_chain_push(L, 0, false);
    lua_getfield(L, -1, "label");
    lua_insert(L, 1);
    lua_insert(L, 2);
    lua_call(L, 2, 1);
    return 1;
}

int lua_kernel_effect_method(lua_State *L) {
    push_kernel(L, find_kernel(L, KERNEL_EFFECT, "effect"));
    lua_pushcclosure(L, effect_method, 1);
    return 1;
}

static int no_assignment(lua_State *L) {
    lua_raise(L, "G and E hold the kernels of the daemon: nothing can be added to them from a sketch");
}

/* Gives the table on top a locked metatable with this __index, and makes it a global. */
static void publish(lua_State *L, const char *name, lua_CFunction index) {
    lua_createtable(L, 0, 3);
    lua_pushcfunction(L, index);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, no_assignment);
    lua_setfield(L, -2, "__newindex");
    lua_pushstring(L, name);
    lua_setfield(L, -2, "__metatable");
    lua_setmetatable(L, -2);
    lua_setglobal(L, name);
}

void lua_kernel_open(lua_State *L) {
    lua_newtable(L);
    lua_pushcfunction(L, shapes_label);
    lua_setfield(L, -2, "label");
    lua_pushcfunction(L, lua_geometry_concat_list);
    lua_setfield(L, -2, "concat");
    publish(L, "G", shapes_index);
    lua_newtable(L);
    lua_pushcfunction(L, effects_label);
    lua_setfield(L, -2, "label");
    publish(L, "E", effects_index);
}
