/* verbs.h: the verbs, one in each verb_<name>.c.
 */
#ifndef CLIENT_CTL_VERBS_H
#define CLIENT_CTL_VERBS_H

#include "client/ctl/verb.h"

extern const struct verb run_verb, watch_verb, render_verb, export_verb, eval_verb, new_verb, call_verb, describe_verb,
    ls_verb, status_verb, cc_verb, param_verb, log_verb, stop_verb, doctor_verb, completion_verb, help_verb;

#endif
