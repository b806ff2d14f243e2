/* sketch_file.h: a sketch as a user names it: a file (.lua: a program, .json: a plan), or the name of one that is
 * loaded.
 *
 *     sketch_open -> its name at the daemon -> sketch_close (removes what it loaded)
 *
 * A Lua file is given by its path where the daemon may read it, so that `require` finds what lies beside it; else its
 * text is sent.
 */
#ifndef CLIENT_CTL_SKETCH_FILE_H
#define CLIENT_CTL_SKETCH_FILE_H

#include "client/ctl/ctl.h"

bool sketch_is_file(const char *argument);

/* sketch_name: "waves" for "dir/waves.lua". */
int sketch_name(const char *path, char name[PX_SKETCH_NAME_MAX + 1], struct px_error *error);

/* sketch_load: (re)loads the file under that name. */
int sketch_load(struct ctl *ctl, const char *path, const char *name, struct px_error *error);
int sketch_remove(struct ctl *ctl, const char *name, struct px_error *error);

/* A sketch to work on for a while. */
struct sketch {
    char name[PX_SKETCH_NAME_MAX + 1];
    char title[PX_SKETCH_NAME_MAX + 1]; /* for the names of files: without what makes a passing name unique */
    bool loaded;                        /* by us, under a name of our own */
};
int sketch_open(struct ctl *ctl, const char *argument, struct sketch *sketch, struct px_error *error);
void sketch_close(struct ctl *ctl, const struct sketch *sketch);

#endif
