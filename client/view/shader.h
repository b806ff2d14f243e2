/* shader.h: compiles and links GLSL 3.30 programs.
 *
 * Threads  the main thread. Errors: PX_E_INTERNAL with the compiler's words.
 */
#ifndef VIEW_SHADER_H
#define VIEW_SHADER_H

#include "shared/error.h"

/* shader_program: geometry may be NULL. 0 is never a program. */
int shader_program(const char *vertex, const char *geometry, const char *fragment, unsigned *program,
                   struct px_error *error);

#endif
