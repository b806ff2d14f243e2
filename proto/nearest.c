#include "proto/nearest.h"

#include <string.h>

enum { NAME_MAX_COMPARED = 64 };

static unsigned smallest(unsigned a, unsigned b, unsigned c) {
    unsigned least = a < b ? a : b;
    return least < c ? least : c;
}

/* Edits (insert, remove, replace one byte) from a to b; both at most NAME_MAX_COMPARED long. */
static unsigned edit_distance(const char *a, size_t a_length, const char *b, size_t b_length) {
    unsigned row[NAME_MAX_COMPARED + 1];
    for (size_t j = 0; j <= b_length; j++)
        row[j] = (unsigned)j;
    for (size_t i = 1; i <= a_length; i++) {
        unsigned diagonal = row[0];
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= b_length; j++) {
            unsigned replaced = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            row[j] = smallest(replaced, row[j] + 1, row[j - 1] + 1);
        }
    }
    return row[b_length];
}

void px_nearest_offer(struct px_nearest *nearest, const char *name) {
    size_t length = strlen(name);
    if (length > NAME_MAX_COMPARED || nearest->length > NAME_MAX_COMPARED)
        return;
    unsigned distance = edit_distance(nearest->text, nearest->length, name, length);
    size_t longer = length > nearest->length ? length : nearest->length;
    if (distance > (longer + 2) / 3)
        return;
    if (nearest->name == NULL || distance < nearest->distance) {
        nearest->name = name;
        nearest->distance = distance;
    }
}
