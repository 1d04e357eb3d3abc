#include "record/search_page.h"
#include "record/facets.h"
#include "record/list_sort.h"
#include "record/search.h"

#include <string.h>

static const char newest_first[] = "-created_at", cursor_mark[] = "search";

gboolean search_page_serves(const Act *act, const RecordQuery *asked) {
    return asked->search && *asked->search && search_has_order(act->sql) &&
           (asked->sort == NULL || *asked->sort == 0 || g_str_equal(asked->sort, newest_first));
}

typedef struct {
    gint64 serial;
    char *id;
} Found;

static void found_clear(gpointer data) { g_free(((Found *)data)->id); }

static gint newest(gconstpointer a, gconstpointer b) {
    gint64 left = ((const Found *)a)->serial, right = ((const Found *)b)->serial;
    return (left < right) - (left > right);
}

static gboolean read_cursor(const char *text, gint64 *before, GError **error) {
    *before = G_MAXINT64;
    if (text == NULL || *text == 0)
        return TRUE;
    json_t *cursor = list_cursor_read(text), *serial = json_object_get(cursor, "v");
    gboolean good = g_strcmp0(json_string_value(json_object_get(cursor, "s")), cursor_mark) == 0 &&
                    json_is_integer(serial);
    if (good)
        *before = json_integer_value(serial);
    json_decref(cursor);
    return good || error_set(error, ERROR_REQUEST, "cursor", "cursor",
                             "use `next` of the former answer with the same sort", NULL);
}

/* The first place at or after `from` where a record stands; FALSE without error: none. */
static gboolean next_place(Sql *sql, gint64 from, gint64 last, gint64 *place, GError **error) {
    return sql_get_int(sql, error, place, -1,
                       "SELECT min(_place) FROM search_places WHERE _place >= ? AND _place <= ?",
                       "ii", from, last);
}

/* Adds the newest of one county; `range` is its part that can still matter. */
static gboolean look_through(const Act *act, const RecordType *type, const RecordQuery *asked,
                             const SearchAsked *range, guint most, GArray *found, GError **error) {
    g_autoptr(Query) query = query_new("SELECT search_index.rowid, _id");
    g_autoptr(GPtrArray) conditions = list_conditions_new();
    search_from(query, type, range);
    if (!list_narrow(query, act, type, asked, conditions, error))
        return FALSE;
    query_add(query, " ORDER BY search_index.rowid DESC LIMIT ?");
    query_param_int(query, most);
    SqlStatement *st = query_start(query, act->sql, error);
    SqlStep step = SQL_FAILED;
    while (st && (step = sql_step(st, error)) == SQL_ROW) {
        Found one = {search_serial(sql_int(st, 0)), g_strdup(sql_text(st, 1))};
        g_array_append_val(found, one);
    }
    g_array_sort(found, newest);
    if (found->len > most)
        g_array_set_size(found, most);
    return step == SQL_DONE;
}

/* Adds the newest of all counties with serials from `after` on and below `before`. */
static gboolean find(const Act *act, const RecordType *type, const RecordQuery *asked,
                     const SearchAsked *whole, gint64 after, gint64 before, guint most,
                     GArray *found, GError **error) {
    for (gint64 from = whole->first, place; from <= whole->last;) {
        if (!next_place(act->sql, from, whole->last, &place, error))
            return FALSE;
        if (place < 0)
            break;
        gint64 end = search_county_end(place), begin = end - search_serial(end);
        gint64 least = found->len == most ? g_array_index(found, Found, most - 1).serial + 1 : 0;
        SearchAsked range = {whole->match, begin + MAX(least, after),
                             before > search_serial(end) ? end : begin + before - 1};
        if (range.first <= range.last &&
            !look_through(act, type, asked, &range, most, found, error))
            return FALSE;
        from = end + 1;
    }
    return TRUE;
}

/* From the newest backwards in growing steps, each through all counties: the first step mostly
 * fills the page, and no county is walked far back while others have newer ones. */
static gboolean find_newest(const Act *act, const RecordType *type, const RecordQuery *asked,
                            const SearchAsked *whole, gint64 before, guint most, GArray *found,
                            GError **error) {
    enum { STEP = 30000, GROWTH = 32 };
    gint64 serial;
    if (!sql_get_int(act->sql, error, &serial, 0, "SELECT serial FROM search_next", ""))
        return FALSE;
    gint64 end = MIN(before, serial + 1);
    for (gint64 step = STEP; end > 0 && found->len < most; step *= GROWTH) {
        gint64 begin = MAX(0, end - step);
        if (!find(act, type, asked, whole, begin, end, most, found, error))
            return FALSE;
        end = begin;
    }
    return TRUE;
}

/* --- what the whole list comes to --- */

/* A look at the first texts of the index in which the words stand, whatever else is asked: the
 * figures, and the page too when these were all, or all of one county. */
typedef struct {
    guint looks;             /* at most; 0: none is made */
    gint64 enough;           /* found */
    GArray *found;           /* Found */
    gint64 seen, hits, last; /* looked at, found, serial of the last one */
    gboolean ended;
} Look;

enum { LOOKS = 3000 };

static gboolean add_look(Query *query, const Act *act, const RecordType *type,
                         const RecordQuery *asked, const SearchAsked *whole, guint looks,
                         const GArray *facets, GPtrArray *conditions, GError **error) {
    query_add(query, "SELECT ");
    facets_columns(query, facets);
    query_add(query, "search_index.rowid, _id, (1 = 1");
    if (!list_narrow(query, act, type, asked, conditions, error))
        return FALSE;
    query_add(query, ")");
    search_from(query, type, whole);
    query_add_format(query, " ORDER BY search_index.rowid DESC LIMIT %u", looks);
    return TRUE;
}

static gboolean look(const Act *act, const Query *query, gint64 most, GArray *facets, Look *look,
                     GError **error) {
    SqlStatement *st = query_start(query, act->sql, error);
    SqlStep step = SQL_FAILED;
    int column = (int)facets->len;
    while (look->hits <= look->enough && st && (step = sql_step(st, error)) == SQL_ROW) {
        look->seen++;
        look->last = search_serial(sql_int(st, column));
        if (!sql_int(st, column + 2))
            continue;
        Found one = {look->last, g_strdup(sql_text(st, column + 1))};
        g_array_append_val(look->found, one);
        if (look->hits++ < most)
            facets_add(facets, st, 1);
    }
    if (step == SQL_ROW)
        sql_reset(st);
    look->ended = step == SQL_DONE && look->seen < look->looks;
    return step != SQL_FAILED;
}

static gboolean look_at_all(const Act *act, const RecordType *type, const RecordQuery *asked,
                            const SearchAsked *whole, Look *all, ListFigures *figures,
                            GError **error) {
    g_autoptr(GArray) facets = facets_begin(type, asked->facets ? asked->facets : "", error);
    g_autoptr(GPtrArray) conditions = list_conditions_new();
    g_autoptr(Query) query = query_new("");
    gint64 most = list_count_max(asked);
    if (facets == NULL || (whole->match && (!add_look(query, act, type, asked, whole, all->looks,
                                                      facets, conditions, error) ||
                                            !look(act, query, most, facets, all, error))))
        return FALSE;
    figures->facets = asked->facets ? facets_end(facets) : NULL;
    figures->count = MIN(all->hits, most);
    figures->more = whole->match && (!all->ended || all->hits > most);
    return TRUE;
}

static gboolean one_county(const SearchAsked *whole) {
    return search_county_end(whole->first) == search_county_end(whole->last);
}

static GPtrArray *read_found(const Act *act, const RecordType *type, const GArray *found,
                             guint limit, GError **error) {
    GPtrArray *rows = g_ptr_array_new_with_free_func((GDestroyNotify)row_free);
    for (guint i = 0; i < MIN(found->len, limit); i++) {
        GError *failure = NULL;
        Row *row = row_load(act->sql, type, g_array_index(found, Found, i).id, &failure);
        if (failure) {
            g_propagate_error(error, failure);
            g_clear_pointer(&rows, g_ptr_array_unref);
            return NULL;
        }
        if (row)
            g_ptr_array_add(rows, row);
    }
    return rows;
}

static char *serial_cursor(gint64 serial) {
    return list_cursor_write(json_pack("{s:s, s:I}", "s", cursor_mark, "v", (json_int_t)serial));
}

/* The page, from what was seen or by a walk of its own; *left: the serial of the last one looked
 * at, when there may be others behind it. */
static gboolean find_page(const Act *act, const RecordType *type, const RecordQuery *asked,
                          const SearchAsked *whole, gint64 before, guint most, Look *all,
                          gint64 *left, GError **error) {
    *left = -1;
    if (whole->match == NULL)
        return TRUE;
    if (all->looks && (all->ended || one_county(whole))) {
        g_array_sort(all->found, newest);
        *left = all->ended ? -1 : all->last;
        return TRUE;
    }
    g_array_set_size(all->found, 0);
    return find_newest(act, type, asked, whole, before, most, all->found, error);
}

gboolean search_page(const Act *act, const RecordType *type, const RecordQuery *asked, guint limit,
                     SearchPage *page, ListFigures *figures, GError **error) {
    gint64 before, left;
    gboolean figured = asked->count || asked->facets,
             begins = asked->cursor == NULL || *asked->cursor == 0;
    g_auto(SearchAsked) whole = {0};
    g_autoptr(GArray) found = g_array_new(FALSE, FALSE, sizeof(Found));
    Look all = {.looks = figured || begins ? LOOKS : 0,
                .enough = figured ? list_count_max(asked) : limit,
                .found = found};
    g_array_set_clear_func(found, found_clear);
    *page = (SearchPage){0};
    *figures = (ListFigures){0};
    if (!read_cursor(asked->cursor, &before, error))
        return FALSE;
    g_autoptr(GPtrArray) others = stand_ins(act);
    search_ask(act->sql, list_place_of(act, type, others), type, asked->search, &whole);
    if (all.looks && !look_at_all(act, type, asked, &whole, &all, figures, error))
        return FALSE;
    if (!begins) { /* of the first page */
        all.looks = 0;
        g_array_set_size(found, 0);
    }
    if (!find_page(act, type, asked, &whole, before, limit + 1, &all, &left, error))
        return FALSE;
    page->rows = read_found(act, type, found, limit, error);
    if (page->rows && found->len > limit)
        page->next = serial_cursor(g_array_index(found, Found, limit - 1).serial);
    else if (page->rows && left >= 0)
        page->next = serial_cursor(left);
    return page->rows != NULL;
}
