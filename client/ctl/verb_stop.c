#include "client/ctl/ctl.h"
#include "client/ctl/verbs.h"

/* The daemon answers, then ends: its end is the end of the connection. */
static int stop_run(struct ctl *ctl) {
    struct answer answer;
    int code = ctl_connect(ctl);
    if (code == CTL_DONE)
        code = ctl_call(ctl, "server.shutdown", NULL, &answer);
    if (code != CTL_DONE)
        return code;
    answer_free(&answer);
    struct px_reply notification;
    struct px_error error;
    int got;
    while ((got = px_notification(ctl->px, ctl->timeout_ms, &notification, &error)) > 0)
        px_reply_free(&notification);
    if (got == 0)
        return ctl_fail(ctl, &(struct px_error){.code = PX_E_TIMEOUT, .message = "it did not end in time"});
    return CTL_DONE;
}

const struct verb stop_verb = {
    .name = "stop",
    .arguments = "",
    .summary = "end the daemon",
    .run = stop_run,
};
