/* Drawing on pages: the hand behind paper.c. Points from the upper left corner. Private to
 * src/document. */
#pragma once
#include "document/paper.h"

#include <pango/pangocairo.h>

typedef struct {
    cairo_t *cairo;
    PangoContext *context;
    const PaperStyle *style;
    gboolean preview;
    double left, right, top, bottom; /* of the text area */
    double y;                        /* where the next line begins */
    int pages;
} Page;

typedef struct {
    const char *font;
    double size_pt, pitch_pt;
    gboolean bold;
    PangoAlignment align;
    double indent_pt; /* first line of each paragraph; negative: all lines but the first */
} TextForm;

/* Text that is safe to lay out: valid, without control and direction characters but line ends;
 * caller frees. */
char *text_clean(const char *text);
/* `width` in points; the caller unrefs. */
PangoLayout *text_layout(const Page *page, const TextForm *form, const char *text, double width);
/* Draws line `i` of a layout with its upper edge at y. */
void text_line(Page *page, PangoLayout *layout, int i, double x, double y, double pitch);
int text_lines(PangoLayout *layout);

void page_new(Page *page);
/* Goes to a new page unless so much is free. */
void page_room(Page *page, double height);
/* Lays out text and lets it flow over the pages. */
void page_text(Page *page, const TextForm *form, const char *text);

/* paper_table.c: rows of `columns` cells with widths in parts; `head`: the first row is one. */
void page_table(Page *page, const GPtrArray *cells, guint columns, const double *parts,
                gboolean head);
