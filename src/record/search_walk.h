/* The newest records in which common words occur, where the index of words has no order
 * (PostgreSQL): the list is walked from its newest record backwards and each is looked at, so a
 * page costs what it passes over and never what is found in all. At most WALK_MAX records are
 * looked at for one answer; then the page may be shorter than asked for, or empty, and `next` goes
 * on behind the last that was looked at. */
#pragma once
#include "record/facets.h"

/* Whether a list is one of these. Asks the server. */
gboolean search_walk_serves(const Act *act, const RecordType *type, const RecordQuery *asked);

typedef struct {
    GPtrArray *ids; /* char*, found, newest first: at most the page */
    char *next;     /* cursor, or NULL at the end */
} SearchWalk;
/* Page, and the figures of the `looks` records that are looked at. */
gboolean search_walk(const Act *act, const RecordType *type, const RecordQuery *asked, guint limit,
                     guint looks, SearchWalk *walk, ListFigures *figures, GError **error);
void search_walk_clear(SearchWalk *walk);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(SearchWalk, search_walk_clear)
