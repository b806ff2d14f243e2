#include "client/view/lines.h"

#include "client/view/shader.h"

#include <glad/gl.h>
#include <stdlib.h>

struct lines {
    GLuint program, paper_program, ink_program, paper_array;
    GLint scale, offset, viewport, radius, color, into_mask;
    GLint paper_rect, paper_viewport, paper_color;
    GLint ink_rect, ink_viewport, ink_color;
    GLuint mask, mask_framebuffer; /* coverage of one transparent layer, as large as the framebuffer */
    int mask_width, mask_height;
};

/* Positions go in pixels with y up, as gl_FragCoord counts. */
static const char line_vertex[] = "#version 330 core\n"
                                  "layout(location = 0) in vec3 coord;\n"
                                  "layout(location = 1) in uint flag;\n"
                                  "uniform float scale;\n"
                                  "uniform vec2 offset;\n"
                                  "uniform vec2 viewport;\n"
                                  "out vec2 at;\n"
                                  "flat out uint flags;\n"
                                  "void main() {\n"
                                  "    vec2 p = coord.xy * scale + offset;\n"
                                  "    at = vec2(p.x, viewport.y - p.y);\n"
                                  "    flags = flag;\n"
                                  "    gl_Position = vec4(0.0);\n"
                                  "}\n";

static const char line_geometry[] =
    "#version 330 core\n"
    "layout(lines_adjacency) in;\n"
    "layout(triangle_strip, max_vertices = 4) out;\n"
    "uniform vec2 viewport;\n"
    "uniform float radius;\n"
    "in vec2 at[];\n"
    "flat in uint flags[];\n"
    "flat out vec4 segment;\n" /* the two ends */
    "flat out vec4 planes;\n"  /* normals of the cuts at both ends; zero: a round cap */
    "const uint STARTS = 1u, ENDS = 2u;\n"
    "void corner(vec2 p) {\n"
    "    gl_Position = vec4(p / viewport * 2.0 - 1.0, 0.0, 1.0);\n"
    "    EmitVertex();\n"
    "}\n"
    "vec2 cut(vec2 along, vec2 other, float side) {\n" /* bisecting plane with the neighbour `other` */
    "    float size = length(other);\n"
    "    if (size < 1e-4) return vec2(0.0);\n"
    "    vec2 sum = along + other / size;\n"
    "    return length(sum) < 0.05 ? vec2(0.0) : normalize(sum) * side;\n"
    "}\n"
    "void main() {\n"
    "    vec2 a = at[1], b = at[2];\n"
    "    bool starts = (flags[1] & STARTS) != 0u, ends = (flags[1] & ENDS) != 0u;\n"
    "    vec2 d = b - a;\n"
    "    float size = length(d);\n"
    "    if (ends) {\n"
    "        if (!starts) return;\n" /* no segment from the last vertex; a lone vertex is a dot */
    "        b = a; size = 0.0;\n"
    "    } else if (size < 1e-4 && !(starts && (flags[2] & ENDS) != 0u)) {\n"
    "        return;\n"
    "    }\n"
    "    float reach = radius + 0.5;\n"
    "    if (max(a.x, b.x) < -reach || min(a.x, b.x) > viewport.x + reach || max(a.y, b.y) < -reach ||\n"
    "        min(a.y, b.y) > viewport.y + reach) return;\n"
    "    vec2 u = size < 1e-4 ? vec2(1.0, 0.0) : d / size;\n"
    "    vec2 n = vec2(-u.y, u.x) * reach;\n"
    "    segment = vec4(a, b);\n"
    "    planes = vec4(0.0);\n"
    "    if (size >= 1e-4) {\n"
    "        if (!starts) planes.xy = cut(u, a - at[0], 1.0);\n"
    "        if ((flags[2] & ENDS) == 0u) planes.zw = cut(u, at[3] - b, -1.0);\n"
    "    }\n"
    "    u *= reach;\n"
    "    vec4 s = segment, p = planes;\n"
    "    corner(a - u + n); segment = s; planes = p;\n"
    "    corner(a - u - n); segment = s; planes = p;\n"
    "    corner(b + u + n); segment = s; planes = p;\n"
    "    corner(b + u - n);\n"
    "    EndPrimitive();\n"
    "}\n";

static const char line_fragment[] = "#version 330 core\n"
                                    "flat in vec4 segment;\n"
                                    "flat in vec4 planes;\n"
                                    "uniform float radius;\n"
                                    "uniform vec4 color;\n"
                                    "uniform bool into_mask;\n"
                                    "out vec4 result;\n"
                                    "void main() {\n"
                                    "    vec2 a = gl_FragCoord.xy - segment.xy, d = segment.zw - segment.xy;\n"
                                    "    vec2 b = gl_FragCoord.xy - segment.zw;\n"
                                    "    if (dot(a, planes.xy) < 0.0 || dot(b, planes.zw) < 0.0 || (planes.zw != "
                                    "vec2(0.0) && dot(b, planes.zw) == 0.0))\n"
                                    "        discard;\n"
                                    "    float t = clamp(dot(a, d) / max(dot(d, d), 1e-12), 0.0, 1.0);\n"
                                    "    float coverage = clamp(radius + 0.5 - length(a - d * t), 0.0, 1.0);\n"
                                    "    if (coverage <= 0.0) discard;\n"
                                    "    result = into_mask ? vec4(coverage) : vec4(color.rgb, color.a * coverage);\n"
                                    "}\n";

static const char paper_vertex[] =
    "#version 330 core\n"
    "uniform vec4 rect;\n" /* left, top, right, bottom in pixels, y down */
    "uniform vec2 viewport;\n"
    "void main() {\n"
    "    vec2 p = vec2((gl_VertexID & 1) == 0 ? rect.x : rect.z, (gl_VertexID & 2) == 0 ? rect.y : rect.w);\n"
    "    gl_Position = vec4(p.x / viewport.x * 2.0 - 1.0, 1.0 - p.y / viewport.y * 2.0, 0.0, 1.0);\n"
    "}\n";

static const char paper_fragment[] = "#version 330 core\n"
                                     "uniform vec4 color;\n"
                                     "out vec4 result;\n"
                                     "void main() { result = color; }\n";

/* A transparent layer: its coverage was gathered in the mask, now its ink goes on once. */
static const char ink_fragment[] =
    "#version 330 core\n"
    "uniform vec4 color;\n"
    "uniform sampler2D mask;\n"
    "out vec4 result;\n"
    "void main() {\n"
    "    result = vec4(color.rgb, color.a * texelFetch(mask, ivec2(gl_FragCoord.xy), 0).r);\n"
    "}\n";

int lines_create(struct lines **lines, struct px_error *error) {
    struct lines *made = calloc(1, sizeof *made);
    if (made == NULL)
        return px_fail(error, PX_E_NO_MEMORY, "out of memory");
    int code = shader_program(line_vertex, line_geometry, line_fragment, &made->program, error);
    if (code == 0)
        code = shader_program(paper_vertex, NULL, paper_fragment, &made->paper_program, error);
    if (code == 0)
        code = shader_program(paper_vertex, NULL, ink_fragment, &made->ink_program, error);
    if (code < 0) {
        lines_destroy(made);
        return code;
    }
    made->scale = glGetUniformLocation(made->program, "scale");
    made->offset = glGetUniformLocation(made->program, "offset");
    made->viewport = glGetUniformLocation(made->program, "viewport");
    made->radius = glGetUniformLocation(made->program, "radius");
    made->color = glGetUniformLocation(made->program, "color");
    made->into_mask = glGetUniformLocation(made->program, "into_mask");
    made->paper_rect = glGetUniformLocation(made->paper_program, "rect");
    made->paper_viewport = glGetUniformLocation(made->paper_program, "viewport");
    made->paper_color = glGetUniformLocation(made->paper_program, "color");
    made->ink_rect = glGetUniformLocation(made->ink_program, "rect");
    made->ink_viewport = glGetUniformLocation(made->ink_program, "viewport");
    made->ink_color = glGetUniformLocation(made->ink_program, "color");
    glGenVertexArrays(1, &made->paper_array);
    *lines = made;
    return 0;
}

void lines_destroy(struct lines *lines) {
    if (lines == NULL)
        return;
    glDeleteProgram(lines->program);
    glDeleteProgram(lines->paper_program);
    glDeleteProgram(lines->ink_program);
    glDeleteVertexArrays(1, &lines->paper_array);
    glDeleteFramebuffers(1, &lines->mask_framebuffer);
    glDeleteTextures(1, &lines->mask);
    free(lines);
}

static void paper_rect(const struct lines *lines, double left, double top, double right, double bottom,
                       const float color[4], float alpha) {
    glUniform4f(lines->paper_rect, (float)left, (float)top, (float)right, (float)bottom);
    glUniform4f(lines->paper_color, color[0], color[1], color[2], color[3] * alpha);
    glDrawArrays(GL_TRIANGLE_STRIP, 0, 4);
}

static void paper_draw(const struct lines *lines, const struct camera *camera, int width, int height,
                       const double canvas[2], const float background[4], float outline_alpha) {
    static const float shade[4] = {0, 0, 0, 1};
    double left = camera->offset[0], top = camera->offset[1];
    double right = left + canvas[0] * camera->scale, bottom = top + canvas[1] * camera->scale;
    glUseProgram(lines->paper_program);
    glUniform2f(lines->paper_viewport, (float)width, (float)height);
    glBindVertexArray(lines->paper_array);
    if (outline_alpha > 0)
        paper_rect(lines, left - 1, top - 1, right + 1, bottom + 1, shade, outline_alpha);
    paper_rect(lines, left, top, right, bottom, background, 1);
}

/* The part of the screen that a layer can touch: left, top, right, bottom in pixels, y down. */
struct reach {
    int left, top, right, bottom;
};

static int pixel(double at, int limit) {
    return at < 0 ? 0 : at > limit ? limit : (int)at;
}

static struct reach layer_reach(const struct upload_layer *layer, const struct camera *camera, int width, int height) {
    double reach = layer->thickness / 2 + 2 / camera->scale;
    return (struct reach){
        .left = pixel((layer->bounds.min[0] - reach) * camera->scale + camera->offset[0], width),
        .top = pixel((layer->bounds.min[1] - reach) * camera->scale + camera->offset[1], height),
        .right = pixel((layer->bounds.max[0] + reach) * camera->scale + camera->offset[0] + 1, width),
        .bottom = pixel((layer->bounds.max[1] + reach) * camera->scale + camera->offset[1] + 1, height),
    };
}

static void layer_lines(const struct lines *lines, const struct upload_layer *layer, double radius, double alpha) {
    glUseProgram(lines->program);
    glUniform1f(lines->radius, (float)radius);
    glUniform4f(lines->color, layer->color[0], layer->color[1], layer->color[2], (float)alpha);
    glBindVertexArray(layer->vertex_array);
    glDrawArrays(GL_LINE_STRIP_ADJACENCY, 0, (GLsizei)(layer->vertex_count + 2));
}

static void mask_size(struct lines *lines, int width, int height) {
    if (lines->mask != 0 && lines->mask_width == width && lines->mask_height == height)
        return;
    if (lines->mask == 0) {
        glGenTextures(1, &lines->mask);
        glGenFramebuffers(1, &lines->mask_framebuffer);
    }
    glActiveTexture(GL_TEXTURE0);
    glBindTexture(GL_TEXTURE_2D, lines->mask);
    glTexImage2D(GL_TEXTURE_2D, 0, GL_RGBA8, width, height, 0, GL_RGBA, GL_UNSIGNED_BYTE, NULL);
    glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MIN_FILTER, GL_NEAREST);
    glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MAG_FILTER, GL_NEAREST);
    glBindFramebuffer(GL_FRAMEBUFFER, lines->mask_framebuffer);
    glFramebufferTexture2D(GL_FRAMEBUFFER, GL_COLOR_ATTACHMENT0, GL_TEXTURE_2D, lines->mask, 0);
    lines->mask_width = width;
    lines->mask_height = height;
}

/* The greatest coverage of all its lines, a pixel at a time, then the ink once: where lines of a transparent layer
 * cross or turn, they do not darken. */
static void layer_transparent(struct lines *lines, const struct upload_layer *layer, const struct reach *reach,
                              double radius, double alpha, int width, int height) {
    GLint drawn_into = 0;
    glGetIntegerv(GL_DRAW_FRAMEBUFFER_BINDING, &drawn_into);
    mask_size(lines, width, height);
    glBindFramebuffer(GL_FRAMEBUFFER, lines->mask_framebuffer);
    glEnable(GL_SCISSOR_TEST);
    glScissor(reach->left, height - reach->bottom, reach->right - reach->left, reach->bottom - reach->top);
    glClearColor(0, 0, 0, 0);
    glClear(GL_COLOR_BUFFER_BIT);
    glBlendEquation(GL_MAX);
    glUseProgram(lines->program);
    glUniform1i(lines->into_mask, 1);
    layer_lines(lines, layer, radius, 1);
    glUniform1i(lines->into_mask, 0);
    glBlendEquation(GL_FUNC_ADD);
    glBindFramebuffer(GL_FRAMEBUFFER, (GLuint)drawn_into);
    glUseProgram(lines->ink_program);
    glActiveTexture(GL_TEXTURE0);
    glBindTexture(GL_TEXTURE_2D, lines->mask);
    glUniform2f(lines->ink_viewport, (float)width, (float)height);
    glUniform4f(lines->ink_rect, (float)reach->left, (float)reach->top, (float)reach->right, (float)reach->bottom);
    glUniform4f(lines->ink_color, layer->color[0], layer->color[1], layer->color[2], (float)alpha);
    glBindVertexArray(lines->paper_array);
    glDrawArrays(GL_TRIANGLE_STRIP, 0, 4);
    glDisable(GL_SCISSOR_TEST);
}

static void layer_draw(struct lines *lines, const struct camera *camera, const struct upload_layer *layer, int width,
                       int height) {
    struct reach reach = layer_reach(layer, camera, width, height);
    if (layer->vertex_count == 0 || reach.left >= reach.right || reach.top >= reach.bottom)
        return;
    double radius = layer->thickness * camera->scale / 2, alpha = layer->color[3];
    if (radius < 0.5) { /* thinner than a pixel: one pixel wide, and fainter */
        alpha *= radius * 2;
        radius = 0.5;
    }
    if (layer->color[3] < 1)
        layer_transparent(lines, layer, &reach, radius, alpha, width, height);
    else
        layer_lines(lines, layer, radius, alpha);
}

void lines_draw(struct lines *lines, const struct camera *camera, int width, int height, const double canvas[2],
                const float background[4], float outline_alpha, const struct upload_layer *layers, size_t layer_count,
                uint64_t hidden) {
    glViewport(0, 0, width, height);
    glEnable(GL_BLEND);
    glBlendFuncSeparate(GL_SRC_ALPHA, GL_ONE_MINUS_SRC_ALPHA, GL_ONE, GL_ONE_MINUS_SRC_ALPHA);
    paper_draw(lines, camera, width, height, canvas, background, outline_alpha);
    glUseProgram(lines->program);
    glUniform1f(lines->scale, (float)camera->scale);
    glUniform2f(lines->offset, (float)camera->offset[0], (float)camera->offset[1]);
    glUniform2f(lines->viewport, (float)width, (float)height);
    for (size_t i = 0; i < layer_count; i++) {
        bool is_hidden = i < 64 && (hidden >> i & 1) != 0;
        if (!is_hidden)
            layer_draw(lines, camera, &layers[i], width, height);
    }
}
