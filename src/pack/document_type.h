/* Documents of a type: the papers that its moves produce, as packs describe them (docs/packs.md,
 * Documents). Read-only like all of a pack. */
#pragma once
#include "pack/condition.h"

typedef enum {
    PIECE_LETTERHEAD,  /* the issuing body, red, over the red line */
    PIECE_NUMBER,      /* the document's number */
    PIECE_TITLE,       /* the document's title */
    PIECE_ADDRESSEE,   /* to whom, flush left, with a colon */
    PIECE_TEXT,        /* paragraphs, indented by two characters */
    PIECE_FORM,        /* label and value in a frame */
    PIECE_TABLE,       /* rows of a field of kind rows, with a head that repeats on each page */
    PIECE_ATTACHMENTS, /* numbered list */
    PIECE_SIGNATURE,   /* issuing body, place for the seal, date */
    PIECE_COPY,        /* copies to, at the foot */
    PIECE_CHECK,       /* QR code of where the document can be checked */
    PIECE_KINDS
} PieceKind;

typedef struct {
    PieceKind kind;
    Condition *when;  /* NULL: always */
    char *text;       /* template, or NULL */
    GPtrArray *cells; /* char*: form: label, template, label, template …; table: title, column …;
                         attachments: templates */
    char *rows;       /* table: name of the field */
} DocumentPiece;

/* Millimetres and points. */
typedef struct {
    double top, right, bottom, left;
    double body_pt, line_pt, title_pt, head_pt, table_pt, foot_pt;
    const char *body_font, *title_font, *foot_font; /* families by comma: the first that is there */
    gboolean chinese_date; /* 二〇二六年十一月二十三日; else 2026年11月23日 */
} PaperStyle;
