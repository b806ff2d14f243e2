#include "daemon/export/svg.h"

#include "daemon/export/text_buffer.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
    BYTES_A_VERTEX = 2 * 342 + 2, /* at most */
    LOOK_EVERY = 4096,            /* vertices between looks at cancel */
    SIZE_DECIMALS = 6,
    PROGRESS_WHOLE = 10000,
};

/* The writing of one drawing. */
struct drawing {
    struct text_buffer text;
    int decimals;
    size_t vertices, done, looked; /* in all; written; when cancel was looked at */
    _Atomic unsigned *progress;
    const _Atomic bool *cancel;
};

static int channel(float value) {
    double clamped = value < 0 ? 0 : value > 1 ? 1 : (double)value;
    return (int)floor(clamped * 255.0 + 0.5);
}

/* ` stroke="#rrggbb" opacity="0.5"`; full opacity is left out. A layer's opacity is its group's, so that its lines do
 * not darken where they cross: as the viewer draws it. */
static void write_color(struct text_buffer *text, const char *attribute, const char *opacity, const float color[4]) {
    char hex[64];
    snprintf(hex, sizeof hex, " %s=\"#%02x%02x%02x\"", attribute, channel(color[0]), channel(color[1]),
             channel(color[2]));
    text_buffer_add(text, hex);
    if (color[3] >= 1.0f)
        return;
    snprintf(hex, sizeof hex, " %s=\"", opacity);
    text_buffer_add(text, hex);
    text_buffer_number(text, color[3] > 0 ? (double)color[3] : 0.0, 4);
    text_buffer_add(text, "\"");
}

static void write_attribute(struct text_buffer *text, const char *name, double value, const char *unit) {
    text_buffer_add(text, " ");
    text_buffer_add(text, name);
    text_buffer_add(text, "=\"");
    text_buffer_number(text, value, SIZE_DECIMALS);
    text_buffer_add(text, unit);
    text_buffer_add(text, "\"");
}

static void write_head(struct text_buffer *text, const struct export_page *page, bool background) {
    text_buffer_add(text, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\" "
                          "xmlns:inkscape=\"http://www.inkscape.org/namespaces/inkscape\"");
    write_attribute(text, "width", page->size[0], "mm");
    write_attribute(text, "height", page->size[1], "mm");
    text_buffer_add(text, " viewBox=\"0 0 ");
    text_buffer_number(text, page->size[0], SIZE_DECIMALS);
    text_buffer_add(text, " ");
    text_buffer_number(text, page->size[1], SIZE_DECIMALS);
    text_buffer_add(text, "\" fill=\"none\" stroke-linecap=\"round\" stroke-linejoin=\"round\">\n");
    if (!background)
        return;
    text_buffer_add(text, "<rect");
    write_attribute(text, "width", page->size[0], "");
    write_attribute(text, "height", page->size[1], "");
    write_color(text, "fill", "fill-opacity", page->background);
    text_buffer_add(text, "/>\n");
}

static bool drawing_goes_on(struct drawing *drawing, size_t vertices) {
    drawing->done += vertices;
    if (drawing->done - drawing->looked < LOOK_EVERY)
        return true;
    drawing->looked = drawing->done;
    if (drawing->progress != NULL)
        atomic_store_explicit(drawing->progress,
                              (unsigned)((double)drawing->done / (double)drawing->vertices * PROGRESS_WHOLE),
                              memory_order_relaxed);
    return drawing->cancel == NULL || !atomic_load_explicit(drawing->cancel, memory_order_relaxed);
}

static void write_point(struct drawing *drawing, const float *point) {
    text_buffer_number(&drawing->text, (double)point[0], drawing->decimals);
    drawing->text.text[drawing->text.size++] = ',';
    text_buffer_number(&drawing->text, (double)point[1], drawing->decimals);
}

static bool is_closed(const float *coords, size_t count) {
    const float *last = coords + 3 * (count - 1);
    return count >= 3 && coords[0] == last[0] && coords[1] == last[1];
}

/* False: cancelled, or no memory. */
static bool write_path(struct drawing *drawing, const float *coords, size_t count) {
    bool closed = is_closed(coords, count);
    text_buffer_add(&drawing->text, "<path d=\"M");
    for (size_t i = 0; i < count - (closed ? 1 : 0); i++) {
        if (!text_buffer_reserve(&drawing->text, BYTES_A_VERTEX) || !drawing_goes_on(drawing, 1))
            return false;
        if (i > 0)
            drawing->text.text[drawing->text.size++] = ' ';
        write_point(drawing, coords + 3 * i);
    }
    text_buffer_add(&drawing->text, closed ? "Z\"/>\n" : "\"/>\n");
    return true;
}

static bool write_layer(struct drawing *drawing, const struct export_layer *layer, size_t index) {
    const struct px_geometry *geometry = &layer->geometry;
    char id[96];
    snprintf(id, sizeof id, "<g id=\"layer%zu\" inkscape:groupmode=\"layer\" inkscape:label=\"", index + 1);
    text_buffer_add(&drawing->text, id);
    text_buffer_escaped(&drawing->text, layer->name);
    text_buffer_add(&drawing->text, "\"");
    write_color(&drawing->text, "stroke", "opacity", layer->color);
    write_attribute(&drawing->text, "stroke-width", (double)layer->thickness, "");
    text_buffer_add(&drawing->text, ">\n");
    for (size_t i = 0; i < geometry->line_count; i++) {
        size_t begin = (size_t)geometry->offsets[i], end = (size_t)geometry->offsets[i + 1];
        if (end - begin >= 2 && !write_path(drawing, geometry->coords + 3 * begin, end - begin))
            return false;
    }
    text_buffer_add(&drawing->text, "</g>\n");
    return true;
}

int svg_write(const struct export_page *page, const struct export_layer *layers, size_t layer_count,
              const struct svg_options *options, _Atomic unsigned *progress, const _Atomic bool *cancel, char **bytes,
              size_t *size, struct px_error *error) {
    struct drawing drawing = {.decimals = options->decimals < 0   ? 0
                                          : options->decimals > 6 ? 6
                                                                  : options->decimals,
                              .progress = progress,
                              .cancel = cancel};
    for (size_t i = 0; i < layer_count; i++)
        drawing.vertices += layers[i].geometry.vertex_count;
    write_head(&drawing.text, page, options->background);
    bool whole = true;
    for (size_t i = 0; i < layer_count && whole; i++)
        whole = write_layer(&drawing, &layers[i], i);
    text_buffer_add(&drawing.text, "</svg>\n");
    if (!whole || drawing.text.failed) {
        bool no_memory = drawing.text.failed;
        text_buffer_free(&drawing.text);
        return no_memory ? px_fail(error, PX_E_NO_MEMORY, "no memory for an SVG of %zu vertices", drawing.vertices)
                         : px_fail(error, PX_E_CANCELLED, "cancelled");
    }
    if (progress != NULL)
        atomic_store_explicit(progress, PROGRESS_WHOLE, memory_order_relaxed);
    *bytes = drawing.text.text;
    *size = drawing.text.size;
    return 0;
}
