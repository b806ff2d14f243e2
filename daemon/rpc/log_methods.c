#include "daemon/rpc/log_line.h"
#include "daemon/rpc/methods.h"

#include <stdlib.h>

void log_line_write(const struct log_line *line, struct px_writer *writer) {
    px_write_map(writer, 6);
    px_key(writer, "number");
    px_write_uint(writer, line->number);
    px_key(writer, "time");
    px_write_real(writer, (double)line->wall_ns / 1e9);
    px_key(writer, "level");
    px_write_string(writer, log_level_name(line->level));
    px_key(writer, "thread");
    px_write_string(writer, line->thread);
    px_key(writer, "module");
    px_write_string(writer, line->module);
    px_key(writer, "text");
    px_write_string(writer, line->text);
}

static const char *const levels[] = {"error", "warning", "info", "debug", NULL}; /* as enum log_level */

struct log_tail_params {
    int level;
    int64_t count;
};
static const struct px_field tail_fields[] = {
    PX_FIELD(CHOICE, struct log_tail_params, level, .def = LOG_LEVEL_INFO, .choices = levels,
             .help = "Lines of this level and graver ones."),
    PX_FIELD(INT, struct log_tail_params, count, .def = 100, .min = 0, .max = LOG_TAIL_LINES, .unit = "lines",
             .help = "How many at most, the newest."),
};
static const struct px_message tail_message = PX_MESSAGE("log.tail", tail_fields, struct log_tail_params);

static void handle_tail(struct rpc_call *call, const void *params) {
    const struct log_tail_params *tail = params;
    size_t room = (size_t)tail->count;
    struct log_line *lines = calloc(room + 1, sizeof *lines);
    if (lines == NULL) {
        struct px_error error;
        px_fail(&error, PX_E_NO_MEMORY, "no memory for %zu lines", room);
        rpc_fail(call, &error);
        return;
    }
    size_t count = log_tail((enum log_level)tail->level, lines, room);
    struct px_writer *writer = rpc_reply_begin(call);
    px_write_map(writer, 1);
    px_key(writer, "lines");
    px_write_array(writer, (uint32_t)count);
    for (size_t i = 0; i < count; i++)
        log_line_write(&lines[i], writer);
    free(lines);
    rpc_reply_send(call);
}

static const struct rpc_method methods[] = {
    {.name = "log.tail",
     .role = RPC_ROLE_CONTROL,
     .idempotent = true,
     .params = &tail_message,
     .handle = handle_tail,
     .help = "The newest lines of the log, oldest first.",
     .result = "{lines: [{number, time, level, thread, module, text}]}"},
};
const struct rpc_method_table log_method_table = METHOD_TABLE(methods);
