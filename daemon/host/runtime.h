/* runtime.h: the runtime directory of a daemon: found, made, checked and locked.
 *
 * Order: $PXD_RUNTIME_DIR, the first of $RUNTIME_DIRECTORY, $XDG_RUNTIME_DIR/pxd, /tmp/pxd-<uid> (made 0700; used only
 * if owned by this uid with that mode; the others must be owned by this uid and not writable for everybody). One daemon
 * a directory: the directory itself is locked (flock), so nothing of a dead daemon stands in the way of the next.
 */
#ifndef HOST_RUNTIME_H
#define HOST_RUNTIME_H

#include "shared/error.h"

struct runtime {
    char path[108];
    int lock_fd;
};

/* runtime_open: PX_E_EXISTS when another daemon holds it, PX_E_ACCESS when it is not ours, PX_E_RANGE when a socket's
 * path in it would pass 107 bytes. chosen: the path from config (already looked up) or "" to look it up. */
int runtime_open(const char *chosen, struct runtime *runtime, struct px_error *error);
void runtime_close(struct runtime *runtime); /* lets the next one in */

/* runtime_socket: path of a socket file in it, into out[108]. */
int runtime_socket(const struct runtime *runtime, const char *name, char out[108], struct px_error *error);

/* runtime_make_directory: makes a directory that outlives the daemon (state_dir) and those above it, 0700; one that is
 * there is fine. */
int runtime_make_directory(const char *path, struct px_error *error);

#endif
