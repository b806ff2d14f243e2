/* text.c: lines of text as the outlines of their letters.
 *
 *     UTF-8 -> characters -> lines -> glyphs placed in em -> points in mm, y down
 *
 * The baseline of the first line is y = 0. Every contour of a glyph is one closed line, in the order of the font file.
 */
#include "daemon/kernel/shapes/text.h"

#include "daemon/kernel/shapes/pen.h"
#include "daemon/kernel/typeface.h"

struct text_params {
    struct param_string text;
    double em_size_mm;
    struct param_resource font;
    int64_t font_index;
    struct param_string text_align;
    double tracking_em;
    double line_height;
    double flatten_tol_em;
    bool shaping;
};

static const char *const alignments[] = {"left", "center", "right", NULL};

static const struct param params[] = {
    PARAM(STRING, struct text_params, text, .def_text = "HELLO", .help = "What is written; \\n begins a new line."),
    PARAM(NUMBER, struct text_params, em_size_mm, .def = 10, .min = 1, .max = 100, .unit = "mm",
          .help = "Size of the letters: one em."),
    PARAM(RESOURCE, struct text_params, font, .def_text = "",
          .help = "Path of a font file, or a part of a family or file name; a fallback is used with a warning."),
    PARAM(INTEGER, struct text_params, font_index, .def = 0, .min = 0, .max = 16, .step = 1, .unit = "",
          .help = "Which font of a collection; negative is 0."),
    PARAM(STRING, struct text_params, text_align, .def_text = "left", .choices = alignments,
          .help = "Which end of each line stands at x = 0; any other word is left."),
    PARAM(NUMBER, struct text_params, tracking_em, .def = 0, .min = 0, .max = 1, .unit = "em",
          .help = "Extra space after each letter."),
    PARAM(NUMBER, struct text_params, line_height, .def = 1.2, .min = 0.5, .max = 3, .unit = "em",
          .help = "From one baseline to the next."),
    PARAM(NUMBER, struct text_params, flatten_tol_em, .def = 0.01, .min = 0.001, .max = 0.1, .unit = "em",
          .help = "Length of the pieces that curves are cut into."),
    PARAM(BOOL, struct text_params, shaping, .def = 0, .help = "Ligatures, marks and kerning by HarfBuzz."),
};

/* A glyph with something to draw, in em; y down. */
struct placed {
    const struct glyph *glyph;
    double x, y;
};

struct layout {
    const struct text_params *params;
    struct kernel_context *context;
    struct typeface typeface;
    uint32_t *characters;
    size_t character_count;
    struct placed *placed; /* of the line being set, those before it are in full lines */
    size_t placed_count;
    size_t placed_room;
    uint32_t missing[KERNEL_WARNINGS_MAX]; /* warned about */
    size_t missing_count;
};

static int out_of_scratch(struct px_error *error) {
    return px_fail(error, PX_E_NO_MEMORY, "the memory for intermediate results is spent");
}

/* ---- characters ------------------------------------------------------------------------------------------------- */

static bool is_continuation(uint8_t byte) {
    return (byte & 0xc0u) == 0x80u;
}

/* The character at bytes[0], and how many bytes it has; 0 bytes when they are no UTF-8. */
static size_t character_decode(const uint8_t *bytes, size_t size, uint32_t *character) {
    uint8_t lead = bytes[0];
    if (lead < 0x80) {
        *character = lead;
        return 1;
    }
    size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    if (lead < 0xc2 || lead > 0xf4 || length > size)
        return 0;
    uint32_t value = lead & (0xffu >> (length + 1));
    for (size_t i = 1; i < length; i++) {
        if (!is_continuation(bytes[i]))
            return 0;
        value = value << 6 | (bytes[i] & 0x3fu);
    }
    static const uint32_t least[5] = {0, 0, 0x80, 0x800, 0x10000};
    if (value < least[length] || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
        return 0;
    *character = value;
    return length;
}

static int characters_take(struct layout *layout, struct px_error *error) {
    const uint8_t *bytes = (const uint8_t *)layout->params->text.text;
    size_t size = layout->params->text.length;
    layout->characters = scratch_take(layout->context->scratch, (size + 1) * sizeof *layout->characters);
    if (layout->characters == NULL)
        return out_of_scratch(error);
    for (size_t at = 0; at < size;) {
        uint32_t character;
        size_t length = character_decode(bytes + at, size - at, &character);
        if (length > 0) {
            layout->characters[layout->character_count++] = character;
        } else {
            kernel_warn(layout->context->warnings, "text: byte %zu (0x%02x) is no UTF-8 and was skipped", at,
                        bytes[at]);
            length = 1;
        }
        at += length;
    }
    return 0;
}

/* ---- setting a line --------------------------------------------------------------------------------------------- */

static void warn_missing(struct layout *layout, uint32_t character) {
    for (size_t i = 0; i < layout->missing_count; i++)
        if (layout->missing[i] == character)
            return;
    if (layout->missing_count < KERNEL_WARNINGS_MAX)
        layout->missing[layout->missing_count++] = character;
    kernel_warn(layout->context->warnings, "text: the font has no glyph for U+%04X, it was skipped", character);
}

/* Room for so many more glyphs; those placed are kept. */
static int placed_take(struct layout *layout, size_t more, struct px_error *error) {
    size_t need = layout->placed_count + more;
    if (need <= layout->placed_room)
        return 0;
    size_t room = need > 2 * layout->placed_room ? need : 2 * layout->placed_room;
    struct placed *placed = scratch_take(layout->context->scratch, room * sizeof *placed);
    if (placed == NULL)
        return out_of_scratch(error);
    if (layout->placed_count > 0)
        memcpy(placed, layout->placed, layout->placed_count * sizeof *placed);
    layout->placed = placed;
    layout->placed_room = room;
    return 0;
}

static void place(struct layout *layout, const struct glyph *glyph, double x, double y) {
    if (glyph->outline.point_count > 0)
        layout->placed[layout->placed_count++] = (struct placed){glyph, x, y};
}

/* Sets one line from x = 0 and gives its width in em, the last tracking included. */
static int set_plain(struct layout *layout, const uint32_t *line, size_t count, double y, double *width,
                     struct px_error *error) {
    int code = placed_take(layout, count, error);
    double x = 0;
    for (size_t i = 0; i < count && code == 0; i++) {
        uint32_t number = typeface_number(&layout->typeface, line[i]);
        if (number == 0) {
            warn_missing(layout, line[i]);
            x += layout->params->tracking_em;
            continue;
        }
        const struct glyph *glyph;
        code = typeface_glyph(&layout->typeface, number, &glyph, error);
        if (code < 0)
            break;
        place(layout, glyph, x, y);
        x += glyph->advance / layout->typeface.units + layout->params->tracking_em;
    }
    *width = x;
    return code;
}

static int set_shaped(struct layout *layout, const uint32_t *line, size_t count, double y, double *width,
                      struct px_error *error) {
    struct shaped_glyph *shaped;
    size_t shaped_count;
    int code = typeface_shape(&layout->typeface, line, count, &shaped, &shaped_count, error);
    if (code == 0)
        code = placed_take(layout, shaped_count, error);
    double x = 0, units = layout->typeface.units;
    for (size_t i = 0; code == 0 && i < shaped_count; i++) {
        if (shaped[i].number == 0) {
            warn_missing(layout, shaped[i].character);
            x += layout->params->tracking_em;
            continue;
        }
        const struct glyph *glyph;
        code = typeface_glyph(&layout->typeface, shaped[i].number, &glyph, error);
        if (code < 0)
            break;
        place(layout, glyph, x + shaped[i].x / units, y - shaped[i].y / units);
        x += shaped[i].advance / units + layout->params->tracking_em;
    }
    *width = x;
    return code;
}

static bool word_is(struct param_string word, const char *text) {
    return word.length == strlen(text) && memcmp(word.text, text, word.length) == 0;
}

static double line_start(const struct layout *layout, double width) {
    if (word_is(layout->params->text_align, "center"))
        return -width / 2;
    return word_is(layout->params->text_align, "right") ? -width : 0;
}

static int set_line(struct layout *layout, const uint32_t *line, size_t count, double y, struct px_error *error) {
    size_t first = layout->placed_count;
    double width = 0;
    if (count == 0)
        return 0;
    int code = layout->params->shaping ? set_shaped(layout, line, count, y, &width, error)
                                       : set_plain(layout, line, count, y, &width, error);
    double start = line_start(layout, width - layout->params->tracking_em);
    for (size_t i = first; i < layout->placed_count; i++)
        layout->placed[i].x += start;
    return code;
}

static int set_lines(struct layout *layout, struct px_error *error) {
    size_t begin = 0, number = 0;
    for (size_t at = 0; at <= layout->character_count; at++) {
        if (at < layout->character_count && layout->characters[at] != '\n')
            continue;
        double y = (double)number++ * layout->params->line_height;
        int code = set_line(layout, layout->characters + begin, at - begin, y, error);
        if (code < 0)
            return code;
        if (kernel_cancelled(layout->context))
            return px_fail(error, PX_E_CANCELLED, "cancelled");
        begin = at + 1;
    }
    return 0;
}

/* ---- drawing ---------------------------------------------------------------------------------------------------- */

static struct tally layout_tally(const struct layout *layout) {
    struct tally tally = {0};
    for (size_t i = 0; i < layout->placed_count; i++) {
        const struct glyph_outline *outline = &layout->placed[i].glyph->outline;
        tally.vertices = tally_sum(tally.vertices, outline->point_count);
        tally.lines = tally_sum(tally.lines, outline->contour_count);
    }
    return tally;
}

static void placed_draw(const struct layout *layout, struct pen *pen, const struct placed *placed) {
    const struct glyph_outline *outline = &placed->glyph->outline;
    double units = layout->typeface.units, em = layout->params->em_size_mm;
    double x = placed->x * units, y = placed->y * units;
    size_t at = 0;
    for (size_t contour = 0; contour < outline->contour_count; contour++) {
        for (; at < outline->ends[contour]; at++)
            pen_point(pen, (outline->points[at][0] + x) * em / units, (y - outline->points[at][1]) * em / units, 0);
        pen_lift(pen);
    }
}

static int layout_draw(const struct layout *layout, const struct kernel_job *job, struct px_error *error) {
    struct pen pen;
    int code = pen_open(&pen, job, layout_tally(layout), error);
    if (code < 0)
        return code;
    for (size_t i = 0; i < layout->placed_count && pen_goes_on(&pen); i++)
        placed_draw(layout, &pen, &layout->placed[i]);
    return pen_close(&pen, error);
}

static int text_run(const struct kernel_job *job, struct px_error *error) {
    const struct text_params *p = job->params;
    struct layout layout = {.params = p, .context = job->context};
    if (p->font.fallback)
        kernel_warn(job->context->warnings, "text: there is no font \"%.*s\", the default is used",
                    (int)(p->font.name.length < 80 ? p->font.name.length : 80), p->font.name.text);
    int code = typeface_open(&layout.typeface, job->context->library, p->font.bytes, p->font.size, p->font_index,
                             p->flatten_tol_em, job->context->scratch, error);
    if (code < 0)
        return code;
    code = characters_take(&layout, error);
    if (code == 0)
        code = set_lines(&layout, error);
    if (code == 0)
        code = layout_draw(&layout, job, error);
    typeface_close(&layout.typeface);
    return code;
}

const struct kernel KERNEL_SYMBOL(text) = {
    .name = "text",
    .version = 1,
    .role = KERNEL_SHAPE,
    .kind = KERNEL_WHOLE,
    .help = "Text as closed outlines, y down, the first baseline at 0.",
    KERNEL_PARAMS(params, struct text_params),
    .run = text_run,
};
