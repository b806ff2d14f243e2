/* table.h: rows of text in aligned columns.
 *
 * Units  widths are characters of UTF-8, each counted as one column.
 */
#ifndef CLIENT_CTL_TABLE_H
#define CLIENT_CTL_TABLE_H

#include <stddef.h>
#include <stdio.h>

enum { TABLE_COLUMNS_MAX = 12 };

struct table {
    size_t columns;
    unsigned right; /* a bit a column: aligned right */
    char **cells;   /* row after row; NULL: no memory */
    size_t count, room;
};

void table_init(struct table *table, size_t columns, unsigned right);
void table_add(struct table *table, const char *text); /* the next cell; copied */
__attribute__((format(printf, 2, 3))) void table_addf(struct table *table, const char *format, ...);
void table_print(const struct table *table, FILE *out, const char *indent);
void table_free(struct table *table);

#endif
