#include "client/ctl/table.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

void table_init(struct table *table, size_t columns, unsigned right) {
    *table = (struct table){.columns = columns, .right = right};
}

void table_add(struct table *table, const char *text) {
    if (table->count == table->room) {
        size_t room = table->room ? table->room * 2 : 64;
        char **cells = realloc(table->cells, room * sizeof *cells);
        if (!cells)
            return;
        table->cells = cells;
        table->room = room;
    }
    table->cells[table->count++] = strdup(text);
}

void table_addf(struct table *table, const char *format, ...) {
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    table_add(table, text);
}

static size_t text_width(const char *text) {
    size_t width = 0;
    for (; text && *text; text++)
        width += ((unsigned char)*text & 0xc0) != 0x80;
    return width;
}

static void print_cell(FILE *out, const char *text, size_t width, bool right, bool last) {
    int pad = (int)(width - text_width(text));
    if (right)
        fprintf(out, "%*s%s", pad, "", text ? text : "");
    else
        fprintf(out, "%s%*s", text ? text : "", last ? 0 : pad, "");
}

void table_print(const struct table *table, FILE *out, const char *indent) {
    size_t widths[TABLE_COLUMNS_MAX] = {0};
    for (size_t i = 0; i < table->count; i++) {
        size_t width = text_width(table->cells[i]), *widest = &widths[i % table->columns];
        *widest = width > *widest ? width : *widest;
    }
    for (size_t i = 0; i < table->count; i++) {
        size_t column = i % table->columns;
        bool last = column + 1 == table->columns;
        fputs(column == 0 ? indent : "  ", out);
        print_cell(out, table->cells[i], widths[column], table->right >> column & 1u, last);
        if (last)
            fputc('\n', out);
    }
}

void table_free(struct table *table) {
    for (size_t i = 0; i < table->count; i++)
        free(table->cells[i]);
    free(table->cells);
    *table = (struct table){0};
}
