#include "daemon/host/stats.h"

#include <string.h>

/* Bucket b = 16 d + s holds times in [100 ns * 2^d * (1 + s/16), 100 ns * 2^d * (1 + (s+1)/16)); the first also what
 * is shorter, the last what is longer. */
enum { STEPS = 16, STEP_BITS = 4, MANTISSA_BITS = 52, EXPONENT_OF_ONE = 1023 };
static const double shortest_ns = 100.0;

static size_t bucket_of(uint64_t ns) {
    double ratio = (double)ns / shortest_ns;
    if (ratio < 1.0)
        return 0;
    uint64_t bits;
    memcpy(&bits, &ratio, sizeof(bits));
    /* the exponent and the first bits of the mantissa, as one number */
    uint64_t bucket = (bits >> (MANTISSA_BITS - STEP_BITS)) - ((uint64_t)EXPONENT_OF_ONE << STEP_BITS);
    return bucket < HISTOGRAM_BUCKETS ? (size_t)bucket : HISTOGRAM_BUCKETS - 1;
}

static double bucket_begin_ns(size_t bucket) {
    return shortest_ns * (double)(UINT64_C(1) << (bucket / STEPS)) * (1.0 + (double)(bucket % STEPS) / STEPS);
}

void histogram_add(struct histogram *histogram, uint64_t ns) {
    atomic_fetch_add_explicit(&histogram->bucket[bucket_of(ns)], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&histogram->count, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&histogram->sum_ns, ns, memory_order_relaxed);
    uint64_t max = atomic_load_explicit(&histogram->max_ns, memory_order_relaxed);
    while (ns > max && !atomic_compare_exchange_weak_explicit(&histogram->max_ns, &max, ns, memory_order_relaxed,
                                                              memory_order_relaxed))
        continue;
}

/* The time that `share` of all are not above; within its bucket as if evenly spread. */
static double quantile_ms(const uint32_t counts[HISTOGRAM_BUCKETS], uint64_t total, double share, double max_ns) {
    double rank = share * (double)total, before = 0;
    for (size_t bucket = 0; bucket < HISTOGRAM_BUCKETS; bucket++) {
        double count = counts[bucket];
        if (count > 0 && before + count >= rank) {
            double begin = bucket_begin_ns(bucket), end = bucket_begin_ns(bucket + 1);
            double ns = begin + (end - begin) * (rank - before) / count;
            return (ns < max_ns ? ns : max_ns) / 1e6;
        }
        before += count;
    }
    return max_ns / 1e6;
}

struct histogram_summary histogram_summarise(const struct histogram *histogram) {
    /* One copy, so that all figures are of the same buckets while others add. */
    uint32_t counts[HISTOGRAM_BUCKETS];
    uint64_t total = 0;
    for (size_t bucket = 0; bucket < HISTOGRAM_BUCKETS; bucket++)
        total += counts[bucket] = atomic_load_explicit(&histogram->bucket[bucket], memory_order_relaxed);
    if (total == 0)
        return (struct histogram_summary){0};
    double max_ns = (double)atomic_load_explicit(&histogram->max_ns, memory_order_relaxed);
    double sum_ns = (double)atomic_load_explicit(&histogram->sum_ns, memory_order_relaxed);
    return (struct histogram_summary){
        .count = total,
        .mean_ms = sum_ns / (double)total / 1e6,
        .p50_ms = quantile_ms(counts, total, 0.50, max_ns),
        .p95_ms = quantile_ms(counts, total, 0.95, max_ns),
        .p99_ms = quantile_ms(counts, total, 0.99, max_ns),
        .max_ms = max_ns / 1e6,
    };
}

void histogram_clear(struct histogram *histogram) {
    atomic_store_explicit(&histogram->count, 0, memory_order_relaxed);
    atomic_store_explicit(&histogram->sum_ns, 0, memory_order_relaxed);
    atomic_store_explicit(&histogram->max_ns, 0, memory_order_relaxed);
    for (size_t bucket = 0; bucket < HISTOGRAM_BUCKETS; bucket++)
        atomic_store_explicit(&histogram->bucket[bucket], 0, memory_order_relaxed);
}
