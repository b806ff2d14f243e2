/* context.h: a current GL 3.3 core context and its loader: a window for people, EGL without any display for files.
 *
 * Threads  the main thread; the context stays current there until destroyed.
 * Errors   PX_E_UNSUPPORTED with a sentence that says what to install.
 */
#ifndef VIEW_CONTEXT_H
#define VIEW_CONTEXT_H

#include "shared/error.h"

#include <stdbool.h>

struct GLFWwindow;

/* A window; vsync as asked. */
int window_context_create(int width, int height, const char *title, bool vsync, struct GLFWwindow **window,
                          struct px_error *error);
void window_context_destroy(struct GLFWwindow *window); /* NULL is fine */

/* An EGL context without a surface; draw into a framebuffer object (image.h). */
struct offscreen_context;
int offscreen_context_create(struct offscreen_context **context, struct px_error *error);
void offscreen_context_destroy(struct offscreen_context *context); /* NULL is fine */

#endif
