/* Paper: a document as pieces of finished text, drawn as A4 pages in PDF.
 *
 * Pure: the same pieces, style, time and fonts give the same bytes; nothing is read but fonts
 * (Pango, fontconfig). Text may be anything that is UTF-8: control and direction characters are
 * left out, and what does not fit on a line or a page goes on to the next; a table's head is
 * repeated on each. More than PAPER_PAGES_MAX pages are refused. Any thread; a document costs about
 * 30 ms, most of it for taking subsets of the fonts. */
#pragma once
#include "pack/document_type.h"

enum { PAPER_PAGES_MAX = 200 };

/* One piece, expanded; the members that its kind has no use for are empty. */
typedef struct {
    PieceKind kind;
    char *text;       /* signature: the issuing body; check: the caption */
    char *more;       /* signature: the date; check: the text of the QR code */
    GPtrArray *cells; /* char*: form: label, value …; table: cells row by row, the head first;
                         attachments: one each */
    guint columns;    /* table */
} PaperPiece;
void paper_piece_free(gpointer piece);

typedef struct {
    const PaperStyle *style;
    const char *title; /* of the file */
    gint64 time_ms;    /* of the file: that of the move */
    gboolean preview;  /* says across each page that it is not in force */
    GPtrArray *pieces; /* PaperPiece* */
} Paper;

/* The PDF, or NULL with ERROR_DOCUMENT (too long, or a text that fits no QR code). */
GString *paper_pdf(const Paper *paper, GError **error);

/* "二〇二六年十一月二十三日", or "2026年11月23日"; caller frees. */
char *paper_date(gint64 day, gboolean chinese);
