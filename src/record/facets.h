/* How many records of a list have each value of a field: the counts beside the filters of a page.
 */
#pragma once
#include "record/act.h"
#include "record/query.h"

/* {"grade": [{"value": "general", "count": 12}, ...]}, most first, at most 100 values each; "value"
 * is null for records without one. For state and fields of kind code, bool, ref, region and role;
 * at most 8. Counted are the newest LIST_COUNT_MAX records of the list; *more: there are older
 * ones. New reference; ERROR_FIELD_UNKNOWN, ERROR_REQUEST. */
json_t *facets_json(const Act *act, const RecordType *type, const RecordQuery *asked,
                    gboolean *more, GError **error);

/* Counting looks at this many records at most, so that a count costs the same over any number. */
enum { LIST_COUNT_MAX = 10000, LIST_FOUND_MAX = 1000 /* of a search */ };

typedef enum { LIST_PAGE, LIST_COUNTS } ListUse;
/* From record_list.c: " FROM r_TYPE WHERE ..." with scope, search, box and filters of a list.
 * `conditions` keeps what the parameters borrow until after the query. */
gboolean list_where(Query *query, const Act *act, const RecordType *type, const RecordQuery *asked,
                    ListUse use, GPtrArray *conditions, GError **error);
/* Only " AND ...": scope, box and filters. */
gboolean list_narrow(Query *query, const Act *act, const RecordType *type, const RecordQuery *asked,
                     GPtrArray *conditions, GError **error);
/* Whose place may narrow the index of words: NULL when more than his place is in his sight. */
const Actor *list_place_of(const Act *act, const RecordType *type, const GPtrArray *others);
GPtrArray *list_conditions_new(void);
/* How far to count. */
gint64 list_count_max(const RecordQuery *asked);
