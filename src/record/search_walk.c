#include "record/search_walk.h"
#include "record/list_sort.h"
#include "record/search.h"
#include "record/search_grams.h"

static const char newest_first[] = "-created_at";

gboolean search_walk_serves(const Act *act, const RecordType *type, const RecordQuery *asked) {
    gboolean by_creation =
        asked->sort == NULL || *asked->sort == 0 || g_str_equal(asked->sort, newest_first);
    if (asked->search == NULL || *asked->search == 0 || !by_creation || search_has_order(act->sql))
        return FALSE;
    g_autoptr(GPtrArray) others = stand_ins(act);
    return search_gram_common(act->sql, list_place_of(act, type, others), type, asked->search);
}

/* SELECT f0, …, _id, _created_ms, found FROM the newest of the list without the words. */
static gboolean add_walk(Query *query, const Act *act, const RecordType *type,
                         const RecordQuery *asked, const ListSort *sort, const GArray *facets,
                         guint looks, GPtrArray *conditions, GError **error) {
    RecordQuery all = *asked;
    all.search = NULL;
    query_add(query, "SELECT seen.*, (TRUE");
    search_gram_look(query, type, asked->search);
    query_add(query, ") FROM (SELECT ");
    facets_columns(query, facets);
    query_add(query, "_id, _created_ms");
    if (!list_where(query, act, type, &all, LIST_PAGE, conditions, error))
        return FALSE;
    list_sort_where(sort, query);
    list_sort_order(sort, query);
    query_add_format(query, " LIMIT %u) AS seen", looks);
    list_sort_order(sort, query);
    return TRUE;
}

typedef struct {
    gint64 seen, found, created_ms; /* the last one's */
    char *id;                       /* of the last record that belongs to the answer */
} Place;

/* Behind the page when it is full, else behind what was looked at. */
static char *place_cursor(const ListSort *sort, const Place *place) {
    return list_cursor_write(json_pack("{s:s, s:[I, s]}", "s", sort->text, "v",
                                       (json_int_t)place->created_ms, place->id));
}

static gboolean look(const Act *act, const Query *query, guint limit, gint64 most, GArray *facets,
                     SearchWalk *walk, Place *place, GError **error) {
    SqlStatement *st = query_start(query, act->sql, error);
    SqlStep step = SQL_FAILED;
    int column = (int)facets->len;
    while (st && (step = sql_step(st, error)) == SQL_ROW) {
        gboolean found = sql_int(st, column + 2) != 0;
        place->seen++;
        if (walk->ids->len < limit) {
            place->created_ms = sql_int(st, column + 1);
            g_free(place->id);
            place->id = g_strdup(sql_text(st, column));
        }
        if (!found)
            continue;
        if (walk->ids->len < limit)
            g_ptr_array_add(walk->ids, g_strdup(sql_text(st, column)));
        if (place->found++ < most)
            facets_add(facets, st, 1);
    }
    return step == SQL_DONE;
}

gboolean search_walk(const Act *act, const RecordType *type, const RecordQuery *asked, guint limit,
                     guint looks, SearchWalk *walk, ListFigures *figures, GError **error) {
    g_autoptr(ListSort) sort = list_sort_new(type, newest_first, asked->cursor, error);
    g_autoptr(GArray) facets =
        sort ? facets_begin(type, asked->facets ? asked->facets : "", error) : NULL;
    g_autoptr(GPtrArray) conditions = list_conditions_new();
    g_autoptr(Query) query = query_new("");
    gint64 most = list_count_max(asked);
    Place place = {0};
    *figures = (ListFigures){0};
    *walk = (SearchWalk){.ids = g_ptr_array_new_with_free_func(g_free)};
    gboolean done = facets &&
                    add_walk(query, act, type, asked, sort, facets, looks, conditions, error) &&
                    look(act, query, limit, most, facets, walk, &place, error);
    gboolean ended = place.seen < looks;
    if (done) {
        figures->facets = asked->facets ? facets_end(facets) : NULL;
        figures->count = MIN(place.found, most);
        figures->more = !ended || place.found > most;
        if (walk->ids->len < (guint64)place.found || !ended)
            walk->next = place_cursor(sort, &place);
    }
    g_free(place.id);
    return done;
}

void search_walk_clear(SearchWalk *walk) {
    g_clear_pointer(&walk->ids, g_ptr_array_unref);
    g_clear_pointer(&walk->next, g_free);
}
