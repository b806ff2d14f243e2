#include "client/ctl/ctl.h"
#include "client/ctl/interrupts.h"
#include "client/ctl/log_text.h"
#include "client/ctl/value.h"
#include "client/ctl/verbs.h"

#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

static const char *const levels[] = {"error", "warning", "info", "debug"}; /* gravest first */
enum { LEVELS = sizeof levels / sizeof levels[0] };

static size_t level_rank(const char *level) {
    size_t rank = 0;
    while (rank < LEVELS && strcmp(levels[rank], level) != 0)
        rank++;
    return rank;
}

static void print_line(const struct ctl *ctl, const struct px_value *line) {
    if (ctl->json)
        ctl_print_value(ctl, line);
    else
        log_text_print(stdout, line);
    fflush(stdout);
}

static int print_tail(struct ctl *ctl, const char *level, double count) {
    struct px_writer params;
    struct answer answer;
    px_writer_init(&params, 0);
    px_write_map(&params, 2);
    px_key(&params, "level");
    px_write_string(&params, level);
    px_key(&params, "count");
    px_write_int(&params, (int64_t)count);
    int code = ctl_call(ctl, "log.tail", &params, &answer);
    if (code != CTL_DONE)
        return code;
    const struct px_value *lines = value_list(&answer.document.root, "lines");
    for (uint32_t i = 0; lines && i < lines->count; i++)
        print_line(ctl, &lines->items[i]);
    answer_free(&answer);
    return CTL_DONE;
}

/* A notification ["log", [line]]. */
static void print_notification(const struct ctl *ctl, const struct px_reply *notification, const char *level) {
    struct px_document document = {0};
    char line_level[16];
    if (px_value_decode(notification->bytes, notification->size, &PX_LIMITS_DEFAULT, &document, NULL) < 0)
        return;
    const struct px_value *params = &document.root.items[1];
    if (params->type == PX_ARRAY && params->count > 0) {
        value_text(&params->items[0], "level", line_level, sizeof line_level);
        if (level_rank(line_level) <= level_rank(level))
            print_line(ctl, &params->items[0]);
    }
    px_document_free(&document);
}

static int subscribe_log(struct ctl *ctl) {
    struct px_writer params;
    struct answer answer;
    px_writer_init(&params, 0);
    px_write_map(&params, 1);
    px_key(&params, "topics");
    px_write_array(&params, 1);
    px_write_string(&params, "log");
    int code = ctl_call(ctl, "subscribe", &params, &answer);
    answer_free(&answer);
    return code;
}

static int follow(struct ctl *ctl, const char *level) {
    int signals = interrupts_open();
    struct px_error error;
    for (;;) {
        struct px_reply notification;
        int code = px_notification(ctl->px, 0, &notification, &error);
        if (code < 0)
            return ctl_fail(ctl, &error);
        if (code > 0) {
            print_notification(ctl, &notification, level);
            px_reply_free(&notification);
            continue;
        }
        struct pollfd waits[2] = {{.fd = px_fd(ctl->px), .events = POLLIN}, {.fd = signals, .events = POLLIN}};
        poll(waits, 2, -1);
        int got = waits[1].revents ? interrupts_take(signals) : 0;
        if (got != 0 && got != SIGCHLD)
            return CTL_DONE;
    }
}

static int log_run(struct ctl *ctl) {
    double count;
    const char *level = ctl_option(ctl, "--level");
    level = level ? level : "info";
    if (level_rank(level) == LEVELS)
        return ctl_usage(ctl, "--level wants error, warning, info or debug, not \"%s\"", level);
    if (!ctl_number(ctl, "--count", 100, &count))
        return CTL_USAGE;
    int code = ctl_connect(ctl);
    if (code == CTL_DONE && ctl_option(ctl, "-f"))
        code = subscribe_log(ctl);
    if (code == CTL_DONE)
        code = print_tail(ctl, level, count);
    return code == CTL_DONE && ctl_option(ctl, "-f") ? follow(ctl, level) : code;
}

static const struct verb_option options[] = {
    {"-f", NULL, "go on with what is logged from now on"},
    {"--level", "LEVEL", "error, warning, info (default) or debug: lines of it and graver ones"},
    {"--count", "N", "how many of the last lines (default 100)"},
};

const struct verb log_verb = {
    .name = "log",
    .arguments = "[-f] [--level LEVEL] [--count N]",
    .summary = "show the daemon's log",
    VERB_OPTIONS(options),
    .run = log_run,
};
