/* plan_decode.c: a plan as a whole: canvas, seed, layers; templates and their instances. */
#include "daemon/plan/decode.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { NAME_BYTES_MAX = 1024 };
static const double SIZE_MAX_MM = 1e5;
static const double THICKNESS_MAX_MM = 1e4;

int decoder_no_memory(struct decoder *decoder) {
    return px_fail(decoder->error, PX_E_NO_MEMORY, "no memory for a plan");
}

bool decoder_grow(struct decoder *decoder, void **items, size_t count, size_t *room, size_t item_size) {
    if (count < *room)
        return true;
    size_t wanted = *room == 0 ? 64 : *room * 2;
    void *grown = decoder_take(decoder, wanted * item_size);
    if (grown == NULL)
        return false;
    if (count > 0)
        memcpy(grown, *items, count * item_size);
    *items = grown;
    *room = wanted;
    return true;
}

/* ---- colours ----------------------------------------------------------------------------------------------------- */

static int hex_digit(char c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool parse_hex_color(const struct px_value *value, float color[4]) {
    if ((value->count != 7 && value->count != 9) || value->text[0] != '#')
        return false;
    color[3] = 1;
    for (uint32_t i = 0; i < (value->count - 1) / 2; i++) {
        int high = hex_digit(value->text[1 + 2 * i]), low = hex_digit(value->text[2 + 2 * i]);
        if (high < 0 || low < 0)
            return false;
        color[i] = (float)(high * 16 + low) / 255.0f;
    }
    return true;
}

static int decode_color(struct decoder *decoder, const struct px_value *value, const struct px_path *parent,
                        const char *key, float color[4]) {
    static const char what[] = "\"#rrggbb\", \"#rrggbbaa\" or three or four numbers from 0 to 1";
    const struct px_path path = {parent, key, 0};
    if (value_absent(value))
        return 0;
    if (value->type == PX_STR && parse_hex_color(value, color))
        return 0;
    if (value->type == PX_STR)
        return px_fail_at(decoder->error, PX_E_RANGE, &path, "expected %s, got \"%.*s\"", what,
                          (int)(value->count < 40 ? value->count : 40), value->text);
    if (value->type != PX_ARRAY)
        return decode_type(decoder, value, &path, what);
    if (value->count != 3 && value->count != 4)
        return px_fail_at(decoder->error, PX_E_RANGE, &path, "expected %s, got a list of %u", what, value->count);
    color[3] = 1;
    for (uint32_t i = 0; i < value->count; i++) {
        const struct px_path at = {&path, NULL, (long)i};
        double number = (double)color[i];
        int code = decode_limited(decoder, &value->items[i], &at, "a number", 0, 1, &number);
        if (code < 0)
            return code;
        color[i] = (float)number;
    }
    return 0;
}

static int decode_thickness(struct decoder *decoder, const struct px_value *value, const struct px_path *parent,
                            float *thickness) {
    const struct px_path path = {parent, "thickness", 0};
    double number = (double)*thickness;
    if (value_absent(value))
        return 0;
    int code = decode_limited(decoder, value, &path, "a thickness in mm", 0, THICKNESS_MAX_MM, &number);
    *thickness = (float)number;
    return code;
}

/* ---- the canvas -------------------------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    double size[2];
} paper_sizes[] = {
    {"A3", {297, 420}},         {"A4", {210, 297}},         {"A5", {148, 210}},
    {"A6", {105, 148}},         {"B5", {176, 250}},         {"B6", {125, 176}},
    {"SQUARE_100", {100, 100}}, {"SQUARE_200", {200, 200}}, {"SQUARE_300", {300, 300}},
};

static bool named_size(const struct px_value *value, double size[2]) {
    static const char suffix[] = "_LANDSCAPE";
    size_t length = value->count;
    bool landscape = length > sizeof suffix - 1 &&
                     memcmp(value->text + length - (sizeof suffix - 1), suffix, sizeof suffix - 1) == 0;
    if (landscape)
        length -= sizeof suffix - 1;
    for (size_t i = 0; i < sizeof paper_sizes / sizeof paper_sizes[0]; i++) {
        if (strlen(paper_sizes[i].name) != length || memcmp(paper_sizes[i].name, value->text, length) != 0)
            continue;
        size[0] = paper_sizes[i].size[landscape];
        size[1] = paper_sizes[i].size[!landscape];
        return true;
    }
    return false;
}

static int decode_size(struct decoder *decoder, const struct px_value *value, const struct px_path *parent,
                       double size[2]) {
    static const char what[] =
        "A3, A4, A5, A6, B5, B6 (each with _LANDSCAPE too), SQUARE_100, _200, _300 or [width, height] in mm";
    const struct px_path path = {parent, "size", 0};
    if (value_absent(value) || (value->type == PX_STR && named_size(value, size)))
        return 0;
    if (value->type == PX_STR)
        return px_fail_at(decoder->error, PX_E_RANGE, &path, "no paper \"%.*s\"; expected %s",
                          (int)(value->count < 40 ? value->count : 40), value->text, what);
    if (value->type != PX_ARRAY)
        return decode_type(decoder, value, &path, what);
    if (value->count != 2)
        return px_fail_at(decoder->error, PX_E_RANGE, &path, "expected %s, got a list of %u", what, value->count);
    for (uint32_t i = 0; i < 2; i++) {
        const struct px_path at = {&path, NULL, (long)i};
        int code = decode_limited(decoder, &value->items[i], &at, "a length in mm", 0.001, SIZE_MAX_MM, &size[i]);
        if (code < 0)
            return code;
    }
    return 0;
}

static int unknown_name(struct decoder *decoder, const struct px_value *key, const struct px_path *path,
                        const char *accepted) {
    char text[48];
    snprintf(text, sizeof text, "%.*s", (int)(key->count < 40 ? key->count : 40), key->text);
    const struct px_path at = {path, text, 0};
    return px_fail_at(decoder->error, PX_E_PARAM, &at, "no such name; there are %s", accepted);
}

static int decode_canvas(struct decoder *decoder, const struct px_value *value, const struct px_path *parent,
                         struct plan_canvas *canvas) {
    const struct px_path path = {parent, "canvas", 0};
    *canvas =
        (struct plan_canvas){.size = {148, 210}, .background = {1, 1, 1, 1}, .color = {0, 0, 0, 1}, .thickness = 0.25f};
    if (value_absent(value))
        return 0;
    if (value->type != PX_MAP)
        return decode_type(decoder, value, &path, "a map with size, background, color, thickness");
    int code = 0;
    for (uint32_t i = 0; i < value->count && code == 0; i++) {
        const struct px_pair *pair = &value->pairs[i];
        if (KEY_IS(&pair->key, "size"))
            code = decode_size(decoder, &pair->value, &path, canvas->size);
        else if (KEY_IS(&pair->key, "background"))
            code = decode_color(decoder, &pair->value, &path, "background", canvas->background);
        else if (KEY_IS(&pair->key, "color"))
            code = decode_color(decoder, &pair->value, &path, "color", canvas->color);
        else if (KEY_IS(&pair->key, "thickness"))
            code = decode_thickness(decoder, &pair->value, &path, &canvas->thickness);
        else
            code = unknown_name(decoder, &pair->key, &path, "size, background, color, thickness");
    }
    return code;
}

/* ---- layers ------------------------------------------------------------------------------------------------------ */

static const char *default_name(struct decoder *decoder, size_t index) {
    char *name = decoder_take(decoder, 16);
    if (name == NULL)
        return NULL;
    char digits[8];
    size_t count = 0;
    do
        digits[count++] = (char)('0' + index % 10);
    while ((index /= 10) > 0 && count < sizeof digits);
    memcpy(name, "layer", 5);
    for (size_t i = 0; i < count; i++)
        name[5 + i] = digits[count - 1 - i];
    name[5 + count] = '\0';
    return name;
}

static int decode_name(struct decoder *decoder, const struct px_value *value, const struct px_path *parent,
                       size_t index, const char **name) {
    const struct px_path path = {parent, "name", 0};
    *name = NULL;
    int code = value_absent(value) ? 0 : decode_text(decoder, value, &path, NAME_BYTES_MAX, name);
    if (code == 0 && (*name == NULL || **name == '\0'))
        *name = default_name(decoder, index);
    return code < 0 ? code : *name == NULL ? decoder_no_memory(decoder) : 0;
}

static int decode_layer(struct decoder *decoder, const struct px_value *value, const struct px_path *path, size_t index,
                        struct plan_layer *layer) {
    const struct plan_canvas *canvas = &decoder->body->plan.canvas;
    *layer = (struct plan_layer){.thickness = canvas->thickness};
    memcpy(layer->color, canvas->color, sizeof layer->color);
    const struct px_value *name = NULL, *color = NULL, *thickness = NULL;
    uint32_t keys = value->type == PX_MAP ? value->count : 0; /* decode_node refuses anything but a map */
    for (uint32_t i = 0; i < keys; i++) {
        const struct px_pair *pair = &value->pairs[i];
        if (KEY_IS(&pair->key, "name"))
            name = &pair->value;
        else if (KEY_IS(&pair->key, "color"))
            color = &pair->value;
        else if (KEY_IS(&pair->key, "thickness"))
            thickness = &pair->value;
    }
    int code = decode_name(decoder, name, path, index, &layer->name);
    if (code == 0)
        code = decode_color(decoder, color, path, "color", layer->color);
    if (code == 0)
        code = decode_thickness(decoder, thickness, path, &layer->thickness);
    if (code < 0)
        return code;
    const char *label = label_of(decoder, layer->name);
    if (label == NULL)
        return decoder_no_memory(decoder);
    return decode_node(decoder, value, path, label, 1, true, &layer->node);
}

static int decode_layers(struct decoder *decoder, const struct px_value *value, const struct px_path *parent) {
    const struct px_path path = {parent, "layers", 0};
    struct plan *plan = &decoder->body->plan;
    if (value->type != PX_ARRAY)
        return decode_type(decoder, value, &path, "a list of layers");
    if (value->count > PLAN_LAYERS_MAX)
        return px_fail_at(decoder->error, PX_E_LIMIT, &path, "%u layers; at most %d are accepted", value->count,
                          PLAN_LAYERS_MAX);
    struct plan_layer *layers = decoder_take(decoder, value->count * sizeof *layers);
    if (layers == NULL)
        return decoder_no_memory(decoder);
    for (uint32_t i = 0; i < value->count; i++) {
        const struct px_path at = {&path, NULL, (long)i};
        int code = decode_layer(decoder, &value->items[i], &at, i, &layers[i]);
        if (code < 0)
            return code;
    }
    plan->layers = layers;
    plan->layer_count = value->count;
    return 0;
}

/* A node that stands for the whole plan: one layer. */
static int decode_single(struct decoder *decoder, const struct px_value *value, const struct px_path *path) {
    struct plan_layer *layer = decoder_take(decoder, sizeof *layer);
    if (layer == NULL)
        return decoder_no_memory(decoder);
    if (decoder->options->seed != NULL)
        decoder->seed = *decoder->options->seed;
    int code = decode_canvas(decoder, NULL, path, &decoder->body->plan.canvas);
    if (code == 0)
        code = decode_layer(decoder, value, path, 0, layer);
    decoder->body->plan.layers = layer;
    decoder->body->plan.layer_count = 1;
    return code;
}

/* ---- the plan ---------------------------------------------------------------------------------------------------- */

static int decode_seed(struct decoder *decoder, const struct px_value *value, const struct px_path *parent) {
    const struct px_path path = {parent, "seed", 0};
    double number = 0;
    bool open = false;
    if (value_absent(value))
        return 0;
    if (value->type == PX_UINT || value->type == PX_INT) { /* all 64 bits, where a double has 53 */
        decoder->seed = value->type == PX_UINT ? value->uinteger : (uint64_t)value->integer;
        return 0;
    }
    int code = decode_number(decoder, value, &path, "a whole number", &number, &open);
    if (code < 0)
        return code;
    if (number != trunc(number) && value->type != PX_STR)
        return px_fail_at(decoder->error, PX_E_RANGE, &path, "expected a whole number, got %g", number);
    if (fabs(number) > PARAM_INTEGER_MAX)
        return px_fail_at(decoder->error, PX_E_RANGE, &path, "%g is beyond 2^53", number);
    decoder->seed = (uint64_t)(int64_t)number;
    return 0;
}

static bool is_node(const struct px_value *value) {
    return px_value_get(value, "shape") != NULL || px_value_get(value, "lines") != NULL ||
           px_value_get(value, "concat") != NULL;
}

static int decode_whole(struct decoder *decoder, const struct px_value *value) {
    const struct px_path *path = decoder->options->path;
    const struct px_value *canvas = NULL, *seed = NULL, *layers = NULL;
    if (value->type != PX_MAP)
        return decode_type(decoder, value, path, "a plan, that is a map");
    for (uint32_t i = 0; i < value->count; i++) {
        const struct px_pair *pair = &value->pairs[i];
        if (KEY_IS(&pair->key, "canvas"))
            canvas = &pair->value;
        else if (KEY_IS(&pair->key, "seed"))
            seed = &pair->value;
        else if (KEY_IS(&pair->key, "layers"))
            layers = &pair->value;
        else if (is_node(value))
            return decode_single(decoder, value, path);
        else
            return unknown_name(decoder, &pair->key, path,
                                "canvas, seed, layers; or a node with shape, lines or concat");
    }
    if (layers == NULL)
        return px_fail_at(decoder->error, PX_E_PARAM, path, "no layers, nor shape, lines or concat");
    int code = decode_canvas(decoder, canvas, path, &decoder->body->plan.canvas);
    if (code == 0)
        code = decode_seed(decoder, seed, path);
    if (decoder->options->seed != NULL)
        decoder->seed = *decoder->options->seed;
    return code < 0 ? code : decode_layers(decoder, layers, path);
}

/* ---- templates --------------------------------------------------------------------------------------------------- */

static bool copy_value(struct plan_memory *memory, const struct px_value *from, struct px_value *to) {
    *to = *from;
    switch (from->type) {
    case PX_STR:
        return (to->text = plan_memory_text(memory, from->text, from->count)) != NULL;
    case PX_BIN: /* binaries are lines only, and those are kept decoded */
        to->count = 0;
        to->bytes = NULL;
        return true;
    case PX_ARRAY: {
        struct px_value *items = plan_memory_take(memory, from->count * sizeof *items);
        to->items = items;
        for (uint32_t i = 0; items != NULL && i < from->count; i++) {
            if (!copy_value(memory, &from->items[i], &items[i]))
                return false;
        }
        return items != NULL;
    }
    case PX_MAP: {
        struct px_pair *pairs = plan_memory_take(memory, from->count * sizeof *pairs);
        to->pairs = pairs;
        for (uint32_t i = 0; pairs != NULL && i < from->count; i++) {
            if (!copy_value(memory, &from->pairs[i].key, &pairs[i].key) ||
                !copy_value(memory, &from->pairs[i].value, &pairs[i].value))
                return false;
        }
        return pairs != NULL;
    }
    default:
        return true;
    }
}

static int keep_source(struct decoder *decoder, const struct px_value *value) {
    struct px_value *copy = decoder_take(decoder, sizeof *copy);
    if (copy == NULL || !copy_value(&decoder->body->memory, value, copy))
        return decoder_no_memory(decoder);
    decoder->body->source = copy;
    return 0;
}

static struct plan_body *body_create(const struct plan_options *options) {
    struct plan_memory memory;
    if (!plan_memory_open(&memory, options->blocks))
        return NULL;
    struct plan_body *body = plan_memory_take(&memory, sizeof *body);
    if (body == NULL) {
        plan_memory_close(&memory);
        return NULL;
    }
    *body = (struct plan_body){.memory = memory};
    atomic_init(&body->references, 1);
    return body;
}

static int decode_into(struct decoder *decoder, const struct px_value *value, struct plan **plan) {
    struct plan_body *body = decoder->body;
    int code = decode_whole(decoder, value);
    if (code == 0 && decoder->expression_count > 0)
        code = keep_source(decoder, value);
    if (code < 0) {
        plan_unref(&body->plan);
        return code;
    }
    body->plan.seed = decoder->seed;
    body->plan.expressions = decoder->expressions;
    body->plan.expression_count = decoder->expression_count;
    body->plan.node_count = decoder->node_count;
    *plan = &body->plan;
    return 0;
}

int plan_decode(const struct px_value *value, const struct plan_options *options, struct plan **plan,
                struct px_error *error) {
    struct decoder decoder = {.options = options, .error = error, .body = body_create(options)};
    if (decoder.body == NULL)
        return decoder_no_memory(&decoder);
    return decode_into(&decoder, value, plan);
}

int plan_instantiate(const struct plan *template_plan, const double *values, size_t count,
                     const struct plan_options *options, struct plan **plan, struct px_error *error) {
    struct plan_body *from = plan_body_of(template_plan);
    if (count != template_plan->expression_count)
        return px_fail(error, PX_E_INTERNAL, "%zu values for %zu expressions", count, template_plan->expression_count);
    if (count == 0) {
        *plan = plan_ref(&from->plan);
        return 0;
    }
    struct decoder decoder = {
        .options = options, .error = error, .body = body_create(options), .values = values, .value_count = count};
    if (decoder.body == NULL)
        return decoder_no_memory(&decoder);
    decoder.body->template_body = plan_body_of(plan_ref(&from->plan));
    return decode_into(&decoder, from->source, plan);
}
