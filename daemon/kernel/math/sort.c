/* sort.c: see sort.h. */
#include "daemon/kernel/math/sort.h"

#include <string.h>

enum { INSERTION_MAX = 24 };

static void merge(const struct sort_key *from, size_t begin, size_t middle, size_t end, struct sort_key *to) {
    size_t left = begin, right = middle;
    for (size_t at = begin; at < end; at++) {
        if (left < middle && (right >= end || from[left].key <= from[right].key))
            to[at] = from[left++];
        else
            to[at] = from[right++];
    }
}

void sort_keys(struct sort_key *keys, struct sort_key *room, size_t count) {
    struct sort_key *from = keys, *to = room;
    for (size_t width = 1; width < count; width *= 2) {
        for (size_t begin = 0; begin < count; begin += 2 * width) {
            size_t middle = begin + width < count ? begin + width : count;
            size_t end = middle + width < count ? middle + width : count;
            merge(from, begin, middle, end, to);
        }
        struct sort_key *swap = from;
        from = to;
        to = swap;
    }
    if (from != keys)
        memcpy(keys, from, count * sizeof *keys);
}

static void insertion_sort(double *numbers, size_t count) {
    for (size_t i = 1; i < count; i++) {
        double number = numbers[i];
        size_t at = i;
        for (; at > 0 && numbers[at - 1] > number; at--)
            numbers[at] = numbers[at - 1];
        numbers[at] = number;
    }
}

static void sift_down(double *heap, size_t root, size_t count) {
    double number = heap[root];
    for (size_t child = 2 * root + 1; child < count; child = 2 * root + 1) {
        if (child + 1 < count && heap[child + 1] > heap[child])
            child++;
        if (heap[child] <= number)
            break;
        heap[root] = heap[child];
        root = child;
    }
    heap[root] = number;
}

void sort_numbers(double *numbers, size_t count) {
    if (count <= INSERTION_MAX) {
        insertion_sort(numbers, count);
        return;
    }
    for (size_t root = count / 2; root-- > 0;)
        sift_down(numbers, root, count);
    for (size_t last = count - 1; last > 0; last--) {
        double top = numbers[0];
        numbers[0] = numbers[last];
        numbers[last] = top;
        sift_down(numbers, 0, last);
    }
}
