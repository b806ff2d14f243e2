/* lua_error.c: see lua_error.h. */
#include "daemon/sketch/lua_error.h"

#include "daemon/sketch/lua_host.h"

#include <lauxlib.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { CALLERS_SHOWN = 3, FRAMES_SEEN = 64 };

void lua_place(lua_State *L, char *out, size_t size) {
    out[0] = '\0';
    lua_Debug frame;
    for (int level = 0; level < FRAMES_SEEN && lua_getstack(L, level, &frame); level++) {
        lua_getinfo(L, "Sl", &frame);
        if (frame.currentline > 0) {
            snprintf(out, size, "%s:%d", frame.short_src, frame.currentline);
            return;
        }
    }
}

void lua_raise(lua_State *L, const char *format, ...) {
    char place[96];
    char text[400];
    lua_place(L, place, sizeof place);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (place[0] != '\0')
        lua_pushfstring(L, "%s: %s", place, text);
    else
        lua_pushstring(L, text);
    lua_error(L);
    __builtin_unreachable();
}

/* Whether a message begins with "file:line:". */
static bool has_place(const char *text) {
    const char *colon = strchr(text, ':');
    if (colon == NULL || colon == text || colon[1] < '0' || colon[1] > '9')
        return false;
    const char *digit = colon + 1;
    while (*digit >= '0' && *digit <= '9')
        digit++;
    return *digit == ':';
}

/* Appends who called, innermost first, at most CALLERS_SHOWN lines of Lua code. */
static void add_callers(lua_State *L, char *text, size_t size) {
    int seen = 0;
    int shown = 0;
    lua_Debug frame;
    for (int level = 1; level < FRAMES_SEEN && shown < CALLERS_SHOWN && lua_getstack(L, level, &frame); level++) {
        lua_getinfo(L, "Sl", &frame);
        if (frame.currentline <= 0 || seen++ == 0)
            continue;
        size_t length = strlen(text);
        snprintf(text + length, size - length, "%s%s:%d", shown++ == 0 ? " (called from " : ", ", frame.short_src,
                 frame.currentline);
    }
    size_t length = strlen(text);
    if (shown > 0)
        snprintf(text + length, size - length, ")");
}

/* The words of an error object, without running any code of the sketch. */
static void describe_object(lua_State *L, int index, char *out, size_t size) {
    int type = lua_type(L, index);
    if (type == LUA_TSTRING) {
        snprintf(out, size, "%s", lua_tostring(L, index));
        return;
    }
    if (type == LUA_TNUMBER) {
        snprintf(out, size, "%.14g", lua_tonumber(L, index));
        return;
    }
    if (type == LUA_TTABLE) {
        lua_pushliteral(L, "message");
        if (lua_rawget(L, index) == LUA_TSTRING) {
            snprintf(out, size, "%s", lua_tostring(L, -1));
            lua_pop(L, 1);
            return;
        }
        lua_pop(L, 1);
    }
    snprintf(out, size, "an error was raised with a %s as its message", lua_typename(L, type));
}

int lua_error_handler(lua_State *L) {
    char words[320];
    char text[480] = "";
    char place[96] = "";
    describe_object(L, 1, words, sizeof words);
    char *end = strchr(words, '\n'); /* Lua's own stack overflow adds a traceback: one line is enough */
    if (end != NULL)
        *end = '\0';
    if (!has_place(words))
        lua_place(L, place, sizeof place);
    snprintf(text, sizeof text, "%s%s%s", place, place[0] != '\0' ? ": " : "", words);
    add_callers(L, text, sizeof text);
    lua_pushstring(L, text);
    return 1;
}

int lua_error_take(lua_State *L, int status, struct px_error *error) {
    struct lua_host *host = lua_host(L);
    if (status == LUA_ERRMEM) {
        px_fail(error, PX_E_SKETCH, "%s%snot enough memory: a sketch may use %zu MB", host->refused_at,
                host->refused_at[0] != '\0' ? ": " : "", host->limit_bytes >> 20);
    } else {
        char words[480];
        describe_object(L, lua_gettop(L), words, sizeof words);
        px_fail(error, PX_E_SKETCH, "%s", words);
    }
    lua_pop(L, 1);
    return PX_E_SKETCH;
}
