/* decode.h: what the parts of the plan decoder share while one plan is decoded. Private to plan/.
 *
 *     plan_decode.c   plan, canvas, layers            node_decode.c  nodes, effects, labels, overrides
 *     param_decode.c  values of parameters            lines_decode.c  lines given by the user
 *     number_decode.c numbers, expressions            sign.c  signatures
 *
 * A template (a plan with expressions) keeps a copy of its value; to instantiate it is to decode that copy once more,
 * with the expressions' values taken one after the other in the same order.
 */
#ifndef PLAN_DECODE_H
#define PLAN_DECODE_H

#include "daemon/plan/plan.h"
#include "daemon/plan/plan_memory.h"

#include <stdatomic.h>
#include <string.h>

enum { PLAN_NODE_PARAMS_MAX = 8, PLAN_RESOURCE_PARAMS_MAX = 8 };

/* Where a parameter's value comes from. */
enum param_origin { ORIGIN_DEFAULT, ORIGIN_EXPLICIT, ORIGIN_OVERRIDE, ORIGIN_CC };

/* One kernel in the request, bypassed or not: what param.get lists. */
struct live_step {
    const char *label;
    const struct kernel *kernel;
    const void *params;
    const uint8_t *origins; /* enum param_origin, one a parameter, then that of bypass */
    bool bypass;
};

struct live_steps {
    struct live_step *items;
    size_t count, room;
};

/* User lines of a template, for its instances. */
struct kept_lines {
    struct px_geometry geometry;
    struct px_signature signature;
    bool open; /* holds expressions: decoded each time */
};

/* A plan and what belongs to it: stands at the start of its memory. */
struct plan_body {
    struct plan plan;
    _Atomic unsigned references;
    struct plan_memory memory;
    struct live_steps steps;
    const struct px_value *source; /* of a template: a copy of what was decoded, without binaries */
    struct kept_lines *lines;      /* in order of decoding */
    size_t lines_count, lines_room;
    struct plan_body *template_body; /* of an instance: keeps the template, whose lines it borrows; else NULL */
};

static inline struct plan_body *plan_body_of(const struct plan *plan) {
    return (struct plan_body *)(uintptr_t)plan; /* plan is its first member */
}

enum { KERNEL_SLOTS = 64 };

/* What the decoder knows of a kernel it met in this plan. */
struct kernel_slot {
    const struct kernel *kernel;
    const void *defaults; /* a parameter struct */
    uint8_t resources;    /* how many RESOURCE, NODE and required parameters it has */
    uint8_t nodes;
    uint8_t required;
};

/* How often each kernel stood in a label that has overrides. */
struct label_count {
    const char *label;
    const struct kernel *kernel;
    unsigned count;
};

struct decoder {
    const struct plan_options *options;
    struct plan_body *body;
    struct px_error *error;
    uint64_t seed;

    const double *values; /* of expressions, when instantiating; else NULL */
    size_t value_count;
    size_t value_next;
    size_t lines_next;
    struct plan_expression *expressions;
    size_t expression_count, expression_room;
    bool literal; /* expressions are refused: an override is being decoded */

    size_t node_count;
    size_t vertex_count;
    struct kernel_slot slots[2][KERNEL_SLOTS]; /* by role */
    struct label_count *labels;
    size_t label_count, label_room;
};

static inline void *decoder_take(struct decoder *decoder, size_t size) {
    return plan_memory_take(&decoder->body->memory, size);
}
int decoder_no_memory(struct decoder *decoder);

/* decoder_grow: room for one more item in a list that lives in the plan's memory; false: no memory. */
bool decoder_grow(struct decoder *decoder, void **items, size_t count, size_t *room, size_t item_size);

static inline bool key_is(const struct px_value *key, const char *name, size_t length) {
    return key->count == length && memcmp(key->text, name, length) == 0;
}
/* KEY_IS(key, "name"): without strlen. */
#define KEY_IS(key, name) key_is(key, name, sizeof(name) - 1)

/* value_absent: missing or nil: both mean "not given". */
static inline bool value_absent(const struct px_value *value) {
    return value == NULL || value->type == PX_NIL;
}

/* ---- number_decode.c */

/* decode_number: a finite number, or an expression. *open: an expression of a template: *number is left as it is.
 * what: what would be accepted, for messages ("a number"). */
int decode_number(struct decoder *decoder, const struct px_value *value, const struct px_path *path, const char *what,
                  double *number, bool *open);

/* decode_limited: the same, low <= number <= high; the value of an expression is clamped instead of refused. */
int decode_limited(struct decoder *decoder, const struct px_value *value, const struct px_path *path, const char *what,
                   double low, double high, double *number);
/* decode_type: fails: "expected <what>, got <type>". */
int decode_type(struct decoder *decoder, const struct px_value *value, const struct px_path *path, const char *what);
/* decode_text: a string without zero bytes, copied. */
int decode_text(struct decoder *decoder, const struct px_value *value, const struct px_path *path, size_t length_max,
                const char **text);

/* ---- param_decode.c */

/* decode_param: one value into a parameter struct (not NODE, whose member the caller sets). *open as above. */
int decode_param(struct decoder *decoder, const struct param *param, const struct px_value *value,
                 const struct px_path *path, void *params, bool *open);

/* ---- lines_decode.c */
int decode_lines(struct decoder *decoder, const struct px_value *value, const struct px_path *path,
                 struct px_geometry *geometry, struct px_signature *signature);

/* ---- node_decode.c */

/* decode_node: pairs with other keys than a node's are the caller's when `layer` is set. label: the one that holds
 * where the node has none of its own. */
int decode_node(struct decoder *decoder, const struct px_value *value, const struct px_path *path, const char *label,
                unsigned depth, bool layer, const struct plan_node **node);

/* label_of: a text as part of addresses: the characters that divide those are replaced by '_'. NULL: no memory. */
const char *label_of(struct decoder *decoder, const char *text);

/* ---- sign.c */
struct px_signature sign_step(const struct plan_step *step, const struct px_signature *input,
                              const struct px_signature *digests, uint64_t seed);
struct px_signature sign_lines(const struct px_geometry *geometry);
struct px_signature sign_concat(const struct plan_node *const *children, size_t count);

#endif
