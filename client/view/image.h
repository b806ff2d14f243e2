/* image.h: a framebuffer to draw into without a window, reading pixels back, and PNG files.
 *
 * Threads  the main thread. Errors: PX_E_IO names the file; a file is written whole or not at all.
 */
#ifndef VIEW_IMAGE_H
#define VIEW_IMAGE_H

#include "shared/error.h"

#include <stdint.h>

struct target; /* a framebuffer object */

int target_create(int width, int height, struct target **target, struct px_error *error);
void target_bind(const struct target *target);
void target_destroy(struct target *target); /* NULL is fine */

/* image_write_png: the current framebuffer (its lower left width x height pixels), RGB. */
int image_write_png(const char *path, int width, int height, struct px_error *error);

#endif
