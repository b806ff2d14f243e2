/* node_decode.c: nodes and their chains: kernels by name, parameters by their tables, overrides by address. */
#include "daemon/plan/decode.h"
#include "daemon/plan/resource.h"
#include "proto/nearest.h"

#include <stdio.h>

enum { TEXT_BYTES_MAX = 1024, ADDRESS_MAX = 1400 };

/* ---- kernels ----------------------------------------------------------------------------------------------------- */

static const char *role_name(enum kernel_role role) {
    return role == KERNEL_SHAPE ? "shape" : "effect";
}

/* A list of names for a message, and which of them was probably meant. */
struct name_list {
    struct px_nearest nearest;
    char text[320];
    size_t length;
};

static void name_list_add(struct name_list *list, const char *name) {
    px_nearest_offer(&list->nearest, name);
    size_t room = sizeof list->text - list->length;
    int n = snprintf(list->text + list->length, room, "%s%s", list->length == 0 ? "" : ", ", name);
    list->length = n > 0 && (size_t)n < room ? list->length + (size_t)n : list->length;
}

/* `did you mean "fill"? `, or nothing. */
static const char *name_list_hint(const struct name_list *list, char *out, size_t size) {
    out[0] = '\0';
    if (list->nearest.name != NULL)
        snprintf(out, size, "did you mean \"%s\"? ", list->nearest.name);
    return out;
}

static int unknown_kernel(struct decoder *decoder, enum kernel_role role, const struct px_value *name,
                          const struct px_path *path) {
    size_t count;
    const struct kernel *const *kernels = kernel_list(&count);
    struct name_list list = {.nearest = PX_NEAREST(name->text, name->count)};
    for (size_t i = 0; i < count; i++) {
        if (kernels[i]->role == role)
            name_list_add(&list, kernels[i]->name);
    }
    char hint[96];
    return px_fail_at(decoder->error, PX_E_PARAM, path, "no %s \"%.*s\"; %sthere are %s", role_name(role),
                      (int)(name->count < 40 ? name->count : 40), name->text, name_list_hint(&list, hint, sizeof hint),
                      list.text);
}

static int slot_fill(struct decoder *decoder, struct kernel_slot *slot, const struct kernel *kernel) {
    *slot = (struct kernel_slot){.kernel = kernel};
    for (size_t i = 0; i < kernel->param_count; i++) {
        if (kernel->params[i].type == PARAM_RESOURCE)
            slot->resources++;
        if (kernel->params[i].type == PARAM_NODE)
            slot->nodes++;
        if (kernel->params[i].required)
            slot->required++;
    }
    void *defaults = decoder_take(decoder, kernel->params_size);
    if (defaults == NULL)
        return decoder_no_memory(decoder);
    memset(defaults, 0, kernel->params_size);
    params_set_defaults(kernel->params, kernel->param_count, defaults);
    slot->defaults = defaults;
    return 0;
}

static int find_kernel(struct decoder *decoder, enum kernel_role role, const struct px_value *name,
                       const struct px_path *path, const struct kernel_slot **found) {
    if (name->type != PX_STR)
        return decode_type(decoder, name, path, role == KERNEL_SHAPE ? "the name of a shape" : "the name of an effect");
    unsigned hash = name->count * 7;
    if (name->count > 0)
        hash += (unsigned char)name->text[0] * 5u + (unsigned char)name->text[name->count - 1] * 3u;
    struct kernel_slot *slot = &decoder->slots[role == KERNEL_EFFECT][hash % KERNEL_SLOTS];
    *found = slot;
    if (slot->kernel != NULL && key_is(name, slot->kernel->name, strlen(slot->kernel->name)))
        return 0;
    const struct kernel *kernel = kernel_find(role, name->text, name->count);
    if (kernel == NULL)
        return unknown_kernel(decoder, role, name, path);
    return slot_fill(decoder, slot, kernel);
}

/* ---- parameters -------------------------------------------------------------------------------------------------- */

/* A step while it is being decoded. */
struct step_draft {
    const struct kernel_slot *slot;
    struct plan_step *step;
    void *params;
    uint8_t *origins;
    const struct plan_node *nodes[PLAN_NODE_PARAMS_MAX]; /* in table order */
    const char *label;
    unsigned depth;
    bool bypass;
    bool open; /* some value is an expression of a template */
};

/* The path of a name that is not in any table, in `text` (which the path borrows). */
static struct px_path path_of_key(const struct px_path *parent, const struct px_value *key, char text[48]) {
    snprintf(text, 48, "%.*s", (int)(key->count < 40 ? key->count : 40), key->text);
    return (struct px_path){parent, text, 0};
}

static int unknown_param(struct decoder *decoder, const struct kernel *kernel, const struct px_value *name,
                         const struct px_path *path) {
    struct name_list list = {.nearest = PX_NEAREST(name->text, name->count)};
    for (size_t i = 0; i < kernel->param_count; i++)
        name_list_add(&list, kernel->params[i].name);
    if (kernel->role == KERNEL_EFFECT)
        name_list_add(&list, "bypass");
    char key[48], hint[96];
    const struct px_path here = path_of_key(path, name, key);
    return px_fail_at(decoder->error, PX_E_PARAM, &here, "%s has no such parameter; %sit takes %s", kernel->name,
                      name_list_hint(&list, hint, sizeof hint), list.length > 0 ? list.text : "none");
}

/* The table entry of a key: most requests name parameters in table order, so the search begins after the last one. */
static const struct param *find_param(const struct kernel *kernel, const struct px_value *key, size_t *hint) {
    size_t count = kernel->param_count;
    for (size_t tried = 0, i = *hint; tried < count; tried++, i++) {
        if (i >= count)
            i = 0;
        const char *name = kernel->params[i].name;
        if (key->count > 0 && name[0] == key->text[0] && strncmp(name, key->text, key->count) == 0 &&
            name[key->count] == '\0') {
            *hint = i + 1;
            return &kernel->params[i];
        }
    }
    return NULL;
}

static size_t node_position(const struct kernel *kernel, const struct param *param) {
    size_t position = 0;
    for (const struct param *at = kernel->params; at < param; at++)
        position += at->type == PARAM_NODE;
    return position;
}

static int decode_node_param(struct decoder *decoder, struct step_draft *draft, const struct param *param,
                             const struct px_value *value, const struct px_path *path) {
    if (!param->required && value->type == PX_NIL)
        return 0;
    size_t position = node_position(draft->slot->kernel, param);
    return decode_node(decoder, value, path, draft->label, draft->depth + 1, false, &draft->nodes[position]);
}

static int decode_one_param(struct decoder *decoder, struct step_draft *draft, const struct px_pair *pair,
                            const struct px_path *path, size_t *hint) {
    const struct kernel *kernel = draft->slot->kernel;
    const struct param *param = find_param(kernel, &pair->key, hint);
    if (param != NULL) {
        const struct px_path at = {path, param->name, 0};
        draft->origins[param - kernel->params] = ORIGIN_EXPLICIT;
        if (param->type == PARAM_NODE)
            return decode_node_param(decoder, draft, param, &pair->value, &at);
        return decode_param(decoder, param, &pair->value, &at, draft->params, &draft->open);
    }
    if (kernel->role == KERNEL_EFFECT && KEY_IS(&pair->key, "bypass")) {
        const struct px_path at = {path, "bypass", 0};
        if (pair->value.type != PX_BOOL)
            return decode_type(decoder, &pair->value, &at, "true or false");
        draft->bypass = pair->value.boolean;
        draft->origins[kernel->param_count] = ORIGIN_EXPLICIT;
        return 0;
    }
    return unknown_param(decoder, kernel, &pair->key, path);
}

static int decode_params(struct decoder *decoder, struct step_draft *draft, const struct px_value *value,
                         const struct px_path *path) {
    if (value_absent(value))
        return 0;
    if (value->type != PX_MAP)
        return decode_type(decoder, value, path, "a map of parameters");
    size_t hint = 0;
    for (uint32_t i = 0; i < value->count; i++) {
        int code = decode_one_param(decoder, draft, &value->pairs[i], path, &hint);
        if (code < 0)
            return code;
    }
    return 0;
}

/* ---- overrides --------------------------------------------------------------------------------------------------- */

static unsigned count_in_label(struct decoder *decoder, const char *label, const struct kernel *kernel) {
    for (size_t i = 0; i < decoder->label_count; i++) {
        struct label_count *entry = &decoder->labels[i];
        if (entry->kernel == kernel && strcmp(entry->label, label) == 0)
            return ++entry->count;
    }
    void *list = decoder->labels;
    if (!decoder_grow(decoder, &list, decoder->label_count, &decoder->label_room, sizeof *decoder->labels))
        return 1;
    decoder->labels = list;
    decoder->labels[decoder->label_count++] = (struct label_count){label, kernel, 1};
    return 1;
}

static enum param_origin origin_of(const struct override *override) {
    return override->from_cc ? ORIGIN_CC : ORIGIN_OVERRIDE;
}

/* A controller's number for a parameter that takes no number. */
static struct px_value controller_value(const struct param *param, const struct override *override) {
    struct px_value value = *override->value;
    double number;
    if (!override->from_cc || !px_value_number(&value, &number))
        return value;
    if (param->type == PARAM_BOOL || param->type == PARAM_BOOLS)
        return (struct px_value){.type = PX_BOOL, .boolean = number >= 0.5};
    if (param->type != PARAM_CHOICE)
        return value;
    int32_t last = -1, index = number > 0 ? number < 1000 ? (int32_t)number : 1000 : 0;
    while (param->choices[last + 1] != NULL)
        last++;
    index = index > last ? last : index;
    return (struct px_value){
        .type = PX_STR, .count = (uint32_t)strlen(param->choices[index]), .text = param->choices[index]};
}

/* One that does not fit (any more: the sketch changed) is left out: the picture goes on. */
static void apply_override(struct decoder *decoder, struct step_draft *draft, const struct override *override,
                           const char *name) {
    const struct kernel *kernel = draft->slot->kernel;
    struct px_error *error = decoder->error;
    size_t hint = 0;
    const struct px_value key = {.type = PX_STR, .count = (uint32_t)strlen(name), .text = name};
    const struct param *param = find_param(kernel, &key, &hint);
    decoder->error = NULL;
    decoder->literal = true;
    if (param != NULL && param->type != PARAM_NODE) {
        const struct px_value value = controller_value(param, override);
        if (decode_param(decoder, param, &value, NULL, draft->params, &draft->open) == 0)
            draft->origins[param - kernel->params] = (uint8_t)origin_of(override);
    } else if (kernel->role == KERNEL_EFFECT && strcmp(name, "bypass") == 0) {
        const struct param bypass = {.type = PARAM_BOOL};
        const struct px_value value = controller_value(&bypass, override);
        if (value.type == PX_BOOL) {
            draft->bypass = value.boolean;
            draft->origins[kernel->param_count] = (uint8_t)origin_of(override);
        }
    }
    decoder->literal = false;
    decoder->error = error;
}

static void apply_overrides(struct decoder *decoder, struct step_draft *draft) {
    const struct kernel *kernel = draft->slot->kernel;
    size_t count;
    char address[ADDRESS_MAX];
    int length = snprintf(address, sizeof address, "%s/", draft->label);
    overrides_under(decoder->options->overrides, address, (size_t)length, &count);
    if (count == 0)
        return;
    unsigned number = count_in_label(decoder, draft->label, kernel);
    if (number == 1)
        length = snprintf(address, sizeof address, "%s/%s.", draft->label, kernel->name);
    else
        length = snprintf(address, sizeof address, "%s/%s#%u.", draft->label, kernel->name, number);
    const struct override *list = overrides_under(decoder->options->overrides, address, (size_t)length, &count);
    for (size_t i = 0; i < count; i++)
        apply_override(decoder, draft, &list[i], list[i].address + length);
}

/* ---- steps ------------------------------------------------------------------------------------------------------- */

static int check_required(struct decoder *decoder, const struct step_draft *draft, const struct px_path *path) {
    const struct kernel *kernel = draft->slot->kernel;
    for (size_t i = 0; i < kernel->param_count; i++) {
        if (kernel->params[i].required && draft->origins[i] == ORIGIN_DEFAULT) {
            const struct px_path at = {path, kernel->params[i].name, 0};
            return px_fail_at(decoder->error, PX_E_PARAM, &at, "missing; %s needs %s", kernel->name,
                              kernel->params[i].type == PARAM_NODE ? "a node here" : "it");
        }
    }
    return 0;
}

/* Further inputs are counted in table order, whatever the order of the request. */
static int number_further(struct decoder *decoder, struct step_draft *draft) {
    const struct kernel *kernel = draft->slot->kernel;
    size_t given = 0;
    for (size_t i = 0; i < draft->slot->nodes; i++)
        given += draft->nodes[i] != NULL;
    const struct plan_node **further = decoder_take(decoder, given * sizeof(struct plan_node *));
    if (further == NULL)
        return decoder_no_memory(decoder);
    uint32_t next = 0;
    size_t position = 0;
    for (size_t i = 0; i < kernel->param_count; i++) {
        if (kernel->params[i].type != PARAM_NODE)
            continue;
        const struct plan_node *node = draft->nodes[position++];
        uint32_t index = 0;
        if (node != NULL) {
            further[next] = node;
            index = ++next;
        }
        memcpy((char *)draft->params + kernel->params[i].offset, &index, sizeof index);
    }
    draft->step->further = further;
    draft->step->further_count = given;
    return 0;
}

static int resolve_resources(struct decoder *decoder, struct step_draft *draft, const struct px_path *path,
                             struct px_signature *digests) {
    const struct kernel *kernel = draft->slot->kernel;
    size_t next = 0;
    for (size_t i = 0; i < kernel->param_count; i++) {
        if (kernel->params[i].type != PARAM_RESOURCE)
            continue;
        const struct px_path at = {path, kernel->params[i].name, 0};
        struct param_resource *member = (void *)((char *)draft->params + kernel->params[i].offset);
        struct resource resource;
        struct px_error why = {0};
        int code = resources_font(decoder->options->resources, member->name.text, member->name.length, &resource, &why);
        if (code < 0)
            return px_fail_at(decoder->error, code, &at, "%s", why.message);
        member->bytes = resource.bytes;
        member->size = resource.size;
        member->fallback = resource.fallback;
        digests[next++] = resource.digest;
    }
    return 0;
}

static int check_step(struct decoder *decoder, const struct step_draft *draft, const struct px_path *path) {
    const struct kernel *kernel = draft->slot->kernel;
    if (kernel->check == NULL || draft->open)
        return 0;
    const char *name = NULL;
    struct px_error why = {0};
    int code = kernel->check(draft->params, &name, &why);
    if (code >= 0)
        return 0;
    const struct px_path at = {path, name, 0};
    return px_fail_at(decoder->error, code, name != NULL ? &at : path, "%s", why.message);
}

static int remember_step(struct decoder *decoder, const struct step_draft *draft) {
    struct live_steps *steps = &decoder->body->steps;
    void *list = steps->items;
    if (!decoder_grow(decoder, &list, steps->count, &steps->room, sizeof *steps->items))
        return decoder_no_memory(decoder);
    steps->items = list;
    steps->items[steps->count++] =
        (struct live_step){draft->label, draft->slot->kernel, draft->params, draft->origins, draft->bypass};
    return 0;
}

static int draft_open(struct decoder *decoder, struct step_draft *draft, const struct px_path *path) {
    const struct kernel *kernel = draft->slot->kernel;
    if (draft->slot->nodes > PLAN_NODE_PARAMS_MAX || draft->slot->resources > PLAN_RESOURCE_PARAMS_MAX)
        return px_fail_at(decoder->error, PX_E_INTERNAL, path, "%s has more nodes or resources than a step holds",
                          kernel->name);
    draft->params = decoder_take(decoder, kernel->params_size);
    draft->origins = decoder_take(decoder, kernel->param_count + 1);
    if (draft->params == NULL || draft->origins == NULL)
        return decoder_no_memory(decoder);
    memcpy(draft->params, draft->slot->defaults, kernel->params_size);
    memset(draft->origins, ORIGIN_DEFAULT, kernel->param_count + 1);
    draft->step->kernel = kernel;
    draft->step->params = draft->params;
    draft->step->further = NULL;
    draft->step->further_count = 0;
    return 0;
}

/* Everything after the name: parameters, overrides, resources, the kernel's own check, the signature. */
static int decode_step(struct decoder *decoder, struct step_draft *draft, const struct px_value *params,
                       const struct px_path *path, const struct px_signature *input, struct px_signature *signature) {
    struct px_signature digests[PLAN_RESOURCE_PARAMS_MAX];
    int code = draft_open(decoder, draft, path);
    if (code == 0)
        code = decode_params(decoder, draft, params, path);
    if (code == 0 && draft->slot->required > 0)
        code = check_required(decoder, draft, path);
    if (code == 0 && draft->slot->nodes > 0)
        code = number_further(decoder, draft);
    if (code < 0)
        return code;
    if (overrides_count(decoder->options->overrides) > 0)
        apply_overrides(decoder, draft);
    if (draft->slot->resources > 0)
        code = resolve_resources(decoder, draft, path, digests);
    if (code == 0)
        code = check_step(decoder, draft, path);
    if (code == 0)
        code = remember_step(decoder, draft);
    if (code == 0 && !draft->bypass)
        *signature = sign_step(draft->step, input, digests, decoder->seed);
    return code;
}

/* ---- effects ----------------------------------------------------------------------------------------------------- */

/* Where a chain is being put together. */
struct chain_draft {
    struct plan_step *steps;
    struct px_signature *signatures;
    size_t count;
    const char *label;
    unsigned depth;
};

static int decode_effect(struct decoder *decoder, struct chain_draft *chain, const struct px_value *value,
                         const struct px_path *path) {
    if (value->type != PX_ARRAY)
        return decode_type(decoder, value, path, "an effect, that is [name, {parameters}]");
    if (value->count < 1 || value->count > 2)
        return px_fail_at(decoder->error, PX_E_TYPE, path, "expected [name, {parameters}], got a list of %u",
                          value->count);
    struct step_draft draft = {.label = chain->label, .depth = chain->depth, .step = &chain->steps[chain->count]};
    draft.step->index = (uint32_t)path->index;
    int code = find_kernel(decoder, KERNEL_EFFECT, &value->items[0], path, &draft.slot);
    if (code < 0)
        return code;
    /* the slot may be taken by another kernel while further nodes are decoded */
    const struct kernel_slot slot = *draft.slot;
    draft.slot = &slot;
    code = decode_step(decoder, &draft, value->count == 2 ? &value->items[1] : NULL, path,
                       &chain->signatures[chain->count], &chain->signatures[chain->count + 1]);
    if (code == 0 && !draft.bypass)
        chain->count++;
    return code;
}

static int decode_effects(struct decoder *decoder, struct plan_node *node, const struct px_value *value,
                          const struct px_path *path, const struct px_signature *source, unsigned depth) {
    uint32_t count = value_absent(value) ? 0 : value->count;
    if (!value_absent(value) && value->type != PX_ARRAY)
        return decode_type(decoder, value, path, "a list of effects");
    if (count > PLAN_STEPS_MAX)
        return px_fail_at(decoder->error, PX_E_LIMIT, path, "%u effects in one chain; at most %d are accepted", count,
                          PLAN_STEPS_MAX);
    struct chain_draft chain = {.label = node->label, .depth = depth};
    chain.steps = decoder_take(decoder, count * sizeof *chain.steps);
    chain.signatures = decoder_take(decoder, (count + 1) * sizeof *chain.signatures);
    if (chain.steps == NULL || chain.signatures == NULL)
        return decoder_no_memory(decoder);
    chain.signatures[0] = *source;
    for (uint32_t i = 0; i < count; i++) {
        const struct px_path at = {path, NULL, (long)i};
        int code = decode_effect(decoder, &chain, &value->items[i], &at);
        if (code < 0)
            return code;
    }
    node->effects = chain.steps;
    node->effect_count = chain.count;
    node->signatures = chain.signatures;
    return 0;
}

/* ---- nodes ------------------------------------------------------------------------------------------------------- */

/* The values of a node's keys. */
struct node_keys {
    const struct px_value *shape, *params, *lines, *concat, *effects, *label;
};

static bool is_layer_key(const struct px_value *key) {
    return KEY_IS(key, "name") || KEY_IS(key, "color") || KEY_IS(key, "thickness");
}

static int unknown_node_key(struct decoder *decoder, const struct px_value *key, const struct px_path *path,
                            bool layer) {
    static const char *const names[] = {"shape", "params", "lines", "concat",   "effects",
                                        "label", "name",   "color", "thickness"};
    struct name_list list = {.nearest = PX_NEAREST(key->text, key->count)};
    for (size_t i = 0; i < (layer ? 9u : 6u); i++)
        name_list_add(&list, names[i]);
    char text[48], hint[96];
    const struct px_path at = path_of_key(path, key, text);
    return px_fail_at(decoder->error, PX_E_PARAM, &at, "no such name; %sa %s takes %s",
                      name_list_hint(&list, hint, sizeof hint), layer ? "layer" : "node", list.text);
}

static int take_keys(struct decoder *decoder, const struct px_value *value, const struct px_path *path, bool layer,
                     struct node_keys *keys) {
    if (value->type != PX_MAP)
        return decode_type(decoder, value, path, layer ? "a layer, that is a map" : "a node, that is a map");
    for (uint32_t i = 0; i < value->count; i++) {
        const struct px_value *key = &value->pairs[i].key, *item = &value->pairs[i].value;
        if (KEY_IS(key, "shape"))
            keys->shape = item;
        else if (KEY_IS(key, "params"))
            keys->params = item;
        else if (KEY_IS(key, "effects"))
            keys->effects = item;
        else if (KEY_IS(key, "lines"))
            keys->lines = item;
        else if (KEY_IS(key, "concat"))
            keys->concat = item;
        else if (KEY_IS(key, "label"))
            keys->label = item;
        else if (!layer || !is_layer_key(key))
            return unknown_node_key(decoder, key, path, layer);
    }
    int sources = (keys->shape != NULL) + (keys->lines != NULL) + (keys->concat != NULL);
    if (sources != 1)
        return px_fail_at(decoder->error, PX_E_PARAM, path, "%s; one of shape, lines or concat is needed",
                          sources == 0 ? "nothing to draw" : "more than one source");
    if (keys->params != NULL && keys->shape == NULL)
        return px_fail_at(decoder->error, PX_E_PARAM, path, "params stand beside shape only");
    return 0;
}

const char *label_of(struct decoder *decoder, const char *text) {
    if (strpbrk(text, "/#.") == NULL)
        return text;
    char *copy = plan_memory_text(&decoder->body->memory, text, strlen(text));
    for (char *at = copy; at != NULL && (at = strpbrk(at, "/#.")) != NULL;)
        *at = '_';
    return copy;
}

static int decode_label(struct decoder *decoder, const struct px_value *value, const struct px_path *path,
                        const char **label) {
    if (value_absent(value))
        return 0;
    const struct px_path at = {path, "label", 0};
    const char *text;
    int code = decode_text(decoder, value, &at, TEXT_BYTES_MAX, &text);
    if (code < 0 || text[0] == '\0')
        return code;
    *label = label_of(decoder, text);
    return *label == NULL ? decoder_no_memory(decoder) : 0;
}

static int decode_shape(struct decoder *decoder, struct plan_node *node, const struct node_keys *keys,
                        const struct px_path *path, unsigned depth, struct px_signature *signature) {
    const struct px_path shape_path = {path, "shape", 0}, params_path = {path, "params", 0};
    struct step_draft draft = {.label = node->label, .depth = depth, .step = &node->shape};
    int code = find_kernel(decoder, KERNEL_SHAPE, keys->shape, &shape_path, &draft.slot);
    if (code < 0)
        return code;
    const struct kernel_slot slot = *draft.slot;
    draft.slot = &slot;
    node->source = PLAN_SHAPE;
    return decode_step(decoder, &draft, keys->params, &params_path, NULL, signature);
}

static int decode_concat(struct decoder *decoder, struct plan_node *node, const struct px_value *value,
                         const struct px_path *path, unsigned depth, struct px_signature *signature) {
    const struct px_path concat_path = {path, "concat", 0};
    if (value->type != PX_ARRAY)
        return decode_type(decoder, value, &concat_path, "a list of nodes");
    const struct plan_node **children = decoder_take(decoder, value->count * sizeof(struct plan_node *));
    if (children == NULL)
        return decoder_no_memory(decoder);
    for (uint32_t i = 0; i < value->count; i++) {
        const struct px_path at = {&concat_path, NULL, (long)i};
        int code = decode_node(decoder, &value->items[i], &at, node->label, depth + 1, false, &children[i]);
        if (code < 0)
            return code;
    }
    node->source = PLAN_CONCAT;
    node->children = children;
    node->child_count = value->count;
    *signature = sign_concat(children, value->count);
    return 0;
}

static int decode_source(struct decoder *decoder, struct plan_node *node, const struct node_keys *keys,
                         const struct px_path *path, unsigned depth, struct px_signature *signature) {
    if (keys->shape != NULL)
        return decode_shape(decoder, node, keys, path, depth, signature);
    if (keys->concat != NULL)
        return decode_concat(decoder, node, keys->concat, path, depth, signature);
    const struct px_path lines_path = {path, "lines", 0};
    node->source = PLAN_LINES;
    return decode_lines(decoder, keys->lines, &lines_path, &node->lines, signature);
}

int decode_node(struct decoder *decoder, const struct px_value *value, const struct px_path *path, const char *label,
                unsigned depth, bool layer, const struct plan_node **node) {
    if (depth > PLAN_DEPTH_MAX)
        return px_fail_at(decoder->error, PX_E_LIMIT, path, "nodes stand more than %d deep in one another",
                          PLAN_DEPTH_MAX);
    if (decoder->node_count == PLAN_NODES_MAX)
        return px_fail_at(decoder->error, PX_E_LIMIT, path, "more than %d nodes in one plan", PLAN_NODES_MAX);
    struct node_keys keys = {0};
    int code = take_keys(decoder, value, path, layer, &keys);
    struct plan_node *made = decoder_take(decoder, sizeof *made);
    if (code == 0 && made == NULL)
        code = decoder_no_memory(decoder);
    if (code < 0)
        return code;
    *made = (struct plan_node){.label = label, .index = (uint32_t)decoder->node_count++};
    code = decode_label(decoder, keys.label, path, &made->label);
    struct px_signature source;
    const struct px_path effects_path = {path, "effects", 0};
    if (code == 0)
        code = decode_source(decoder, made, &keys, path, depth, &source);
    if (code == 0)
        code = decode_effects(decoder, made, keys.effects, &effects_path, &source, depth);
    if (code == 0)
        *node = made;
    return code;
}
