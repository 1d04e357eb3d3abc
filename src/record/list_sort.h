/* The order of a list and the place in it: sort keys, ORDER BY, and the keyset cursor that
 * continues after the last record seen.
 *
 * Creation and the id are always the last keys, so the order is total and a cursor never repeats or
 * leaves out a record that stands still. Empty values sort before all others (so last in a
 * descending sort). A cursor is base64url of JSON: the sort text and the last record's keys; it
 * grants nothing, the scope is applied again. */
#pragma once
#include "record/query.h"
#include "record/row.h"

typedef struct {
    const char *column; /* interned */
    char *name;
    gboolean descending, nullable;
} SortKey;

typedef struct {
    char *text;    /* as asked */
    GArray *keys;  /* SortKey, the last is the id */
    json_t *after; /* values of the keys where the list goes on; NULL: from the start */
} ListSort;

/* `sort` and `cursor` may be NULL. Errors: FIELD_UNKNOWN, REQUEST. */
ListSort *list_sort_new(const RecordType *type, const char *sort, const char *cursor,
                        GError **error);
void list_sort_free(ListSort *sort);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ListSort, list_sort_free)

void list_sort_where(const ListSort *sort, Query *query);      /* " AND ..." or nothing */
void list_sort_order(const ListSort *sort, Query *query);      /* " ORDER BY ..." */
char *list_sort_cursor(const ListSort *sort, const Row *last); /* caller frees */

/* A cursor as text, and back: NULL when it is none. */
char *list_cursor_write(json_t *cursor_take);
json_t *list_cursor_read(const char *text);
