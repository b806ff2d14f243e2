/* program.h: finds and starts the programs that belong to pxctl: pxd, pxview.
 */
#ifndef CLIENT_CTL_PROGRAM_H
#define CLIENT_CTL_PROGRAM_H

#include "client/ctl/ctl.h"

#include <sys/types.h>

/* program_beside: the path of `name` beside pxctl itself; false: there is none. */
bool program_beside(const char *name, char *path, size_t size);

/* program_start: runs argv[0] (looked for in PATH if it has no slash). log: standard output and error go there, and the
 * program is detached from our terminal; NULL: it keeps them. */
int program_start(char *const argv[], const char *log, pid_t *pid, struct px_error *error);

/* program_start_daemon: `pxd --end-with-last-client`, and connects when it answers. */
int program_start_daemon(struct ctl *ctl, struct px_error *error);

#endif
