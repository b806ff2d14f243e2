#include "client/view/text.h"

#include "client/view/shader.h"

#include <fontconfig/fontconfig.h>
#include <ft2build.h>
#include FT_FREETYPE_H
#include <glad/gl.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_CHARACTER = 32, CHARACTERS = 95, ATLAS_COLUMNS = 16, VERTICES_MAX = 6 * 4096, SOLID = CHARACTERS };

struct vertex {
    float position[2];
    float place[2]; /* in the atlas, texels */
    float color[4];
};

struct text {
    GLuint program, atlas, vertex_array, vertices;
    GLint viewport, atlas_size;
    int cell_width, cell_height, atlas_width, atlas_height;
    struct vertex *batch;
    int count;
};

static const char vertex_source[] =
    "#version 330 core\n"
    "layout(location = 0) in vec2 position;\n"
    "layout(location = 1) in vec2 place;\n"
    "layout(location = 2) in vec4 color;\n"
    "uniform vec2 viewport;\n"
    "uniform vec2 atlas_size;\n"
    "out vec2 texel;\n"
    "out vec4 tint;\n"
    "void main() {\n"
    "    gl_Position = vec4(position.x / viewport.x * 2.0 - 1.0, 1.0 - position.y / viewport.y * 2.0, 0.0, 1.0);\n"
    "    texel = place / atlas_size;\n"
    "    tint = color;\n"
    "}\n";
static const char fragment_source[] = "#version 330 core\n"
                                      "in vec2 texel;\n"
                                      "in vec4 tint;\n"
                                      "uniform sampler2D atlas;\n"
                                      "out vec4 result;\n"
                                      "void main() { result = vec4(tint.rgb, tint.a * texture(atlas, texel).r); }\n";

/* Path of the system's monospaced font. */
static int font_path(char *path, size_t size, struct px_error *error) {
    FcPattern *wish = FcNameParse((const FcChar8 *)"DejaVu Sans Mono,monospace");
    FcConfigSubstitute(NULL, wish, FcMatchPattern);
    FcDefaultSubstitute(wish);
    FcResult result = FcResultNoMatch;
    FcPattern *match = FcFontMatch(NULL, wish, &result);
    FcChar8 *file = NULL;
    int code = 0;
    if (match == NULL || FcPatternGetString(match, FC_FILE, 0, &file) != FcResultMatch ||
        strlen((const char *)file) >= size)
        code = px_fail(error, PX_E_NOT_FOUND, "no font for the display's text: install fonts-dejavu-core");
    else
        strcpy(path, (const char *)file);
    if (match != NULL)
        FcPatternDestroy(match);
    FcPatternDestroy(wish);
    return code;
}

static void glyph_copy(const struct text *text, FT_Face face, int index, uint8_t *pixels) {
    const FT_GlyphSlot glyph = face->glyph;
    int left = index % ATLAS_COLUMNS * text->cell_width + glyph->bitmap_left;
    int top = index / ATLAS_COLUMNS * text->cell_height + (int)(face->size->metrics.ascender >> 6) - glyph->bitmap_top;
    for (int row = 0; row < (int)glyph->bitmap.rows; row++) {
        for (int column = 0; column < (int)glyph->bitmap.width; column++) {
            int x = left + column, y = top + row;
            if (x >= 0 && y >= 0 && x < text->atlas_width && y < text->atlas_height)
                pixels[y * text->atlas_width + x] = glyph->bitmap.buffer[row * glyph->bitmap.pitch + column];
        }
    }
}

static int atlas_fill(struct text *text, FT_Face face, struct px_error *error) {
    text->cell_height = (int)(face->size->metrics.height >> 6) + 1;
    text->cell_width = (int)(face->size->metrics.max_advance >> 6);
    text->atlas_width = ATLAS_COLUMNS * text->cell_width;
    text->atlas_height = (CHARACTERS / ATLAS_COLUMNS + 1) * text->cell_height;
    uint8_t *pixels = calloc((size_t)text->atlas_width, (size_t)text->atlas_height);
    if (pixels == NULL)
        return px_fail(error, PX_E_NO_MEMORY, "out of memory");
    for (int i = 0; i < CHARACTERS; i++) {
        if (FT_Load_Char(face, (FT_ULong)(FIRST_CHARACTER + i), FT_LOAD_RENDER) == 0)
            glyph_copy(text, face, i, pixels);
    }
    /* the last cell is solid: rectangles */
    for (int y = 0; y < text->cell_height; y++)
        memset(pixels + (SOLID / ATLAS_COLUMNS * text->cell_height + y) * text->atlas_width +
                   SOLID % ATLAS_COLUMNS * text->cell_width,
               255, (size_t)text->cell_width);
    glGenTextures(1, &text->atlas);
    glBindTexture(GL_TEXTURE_2D, text->atlas);
    glPixelStorei(GL_UNPACK_ALIGNMENT, 1);
    glTexImage2D(GL_TEXTURE_2D, 0, GL_R8, text->atlas_width, text->atlas_height, 0, GL_RED, GL_UNSIGNED_BYTE, pixels);
    glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MIN_FILTER, GL_NEAREST);
    glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MAG_FILTER, GL_NEAREST);
    free(pixels);
    return 0;
}

static int atlas_make(struct text *text, int pixel_height, struct px_error *error) {
    char path[4096];
    int code = font_path(path, sizeof path, error);
    if (code < 0)
        return code;
    FT_Library library;
    if (FT_Init_FreeType(&library) != 0)
        return px_fail(error, PX_E_NO_MEMORY, "FreeType does not start");
    FT_Face face;
    if (FT_New_Face(library, path, 0, &face) != 0) {
        FT_Done_FreeType(library);
        return px_fail(error, PX_E_IO, "%s: not a font", path);
    }
    FT_Set_Pixel_Sizes(face, 0, (FT_UInt)pixel_height);
    code = atlas_fill(text, face, error);
    FT_Done_Face(face);
    FT_Done_FreeType(library);
    return code;
}

static void vertices_make(struct text *text) {
    glGenVertexArrays(1, &text->vertex_array);
    glGenBuffers(1, &text->vertices);
    glBindVertexArray(text->vertex_array);
    glBindBuffer(GL_ARRAY_BUFFER, text->vertices);
    static const int sizes[] = {2, 2, 4};
    size_t at = 0;
    for (GLuint i = 0; i < 3; i++) {
        glEnableVertexAttribArray(i);
        glVertexAttribPointer(i, sizes[i], GL_FLOAT, GL_FALSE, sizeof(struct vertex), (const void *)at);
        at += (size_t)sizes[i] * sizeof(float);
    }
}

int text_create(int pixel_height, struct text **text, struct px_error *error) {
    struct text *made = calloc(1, sizeof *made);
    if (made == NULL || (made->batch = malloc(VERTICES_MAX * sizeof *made->batch)) == NULL) {
        free(made);
        return px_fail(error, PX_E_NO_MEMORY, "out of memory");
    }
    int code = shader_program(vertex_source, NULL, fragment_source, &made->program, error);
    if (code == 0)
        code = atlas_make(made, pixel_height, error);
    if (code < 0) {
        text_destroy(made);
        return code;
    }
    made->viewport = glGetUniformLocation(made->program, "viewport");
    made->atlas_size = glGetUniformLocation(made->program, "atlas_size");
    vertices_make(made);
    *text = made;
    return 0;
}

void text_destroy(struct text *text) {
    if (text == NULL)
        return;
    glDeleteProgram(text->program);
    glDeleteTextures(1, &text->atlas);
    glDeleteVertexArrays(1, &text->vertex_array);
    glDeleteBuffers(1, &text->vertices);
    free(text->batch);
    free(text);
}

int text_line_height(const struct text *text) {
    return text->cell_height + 2;
}

int text_width(const struct text *text, const char *line) {
    int characters = 0;
    for (; *line != '\0'; line++)
        characters += ((unsigned char)*line & 0xC0u) != 0x80u;
    return characters * text->cell_width;
}

static void quad(struct text *text, int x, int y, int width, int height, int cell, const float color[4]) {
    if (text->count + 6 > VERTICES_MAX)
        return; /* a screen full of text already */
    float left = (float)(cell % ATLAS_COLUMNS * text->cell_width),
          top = (float)(cell / ATLAS_COLUMNS * text->cell_height);
    float across = (float)text->cell_width, down = (float)text->cell_height;
    if (cell == SOLID) { /* its middle only, whatever the size */
        left += across / 2;
        top += down / 2;
        across = down = 0;
    }
    static const int corners[6][2] = {{0, 0}, {1, 0}, {0, 1}, {1, 0}, {1, 1}, {0, 1}};
    for (int i = 0; i < 6; i++) {
        struct vertex *vertex = &text->batch[text->count++];
        vertex->position[0] = (float)(x + corners[i][0] * width);
        vertex->position[1] = (float)(y + corners[i][1] * height);
        vertex->place[0] = left + (float)corners[i][0] * across;
        vertex->place[1] = top + (float)corners[i][1] * down;
        memcpy(vertex->color, color, sizeof vertex->color);
    }
}

void text_add(struct text *text, int x, int y, const char *line, const float color[4]) {
    for (; *line != '\0'; line++) {
        unsigned char c = (unsigned char)*line;
        if ((c & 0xC0u) == 0x80u)
            continue;
        int cell =
            c >= FIRST_CHARACTER && c < FIRST_CHARACTER + CHARACTERS ? c - FIRST_CHARACTER : '?' - FIRST_CHARACTER;
        quad(text, x, y, text->cell_width, text->cell_height, cell, color);
        x += text->cell_width;
    }
}

void text_add_rect(struct text *text, int x, int y, int width, int height, const float color[4]) {
    quad(text, x, y, width, height, SOLID, color);
}

void text_flush(struct text *text, int width, int height) {
    if (text->count == 0)
        return;
    glUseProgram(text->program);
    glUniform2f(text->viewport, (float)width, (float)height);
    glUniform2f(text->atlas_size, (float)text->atlas_width, (float)text->atlas_height);
    glActiveTexture(GL_TEXTURE0);
    glBindTexture(GL_TEXTURE_2D, text->atlas);
    glBindVertexArray(text->vertex_array);
    glBindBuffer(GL_ARRAY_BUFFER, text->vertices);
    glBufferData(GL_ARRAY_BUFFER, (GLsizeiptr)((size_t)text->count * sizeof(struct vertex)), text->batch,
                 GL_STREAM_DRAW);
    glDrawArrays(GL_TRIANGLES, 0, text->count);
    text->count = 0;
}
