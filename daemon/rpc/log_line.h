/* log_line.h: a line of the log as a message: in log.tail, and notified to subscribers of `log`. */
#ifndef RPC_LOG_LINE_H
#define RPC_LOG_LINE_H

#include "daemon/host/log.h"
#include "proto/writer.h"

/* log_line_write: {number, time, level, thread, module, text}; time in seconds since 1970. */
void log_line_write(const struct log_line *line, struct px_writer *writer);

#endif
