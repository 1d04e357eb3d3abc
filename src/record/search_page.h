/* The newest records in which a text occurs, page by page, where the index keeps an order of its
 * own (search.h, SQLite): each county in sight is walked from its newest text backwards and left as
 * soon as it can add nothing to the page. Costs what it shows, and what a filter passes over;
 * within a county no more than so many texts, and then the page may be shorter than asked for, or
 * empty, and `next` goes on behind the last that was looked at. */
#pragma once
#include "record/facets.h"

typedef struct {
    GPtrArray *rows; /* Row*, newest first, at most `limit` */
    char *next;      /* cursor, or NULL at the end */
} SearchPage;
/* For lists with `search` in the default order; the figures count what one look finds. FALSE with
 * error. */
gboolean search_page(const Act *act, const RecordType *type, const RecordQuery *asked, guint limit,
                     SearchPage *page, ListFigures *figures, GError **error);
/* Whether a list is one of these. */
gboolean search_page_serves(const Act *act, const RecordQuery *asked);
