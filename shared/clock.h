/* clock.h: the two clocks that every side means by "now".
 *
 * Units    nanoseconds. Monotonic values can be compared between processes of one machine.
 * Threads  any.
 */
#ifndef PX_SHARED_CLOCK_H
#define PX_SHARED_CLOCK_H

#include <stdint.h>
#include <time.h>

/* px_clock_ns: CLOCK_MONOTONIC. */
static inline uint64_t px_clock_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* px_clock_wall_ns: CLOCK_REALTIME, for log lines and files only. */
static inline uint64_t px_clock_wall_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

#endif
