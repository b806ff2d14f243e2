/* pxctl: the command line of pxd. */
#include "client/ctl/ctl.h"
#include "client/ctl/help.h"

#include <signal.h>

int main(int argc, char **argv) {
    struct ctl ctl = {.timeout_ms = CTL_TIMEOUT_MS};
    signal(SIGPIPE, SIG_DFL);
    int code = ctl_read(&ctl, argc, argv);
    if (code != CTL_DONE)
        return code;
    if (ctl.version) {
        printf("pxctl %s\n", PX_VERSION);
    } else if (ctl.help && ctl.verb) {
        help_verb_print(stdout, ctl.verb);
    } else if (ctl.help) {
        help_all(stdout);
    } else {
        code = ctl.verb->run(&ctl);
        ctl_close(&ctl);
    }
    /* What did not reach its reader was not done. */
    return fflush(stdout) == 0 && !ferror(stdout) ? code : CTL_FAILED;
}
