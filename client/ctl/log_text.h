/* log_text.h: a line of the daemon's log as text.
 */
#ifndef CLIENT_CTL_LOG_TEXT_H
#define CLIENT_CTL_LOG_TEXT_H

#include "proto/value.h"

#include <stdio.h>

/* log_text_print: "12:34:56.789 warning rpc       text"; colour by level when `out` is a terminal. */
void log_text_print(FILE *out, const struct px_value *line);

#endif
