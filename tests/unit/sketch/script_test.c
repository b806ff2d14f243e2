#include "daemon/sketch/script.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char printed[4096];
static struct script *script;
static struct px_error error;
static struct script_result result;
static struct script_moment moment;

static void keep_print(void *argument, const char *text, size_t length) {
    (void)argument;
    snprintf(printed + strlen(printed), sizeof printed - strlen(printed), "%.*s\n", (int)length, text);
}

static char *give_file(void *argument, const char *name, size_t *size, struct px_error *reason) {
    (void)argument;
    const char *text = strcmp(name, "lib/grid.lua") == 0     ? "return {step = 7}"
                       : strcmp(name, "broken.lua") == 0     ? "local x =\n= 3"
                       : strcmp(name, "circular.lua") == 0   ? "return require 'circular'"
                                                             : NULL;
    if (text == NULL) {
        px_fail(reason, PX_E_NOT_FOUND, "%s: no such file", name);
        return NULL;
    }
    *size = strlen(text);
    return strdup(text);
}

static void set_up(void) {
    const struct lua_world world = {.print = keep_print, .file = give_file};
    script = script_create(32u << 20, &world);
    ck_assert_ptr_nonnull(script);
    printed[0] = '\0';
    moment = (struct script_moment){.t = 1.5};
}

static void tear_down(void) {
    script_destroy(script);
}

static int load(const char *source) {
    return script_load(script, "test.lua", source, strlen(source), &moment, &error);
}

static int run(const char *source) {
    int status = load(source);
    return status != 0 ? status : script_draw(script, &moment, &result, &error);
}

static void run_well(const char *source) {
    error.message[0] = '\0';
    ck_assert_msg(run(source) == 0, "%s", error.message);
}

static struct px_document plan_of(const char *source) {
    run_well(source);
    struct px_document document;
    ck_assert_int_eq(px_value_decode(result.plan, result.plan_size, &PX_LIMITS_DEFAULT, &document, NULL), 0);
    return document;
}

static const struct px_value *layer_at(const struct px_document *document, uint32_t index) {
    const struct px_value *layers = px_value_get(&document->root, "layers");
    ck_assert_uint_lt(index, layers->count);
    return &layers->items[index];
}

static double number(const struct px_value *map, const char *key) {
    double value = -1e9;
    px_value_number(px_value_get(map, key), &value);
    return value;
}

/* ---- what a sketch may not do ------------------------------------------------------------------------------------- */

/* Each line must be true: the way out is not there. */
static const char *const closed[] = {
    "io == nil", "os == nil", "package == nil", "debug == nil", "dofile == nil", "loadfile == nil",
    "string.dump == nil", "('x').dump == nil", "warn == nil",
    "load('\\27Lua') == nil", "load('\\27Lua', 'x', 'b') == nil", "load('\\27Lua', 'x', 'bt') == nil",
    "load(function() return nil end, 'x', 'b') ~= nil", "load('return io')() == nil",
    "load('return os', 'x', 't', {}) () == nil",
    "not pcall(require, '../secret')", "not pcall(require, '/etc/passwd')", "not pcall(require, 'a/../b')",
    "not pcall(require, '..')", "not pcall(require, '')", "not pcall(require, 'a\\0b')", "not pcall(require, 5)",
    "not pcall(require, 'io')", "not pcall(require, ('a'):rep(1000))",
    "not pcall(string.format, '%p', {})", "not pcall(string.format, '%-20p', {})",
    "not tostring({}):find('0x')", "not tostring(print):find('0x')", "not string.format('%s', {}):find('0x')",
    "not ('%s'):format(print):find('0x')", "tostring(coroutine.create(print)) == 'thread'",
    "not pcall(collectgarbage, 'stop')", "not pcall(collectgarbage, 'incremental')",
    "not pcall(collectgarbage, 'generational')", "not pcall(setmetatable, G, {})", "not pcall(setmetatable, _G, {})",
    "type(getmetatable(G.line())) == 'string'", "type(getmetatable(E.fill{})) == 'string'",
    "type(getmetatable(cc)) == 'string'", "type(getmetatable(lfo())) == 'string'",
    "not pcall(function() G.line().x = 1 end)", "not pcall(function() cc[1] = 1 end)",
    "not pcall(function() G.mine = print end)", "getmetatable('').__index == string",
    "not pcall(getmetatable(cc).__index, 1, 2)", "not pcall(string.rep, 'x', 1 << 40)",
    "not pcall(table.concat, setmetatable({}, {__len = function() return 1 << 60 end}))",
    "select('#', table.unpack({}, 1, 0)) == 0", "not pcall(table.unpack, {}, 1, 1e8)",
    "not pcall(coroutine.wrap(function() error{} end))",
    "not pcall(string.pack, '!17i8', 1)", "rawequal(math.huge, 1 / 0)",
};

START_TEST(no_way_leads_out_of_the_sandbox) {
    char source[400];
    snprintf(source, sizeof source, "local ok = %s\nif not ok then error('open') end\nfunction draw() return {} end",
             closed[_i]);
    error.message[0] = '\0';
    ck_assert_msg(run(source) == 0, "%s: %s", closed[_i], error.message);
}
END_TEST

/* ---- bad sketches ------------------------------------------------------------------------------------------------- */

/* The error must hold these words, and begin with a file and a line. */
static const struct {
    const char *source, *words;
} bad[] = {
    {"function draw(t)\n  return G.line{}\nend end", "test.lua:3: "},
    {"local x = \n= 3", "test.lua:2: unexpected symbol"},
    {"x = 1", "test.lua:1: a sketch defines a function draw(t)"},
    {"draw = 5", "a sketch defines a function draw(t)"},
    {"function draw(t) end", "test.lua:1: draw returned nothing"},
    {"function draw(t) return nil end", "draw returned nothing"},
    {"\nfunction draw(t) return 5 end", "test.lua:2: draw returned number"},
    {"function draw(t) return 'x' end", "draw returned string"},
    {"function draw(t) return {G.line(), 5} end", "draw returned number (item 2)"},
    {"function draw(t) return {x = 1} end", "a table that is no list"},
    {"function draw(t) return E.fill{} end", "a chain of effects that was not applied"},
    {"function draw(t) local a = {} a[1] = a return a end", "lists nested too deep"},
    {"function draw(t) return setmetatable({}, {__index = function() error('seen') end, __len = function() return 9 "
     "end, __pairs = error}), 5 end", "draw returned number"},
    {"local a = setmetatable({}, {}) getmetatable(a).__index = a\nfunction draw(t) return a.b end", "'__index' chain too long"},
    {"\n\nfunction draw(t) error('my words') end", "test.lua:3: my words"},
    {"function draw(t) error('my words', 0) end", "test.lua:1: my words"},
    {"function draw(t) error({message = 'in a table'}) end", "test.lua:1: in a table"},
    {"function draw(t) error({}) end", "test.lua:1: an error was raised with a table"},
    {"function draw(t) error(setmetatable({}, {__tostring = function() while true do end end})) end", "with a table"},
    {"function draw(t) error() end", "with a nil"},
    {"function draw(t)\n local x = nil\n return x.y end", "test.lua:3: attempt to index a nil value (local 'x')"},
    {"function draw(t) return draw(t) + 1 end", "test.lua:1: "},
    {"local function f(t) return (f(t)) end\nfunction draw(t) return {f(t)} end", "test.lua:1: "},
    {"function draw(t) return string.rep('x', 1e9) end", "not enough memory: a sketch may use 32 MB"},
    {"function draw(t) local s = {} while true do s[#s + 1] = {#s} end end", "test.lua:1: not enough memory"},
    {"function draw(t) local s = 'x' while true do s = s .. s end end", "not enough memory"},
    {"function draw(t) return coroutine.yield() end", "attempt to yield"},
    {"function draw(t) return coroutine.wrap(function() return coroutine.wrap(draw)(t) end)() end", "test.lua:1: "},
    {"function draw(t) coroutine.close(coroutine.running()) end", "test.lua:1: "},
    {"function draw(t)\n return G.shpere{} end", "test.lua:2: unknown shape 'shpere'; did you mean 'sphere'?"},
    {"function draw(t)\n return G.sphere{subdivision = 1} end",
     "test.lua:2: G.sphere: unknown parameter 'subdivision'; did you mean 'subdivisions'?"},
    {"function draw(t)\n return E.fil{}(G.line()) end", "test.lua:2: unknown effect 'fil'; did you mean 'fill'?"},
    {"function draw(t)\n return E.fill{}:rotat{}(G.line()) end", "unknown effect 'rotat'; did you mean 'rotate'?"},
    {"function draw(t) return E.fill{densty = 3}(G.line()) end", "did you mean 'density'?"},
    {"function draw(t) return G.line{length = 'x'} end", "G.line: length must be a number, got string"},
    {"function draw(t) return G.line{length = 0/0} end", "G.line: length is not a finite number"},
    {"function draw(t) return E.rotate{rotation = {1, 2}}(G.line()) end", "a list of 2"},
    {"function draw(t) return E.fill{}.rotate{}(G.line()) end", "with a colon"},
    {"function draw(t) return E.fill{bypass = 1}(G.line()) end", "bypass must be true or false"},
    {"function draw(t) return G.line(5) end", "parameters come as a table"},
    {"function draw(t) return G.line{5} end", "parameters have names"},
    {"function draw(t) return E.fill{}(5) end", "a geometry is expected"},
    {"function draw(t) return E.fill{}{G.line()} end", "join the list with G.concat"},
    {"function draw(t) return G.line() + 5 end", "a geometry is expected"},
    {"function draw(t) return L.layer(G.line(), {colour = '#000000'}) end", "did you mean 'color'?"},
    {"function draw(t) return L.layer(G.line(), {color = 'red'}) end", "a colour is"},
    {"function draw(t) return L.layer(G.line(), {thickness = -1}) end", "thickness is a number"},
    {"function draw(t) return L.layer(5) end", "a geometry is expected"},
    {"function draw(t) return G.label('a/b').line{} end", "without / # ."},
    {"canvas{sice = 'A5'}", "test.lua:1: canvas: unknown name 'sice'; did you mean 'size'?"},
    {"canvas{size = {10}}", "size is a paper's name"},
    {"lfo('sinus')", "test.lua:1: lfo: unknown wave 'sinus'"},
    {"lfo('sine', {frequency = 1})", "lfo: unknown name 'frequency'"},
    {"lfo('sine', {lo = 2, hi = 1})", "hi must be above lo"},
    {"lfo('sine', {period = 0})", "must be above 0"},
    {"param('a', 1, 5, 2)", "max must be above min"},
    {"param('a', {})", "the default must be"},
    {"param('a.b', 1)", "without / # ."},
    {"seed = 'x' function draw(t) return {} end", "seed must be a number"},
    {"G.lines{{{1, 2}, {3}}}", "G.lines[1][2]: y must be a finite number"},
    {"G.lines{{{1, 2}, 3}}", "G.lines[1][2]: a point"},
    {"G.lines{5}", "G.lines[1]: a list of points"},
    {"G.lines{x = 1}", "a list of lines is expected"},
    {"require 'missing'", "test.lua:1: require: missing.lua: no such file"},
    {"require 'broken'", "broken.lua:2: unexpected symbol"},
    {"require 'circular'", "circular.lua requires itself"},
    {"G.text{text = '\\xff'}", "text is not UTF-8"},
    {"local a = G.line() for i = 1, 20 do a = E.scale{}(a + a) end", "deep"},
    {"local a = G.line() for i = 1, 20 do a = a + a end", "more than 16384 pieces"},
};

START_TEST(a_bad_sketch_fails_with_file_line_and_reason) {
    error.message[0] = '\0';
    ck_assert_msg(run(bad[_i].source) == PX_E_SKETCH, "passed: %s", bad[_i].source);
    ck_assert_msg(strstr(error.message, bad[_i].words) != NULL, "%s\n  wanted: %s\n  got:    %s", bad[_i].source,
                  bad[_i].words, error.message);
    ck_assert_msg(strstr(error.message, ".lua:") != NULL, "no place: %s", error.message);
    run_well("function draw(t) return G.line{} end"); /* and the next one is well */
}
END_TEST

START_TEST(an_error_says_who_called) {
    ck_assert_int_eq(run("local function inner() error('deep') end\n"
                         "local function outer()\n  inner()\nend\n"
                         "function draw(t)\n  outer()\nend"),
                     PX_E_SKETCH);
    ck_assert_str_eq(error.message, "test.lua:1: deep (called from test.lua:3, test.lua:6)");
}
END_TEST

/* ---- what a sketch says ------------------------------------------------------------------------------------------- */

START_TEST(a_chain_becomes_effects_in_order) {
    struct px_document plan = plan_of("function draw(t)\n"
                                      "  return L.layer(E.fill{density = 20}:rotate{rotation = {0, 0, t}}(\n"
                                      "    G.label('title').sphere{subdivisions = 2}), {color = '#ff0000', thickness = .3})\n"
                                      "end");
    const struct px_value *layer = layer_at(&plan, 0);
    ck_assert(px_value_is_string(px_value_get(layer, "shape"), "sphere"));
    ck_assert(px_value_is_string(px_value_get(layer, "label"), "title"));
    ck_assert_double_eq(number(px_value_get(layer, "params"), "subdivisions"), 2);
    ck_assert_double_eq(number(layer, "thickness"), 0.3);
    const struct px_value *effects = px_value_get(layer, "effects");
    ck_assert_uint_eq(effects->count, 2);
    ck_assert(px_value_is_string(&effects->items[0].items[0], "fill"));
    ck_assert(px_value_is_string(&effects->items[1].items[0], "rotate"));
    ck_assert_double_eq(px_value_get(&effects->items[1].items[1], "rotation")->items[2].real, 1.5);
    ck_assert_double_eq(px_value_get(layer, "color")->items[0].real, 1);
    px_document_free(&plan);
}
END_TEST

START_TEST(a_row_of_sums_is_one_concat_in_order) {
    struct px_document plan =
        plan_of("function draw() local a = G.line{length = 1} for i = 2, 5 do a = a + G.line{length = i} end\n"
                "return a + (G.line{length = 6} + G.line{length = 7}) end");
    const struct px_value *pieces = px_value_get(layer_at(&plan, 0), "concat");
    ck_assert_uint_eq(pieces->count, 7);
    for (uint32_t i = 0; i < 7; i++)
        ck_assert_double_eq(number(px_value_get(&pieces->items[i], "params"), "length"), i + 1);
    px_document_free(&plan);
}
END_TEST

START_TEST(ten_thousand_pieces_join_either_way) {
    run_well("function draw() local a = G.line() for i = 1, 10000 do a = a + G.line() end return a end");
    run_well("function draw() local a = G.line() for i = 1, 10000 do a = G.line() + a end return a end");
}
END_TEST

START_TEST(motions_take_radians_and_become_effects_in_degrees) {
    struct px_document plan = plan_of("function draw() return G.line():translate(1, 2):rotate{z = math.pi / 2, center = "
                                      "{5, 6}}:scale(2, 3) end");
    const struct px_value *effects = px_value_get(layer_at(&plan, 0), "effects");
    ck_assert_uint_eq(effects->count, 3);
    ck_assert_double_eq(px_value_get(&effects->items[0].items[1], "delta")->items[1].real, 2);
    ck_assert_double_eq(px_value_get(&effects->items[1].items[1], "rotation")->items[2].real, 90);
    ck_assert_double_eq(px_value_get(&effects->items[1].items[1], "pivot")->items[1].real, 6);
    ck_assert_double_eq(px_value_get(&effects->items[2].items[1], "scale")->items[1].real, 3);
    ck_assert_double_eq(px_value_get(&effects->items[2].items[1], "scale")->items[2].real, 2);
    px_document_free(&plan);
}
END_TEST

START_TEST(a_labelled_chain_on_a_labelled_shape_keeps_both_names) {
    struct px_document plan = plan_of("function draw() return E.label('c'):fill{}(G.label('g').line{}) end");
    const struct px_value *outer = layer_at(&plan, 0);
    ck_assert(px_value_is_string(px_value_get(outer, "label"), "c"));
    const struct px_value *inner = px_value_get(outer, "concat");
    ck_assert_uint_eq(inner->count, 1);
    ck_assert(px_value_is_string(px_value_get(&inner->items[0], "label"), "g"));
    px_document_free(&plan);
}
END_TEST

START_TEST(layers_lists_and_several_results_mix) {
    struct px_document plan = plan_of("canvas{size = {100, 50}, background = {0, 0, 0}, thickness = .4}\n"
                                      "function draw() return {G.line(), {L(G.line(), {name = 'b'})}}, L.of({G.line(), "
                                      "G.line()}, {color = {255, 128, 0}}) end");
    ck_assert_uint_eq(px_value_get(&plan.root, "layers")->count, 4);
    ck_assert(px_value_is_string(px_value_get(layer_at(&plan, 1), "name"), "b"));
    ck_assert_double_eq(px_value_get(layer_at(&plan, 3), "color")->items[1].real, 128.0 / 255);
    ck_assert_double_eq(px_value_get(px_value_get(&plan.root, "canvas"), "size")->items[0].real, 100);
    px_document_free(&plan);
}
END_TEST

START_TEST(own_lines_go_as_bytes) {
    struct px_document plan = plan_of("function draw() return G.lines{{{1, 2}, {3, 4, 5}}, {{6, 7}}} end");
    const struct px_value *lines = px_value_get(layer_at(&plan, 0), "lines");
    const struct px_value *coords = px_value_get(lines, "coords");
    const struct px_value *offsets = px_value_get(lines, "offsets");
    float points[9];
    int32_t ends[3];
    ck_assert_uint_eq(coords->count, sizeof points);
    ck_assert_uint_eq(offsets->count, sizeof ends);
    memcpy(points, coords->bytes, sizeof points);
    memcpy(ends, offsets->bytes, sizeof ends);
    ck_assert_float_eq(points[5], 5);
    ck_assert_int_eq(ends[2], 3);
    px_document_free(&plan);
}
END_TEST

static const char busy[] =
    "local names = {} for i = 1, 50 do names['k' .. i] = i end\n"
    "canvas{size = 'A5'} seed = 3\n"
    "function draw(t)\n"
    "  local all = {}\n"
    "  for k, v in pairs(names) do\n"
    "    all[#all + 1] = L(E.rotate{rotation = {0, 0, v * math.sin(t)}, auto_center = false}(\n"
    "      G.polygon{n_sides = math.random(3, 9)}), {name = k})\n"
    "  end\n"
    "  return all\n"
    "end";

START_TEST(the_same_sketch_gives_the_same_bytes) {
    run_well(busy);
    size_t size = result.plan_size;
    uint8_t *first = malloc(size);
    memcpy(first, result.plan, size);
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(script_draw(script, &moment, &result, &error), 0);
        ck_assert_uint_eq(result.plan_size, size);
        ck_assert_mem_eq(result.plan, first, size);
    }
    run_well(busy); /* a fresh state, tables at other addresses */
    ck_assert_uint_eq(result.plan_size, size);
    ck_assert_mem_eq(result.plan, first, size);
    free(first);
}
END_TEST

START_TEST(pairs_go_in_sorted_order) {
    run_well("local t = {b = 1, a = 2, [3] = 1, [1] = 1, [2.5] = 1, [true] = 1, [false] = 1, ['10'] = 1}\n"
             "local s = '' for k in pairs(t) do s = s .. tostring(k) .. ' ' end print(s)\n"
             "s = '' for k in next, t do s = s .. tostring(k) .. ' ' end print(s)\n"
             "s = '' for i, v in pairs{7, 8, 9} do s = s .. i .. v .. ' ' end print(s)\n"
             "for k in pairs(t) do t[k] = nil end print(next(t) == nil)\n"
             "for k, v in pairs(setmetatable({}, {__pairs = function() return function(_, k) if not k then return 'x' "
             "end end end})) do print(k) end\n"
             "function draw() return {} end");
    ck_assert_str_eq(printed, "1 2.5 3 10 a b false true \n1 2.5 3 10 a b false true \n17 28 39 \ntrue\nx\n");
}
END_TEST

START_TEST(random_numbers_start_from_the_seed_at_every_draw) {
    run_well("seed = 5 function draw() print(math.random(1000)) return {} end");
    char first[sizeof printed];
    strcpy(first, printed);
    printed[0] = '\0';
    script_draw(script, &moment, &result, &error);
    ck_assert_str_eq(printed, first);
    printed[0] = '\0';
    run_well("seed = 6 function draw() print(math.random(1000)) return {} end");
    ck_assert_str_ne(printed, first);
}
END_TEST

START_TEST(a_sketch_says_whether_it_moves) {
    static const struct {
        const char *source;
        bool time, cc;
    } cases[] = {
        {"function draw() return {} end", false, false},
        {"function draw(t) return {} end", true, false},
        {"function draw(...) return {} end", true, false},
        {"local l = lfo() function draw() return G.line{angle = l()} end", true, false},
        {"function draw() return G.line{angle = frame} end", true, false},
        {"function draw() return G.line{angle = cc[3]} end", false, true},
        {"local a = cc['3'] function draw() return G.line{angle = a} end", false, true},
        {"function draw() return G.line{angle = param('a', 3, 0, 9)} end", false, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        run_well(cases[i].source);
        ck_assert_msg(result.uses_time == cases[i].time, "%s", cases[i].source);
        ck_assert_msg(result.uses_cc == cases[i].cc, "%s", cases[i].source);
    }
}
END_TEST

START_TEST(controllers_are_read_by_number_or_decimal_string) {
    moment.cc[7] = 0.25;
    run_well("function draw() print(cc[7], cc['7'], cc[8], cc[500], cc.x) return {} end");
    ck_assert_str_eq(printed, "0.25 0.25 0.0 0.0 0.0\n");
}
END_TEST

static const struct px_pair override_pairs[] = {
    {.key = {.type = PX_STR, .count = 4, .text = "size"}, .value = {.type = PX_REAL, .real = 55}},
    {.key = {.type = PX_STR, .count = 4, .text = "name"}, .value = {.type = PX_STR, .count = 2, .text = "hi"}},
    {.key = {.type = PX_STR, .count = 2, .text = "on"}, .value = {.type = PX_BOOL, .boolean = true}},
    {.key = {.type = PX_STR, .count = 4, .text = "seed"}, .value = {.type = PX_UINT, .uinteger = 9}},
};
static const struct px_value override_map = {.type = PX_MAP, .count = 4, .pairs = override_pairs};

START_TEST(a_parameter_takes_the_value_from_outside_wherever_it_is_declared) {
    static const char source[] = "local size = param('size', 40, 10, 80)\n"
                                 "function draw() print(size, param('name', 'ho'), param('on', false), seed) return {} end";
    run_well(source);
    ck_assert_str_eq(printed, "40 ho false 0\n");
    ck_assert_uint_eq(result.param_count, 3);
    ck_assert_str_eq(result.params[0].name, "size");
    ck_assert_double_eq(result.params[0].max, 80);
    printed[0] = '\0';
    moment.params = &override_map;
    ck_assert_int_eq(script_draw(script, &moment, &result, &error), 0);
    ck_assert_str_eq(printed, "55 hi true 9\n");
    ck_assert_double_eq(result.params[0].value, 55);
    ck_assert_double_eq(result.params[0].def, 40);
}
END_TEST

START_TEST(required_files_run_once_and_keep_their_result) {
    run_well("local a, b = require 'lib.grid', require 'lib.grid' print(a.step, a == b) function draw() return {} end");
    ck_assert_str_eq(printed, "7 true\n");
}
END_TEST

START_TEST(an_interrupt_ends_a_loop_at_its_line) {
    ck_assert_int_eq(load("function draw(t)\n  if t > 1 then\n    while true do end\n  end\n  return {}\nend"), 0);
    script_interrupt(script, 1000); /* as if the timer had fired while it ran */
    ck_assert_int_eq(script_draw(script, &moment, &result, &error), PX_E_SKETCH);
    ck_assert_ptr_nonnull(strstr(error.message, "took longer than 1000 ms"));
    moment.t = 0;
    ck_assert_int_eq(script_draw(script, &moment, &result, &error), 0);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("script");
    TCase *tests = tcase_create("script");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_set_timeout(tests, 30);
    tcase_add_loop_test(tests, no_way_leads_out_of_the_sandbox, 0, sizeof closed / sizeof closed[0]);
    tcase_add_loop_test(tests, a_bad_sketch_fails_with_file_line_and_reason, 0, sizeof bad / sizeof bad[0]);
    tcase_add_test(tests, an_error_says_who_called);
    tcase_add_test(tests, a_chain_becomes_effects_in_order);
    tcase_add_test(tests, a_row_of_sums_is_one_concat_in_order);
    tcase_add_test(tests, ten_thousand_pieces_join_either_way);
    tcase_add_test(tests, motions_take_radians_and_become_effects_in_degrees);
    tcase_add_test(tests, a_labelled_chain_on_a_labelled_shape_keeps_both_names);
    tcase_add_test(tests, layers_lists_and_several_results_mix);
    tcase_add_test(tests, own_lines_go_as_bytes);
    tcase_add_test(tests, the_same_sketch_gives_the_same_bytes);
    tcase_add_test(tests, pairs_go_in_sorted_order);
    tcase_add_test(tests, random_numbers_start_from_the_seed_at_every_draw);
    tcase_add_test(tests, a_sketch_says_whether_it_moves);
    tcase_add_test(tests, controllers_are_read_by_number_or_decimal_string);
    tcase_add_test(tests, a_parameter_takes_the_value_from_outside_wherever_it_is_declared);
    tcase_add_test(tests, required_files_run_once_and_keep_their_result);
    tcase_add_test(tests, an_interrupt_ends_a_loop_at_its_line);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
