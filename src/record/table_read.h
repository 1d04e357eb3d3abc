/* A sheet that somebody sends, as rows of cells: CSV (UTF-8 or, as Chinese spreadsheets save it,
 * GB 18030) or the first sheet of an XLSX workbook. The bytes are hostile: everything is bounded
 * before it is kept, a document type in the XML is refused, formulas are read as the value that was
 * stored with them, and nothing outside the parts that matter is opened. Pure; one thread. */
#pragma once
#include "base/error.h"

enum {
    TABLE_ROWS_MAX = 10000,   /* besides the head row */
    TABLE_COLUMNS_MAX = 200,  /* XLSX: cells beyond are refused */
    TABLE_PART_MAX = 64 << 20 /* one unpacked part of a workbook */
};

typedef enum { CELL_EMPTY, CELL_TEXT, CELL_NUMBER, CELL_DATE, CELL_BOOL, CELL_ERROR } CellKind;
typedef struct {
    CellKind kind;
    char *text;    /* CELL_TEXT, CELL_ERROR ("#N/A"); else NULL */
    double number; /* CELL_NUMBER; CELL_BOOL 0 or 1; CELL_DATE: days since 1970-01-01, local */
} Cell;

typedef struct {
    guint number;  /* as the spreadsheet shows it, 1-based */
    GArray *cells; /* Cell */
} TableRow;

typedef struct {
    GPtrArray *rows; /* TableRow*: the first is the head row; empty rows are left out */
} Table;

/* ERROR_SHEET. */
Table *table_read(const char *bytes, gsize n, GError **error);
/* The sheet of this name of a workbook; NULL without error when there is none, and for CSV. */
Table *table_read_page(const char *bytes, gsize n, const char *name, GError **error);
void table_free(Table *table);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Table, table_free)

/* Days since 1970-01-01 of a spreadsheet's day number (1 = 1900-01-01, with its 29 February 1900;
 * or 0 = 1904-01-01). */
double table_day(double serial, gboolean from_1904);

/* --- between table_read.c and workbook.c --- */
Table *workbook_read(const char *bytes, gsize n, const char *name, GError **error);
TableRow *table_add_row(Table *table, guint number); /* NULL: there are too many */
void table_set_cell(TableRow *row, guint column, Cell cell_take);
gboolean table_row_empty(const TableRow *row);
Table *table_new(void);
