#include "daemon/pipeline/twins.h"

#include <stdlib.h>
#include <string.h>

/* Room for a plan of so many nodes: at most half as many twins, places at most half full. */
static bool make_room(struct twins *twins, size_t nodes) {
    if (nodes <= twins->node_room && twins->places != NULL) /* a plan may have no node */
        return true;
    size_t places = 64;
    while (places < 2 * nodes)
        places *= 2;
    twins_fini(twins);
    twins->of_node = malloc(places / 2 * sizeof *twins->of_node);
    twins->list = malloc(places / 4 * sizeof *twins->list);
    twins->places = malloc(places * sizeof *twins->places);
    if (twins->of_node == NULL || twins->list == NULL || twins->places == NULL) {
        twins_fini(twins);
        return false;
    }
    twins->node_room = places / 2;
    twins->place_room = places;
    return true;
}

static uint32_t twin_add(struct twins *twins) {
    struct twin *twin = &twins->list[twins->count];
    twin->slab = NULL;
    atomic_init(&twin->waiting, NULL);
    return (uint32_t)++twins->count;
}

static void enter(struct twins *twins, const struct plan_node *node) {
    struct px_signature signature = node->signatures[node->effect_count];
    size_t mask = twins->place_room - 1, at = signature.low & mask;
    while (twins->places[at].node != 0 && !px_signature_equal(twins->places[at].signature, signature))
        at = (at + 1) & mask;
    struct twin_place *place = &twins->places[at];
    twins->of_node[node->index] = 0;
    if (place->node == 0) {
        *place = (struct twin_place){signature, node->index + 1};
        return;
    }
    uint32_t *first = &twins->of_node[place->node - 1];
    if (*first == 0)
        *first = twin_add(twins);
    twins->of_node[node->index] = *first;
}

static void enter_all(struct twins *twins, const struct plan_node *node) {
    enter(twins, node);
    for (size_t i = 0; i < node->child_count; i++)
        enter_all(twins, node->children[i]);
    for (size_t i = 0; i < node->shape.further_count; i++)
        enter_all(twins, node->shape.further[i]);
    for (size_t i = 0; i < node->effect_count; i++) {
        for (size_t j = 0; j < node->effects[i].further_count; j++)
            enter_all(twins, node->effects[i].further[j]);
    }
}

bool twins_find(struct twins *twins, const struct plan *plan) {
    if (!make_room(twins, plan->node_count))
        return false;
    twins->count = 0;
    size_t used = 64;
    while (used < 2 * plan->node_count)
        used *= 2;
    twins->place_room = used; /* a small plan clears a small table */
    memset(twins->places, 0, used * sizeof *twins->places);
    for (size_t i = 0; i < plan->layer_count; i++)
        enter_all(twins, plan->layers[i].node);
    return true;
}

void twins_drop(struct twins *twins) {
    for (size_t i = 0; i < twins->count; i++)
        slab_unref(twins->list[i].slab);
    twins->count = 0;
}

void twins_fini(struct twins *twins) {
    free(twins->of_node);
    free(twins->list);
    free(twins->places);
    *twins = (struct twins){0};
}
