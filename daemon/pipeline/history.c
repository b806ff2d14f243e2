#include "daemon/pipeline/history.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* Open addressing, at most half full; zero is an empty place (no signature is zero but by a chance of 2^-128). */
struct signature_set {
    struct px_signature *places;
    size_t room; /* a power of two */
    size_t count;
};

struct history {
    pthread_mutex_t lock;
    struct signature_set before, now; /* under lock */
    _Atomic uint64_t work_ns;
    _Atomic unsigned references; /* its sketch, and every evaluation with it that was not destroyed yet */
};

struct history *history_create(void) {
    struct history *history = calloc(1, sizeof *history);
    if (history == NULL)
        return NULL;
    pthread_mutex_init(&history->lock, NULL);
    atomic_init(&history->references, 1);
    return history;
}

struct history *history_ref(struct history *history) {
    if (history != NULL)
        atomic_fetch_add_explicit(&history->references, 1, memory_order_relaxed);
    return history;
}

void history_unref(struct history *history) {
    /* acq_rel: the last one sees what all others did with it */
    if (history == NULL || atomic_fetch_sub_explicit(&history->references, 1, memory_order_acq_rel) != 1)
        return;
    free(history->before.places);
    free(history->now.places);
    pthread_mutex_destroy(&history->lock);
    free(history);
}

uint64_t history_work_ns(const struct history *history) {
    return atomic_load_explicit(&history->work_ns, memory_order_relaxed);
}

void history_set_work_ns(struct history *history, uint64_t work_ns) {
    atomic_store_explicit(&history->work_ns, work_ns, memory_order_relaxed);
}

static bool set_has(const struct signature_set *set, struct px_signature signature) {
    if (set->count == 0)
        return false;
    for (size_t at = signature.low & (set->room - 1);; at = (at + 1) & (set->room - 1)) {
        if (px_signature_equal(set->places[at], signature))
            return true;
        if (px_signature_is_zero(set->places[at]))
            return false;
    }
}

static void set_put(struct signature_set *set, struct px_signature signature) {
    size_t at = signature.low & (set->room - 1);
    while (!px_signature_is_zero(set->places[at])) {
        if (px_signature_equal(set->places[at], signature))
            return;
        at = (at + 1) & (set->room - 1);
    }
    set->places[at] = signature;
    set->count++;
}

/* Empty, with room for `wanted`; without memory it has room for nothing. */
static void set_open(struct signature_set *set, size_t wanted) {
    size_t room = set->room > 0 ? set->room : 256;
    while (room < 2 * wanted)
        room *= 2;
    if (room != set->room) {
        free(set->places);
        set->places = malloc(room * sizeof *set->places);
        set->room = set->places == NULL ? 0 : room;
    }
    set->count = 0;
    if (set->room > 0)
        memset(set->places, 0, set->room * sizeof *set->places);
}

/* ---- one pass over a plan ---------------------------------------------------------------------------------------- */

static size_t count_signatures(const struct plan_node *node) {
    size_t count = node->effect_count + 1;
    for (size_t i = 0; i < node->child_count; i++)
        count += count_signatures(node->children[i]);
    for (size_t i = 0; i < node->shape.further_count; i++)
        count += count_signatures(node->shape.further[i]);
    for (size_t i = 0; i < node->effect_count; i++) {
        for (size_t j = 0; j < node->effects[i].further_count; j++)
            count += count_signatures(node->effects[i].further[j]);
    }
    return count;
}

static void note_node(struct history *history, const struct plan_node *node, int16_t *last_static) {
    int last = (int)node->effect_count;
    while (last >= 0 && !set_has(&history->before, node->signatures[last]))
        last--;
    last_static[node->index] = (int16_t)last;
    for (size_t i = 0; i <= node->effect_count && history->now.room > 0; i++)
        set_put(&history->now, node->signatures[i]);
    for (size_t i = 0; i < node->child_count; i++)
        note_node(history, node->children[i], last_static);
    for (size_t i = 0; i < node->shape.further_count; i++)
        note_node(history, node->shape.further[i], last_static);
    for (size_t i = 0; i < node->effect_count; i++) {
        for (size_t j = 0; j < node->effects[i].further_count; j++)
            note_node(history, node->effects[i].further[j], last_static);
    }
}

void history_note(struct history *history, const struct plan *plan, int16_t *last_static) {
    size_t count = 0;
    for (size_t i = 0; i < plan->layer_count; i++)
        count += count_signatures(plan->layers[i].node);
    pthread_mutex_lock(&history->lock);
    set_open(&history->now, count);
    for (size_t i = 0; i < plan->layer_count; i++)
        note_node(history, plan->layers[i].node, last_static);
    struct signature_set before = history->before;
    history->before = history->now;
    history->now = before;
    pthread_mutex_unlock(&history->lock);
}
