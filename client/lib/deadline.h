/* deadline.h: a timeout in ms as a moment of px_clock_ns, and what is left of it for poll.
 */
#ifndef CLIENT_LIB_DEADLINE_H
#define CLIENT_LIB_DEADLINE_H

#include "shared/clock.h"

#include <limits.h>

/* deadline_after: timeout_ms negative: never. */
static inline uint64_t deadline_after(int timeout_ms) {
    return timeout_ms < 0 ? UINT64_MAX : px_clock_ns() + (uint64_t)timeout_ms * 1000000u;
}

/* deadline_left_ms: rounded up, so that poll does not wake before it; -1: for ever. */
static inline int deadline_left_ms(uint64_t deadline) {
    if (deadline == UINT64_MAX)
        return -1;
    uint64_t now = px_clock_ns();
    if (now >= deadline)
        return 0;
    uint64_t left = (deadline - now + 999999u) / 1000000u;
    return left > INT_MAX ? INT_MAX : (int)left;
}

#endif
