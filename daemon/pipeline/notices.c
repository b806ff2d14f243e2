#include "daemon/pipeline/notices.h"

#include <pthread.h>
#include <stdlib.h>

enum { NOTICES_MAX = 256 };

struct notice {
    struct px_signature signature;
    struct kernel_warnings warnings;
};

struct notices {
    pthread_mutex_t lock;
    struct notice *list[NOTICES_MAX]; /* under lock; made as they are needed */
    size_t next;                      /* under lock: a ring */
    _Atomic size_t count;
};

struct notices *notices_create(void) {
    struct notices *notices = calloc(1, sizeof *notices);
    if (notices != NULL)
        pthread_mutex_init(&notices->lock, NULL);
    return notices;
}

void notices_destroy(struct notices *notices) {
    if (notices == NULL)
        return;
    for (size_t i = 0; i < NOTICES_MAX; i++)
        free(notices->list[i]);
    pthread_mutex_destroy(&notices->lock);
    free(notices);
}

bool notices_any(const struct notices *notices) {
    return atomic_load_explicit(&notices->count, memory_order_relaxed) > 0;
}

static struct notice *find(struct notices *notices, struct px_signature signature) {
    size_t count = atomic_load_explicit(&notices->count, memory_order_relaxed);
    for (size_t i = 0; i < count; i++) {
        if (px_signature_equal(notices->list[i]->signature, signature))
            return notices->list[i];
    }
    return NULL;
}

/* Under the lock. */
static struct notice *claim(struct notices *notices, struct px_signature signature) {
    struct notice *notice = find(notices, signature);
    if (notice != NULL)
        return notice;
    size_t at = notices->next;
    if (notices->list[at] == NULL) {
        if ((notices->list[at] = malloc(sizeof **notices->list)) == NULL)
            return NULL;
        atomic_fetch_add_explicit(&notices->count, 1, memory_order_relaxed);
    }
    notices->next = (at + 1) % NOTICES_MAX;
    return notices->list[at];
}

void notices_put(struct notices *notices, struct px_signature signature, const struct kernel_warnings *warnings) {
    pthread_mutex_lock(&notices->lock);
    struct notice *notice = claim(notices, signature);
    if (notice != NULL)
        *notice = (struct notice){signature, *warnings};
    pthread_mutex_unlock(&notices->lock);
}

bool notices_get(struct notices *notices, struct px_signature signature, struct kernel_warnings *warnings) {
    pthread_mutex_lock(&notices->lock);
    const struct notice *notice = find(notices, signature);
    if (notice != NULL)
        *warnings = notice->warnings;
    pthread_mutex_unlock(&notices->lock);
    return notice != NULL;
}
