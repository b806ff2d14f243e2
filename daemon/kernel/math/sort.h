/* sort.h: sorting without the C library's hidden allocation, stable where order can show.
 *
 * Threads  any; nothing is kept.
 */
#ifndef KERNEL_MATH_SORT_H
#define KERNEL_MATH_SORT_H

#include <stddef.h>
#include <stdint.h>

struct sort_key {
    double key;
    uint32_t index;
};

/* sort_keys: ascending by key, equal keys as they stood. `room` has count entries too. Merge sort. */
void sort_keys(struct sort_key *keys, struct sort_key *room, size_t count);

/* sort_numbers: ascending, in place. Insertion for a few, heap sort for many. */
void sort_numbers(double *numbers, size_t count);

#endif
