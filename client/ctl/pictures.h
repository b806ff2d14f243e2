/* pictures.h: PNGs, which pxview draws without a window: its drawing is the reference picture.
 */
#ifndef CLIENT_CTL_PICTURES_H
#define CLIENT_CTL_PICTURES_H

#include "client/ctl/ctl.h"

#include <limits.h>

/* pictures_viewer: pxview beside pxctl, else by its name, for PATH. */
void pictures_viewer(char path[PATH_MAX]);

/* pictures_render: frames first to end-1 of a loaded sketch as DIR/NNNNNN.png. pictures_write: one moment as a file.
 * Both say what went wrong and give an exit code; an interrupt ends the drawing. */
int pictures_render(struct ctl *ctl, const char *sketch, long first, long end, double fps, const char *directory);
int pictures_write(struct ctl *ctl, const char *sketch, double t, const char *path);

#endif
