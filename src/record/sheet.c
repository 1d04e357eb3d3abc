#include "record/sheet.h"
#include "base/json_text.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <xlsxwriter.h>

struct Sheet {
    FILE *csv; /* NULL: XLSX */
    lxw_workbook *book;
    GArray *pages; /* Page: those that are not being written */
    guint chosen;
    lxw_worksheet *page;
    guint row;
    guint16 column;
};

typedef struct {
    lxw_worksheet *page;
    guint row;
} Page;

static gboolean failed(GError **error, int code, const char *text) {
    if (code == ENOSPC || code == EDQUOT)
        return error_set(error, ERROR_DISK_FULL, NULL, NULL);
    return error_set(error, ERROR_FILE, NULL, "export", text, NULL);
}

static gboolean open_csv(Sheet *sheet, int fd, GError **error) {
    int copy = dup(fd);
    sheet->csv = copy >= 0 ? fdopen(copy, "wb") : NULL;
    if (sheet->csv == NULL)
        return failed(error, errno, g_strerror(errno));
    fputs("\xEF\xBB\xBF", sheet->csv);
    return TRUE;
}

static gboolean open_xlsx(Sheet *sheet, int fd, const char *tmp_dir, GError **error) {
    g_autofree char *path = g_strdup_printf("/proc/self/fd/%d", fd);
    g_autofree char *directory = g_strdup(tmp_dir);
    lxw_workbook_options options = {.constant_memory = LXW_TRUE, .tmpdir = directory};
    sheet->book = workbook_new_opt(path, &options);
    sheet->page = sheet->book ? workbook_add_worksheet(sheet->book, NULL) : NULL;
    return sheet->page || failed(error, 0, "libxlsxwriter cannot start a workbook");
}

Sheet *sheet_new(SheetForm form, int fd, const char *tmp_dir, GError **error) {
    Sheet *sheet = g_new0(Sheet, 1);
    sheet->pages = g_array_new(FALSE, TRUE, sizeof(Page));
    g_array_set_size(sheet->pages, 1);
    if (form == SHEET_CSV ? open_csv(sheet, fd, error) : open_xlsx(sheet, fd, tmp_dir, error))
        return sheet;
    g_array_unref(sheet->pages);
    g_free(sheet);
    return NULL;
}

char *sheet_page_name(const char *title) {
    enum { NAME_CHARS = 31 }; /* the format's own end */
    g_autofree char *name = g_utf8_substring(title, 0, MIN(NAME_CHARS, g_utf8_strlen(title, -1)));
    return g_strdelimit(g_steal_pointer(&name), "[]:*?/\\'", '_');
}

gboolean sheet_add_page(Sheet *sheet, const char *name, guint *page) {
    Page added = {sheet->book ? workbook_add_worksheet(sheet->book, name) : NULL, 0};
    *page = sheet->pages->len;
    if (added.page)
        g_array_append_val(sheet->pages, added);
    return added.page != NULL;
}

gboolean sheet_choose(Sheet *sheet, guint page) {
    g_array_index(sheet->pages, Page, sheet->chosen) = (Page){sheet->page, sheet->row};
    const Page *chosen = &g_array_index(sheet->pages, Page, page);
    sheet->chosen = page;
    sheet->page = chosen->page;
    sheet->row = chosen->row;
    sheet->column = 0;
    return sheet->row <= SHEET_ROWS_MAX;
}

/* --- CSV --- */

/* What Excel, LibreOffice and WPS may start a formula with, also in full width. */
gboolean sheet_looks_like_formula(const char *text) {
    static const char *const starts[] = {"=",  "+",  "-",  "@",  "\t", "\r",
                                         "\n", "＝", "＋", "－", "＠"};
    for (gsize i = 0; i < G_N_ELEMENTS(starts); i++)
        if (g_str_has_prefix(text, starts[i]))
            return TRUE;
    return FALSE;
}

static void csv_cell(Sheet *sheet, const char *before, const char *text) {
    if (sheet->column)
        fputc(',', sheet->csv);
    if (strpbrk(text, ",\"\r\n") == NULL) {
        fputs(before, sheet->csv);
        fputs(text, sheet->csv);
        return;
    }
    fprintf(sheet->csv, "\"%s", before);
    for (const char *p = text; *p; p++) {
        if (*p == '"')
            fputc('"', sheet->csv);
        fputc(*p, sheet->csv);
    }
    fputc('"', sheet->csv);
}

/* --- XLSX --- */

static void xlsx_cell(Sheet *sheet, const char *text) {
    enum { CELL_CHARS = 32767 }; /* the format's own end */
    static const char cut[] = "…（单元格最多 32767 字，已截断；全文见 CSV）";
    if (g_utf8_strlen(text, -1) <= CELL_CHARS) {
        worksheet_write_string(sheet->page, sheet->row, sheet->column, text, NULL);
        return;
    }
    g_autofree char *start = g_utf8_substring(text, 0, CELL_CHARS - g_utf8_strlen(cut, -1));
    g_autofree char *whole = g_strconcat(start, cut, NULL);
    worksheet_write_string(sheet->page, sheet->row, sheet->column, whole, NULL);
}

/* --- both --- */

void sheet_text(Sheet *sheet, const char *text) {
    text = text ? text : "";
    if (sheet->csv)
        csv_cell(sheet, sheet_looks_like_formula(text) ? "'" : "", text);
    else if (*text)
        xlsx_cell(sheet, text);
    sheet->column++;
}

void sheet_number(Sheet *sheet, double number) {
    char text[NUMBER_TEXT];
    if (sheet->csv)
        csv_cell(sheet, "", number_text(number, text));
    else
        worksheet_write_number(sheet->page, sheet->row, sheet->column, number, NULL);
    sheet->column++;
}

void sheet_integer(Sheet *sheet, gint64 number) {
    const gint64 exact = (gint64)1 << 53;
    g_autofree char *text = g_strdup_printf("%" G_GINT64_FORMAT, number);
    if (sheet->csv)
        csv_cell(sheet, "", text);
    else if (number >= -exact && number <= exact)
        worksheet_write_number(sheet->page, sheet->row, sheet->column, (double)number, NULL);
    else
        worksheet_write_string(sheet->page, sheet->row, sheet->column, text, NULL);
    sheet->column++;
}

void sheet_end_row(Sheet *sheet) {
    if (sheet->csv)
        fputs("\r\n", sheet->csv);
    sheet->row++;
    sheet->column = 0;
}

static gboolean close_csv(FILE *file, GError **error) {
    gboolean good = !ferror(file);
    int code = errno;
    if (fclose(file) != 0) {
        good = FALSE;
        code = errno;
    }
    return good || failed(error, code, g_strerror(code));
}

gboolean sheet_close(Sheet *sheet, GError **error) {
    gboolean good;
    if (sheet->csv) {
        good = close_csv(sheet->csv, error);
    } else {
        errno = 0;
        lxw_error code = workbook_close(sheet->book);
        good = code == LXW_NO_ERROR || failed(error, errno, lxw_strerror(code));
    }
    g_array_unref(sheet->pages);
    g_free(sheet);
    return good;
}
