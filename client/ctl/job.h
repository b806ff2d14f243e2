/* job.h: an export at the daemon: started, waited for, its bytes taken.
 *
 *     job_start -> id -> job_finish (waits) -> bytes
 */
#ifndef CLIENT_CTL_JOB_H
#define CLIENT_CTL_JOB_H

#include "client/ctl/ctl.h"

struct job_order {
    const char *sketch;   /* or */
    struct px_reply plan; /* a plan; bytes NULL: the sketch */
    double t;
    const char *format;  /* as export.start has it */
    const char *options; /* JSON, NULL: none */
};

int job_start(struct ctl *ctl, const struct job_order *order, uint64_t *id, struct px_error *error);

/* job_finish: answer holds the bytes, borrowed by `bytes`. */
int job_finish(struct ctl *ctl, uint64_t id, struct answer *answer, const void **bytes, size_t *size,
               struct px_error *error);
void job_cancel(struct ctl *ctl, uint64_t id);

/* job_format: PX_E_UNSUPPORTED for what only a viewer makes; whether it knows any other, the daemon says. */
int job_format(const char *format, struct px_error *error);

#endif
