/* file_watch.h: tells when a sketch's file, or another file of sketches beside it, was saved.
 *
 * Editors save by writing, or by renaming a new file over the old: so the directory is watched. Several events within
 * FILE_WATCH_QUIET_MS are one save, and half a save is none.
 */
#ifndef CLIENT_CTL_FILE_WATCH_H
#define CLIENT_CTL_FILE_WATCH_H

#include "shared/error.h"

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

enum { FILE_WATCH_QUIET_MS = 20 };

struct file_watch {
    int fd; /* to poll */
    char name[NAME_MAX + 1];
    char target[NAME_MAX + 1]; /* where a link leads; "" : no link */
    uint64_t changed_ns;       /* of the last event not told yet; 0: none */
};

int file_watch_open(const char *path, struct file_watch *watch, struct px_error *error);
void file_watch_close(struct file_watch *watch);

/* file_watch_take: reads what happened; call it when fd is readable. */
void file_watch_take(struct file_watch *watch, uint64_t now_ns);

/* file_watch_due: whether there was a save; *wait_ms: how long to wait for the next look, -1: until fd is readable. */
bool file_watch_due(struct file_watch *watch, uint64_t now_ns, int *wait_ms);

#endif
