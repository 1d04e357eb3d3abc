/* A table that is written cell by cell, row by row, to a file: CSV or XLSX. Memory is that of one
 * row.
 *
 * CSV: RFC 4180 in UTF-8 with a byte-order mark (Excel asks for it), CRLF; a text that a
 * spreadsheet would take for a formula gets an apostrophe in front. XLSX (libxlsxwriter): texts are
 * texts, never formulas. One thread. */
#pragma once
#include "base/error.h"

typedef struct Sheet Sheet;
typedef enum { SHEET_CSV, SHEET_XLSX } SheetForm;
enum { SHEET_ROWS_MAX = 1000000 }; /* XLSX ends at 1,048,576 */

/* Writes into the open file `fd`, which stays open; `tmp_dir` takes what XLSX puts aside. */
Sheet *sheet_new(SheetForm form, int fd, const char *tmp_dir, GError **error);
/* A further page of a workbook; FALSE for CSV, which has one, and for a name that stands twice. */
gboolean sheet_add_page(Sheet *sheet, const char *name, guint *page);
/* Writes go to this page (0: the first) from now on, where they ended there. FALSE: it is full. */
gboolean sheet_choose(Sheet *sheet, guint page);
/* What a page with this title may be called: 31 characters, some of which are not for names. */
char *sheet_page_name(const char *title);
void sheet_text(Sheet *sheet, const char *text); /* NULL or "": an empty cell */
/* Whether a spreadsheet would compute the text. */
gboolean sheet_looks_like_formula(const char *text);
void sheet_integer(Sheet *sheet, gint64 number);
void sheet_number(Sheet *sheet, double number);
void sheet_end_row(Sheet *sheet);
/* Writes the rest and frees; also after an error. ERROR_FILE, ERROR_DISK_FULL. */
gboolean sheet_close(Sheet *sheet, GError **error);
