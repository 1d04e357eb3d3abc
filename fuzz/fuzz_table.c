/* Bytes as a sheet: refused with an error, or rows of bounded size with valid texts come out. */
#include "record/table_read.h"

#include <math.h>

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

static void check_row(const TableRow *row) {
    g_assert(row->cells->len <= TABLE_COLUMNS_MAX);
    for (guint i = 0; i < row->cells->len; i++) {
        const Cell *cell = &g_array_index(row->cells, Cell, i);
        g_assert(isfinite(cell->number));
        g_assert((cell->text != NULL) == (cell->kind == CELL_TEXT || cell->kind == CELL_ERROR));
        g_assert(cell->text == NULL || g_utf8_validate(cell->text, -1, NULL));
    }
}

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size) {
    g_autoptr(GError) error = NULL;
    g_autoptr(Table) table = table_read((const char *)data, size, &error);
    g_assert((table != NULL) == (error == NULL));
    if (table == NULL)
        return 0;
    g_assert(table->rows->len >= 1 && table->rows->len <= TABLE_ROWS_MAX + 1);
    for (guint i = 0; i < table->rows->len; i++)
        check_row(table->rows->pdata[i]);
    return 0;
}
