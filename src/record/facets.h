/* How many records of a list have each value of a field: the counts beside the filters of a page.
 */
#pragma once
#include "record/act.h"
#include "record/query.h"

/* What a list tells beside its page, from one walk over it. */
typedef struct {
    /* {"grade": [{"value": "general", "count": 12}, ...]}, most first, at most 100 values each;
     * "value" is null for records without one. For state and fields of kind code, bool, ref, region
     * and role; at most 8. Counted are the newest list_count_max() records. */
    json_t *facets;
    gint64 count;   /* that were counted, at most list_count_max() */
    gboolean more;  /* there are others */
    GPtrArray *ids; /* of all records of the list when they are few and were seen; or NULL */
} ListFigures;
/* With `facets` asked for. ERROR_FIELD_UNKNOWN, ERROR_REQUEST. */
gboolean facets_count(const Act *act, const RecordType *type, const RecordQuery *asked,
                      ListFigures *figures, GError **error);
/* The same for whoever walks himself: facets_begin, facets_columns, facets_add for each record (its
 * values from column 0 on), facets_end. */
GArray *facets_begin(const RecordType *type, const char *names, GError **error);
void facets_columns(Query *query,
                    const GArray *facets); /* "COLUMN AS f0, … " with a comma behind */
void facets_add(GArray *facets, SqlStatement *st, gint64 times);
json_t *facets_end(const GArray *facets);
/* What was counted to one above list_count_max(). */
void list_figures_bound(ListFigures *figures, const RecordQuery *asked);
void list_figures_clear(ListFigures *figures);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(ListFigures, list_figures_clear)

/* Counting looks at this many records at most, so that a count costs the same over any number. */
enum {
    LIST_COUNT_MAX = 10000,
    LIST_FOUND_MAX = 1000, /* of a search */
    LIST_FEW = 500         /* whose order is made from their rows, without another walk */
};

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
