/* number_decode.c: numbers, the expressions that stand for them, and texts. */
#include "daemon/plan/decode.h"

#include <ctype.h>
#include <math.h>

int decode_type(struct decoder *decoder, const struct px_value *value, const struct px_path *path, const char *what) {
    return px_fail_at(decoder->error, PX_E_TYPE, path, "expected %s, got %s", what, px_type_name(value->type));
}

/* ---- expressions ------------------------------------------------------------------------------------------------- */

static bool is_word(char c) {
    return isalnum((unsigned char)c) || c == '_';
}

/* Whether the expression names a variable: as a whole word that is no field of something (math.t). */
static bool names_variable(const char *source, size_t length, const char *name) {
    size_t n = strlen(name);
    for (size_t at = 0; at + n <= length; at++) {
        bool begins = at == 0 || (!is_word(source[at - 1]) && source[at - 1] != '.');
        bool ends = at + n == length || !is_word(source[at + n]);
        if (begins && ends && memcmp(source + at, name, n) == 0)
            return true;
    }
    return false;
}

static int expression_add(struct decoder *decoder, const struct px_value *value, const struct px_path *path) {
    if (decoder->expression_count == PLAN_EXPRESSIONS_MAX)
        return px_fail_at(decoder->error, PX_E_LIMIT, path, "more than %d expressions in one plan",
                          PLAN_EXPRESSIONS_MAX);
    if (value->count > PLAN_EXPRESSION_BYTES)
        return px_fail_at(decoder->error, PX_E_LIMIT, path, "an expression of %u bytes; at most %d are accepted",
                          value->count, PLAN_EXPRESSION_BYTES);
    const char *source = value->text + 1;
    size_t length = value->count - 1;
    if (memchr(source, '\0', length) != NULL)
        return px_fail_at(decoder->error, PX_E_RANGE, path, "the expression holds a zero byte");
    void *list = decoder->expressions;
    if (!decoder_grow(decoder, &list, decoder->expression_count, &decoder->expression_room,
                      sizeof *decoder->expressions))
        return decoder_no_memory(decoder);
    decoder->expressions = list;
    char text[256];
    int text_length = px_path_print(path, text, sizeof text);
    const char *source_copy = plan_memory_text(&decoder->body->memory, source, length);
    const char *path_copy = plan_memory_text(&decoder->body->memory, text, (size_t)text_length);
    if (source_copy == NULL || path_copy == NULL)
        return decoder_no_memory(decoder);
    decoder->expressions[decoder->expression_count++] = (struct plan_expression){
        .source = source_copy,
        .path = path_copy,
        .uses_time = names_variable(source, length, "t") || names_variable(source, length, "frame") ||
                     names_variable(source, length, "lfo"),
        .uses_cc = names_variable(source, length, "cc"),
    };
    return 0;
}

static int expression_value(struct decoder *decoder, const struct px_value *value, const struct px_path *path,
                            double *number, bool *open) {
    if (decoder->values == NULL) {
        *open = true;
        return expression_add(decoder, value, path);
    }
    if (decoder->value_next == decoder->value_count)
        return px_fail_at(decoder->error, PX_E_RANGE, path, "no value came for this expression");
    double result = decoder->values[decoder->value_next++];
    if (!isfinite(result))
        return px_fail_at(
            decoder->error, PX_E_RANGE, path, "the expression \"%.*s\" gives %s, a finite number is needed",
            (int)(value->count < 80 ? value->count : 80), value->text, isnan(result) ? "NaN" : "infinity");
    *number = result;
    return 0;
}

/* ---- numbers ----------------------------------------------------------------------------------------------------- */

static bool is_expression(const struct decoder *decoder, const struct px_value *value) {
    return value->type == PX_STR && value->count > 0 && value->text[0] == '=' && !decoder->literal;
}

int decode_number(struct decoder *decoder, const struct px_value *value, const struct px_path *path, const char *what,
                  double *number, bool *open) {
    switch (value->type) {
    case PX_REAL:
        if (!isfinite(value->real))
            return px_fail_at(decoder->error, PX_E_RANGE, path, "expected %s, got %s", what,
                              isnan(value->real) ? "NaN" : "infinity");
        *number = value->real;
        return 0;
    case PX_UINT:
        *number = (double)value->uinteger;
        return 0;
    case PX_INT:
        *number = (double)value->integer;
        return 0;
    default:
        if (is_expression(decoder, value))
            return expression_value(decoder, value, path, number, open);
        return decode_type(decoder, value, path, what);
    }
}

int decode_limited(struct decoder *decoder, const struct px_value *value, const struct px_path *path, const char *what,
                   double low, double high, double *number) {
    bool open = false;
    double result = low;
    int code = decode_number(decoder, value, path, what, &result, &open);
    if (code < 0 || open)
        return code;
    if (value->type == PX_STR) {
        result = result < low ? low : result > high ? high : result;
    } else if (result < low || result > high) {
        return px_fail_at(decoder->error, PX_E_RANGE, path, "expected %s from %g to %g, got %g", what, low, high,
                          result);
    }
    *number = result;
    return 0;
}

/* ---- texts ------------------------------------------------------------------------------------------------------- */

int decode_text(struct decoder *decoder, const struct px_value *value, const struct px_path *path, size_t length_max,
                const char **text) {
    if (value->type != PX_STR)
        return decode_type(decoder, value, path, "a string");
    if (value->count > length_max)
        return px_fail_at(decoder->error, PX_E_LIMIT, path, "a text of %u bytes; at most %zu are accepted",
                          value->count, length_max);
    if (memchr(value->text, '\0', value->count) != NULL)
        return px_fail_at(decoder->error, PX_E_RANGE, path, "the text holds a zero byte");
    *text = plan_memory_text(&decoder->body->memory, value->text, value->count);
    return *text == NULL ? decoder_no_memory(decoder) : 0;
}
