/* text.h: what a worker keeps for the text shape.
 *
 * FreeType's library object may be used by one thread at a time, and costs some 50 us to make: each worker makes its
 * own at its start and puts it into kernel_context.library.
 */
#ifndef KERNEL_SHAPES_TEXT_H
#define KERNEL_SHAPES_TEXT_H

/* text_library_create: NULL when there is no memory; text then makes one in each run. */
void *text_library_create(void);
void text_library_destroy(void *library); /* NULL is fine */

#endif
