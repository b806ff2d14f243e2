#include "daemon/plan/override.h"

#include "proto/writer.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct overrides {
    _Atomic unsigned references;
    size_t count;
    struct override *list;         /* sorted by address */
    struct px_document *documents; /* one each: what `value` points into */
    uint8_t **bytes;               /* one each: what a document borrows from */
};

static int compare_addresses(const void *a, const void *b) {
    return strcmp(((const struct override *)a)->address, ((const struct override *)b)->address);
}

/* A deep copy by way of the wire: a value borrows from the request it came in. */
static int value_copy(const struct px_value *value, uint8_t **bytes, struct px_document *document,
                      struct px_error *error) {
    struct px_writer writer;
    px_writer_init(&writer, 0);
    px_write_value(&writer, value);
    int code = px_writer_finish(&writer, error);
    size_t size = 0;
    if (code == 0)
        *bytes = px_writer_take(&writer, &size);
    px_writer_free(&writer);
    if (code < 0)
        return code;
    return px_value_decode(*bytes, size, &PX_LIMITS_DEFAULT, document, error);
}

static int override_copy(struct overrides *overrides, size_t i, const struct override *from, struct px_error *error) {
    char *address = strdup(from->address);
    if (address == NULL)
        return px_fail(error, PX_E_NO_MEMORY, "no memory for overrides");
    overrides->list[i] = (struct override){.address = address, .from_cc = from->from_cc};
    overrides->count = i + 1;
    int code = value_copy(from->value, &overrides->bytes[i], &overrides->documents[i], error);
    overrides->list[i].value = &overrides->documents[i].root;
    return code;
}

int overrides_create(const struct override *list, size_t count, struct overrides **overrides, struct px_error *error) {
    struct overrides *made = calloc(1, sizeof *made);
    if (made == NULL)
        return px_fail(error, PX_E_NO_MEMORY, "no memory for overrides");
    atomic_init(&made->references, 1);
    made->list = calloc(count + 1, sizeof *made->list);
    made->documents = calloc(count + 1, sizeof *made->documents);
    made->bytes = calloc(count + 1, sizeof *made->bytes);
    int code = 0;
    if (made->list == NULL || made->documents == NULL || made->bytes == NULL)
        code = px_fail(error, PX_E_NO_MEMORY, "no memory for overrides");
    for (size_t i = 0; i < count && code == 0; i++)
        code = override_copy(made, i, &list[i], error);
    if (code < 0) {
        overrides_unref(made);
        return code;
    }
    /* Each value stays where its document is; only the entries that point there are sorted. */
    qsort(made->list, made->count, sizeof *made->list, compare_addresses);
    *overrides = made;
    return 0;
}

struct overrides *overrides_ref(struct overrides *overrides) {
    if (overrides != NULL)
        atomic_fetch_add_explicit(&overrides->references, 1, memory_order_relaxed);
    return overrides;
}

void overrides_unref(struct overrides *overrides) {
    /* release, acquire: whoever frees has seen the last use of every other */
    if (overrides == NULL || atomic_fetch_sub_explicit(&overrides->references, 1, memory_order_acq_rel) != 1)
        return;
    for (size_t i = 0; i < overrides->count; i++) {
        free((char *)(uintptr_t)overrides->list[i].address);
        px_document_free(&overrides->documents[i]);
        free(overrides->bytes[i]);
    }
    free(overrides->list);
    free(overrides->documents);
    free(overrides->bytes);
    free(overrides);
}

size_t overrides_count(const struct overrides *overrides) {
    return overrides == NULL ? 0 : overrides->count;
}

/* The first entry that is not below the prefix. */
static size_t lower_bound(const struct overrides *overrides, const char *prefix, size_t length) {
    size_t low = 0, high = overrides->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strncmp(overrides->list[middle].address, prefix, length) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

const struct override *overrides_under(const struct overrides *overrides, const char *prefix, size_t length,
                                       size_t *count) {
    *count = 0;
    if (overrides == NULL)
        return NULL;
    size_t first = lower_bound(overrides, prefix, length);
    size_t end = first;
    while (end < overrides->count && strncmp(overrides->list[end].address, prefix, length) == 0)
        end++;
    *count = end - first;
    return &overrides->list[first];
}

const struct override *overrides_find(const struct overrides *overrides, const char *address) {
    size_t count;
    /* with the terminating zero in the prefix only the address itself is left */
    const struct override *found = overrides_under(overrides, address, strlen(address) + 1, &count);
    return count > 0 ? found : NULL;
}
