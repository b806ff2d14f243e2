/* text_library.c: see shapes/text.h. */
#include "daemon/kernel/shapes/text.h"

#include <ft2build.h>
#include FT_FREETYPE_H

#include <stddef.h>

void *text_library_create(void) {
    FT_Library library;
    return FT_Init_FreeType(&library) == 0 ? library : NULL;
}

void text_library_destroy(void *library) {
    if (library != NULL)
        FT_Done_FreeType(library);
}
