/* glyph_outline.h: the curves of one glyph, cut into points about one piece apart.
 *
 * Straight edges and curves of length l become round(l / piece) pieces (at least one), evenly spaced in the curve's
 * parameter, so a piece is that long on average and never a hard maximum. Contours keep the order of the font file,
 * begin at their first point on the curve, and end where they began, bit for bit.
 *
 * Units   font units, y up.
 * Source  TrueType: quadratic B-splines with implied points (Apple, TrueType Reference Manual); arc length of a
 *         parabola in closed form.
 */
#ifndef KERNEL_GLYPH_OUTLINE_H
#define KERNEL_GLYPH_OUTLINE_H

#include "daemon/kernel/kernel.h"

#include <ft2build.h>
#include FT_FREETYPE_H

struct glyph_outline {
    double (*points)[2];
    uint32_t *ends; /* of each contour in points */
    size_t point_count;
    size_t contour_count;
};

/* glyph_outline_make: from an outline as FreeType loads it without scaling; memory from scratch.
 * False: scratch is spent. */
bool glyph_outline_make(const FT_Outline *source, double piece, struct scratch *scratch, struct glyph_outline *outline);

#endif
