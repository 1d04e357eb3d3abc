#include "record/table_read.h"
#include "base/csv.h"
#include "record/sheet.h"

#include <string.h>

static void cell_clear(gpointer data) { g_free(((Cell *)data)->text); }

static void row_free(gpointer data) {
    TableRow *row = data;
    g_array_unref(row->cells);
    g_free(row);
}

Table *table_new(void) {
    Table *table = g_new0(Table, 1);
    table->rows = g_ptr_array_new_with_free_func(row_free);
    return table;
}

void table_free(Table *table) {
    if (table == NULL)
        return;
    g_ptr_array_unref(table->rows);
    g_free(table);
}

TableRow *table_add_row(Table *table, guint number) {
    if (table->rows->len > TABLE_ROWS_MAX)
        return NULL;
    TableRow *row = g_new0(TableRow, 1);
    row->number = number;
    row->cells = g_array_new(FALSE, TRUE, sizeof(Cell));
    g_array_set_clear_func(row->cells, cell_clear);
    g_ptr_array_add(table->rows, row);
    return row;
}

void table_set_cell(TableRow *row, guint column, Cell cell_take) {
    if (row->cells->len <= column)
        g_array_set_size(row->cells, column + 1);
    Cell *cell = &g_array_index(row->cells, Cell, column);
    g_free(cell->text);
    *cell = cell_take;
}

gboolean table_row_empty(const TableRow *row) {
    for (guint i = 0; i < row->cells->len; i++)
        if (g_array_index(row->cells, Cell, i).kind != CELL_EMPTY)
            return FALSE;
    return TRUE;
}

double table_day(double serial, gboolean from_1904) {
    enum { DAYS_1900 = 25569, DAYS_1904 = 24107, FALSE_LEAP_DAY = 60 };
    if (from_1904)
        return serial - DAYS_1904;
    return serial - DAYS_1900 + (serial < FALSE_LEAP_DAY ? 1 : 0);
}

/* --- CSV --- */

static gboolean too_many(GError **error) {
    return error_set(error, ERROR_SHEET, NULL, "more than 10,000 rows", "split the file", NULL);
}

/* Exports put an apostrophe before what a spreadsheet would compute (record/sheet.h). */
static const char *without_guard(const char *text) {
    return *text == '\'' && sheet_looks_like_formula(text + 1) ? text + 1 : text;
}

static void add_csv_cells(TableRow *row, const GPtrArray *cells) {
    for (guint i = 0; i < MIN(cells->len, TABLE_COLUMNS_MAX); i++) {
        const char *text = without_guard(cells->pdata[i]);
        table_set_cell(row, i,
                       (Cell){*text ? CELL_TEXT : CELL_EMPTY, *text ? g_strdup(text) : NULL, 0});
    }
}

static gboolean add_csv_rows(Table *table, CsvReader *reader, GError **error) {
    GError *failure = NULL;
    for (GPtrArray *cells; (cells = csv_next(reader, &failure));) {
        TableRow *row = table_add_row(table, csv_line(reader));
        if (row == NULL)
            return too_many(error);
        add_csv_cells(row, cells);
        if (table->rows->len > 1 && table_row_empty(row))
            g_ptr_array_set_size(table->rows, (int)table->rows->len - 1);
    }
    if (failure == NULL)
        return TRUE;
    error_set(error, ERROR_SHEET, NULL, failure->message, "check quotes and the encoding", NULL);
    g_error_free(failure);
    return FALSE;
}

static Table *csv_table(const char *bytes, gsize n, GError **error) {
    g_autofree char *converted = NULL;
    if (memchr(bytes, 0, n)) {
        error_set(error, ERROR_SHEET, NULL, "it is no text", "NUL bytes stand in it", NULL);
        return NULL;
    }
    if (!g_utf8_validate(bytes, (gssize)n, NULL)) {
        gsize written = 0;
        converted = g_convert(bytes, (gssize)n, "UTF-8", "GB18030", NULL, &written, NULL);
        if (converted == NULL) {
            error_set(error, ERROR_SHEET, NULL, "the text is neither UTF-8 nor GB 18030",
                      "save it as UTF-8", NULL);
            return NULL;
        }
        bytes = converted;
        n = written;
    }
    g_autoptr(CsvReader) reader = csv_open_memory(bytes, n, "sheet", ',', error);
    g_autoptr(Table) table = table_new();
    if (reader == NULL || !add_csv_rows(table, reader, error))
        return NULL;
    return g_steal_pointer(&table);
}

static gboolean is_workbook(const char *bytes, gsize n) {
    return n >= 4 && memcmp(bytes, "PK\3\4", 4) == 0;
}

Table *table_read_page(const char *bytes, gsize n, const char *name, GError **error) {
    g_autoptr(Table) table = is_workbook(bytes, n) ? workbook_read(bytes, n, name, error) : NULL;
    gboolean has_head = table && table->rows->len > 0 && !table_row_empty(table->rows->pdata[0]);
    return has_head ? g_steal_pointer(&table) : NULL;
}

Table *table_read(const char *bytes, gsize n, GError **error) {
    if (n == 0) {
        error_set(error, ERROR_SHEET, NULL, "it is empty", "the first row names the columns", NULL);
        return NULL;
    }
    g_autoptr(Table) table =
        is_workbook(bytes, n) ? workbook_read(bytes, n, NULL, error) : csv_table(bytes, n, error);
    if (table == NULL)
        return NULL;
    if (table->rows->len == 0 || table_row_empty(table->rows->pdata[0])) {
        error_set(error, ERROR_SHEET, NULL, "there is no head row",
                  "the first row names the columns", NULL);
        return NULL;
    }
    return g_steal_pointer(&table);
}
