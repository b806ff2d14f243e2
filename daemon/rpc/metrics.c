#include "daemon/rpc/metrics.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void metrics_init(struct metrics *metrics) {
    *metrics = (struct metrics){0};
}

void metrics_fini(struct metrics *metrics) {
    free(metrics->text);
    metrics_init(metrics);
}

static bool make_room(struct metrics *metrics, size_t size) {
    if (metrics->room - metrics->size > size)
        return true;
    size_t room = metrics->room > 0 ? metrics->room : 4096;
    while (room - metrics->size <= size)
        room *= 2;
    char *text = realloc(metrics->text, room);
    if (text == NULL) {
        metrics->failed = true;
        return false;
    }
    metrics->text = text;
    metrics->room = room;
    return true;
}

__attribute__((format(printf, 2, 3))) static void add(struct metrics *metrics, const char *format, ...) {
    va_list args;
    va_start(args, format);
    int size = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (metrics->failed || size < 0 || !make_room(metrics, (size_t)size))
        return;
    va_start(args, format);
    vsnprintf(metrics->text + metrics->size, (size_t)size + 1, format, args);
    va_end(args);
    metrics->size += (size_t)size;
}

static void head(struct metrics *metrics, const char *name, const char *type, const char *help) {
    if (strncmp(metrics->last, name, sizeof metrics->last - 1) == 0)
        return;
    snprintf(metrics->last, sizeof metrics->last, "%s", name);
    add(metrics, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void sample(struct metrics *metrics, const char *name, const char *labels, double value) {
    if (labels[0] != '\0')
        add(metrics, "%s{%s} %.17g\n", name, labels, value);
    else
        add(metrics, "%s %.17g\n", name, value);
}

void metrics_counter(struct metrics *metrics, const char *name, const char *labels, const char *help, double value) {
    head(metrics, name, "counter", help);
    sample(metrics, name, labels, value);
}

void metrics_gauge(struct metrics *metrics, const char *name, const char *labels, const char *help, double value) {
    head(metrics, name, "gauge", help);
    sample(metrics, name, labels, value);
}

void metrics_times(struct metrics *metrics, const char *name, const char *labels, const char *help,
                   const struct histogram_summary *summary) {
    char full[80];
    snprintf(full, sizeof full, "%s_seconds", name);
    head(metrics, full, "summary", help);
    const char *comma = labels[0] != '\0' ? "," : "";
    add(metrics, "%s{%s%squantile=\"0.5\"} %.9g\n", full, labels, comma, summary->p50_ms / 1e3);
    add(metrics, "%s{%s%squantile=\"0.95\"} %.9g\n", full, labels, comma, summary->p95_ms / 1e3);
    add(metrics, "%s{%s%squantile=\"0.99\"} %.9g\n", full, labels, comma, summary->p99_ms / 1e3);
    char part[88];
    snprintf(part, sizeof part, "%s_sum", full);
    sample(metrics, part, labels, summary->mean_ms * (double)summary->count / 1e3);
    snprintf(part, sizeof part, "%s_count", full);
    sample(metrics, part, labels, (double)summary->count);
}

int metrics_finish(const struct metrics *metrics, struct px_error *error) {
    return metrics->failed ? px_fail(error, PX_E_NO_MEMORY, "no memory for the metrics") : 0;
}
