/* sign.c: signatures: what a geometry is named by, and nothing that does not change its bytes. */
#include "daemon/plan/decode.h"

/* What a signature is of: the first item of each. */
enum signed_thing { SIGNED_SHAPE = 1, SIGNED_EFFECT, SIGNED_LINES, SIGNED_CONCAT };

/* Absent inputs are signed as such: the second of two alone is not the first alone. */
static void add_further(struct px_hasher *hasher, const struct plan_step *step) {
    const struct kernel *kernel = step->kernel;
    for (size_t i = 0; i < kernel->param_count; i++) {
        if (kernel->params[i].type != PARAM_NODE)
            continue;
        uint32_t index;
        memcpy(&index, (const char *)step->params + kernel->params[i].offset, sizeof index);
        px_hasher_add_integer(hasher, index);
        if (index > 0) {
            const struct plan_node *node = step->further[index - 1];
            px_hasher_add_signature(hasher, node->signatures[node->effect_count]);
        }
    }
}

struct px_signature sign_step(const struct plan_step *step, const struct px_signature *input,
                              const struct px_signature *digests, uint64_t seed) {
    const struct kernel *kernel = step->kernel;
    struct px_hasher hasher;
    px_hasher_init(&hasher);
    px_hasher_add_integer(&hasher, input == NULL ? SIGNED_SHAPE : SIGNED_EFFECT);
    if (input != NULL)
        px_hasher_add_signature(&hasher, *input);
    px_hasher_add_string(&hasher, kernel->name, strlen(kernel->name));
    px_hasher_add_integer(&hasher, kernel->version);
    params_sign(kernel->params, kernel->param_count, step->params, digests, &hasher);
    if (step->further_count > 0)
        add_further(&hasher, step);
    if (kernel->uses_seed)
        px_hasher_add_integer(&hasher, (int64_t)seed);
    return px_hasher_finish(&hasher);
}

struct px_signature sign_lines(const struct px_geometry *geometry) {
    struct px_hasher hasher;
    px_hasher_init(&hasher);
    px_hasher_add_integer(&hasher, SIGNED_LINES);
    px_hasher_add_bytes(&hasher, geometry->offsets, (geometry->line_count + 1) * sizeof(int32_t));
    px_hasher_add_bytes(&hasher, geometry->coords, geometry->vertex_count * 3 * sizeof(float));
    return px_hasher_finish(&hasher);
}

struct px_signature sign_concat(const struct plan_node *const *children, size_t count) {
    struct px_hasher hasher;
    px_hasher_init(&hasher);
    px_hasher_add_integer(&hasher, SIGNED_CONCAT);
    for (size_t i = 0; i < count; i++)
        px_hasher_add_signature(&hasher, children[i]->signatures[children[i]->effect_count]);
    return px_hasher_finish(&hasher);
}
