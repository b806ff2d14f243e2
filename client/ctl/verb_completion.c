#include "client/ctl/completion.h"
#include "client/ctl/ctl.h"
#include "client/ctl/verbs.h"

#include <stdio.h>
#include <string.h>

static int completion_run(struct ctl *ctl) {
    if (strcmp(ctl->arguments[0], "bash") == 0)
        completion_bash(stdout);
    else if (strcmp(ctl->arguments[0], "zsh") == 0)
        completion_zsh(stdout);
    else
        return ctl_usage(ctl, "completions are there for bash and zsh");
    return CTL_DONE;
}

const struct verb completion_verb = {
    .name = "completion",
    .arguments = "bash|zsh",
    .summary = "print a completion script for a shell",
    .help = "  source <(pxctl completion bash)",
    .least = 1,
    .most = 1,
    .run = completion_run,
};
