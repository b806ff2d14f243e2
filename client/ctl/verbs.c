#include "client/ctl/verbs.h"

#include <string.h>

const struct verb *const verbs[] = {
    &run_verb,  &watch_verb,    &render_verb, &export_verb,     &eval_verb, &new_verb,
    &call_verb, &describe_verb, &ls_verb,     &status_verb,     &cc_verb,   &param_verb,
    &log_verb,  &stop_verb,     &doctor_verb, &completion_verb, &help_verb,
};
const size_t verb_count = sizeof verbs / sizeof verbs[0];

const struct verb_option common_options[] = {
    {"--connect", "URL",
     "the daemon: unix:DIRECTORY, ipc://PATH, tcp://HOST:PORT, ws://HOST:PORT (default: look for one)"},
    {"--token", "FILE", "a file with the token that goes with every request"},
    {"--timeout", "SECONDS", "how long to wait for an answer (default 30)"},
    {"--json", NULL, "output for programs: JSON, one line a record"},
    {"--help", NULL, "this text"},
    {"--version", NULL, "the version of pxctl"},
};
const size_t common_option_count = sizeof common_options / sizeof common_options[0];

const struct verb *verb_named(const char *name) {
    for (size_t i = 0; i < verb_count; i++)
        if (strcmp(verbs[i]->name, name) == 0)
            return verbs[i];
    return NULL;
}
