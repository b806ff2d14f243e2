#include "client/ctl/log_text.h"

#include "client/ctl/value.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

static const char *level_colour(const char *level) {
    if (strcmp(level, "error") == 0)
        return "\x1b[31m";
    if (strcmp(level, "warning") == 0)
        return "\x1b[33m";
    return strcmp(level, "debug") == 0 ? "\x1b[2m" : "";
}

void log_text_print(FILE *out, const struct px_value *line) {
    char level[16], module[16], text[1024], clock[16];
    double seconds = value_number(line, "time", 0);
    time_t whole = (time_t)seconds;
    struct tm local;
    localtime_r(&whole, &local);
    strftime(clock, sizeof clock, "%H:%M:%S", &local);
    value_text(line, "level", level, sizeof level);
    value_text(line, "module", module, sizeof module);
    value_text(line, "text", text, sizeof text);
    const char *colour = isatty(fileno(out)) ? level_colour(level) : "";
    fprintf(out, "%s%s.%03d %-7s %-9s %s%s\n", colour, clock, (int)((seconds - (double)whole) * 1000), level, module,
            text, *colour ? "\x1b[0m" : "");
}
