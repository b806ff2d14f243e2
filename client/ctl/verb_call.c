#include "client/ctl/ctl.h"
#include "client/ctl/file.h"
#include "client/ctl/verbs.h"

#include <stdlib.h>
#include <string.h>

/* The parameters: JSON on the command line, or on standard input for "-". */
static int read_params(const struct ctl *ctl, struct px_reply *params, struct px_error *error) {
    *params = (struct px_reply){0};
    const char *text = ctl->argument_count > 1 ? ctl->arguments[1] : "";
    char *input = NULL;
    size_t size = strlen(text);
    int code = strcmp(text, "-") == 0 ? file_read("-", &input, &size, error) : 0;
    if (code == 0 && size > 0)
        code = px_from_json(input ? input : text, size, params, error);
    free(input);
    return code;
}

static int call_run(struct ctl *ctl) {
    struct px_reply params, reply;
    struct px_error error;
    if (read_params(ctl, &params, &error) < 0) {
        ctl_fail(ctl, &error);
        return CTL_USAGE;
    }
    int code = ctl_connect(ctl);
    if (code == CTL_DONE) {
        if (px_call(ctl->px, ctl->arguments[0], params.bytes, params.size, ctl->timeout_ms, &reply, &error) < 0) {
            code = ctl_fail(ctl, &error);
        } else {
            code = ctl_print(ctl, reply.bytes, reply.size);
            px_reply_free(&reply);
        }
    }
    px_reply_free(&params);
    return code;
}

const struct verb call_verb = {
    .name = "call",
    .arguments = "METHOD [JSON|-]",
    .summary = "call a method of the daemon and print what it answers",
    .help = "JSON is one object with the method's named values; binaries are written {\"$bin\": \"<base64>\"}.\n"
            "  pxctl call clock.set '{\"t\": 0, \"playing\": true}'",
    .least = 1,
    .most = 2,
    .run = call_run,
};
