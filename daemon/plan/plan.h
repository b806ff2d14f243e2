/* plan.h: what a sketch yields for one frame: layers of chains, resolved, checked and signed. Immutable.
 *
 *     MessagePack value -- plan_decode (tables, resources, overrides) --> plan
 *         with `=` expressions: template --> plan_expressions -> values (a Lua process) -> plan_instantiate --> plan
 *
 * Every name, type and value is checked against the kernels' parameter tables; an error carries the path into the
 * request (`plan.layers[0].effects[2].density`). Every node knows its signature, and the signature after each of its
 * steps, so that prefixes can be looked up. Bypassed steps are left out of chain and signature.
 *
 * Threads    decode, instantiate: POOL (they read font files). Everything else: any.
 * Ownership  counted; a plan owns all it points to (one arena), also copies of user lines.
 * Limits     layers, nodes, depth of nodes, steps a chain, vertices of user lines: PX_E_LIMIT names them.
 */
#ifndef PLAN_PLAN_H
#define PLAN_PLAN_H

#include "daemon/kernel/kernel.h"
#include "daemon/plan/override.h"
#include "proto/message.h"
#include "shared/signature.h"

enum {
    PLAN_LAYERS_MAX = 4096,
    PLAN_NODES_MAX = 16384,
    PLAN_DEPTH_MAX = 12,
    PLAN_STEPS_MAX = 64,
    PLAN_EXPRESSIONS_MAX = 4096,
    PLAN_EXPRESSION_BYTES = 1024,
};

struct resources;   /* resource.h: fonts by name, digests, bytes */
struct plan_blocks; /* plan_memory.h: recycled memory of plans */

enum plan_source { PLAN_SHAPE, PLAN_LINES, PLAN_CONCAT };

/* One kernel with its parameters: a shape or an effect. */
struct plan_step {
    const struct kernel *kernel;
    const void *params;
    const struct plan_node *const *further; /* its NODE parameters */
    size_t further_count;
    uint32_t index; /* place in the request's list of effects (bypassed ones count), for messages */
};

struct plan_node {
    enum plan_source source;
    struct plan_step shape;                  /* PLAN_SHAPE */
    struct px_geometry lines;                /* PLAN_LINES: checked */
    const struct plan_node *const *children; /* PLAN_CONCAT */
    size_t child_count;
    const struct plan_step *effects; /* without bypassed ones */
    size_t effect_count;
    const struct px_signature *signatures; /* [0] the source, [i] after effect i: effect_count + 1 */
    const char *label;
    uint32_t index; /* 0 .. node_count - 1, each node of the plan its own */
};

struct plan_layer {
    const char *name;
    float color[4];
    float thickness; /* mm */
    const struct plan_node *node;
};

struct plan_canvas {
    double size[2]; /* mm */
    float background[4];
    float color[4];
    float thickness;
};

/* A numeric component written as "=...": evaluated for each frame in a process of its own. */
struct plan_expression {
    const char *source; /* without the "=" */
    const char *path;   /* for messages */
    bool uses_time;     /* names t, frame or lfo */
    bool uses_cc;
};

struct plan {
    struct plan_canvas canvas;
    uint64_t seed;
    const struct plan_layer *layers;
    size_t layer_count;
    const struct plan_expression *expressions; /* 0 of them: the plan can be evaluated as it is */
    size_t expression_count;
    size_t node_count;
};

struct plan_options {
    struct resources *resources;
    struct overrides *overrides; /* NULL: none; borrowed */
    size_t vertices_max;         /* of one geometry */
    const struct px_path *path;  /* where the plan stands in the request: "plan" */
    const uint64_t *seed;        /* in place of the plan's own; NULL: none */
    struct plan_blocks *blocks;  /* where the plan's memory comes from and goes back to; NULL: malloc, free */
};

int plan_decode(const struct px_value *value, const struct plan_options *options, struct plan **plan,
                struct px_error *error);

/* plan_instantiate: a new plan with the expressions' values in place (one an expression, finite); it keeps the
 * template. */
int plan_instantiate(const struct plan *template_plan, const double *values, size_t count,
                     const struct plan_options *options, struct plan **plan, struct px_error *error);
struct plan *plan_ref(struct plan *plan);
void plan_unref(struct plan *plan); /* NULL is fine */

/* plan_parameters: visits every live parameter in order: its address, table entry, kernel, the value in force (a
 * pointer to the member in the parameter struct) and where it comes from: "cc", "override", "explicit", "default". */
typedef void plan_parameter_visit(void *argument, const char *address, const struct kernel *kernel,
                                  const struct param *param, const void *value, const char *from);
void plan_parameters(const struct plan *plan, plan_parameter_visit *visit, void *argument);

/* plan_param_check: whether a value fits a parameter, as an override of it must: PX_E_TYPE or PX_E_RANGE with the path.
 */
int plan_param_check(const struct param *param, const struct px_value *value, const struct px_path *path,
                     struct px_error *error);

/* plan_param_write: a parameter's value as MessagePack, as a request would give it. */
void plan_param_write(const struct param *param, const void *value, struct px_writer *writer);

/* The fields of a plan, for describe. */
extern const struct px_message plan_message, canvas_message, layer_message, node_message;

#endif
