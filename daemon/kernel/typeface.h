/* typeface.h: a font opened from memory, its glyphs as points, each made once.
 *
 * Units      font units, y up; `units` of them are one em.
 * Threads    the one that opened it; the library belongs to that thread.
 * Ownership  the font's bytes are borrowed until close; everything made stands in the scratch of the job.
 * Errors     E_KERNEL for bytes that are no outline font, E_RANGE for an index past a collection, E_NO_MEMORY.
 */
#ifndef KERNEL_TYPEFACE_H
#define KERNEL_TYPEFACE_H

#include "daemon/kernel/glyph_outline.h"

/* One glyph: its outline and how far the next one stands from it. */
struct glyph {
    struct glyph_outline outline;
    double advance;
};

struct typeface {
    FT_Library own_library; /* NULL when the worker's is used */
    FT_Face face;
    struct scratch *scratch;
    const uint8_t *bytes;
    size_t size;
    double units;
    double piece;          /* length of the pieces of an outline, in font units */
    struct glyph **glyphs; /* by number; NULL until asked for */
    size_t glyph_count;
    int64_t index; /* in a collection */
};

/* typeface_open: index counts in collections only; negative is 0. tolerance_em: length of a piece, in em.
 * library: the worker's FT_Library; NULL: one is made here and freed by typeface_close. */
int typeface_open(struct typeface *typeface, void *library, const uint8_t *bytes, size_t size, int64_t index,
                  double tolerance_em, struct scratch *scratch, struct px_error *error);
void typeface_close(struct typeface *typeface);

/* typeface_number: the glyph of a character; 0: the font has none. */
uint32_t typeface_number(const struct typeface *typeface, uint32_t character);

/* typeface_glyph: the glyph of that number. */
int typeface_glyph(struct typeface *typeface, uint32_t number, const struct glyph **glyph, struct px_error *error);

/* A glyph as HarfBuzz places it; offsets are from the pen. */
struct shaped_glyph {
    uint32_t number;    /* 0: the font has none for `character` */
    uint32_t character; /* the first of those it stands for */
    double advance;
    double x, y;
};

/* typeface_shape: one line of characters with ligatures, marks and kerning, in visual order. */
int typeface_shape(struct typeface *typeface, const uint32_t *characters, size_t count, struct shaped_glyph **glyphs,
                   size_t *glyph_count, struct px_error *error);

#endif
