/* stats.h: histograms of times, always on, and counters, summed when read.
 *
 * A histogram has logarithmic buckets, 16 a doubling from 100 ns to 100 s: p50, p95, p99 within 5 %.
 * Threads  histogram_add: any (relaxed atomics). Reading: any.
 * Source   as HdrHistogram, with buckets by floating-point exponent.
 */
#ifndef HOST_STATS_H
#define HOST_STATS_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

enum { HISTOGRAM_BUCKETS = 16 * 31 };

struct histogram {
    _Atomic uint64_t count;
    _Atomic uint64_t sum_ns;
    _Atomic uint64_t max_ns;
    _Atomic uint32_t bucket[HISTOGRAM_BUCKETS];
};

struct histogram_summary {
    uint64_t count;
    double mean_ms, p50_ms, p95_ms, p99_ms, max_ms;
};

void histogram_add(struct histogram *histogram, uint64_t ns);
struct histogram_summary histogram_summarise(const struct histogram *histogram);
void histogram_clear(struct histogram *histogram);

#endif
