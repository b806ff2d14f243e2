/* text.h: short lines of text on the screen, in one size, by FreeType: an atlas of glyphs, one draw a batch.
 *
 * Units    framebuffer pixels, origin top left; y is the top of a line.
 * Threads  the main thread. Errors: PX_E_NOT_FOUND names the font package to install.
 */
#ifndef VIEW_TEXT_H
#define VIEW_TEXT_H

#include "shared/error.h"

struct text;

/* text_create: monospaced, of that height. */
int text_create(int pixel_height, struct text **text, struct px_error *error);
void text_destroy(struct text *text); /* NULL is fine */

int text_line_height(const struct text *text);
int text_width(const struct text *text, const char *line); /* UTF-8; unknown characters are a box wide */

/* text_add, text_add_rect: into the batch. text_flush: draws it over what is there, into a framebuffer of that size. */
void text_add(struct text *text, int x, int y, const char *line, const float color[4]);
void text_add_rect(struct text *text, int x, int y, int width, int height, const float color[4]);
void text_flush(struct text *text, int width, int height);

#endif
