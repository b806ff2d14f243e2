/* lines_decode.c: polylines given by the user: two binaries, or nested lists. */
#include "daemon/plan/decode.h"

#include <float.h>
#include <math.h>

static int vertices_count(struct decoder *decoder, size_t more, const struct px_path *path) {
    size_t most = decoder->options->vertices_max;
    if (most == 0 || most > PX_GEOMETRY_VERTICES_MAX)
        most = PX_GEOMETRY_VERTICES_MAX;
    decoder->vertex_count += more;
    if (decoder->vertex_count > most)
        return px_fail_at(decoder->error, PX_E_LIMIT, path,
                          "%zu vertices of lines in one plan; at most %zu are accepted", decoder->vertex_count, most);
    return 0;
}

/* ---- {coords: bin, offsets: bin} --------------------------------------------------------------------------------- */

static int check_binary(struct decoder *decoder, const struct px_value *value, const struct px_path *path,
                        const char *what, uint32_t unit) {
    if (value == NULL)
        return px_fail_at(decoder->error, PX_E_PARAM, path, "missing; expected %s", what);
    if (value->type != PX_BIN)
        return decode_type(decoder, value, path, what);
    if (value->count % unit != 0)
        return px_fail_at(decoder->error, PX_E_RANGE, path, "%u bytes; expected %s", value->count, what);
    return 0;
}

static int decode_binary_lines(struct decoder *decoder, const struct px_value *value, const struct px_path *path,
                               struct px_geometry *geometry) {
    const struct px_path coords_path = {path, "coords", 0}, offsets_path = {path, "offsets", 0};
    const struct px_value *coords = px_value_get(value, "coords"), *offsets = px_value_get(value, "offsets");
    int code = check_binary(decoder, coords, &coords_path, "a binary of float32, 12 bytes a vertex", 12);
    if (code == 0)
        code = check_binary(decoder, offsets, &offsets_path, "a binary of int32, 4 bytes an offset", 4);
    if (code < 0)
        return code;
    if (value->count != 2)
        return px_fail_at(decoder->error, PX_E_PARAM, path, "an unknown name; lines have coords and offsets");
    if (offsets->count == 0)
        return px_fail_at(decoder->error, PX_E_RANGE, &offsets_path, "empty; even no line has the offset 0");
    code = vertices_count(decoder, coords->count / 12, path);
    if (code < 0)
        return code;
    float *coords_copy = decoder_take(decoder, coords->count);
    int32_t *offsets_copy = decoder_take(decoder, offsets->count);
    if (coords_copy == NULL || offsets_copy == NULL)
        return decoder_no_memory(decoder);
    memcpy(coords_copy, coords->bytes, coords->count);
    memcpy(offsets_copy, offsets->bytes, offsets->count);
    *geometry = (struct px_geometry){coords_copy, offsets_copy, coords->count / 12, offsets->count / 4 - 1};
    return px_geometry_check(geometry, path, decoder->error);
}

/* ---- [[[x, y, z], ...], ...] ------------------------------------------------------------------------------------- */

static int decode_point(struct decoder *decoder, const struct px_value *value, const struct px_path *path, float *point,
                        bool *open) {
    if (value->type != PX_ARRAY)
        return decode_type(decoder, value, path, "a point [x, y] or [x, y, z]");
    if (value->count != 2 && value->count != 3)
        return px_fail_at(decoder->error, PX_E_RANGE, path, "%u numbers; a point has two or three", value->count);
    point[2] = 0;
    for (uint32_t i = 0; i < value->count; i++) {
        const struct px_path at = {path, NULL, (long)i};
        double number = 0;
        int code = decode_number(decoder, &value->items[i], &at, "a number", &number, open);
        if (code < 0)
            return code;
        if (fabs(number) > (double)FLT_MAX)
            return px_fail_at(decoder->error, PX_E_RANGE, &at, "%g is more than a float32 holds", number);
        point[i] = (float)number;
    }
    return 0;
}

static int count_points(struct decoder *decoder, const struct px_value *lines, const struct px_path *path,
                        size_t *count) {
    *count = 0;
    for (uint32_t i = 0; i < lines->count; i++) {
        const struct px_path at = {path, NULL, (long)i};
        if (lines->items[i].type != PX_ARRAY)
            return decode_type(decoder, &lines->items[i], &at, "a line, that is a list of points");
        *count += lines->items[i].count;
    }
    return 0;
}

static int decode_listed_lines(struct decoder *decoder, const struct px_value *value, const struct px_path *path,
                               struct px_geometry *geometry, bool *open) {
    size_t count;
    int code = count_points(decoder, value, path, &count);
    if (code == 0)
        code = vertices_count(decoder, count, path);
    if (code < 0)
        return code;
    float *coords = decoder_take(decoder, count * 3 * sizeof *coords);
    int32_t *offsets = decoder_take(decoder, ((size_t)value->count + 1) * sizeof *offsets);
    if (coords == NULL || offsets == NULL)
        return decoder_no_memory(decoder);
    *geometry = (struct px_geometry){coords, offsets, count, value->count};
    size_t next = 0;
    for (uint32_t i = 0; i < value->count; i++) {
        const struct px_value *line = &value->items[i];
        const struct px_path line_path = {path, NULL, (long)i};
        offsets[i] = (int32_t)next;
        for (uint32_t j = 0; j < line->count; j++, next++) {
            const struct px_path point_path = {&line_path, NULL, (long)j};
            code = decode_point(decoder, &line->items[j], &point_path, &coords[3 * next], open);
            if (code < 0)
                return code;
        }
    }
    offsets[value->count] = (int32_t)next;
    return 0;
}

/* ---- both -------------------------------------------------------------------------------------------------------- */

static int keep_lines(struct decoder *decoder, struct kept_lines kept) {
    struct plan_body *body = decoder->body;
    void *list = body->lines;
    if (!decoder_grow(decoder, &list, body->lines_count, &body->lines_room, sizeof kept))
        return decoder_no_memory(decoder);
    body->lines = list;
    body->lines[body->lines_count++] = kept;
    return 0;
}

int decode_lines(struct decoder *decoder, const struct px_value *value, const struct px_path *path,
                 struct px_geometry *geometry, struct px_signature *signature) {
    if (decoder->values != NULL) { /* those of the template, unless they hold expressions */
        const struct kept_lines *kept = &decoder->body->template_body->lines[decoder->lines_next++];
        if (!kept->open) {
            *geometry = kept->geometry;
            *signature = kept->signature;
            return 0;
        }
    }
    bool open = false;
    int code;
    if (value->type == PX_MAP)
        code = decode_binary_lines(decoder, value, path, geometry);
    else if (value->type == PX_ARRAY)
        code = decode_listed_lines(decoder, value, path, geometry, &open);
    else
        code = decode_type(decoder, value, path, "{coords, offsets} or a list of lines");
    if (code < 0)
        return code;
    *signature = sign_lines(geometry);
    return decoder->values != NULL ? 0 : keep_lines(decoder, (struct kept_lines){*geometry, *signature, open});
}
