#include "client/ctl/ctl.h"
#include "client/ctl/help.h"
#include "client/ctl/verbs.h"

static int help_run(struct ctl *ctl) {
    if (ctl->argument_count == 0) {
        help_all(stdout);
        return CTL_DONE;
    }
    const struct verb *verb = verb_named(ctl->arguments[0]);
    if (!verb)
        return ctl_usage(ctl, "there is no verb %s", ctl->arguments[0]);
    help_verb_print(stdout, verb);
    return CTL_DONE;
}

const struct verb help_verb = {
    .name = "help",
    .arguments = "[VERB]",
    .summary = "what pxctl, or one verb, does",
    .most = 1,
    .run = help_run,
};
