#include "client/ctl/ctl.h"
#include "client/ctl/verbs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CC_COUNT = 128 };

/* "7=0.5" */
static bool cc_read(const char *text, long *number, double *value) {
    char *end;
    *number = strtol(text, &end, 10);
    return end != text && *end == '=' && *number >= 0 && *number < CC_COUNT && ctl_number_read(end + 1, value) &&
           *value >= 0 && *value <= 1;
}

static int cc_set(struct ctl *ctl) {
    struct px_writer params;
    px_writer_init(&params, 0);
    px_write_map(&params, 1);
    px_key(&params, "values");
    px_write_map(&params, (uint32_t)ctl->argument_count);
    for (size_t i = 0; i < ctl->argument_count; i++) {
        long number;
        double value;
        if (!cc_read(ctl->arguments[i], &number, &value)) {
            px_writer_free(&params);
            return ctl_usage(ctl, "%s: wanted is I=V, a controller 0..127 and its value 0..1", ctl->arguments[i]);
        }
        char key[8];
        snprintf(key, sizeof key, "%ld", number);
        px_key(&params, key);
        px_write_real(&params, value);
    }
    int code = ctl_connect(ctl);
    struct answer answer;
    if (code != CTL_DONE) {
        px_writer_free(&params);
        return code;
    }
    code = ctl_call(ctl, "cc.set", &params, &answer);
    answer_free(&answer);
    return code;
}

static int cc_run(struct ctl *ctl) {
    if (ctl->argument_count > 0)
        return cc_set(ctl);
    struct answer answer;
    int code = ctl_connect(ctl);
    if (code == CTL_DONE)
        code = ctl_call(ctl, "cc.get", NULL, &answer);
    if (code != CTL_DONE)
        return code;
    code = ctl_print_value(ctl, &answer.document.root);
    answer_free(&answer);
    return code;
}

const struct verb cc_verb = {
    .name = "cc",
    .arguments = "[I=V]...",
    .summary = "set controllers (0..127) to values 0..1; without arguments show them",
    .help = "  pxctl cc 1=0.25 74=1",
    .most = CTL_ARGUMENTS_MAX,
    .run = cc_run,
};
