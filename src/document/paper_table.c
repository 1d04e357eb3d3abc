/* Tables in a frame: rows that may be higher than a page, a head that is repeated. */
#include "document/paper_page.h"

enum { COLUMNS_MAX = 12 };

typedef struct {
    Page *page;
    TextForm form;
    guint columns;
    double x[COLUMNS_MAX + 1]; /* edges of the columns */
    double pad;
} Table;

typedef struct {
    PangoLayout *cells[COLUMNS_MAX];
    int lines; /* of the longest cell */
} TableRow;

static TableRow row_new(const Table *table, const GPtrArray *cells, guint first, gboolean bold) {
    TableRow row = {.lines = 1};
    TextForm form = table->form;
    form.bold = bold;
    form.align = bold ? PANGO_ALIGN_CENTER : PANGO_ALIGN_LEFT;
    for (guint i = 0; i < table->columns; i++) {
        row.cells[i] = text_layout(table->page, &form, cells->pdata[first + i],
                                   table->x[i + 1] - table->x[i] - 2 * table->pad);
        row.lines = MAX(row.lines, text_lines(row.cells[i]));
    }
    return row;
}

static void row_clear(const Table *table, TableRow *row) {
    for (guint i = 0; i < table->columns; i++)
        g_object_unref(row->cells[i]);
}

static double height_of(const Table *table, int lines) {
    return lines * table->form.pitch_pt + 2 * table->pad;
}

/* Lines first … first + lines - 1 of each cell, and their frame. */
static void draw_part(const Table *table, const TableRow *row, int first, int lines) {
    Page *page = table->page;
    double height = height_of(table, lines);
    cairo_set_line_width(page->cairo, 0.5);
    for (guint i = 0; i < table->columns; i++) {
        cairo_rectangle(page->cairo, table->x[i], page->y, table->x[i + 1] - table->x[i], height);
        cairo_stroke(page->cairo);
        int own = text_lines(row->cells[i]);
        double lower = row->lines == lines ? (lines - own) * table->form.pitch_pt / 2 : 0;
        for (int line = first; line < MIN(first + lines, own); line++)
            text_line(page, row->cells[i], line, table->x[i] + table->pad,
                      page->y + table->pad + lower + (line - first) * table->form.pitch_pt,
                      table->form.pitch_pt);
    }
    page->y += height;
}

static int lines_free(const Table *table) {
    const Page *page = table->page;
    return (int)((page->bottom - page->y - 2 * table->pad) / table->form.pitch_pt);
}

static void next_page(const Table *table, const TableRow *head) {
    page_new(table->page);
    if (head && lines_free(table) > head->lines + 1)
        draw_part(table, head, 0, head->lines);
}

/* A row goes to the next page whole when it fits there, else it is parted. */
static void draw_row(const Table *table, const TableRow *row, const TableRow *head) {
    Page *page = table->page;
    double body = page->bottom - page->top - (head ? height_of(table, head->lines) : 0);
    gboolean fits_a_page = height_of(table, row->lines) <= body;
    for (int done = 0; done < row->lines && page->pages <= PAPER_PAGES_MAX;) {
        int room = lines_free(table), left = row->lines - done;
        if (room < 1 || (room < left && fits_a_page && done == 0)) {
            next_page(table, head);
            room = lines_free(table);
        }
        int lines = CLAMP(room, 1, left);
        draw_part(table, row, done, lines);
        done += lines;
    }
}

void page_table(Page *page, const GPtrArray *cells, guint columns, const double *parts,
                gboolean head) {
    const PaperStyle *style = page->style;
    double sum = 0, pitch = style->table_pt * 1.5;
    g_assert(columns > 0 && columns <= COLUMNS_MAX);
    Table table = {.page = page, .columns = columns, .pad = 3};
    table.form = (TextForm){style->body_font, style->table_pt, pitch, FALSE, PANGO_ALIGN_LEFT, 0};
    for (guint i = 0; i < columns; i++)
        sum += parts[i];
    table.x[0] = page->left;
    for (guint i = 0; i < columns; i++)
        table.x[i + 1] = table.x[i] + (page->right - page->left) * parts[i] / sum;
    TableRow first = {0};
    if (head) {
        first = row_new(&table, cells, 0, TRUE);
        page_room(page, height_of(&table, first.lines + 1));
        draw_part(&table, &first, 0, first.lines);
    }
    for (guint i = head ? columns : 0; i + columns <= cells->len; i += columns) {
        TableRow row = row_new(&table, cells, i, FALSE);
        draw_row(&table, &row, head ? &first : NULL);
        row_clear(&table, &row);
    }
    if (head)
        row_clear(&table, &first);
    page->y += pitch / 2;
}
