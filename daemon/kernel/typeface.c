/* typeface.c: see typeface.h. */
#include "daemon/kernel/typeface.h"

#include <hb.h>
#include <string.h>

static int font_fails(int code, const char *what, struct px_error *error) {
    const char *reason = FT_Error_String(code);
    if (reason != NULL)
        return px_fail(error, PX_E_KERNEL, "font: %s: %s", what, reason);
    return px_fail(error, PX_E_KERNEL, "font: %s (FreeType error 0x%02x)", what, (unsigned)code);
}

static int out_of_scratch(struct px_error *error) {
    return px_fail(error, PX_E_NO_MEMORY, "the memory for intermediate results is spent");
}

static int open_face(struct typeface *typeface, FT_Library library, struct px_error *error) {
    FT_Long index = 0;
    bool collection = typeface->size >= 12 && memcmp(typeface->bytes, "ttcf", 4) == 0;
    if (collection && typeface->index > 0) {
        const uint8_t *n = typeface->bytes + 8;
        int64_t faces = (int64_t)((uint32_t)n[0] << 24 | (uint32_t)n[1] << 16 | (uint32_t)n[2] << 8 | n[3]);
        if (typeface->index >= faces || typeface->index > 0xffff)
            return px_fail(error, PX_E_RANGE, "font_index: %lld, the collection has %lld fonts",
                           (long long)typeface->index, (long long)faces);
        index = (FT_Long)typeface->index;
    }
    typeface->index = index;
    int code = FT_New_Memory_Face(library, typeface->bytes, (FT_Long)typeface->size, index, &typeface->face);
    if (code != 0)
        return font_fails(code, "the bytes cannot be read", error);
    if (!FT_IS_SCALABLE(typeface->face) || typeface->face->units_per_EM == 0)
        return px_fail(error, PX_E_KERNEL, "font: it has no outlines");
    return 0;
}

static int table_take(struct typeface *typeface, struct px_error *error) {
    typeface->glyph_count = typeface->face->num_glyphs > 0 ? (size_t)typeface->face->num_glyphs : 0;
    typeface->glyphs = scratch_take(typeface->scratch, (typeface->glyph_count + 1) * sizeof *typeface->glyphs);
    if (typeface->glyphs == NULL)
        return out_of_scratch(error);
    memset(typeface->glyphs, 0, (typeface->glyph_count + 1) * sizeof *typeface->glyphs);
    return 0;
}

int typeface_open(struct typeface *typeface, void *library, const uint8_t *bytes, size_t size, int64_t index,
                  double tolerance_em, struct scratch *scratch, struct px_error *error) {
    *typeface = (struct typeface){.scratch = scratch, .bytes = bytes, .size = size, .index = index < 0 ? 0 : index};
    if (bytes == NULL || size == 0)
        return px_fail(error, PX_E_KERNEL, "font: there are no bytes to read");
    if (library == NULL) {
        int code = FT_Init_FreeType(&typeface->own_library);
        if (code != 0)
            return font_fails(code, "FreeType does not start", error);
        library = typeface->own_library;
    }
    int code = open_face(typeface, library, error);
    if (code == 0)
        code = table_take(typeface, error);
    if (code < 0) {
        typeface_close(typeface);
        return code;
    }
    typeface->units = (double)typeface->face->units_per_EM;
    typeface->piece = fmax(1, tolerance_em * typeface->units);
    return 0;
}

void typeface_close(struct typeface *typeface) {
    if (typeface->face != NULL)
        FT_Done_Face(typeface->face);
    if (typeface->own_library != NULL)
        FT_Done_FreeType(typeface->own_library);
    typeface->face = NULL;
    typeface->own_library = NULL;
}

uint32_t typeface_number(const struct typeface *typeface, uint32_t character) {
    return FT_Get_Char_Index(typeface->face, character);
}

static int glyph_make(struct typeface *typeface, uint32_t number, struct px_error *error) {
    int code = FT_Load_Glyph(typeface->face, number, FT_LOAD_NO_SCALE | FT_LOAD_NO_HINTING | FT_LOAD_NO_BITMAP);
    if (code != 0)
        return font_fails(code, "a glyph cannot be read", error);
    FT_GlyphSlot slot = typeface->face->glyph;
    struct glyph *glyph = scratch_take(typeface->scratch, sizeof *glyph);
    if (glyph == NULL)
        return out_of_scratch(error);
    *glyph = (struct glyph){.advance = (double)slot->metrics.horiAdvance};
    if (slot->format == FT_GLYPH_FORMAT_OUTLINE &&
        !glyph_outline_make(&slot->outline, typeface->piece, typeface->scratch, &glyph->outline))
        return out_of_scratch(error);
    typeface->glyphs[number] = glyph;
    return 0;
}

int typeface_glyph(struct typeface *typeface, uint32_t number, const struct glyph **glyph, struct px_error *error) {
    if (number >= typeface->glyph_count)
        return px_fail(error, PX_E_KERNEL, "font: glyph %u asked for, it has %zu", number, typeface->glyph_count);
    if (typeface->glyphs[number] == NULL) {
        int code = glyph_make(typeface, number, error);
        if (code < 0)
            return code;
    }
    *glyph = typeface->glyphs[number];
    return 0;
}

/* ---- shaping ---------------------------------------------------------------------------------------------------- */

/* A HarfBuzz font over the same bytes, in font units; to be destroyed. */
static hb_font_t *shaping_font(const struct typeface *typeface) {
    hb_blob_t *blob =
        hb_blob_create((const char *)typeface->bytes, (unsigned)typeface->size, HB_MEMORY_MODE_READONLY, NULL, NULL);
    hb_face_t *face = hb_face_create(blob, (unsigned)typeface->index);
    hb_font_t *font = hb_font_create(face);
    hb_font_set_scale(font, (int)typeface->units, (int)typeface->units);
    hb_face_destroy(face);
    hb_blob_destroy(blob);
    return font;
}

static int shaped_copy(struct typeface *typeface, hb_buffer_t *buffer, const uint32_t *characters,
                       struct shaped_glyph **glyphs, size_t *glyph_count, struct px_error *error) {
    unsigned count = 0;
    const hb_glyph_info_t *infos = hb_buffer_get_glyph_infos(buffer, &count);
    const hb_glyph_position_t *places = hb_buffer_get_glyph_positions(buffer, NULL);
    struct shaped_glyph *out = scratch_take(typeface->scratch, (count + 1) * sizeof *out);
    if (out == NULL)
        return out_of_scratch(error);
    for (unsigned i = 0; i < count; i++) {
        out[i] = (struct shaped_glyph){
            .number = infos[i].codepoint,
            .character = characters[infos[i].cluster],
            .advance = (double)places[i].x_advance,
            .x = (double)places[i].x_offset,
            .y = (double)places[i].y_offset,
        };
    }
    *glyphs = out;
    *glyph_count = count;
    return 0;
}

int typeface_shape(struct typeface *typeface, const uint32_t *characters, size_t count, struct shaped_glyph **glyphs,
                   size_t *glyph_count, struct px_error *error) {
    hb_font_t *font = shaping_font(typeface);
    hb_buffer_t *buffer = hb_buffer_create();
    hb_buffer_add_utf32(buffer, characters, (int)count, 0, (int)count);
    /* The language is fixed: guessing it would look at the process's locale. */
    hb_buffer_set_language(buffer, hb_language_from_string("en", 2));
    hb_buffer_guess_segment_properties(buffer);
    hb_shape(font, buffer, NULL, 0);
    int code = hb_buffer_allocation_successful(buffer)
                   ? shaped_copy(typeface, buffer, characters, glyphs, glyph_count, error)
                   : px_fail(error, PX_E_NO_MEMORY, "no memory to shape the text");
    hb_buffer_destroy(buffer);
    hb_font_destroy(font);
    return code;
}
