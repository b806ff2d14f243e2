/* log.h: any thread logs into its own ring without a lock or a system call; LOG drains all rings.
 *
 *     log_write (ANY) -> the thread's ring -> LOG -> stderr or the journal, the tail kept for log.tail, the sink
 *
 * Threads  log_write: any thread, also before log_start (then straight to stderr). The sink is called on LOG.
 * Limits   LOG_LINE_BYTES a line (cut), LOG_RING_LINES a thread; a full ring drops and counts.
 */
#ifndef HOST_LOG_H
#define HOST_LOG_H

#include "shared/error.h"

#include <stddef.h>
#include <stdint.h>

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };
enum { LOG_LINE_BYTES = 448, LOG_RING_LINES = 256, LOG_TAIL_LINES = 1024, LOG_THREADS_MAX = 64 };

struct log_line {
    uint64_t wall_ns;
    uint64_t number; /* counts all lines */
    enum log_level level;
    char thread[12];
    char module[12]; /* "pipeline", "rpc", ... */
    char text[LOG_LINE_BYTES];
};

struct log_stats {
    uint64_t written, dropped;
};

/* log_start: starts LOG. sink (may be NULL) gets every line at or above `level`. */
int log_start(enum log_level level, void (*sink)(void *argument, const struct log_line *line), void *argument,
              struct px_error *error);
void log_stop(void); /* drains, then ends LOG */
void log_thread_name(const char *name); /* of the calling thread */
__attribute__((format(printf, 3, 4))) void log_write(enum log_level level, const char *module, const char *format, ...);

/* log_tail: the newest `count` lines at or above `level`, oldest first; returns how many. Any thread. */
size_t log_tail(enum log_level level, struct log_line *lines, size_t count);
void log_stats(struct log_stats *stats);
const char *log_level_name(enum log_level level); /* "error", "warning", "info", "debug" */
int log_level_named(const char *name);            /* -1 when unknown */

#define log_error(module, ...)   log_write(LOG_LEVEL_ERROR, module, __VA_ARGS__)
#define log_warning(module, ...) log_write(LOG_LEVEL_WARNING, module, __VA_ARGS__)
#define log_info(module, ...)    log_write(LOG_LEVEL_INFO, module, __VA_ARGS__)
#define log_debug(module, ...)   log_write(LOG_LEVEL_DEBUG, module, __VA_ARGS__)

#endif
