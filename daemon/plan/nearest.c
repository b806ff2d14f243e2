/* nearest.c: which known name was probably meant: edit distance (Levenshtein, two rows), at most a third of the name. */
#include "daemon/plan/decode.h"

enum { NAME_MAX_COMPARED = 48 };

static unsigned distance(const char *a, size_t a_length, const char *b, size_t b_length) {
    unsigned row[NAME_MAX_COMPARED + 1];
    for (size_t j = 0; j <= b_length; j++)
        row[j] = (unsigned)j;
    for (size_t i = 1; i <= a_length; i++) {
        unsigned diagonal = row[0];
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= b_length; j++) {
            unsigned replaced = diagonal + (a[i - 1] != b[j - 1]);
            unsigned shorter = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;
            diagonal = row[j];
            row[j] = replaced < shorter ? replaced : shorter;
        }
    }
    return row[b_length];
}

const char *nearest_name(const char *name, size_t length, const char *const *candidates, size_t count) {
    if (length > NAME_MAX_COMPARED)
        return NULL;
    const char *best = NULL;
    unsigned least = (unsigned)(length / 3 > 2 ? length / 3 : 2);
    if (length <= least)
        least = length > 1 ? (unsigned)length - 1 : 0;
    for (size_t i = 0; i < count; i++) {
        size_t candidate_length = strlen(candidates[i]);
        if (candidate_length > NAME_MAX_COMPARED)
            continue;
        unsigned found = distance(name, length, candidates[i], candidate_length);
        if (found < least || (found == least && best == NULL)) {
            least = found;
            best = candidates[i];
        }
    }
    return best;
}
