/* log_bench.c: what one line of the log and one entry of a histogram cost the thread that makes it; JSON lines.
 *
 *     log_bench 2>/dev/null
 *
 * Lines come in bursts that fit the thread's ring, as LOG drains it between them.
 */
#include "daemon/host/log.h"
#include "daemon/host/stats.h"
#include "shared/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { BURSTS = 41, LINES = 100, ENTRIES = 100000 };

static int by_value(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double burst_ns(enum log_level level) {
    const uint64_t began_ns = px_clock_ns();
    for (int i = 0; i < LINES; i++)
        log_write(level, "bench", "frame %d of %s: %.3f ms", i, "a sketch", 1.25);
    return (double)(px_clock_ns() - began_ns) / LINES;
}

static double median_ns(enum log_level level) {
    double times[BURSTS];
    for (int i = 0; i < BURSTS; i++) {
        times[i] = burst_ns(level);
        nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL); /* LOG drains the ring */
    }
    qsort(times, BURSTS, sizeof *times, by_value);
    return times[BURSTS / 2];
}

static double histogram_ns(void) {
    static struct histogram histogram;
    const uint64_t began_ns = px_clock_ns();
    for (uint64_t i = 0; i < ENTRIES; i++)
        histogram_add(&histogram, 1000 + i * 37 % 1000000);
    return (double)(px_clock_ns() - began_ns) / ENTRIES;
}

int main(void) {
    struct px_error error;
    if (log_start(LOG_LEVEL_INFO, NULL, NULL, &error) < 0) {
        fprintf(stderr, "log_bench: %s\n", error.message);
        return 1;
    }
    const double written = median_ns(LOG_LEVEL_INFO);
    const double below = median_ns(LOG_LEVEL_DEBUG);
    log_stop();
    struct log_stats stats;
    log_stats(&stats);
    printf("{\"line_ns\": %.1f, \"line_below_the_level_ns\": %.1f, \"lines\": %llu, \"dropped\": %llu, "
           "\"histogram_entry_ns\": %.1f}\n",
           written, below, (unsigned long long)stats.written, (unsigned long long)stats.dropped, histogram_ns());
    return 0;
}
