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

static gboolean find(const Act *act, const RecordType *type, const RecordQuery *asked,
                     SearchAsked *whole, gint64 before, guint most, GArray *found, GError **error) {
    for (gint64 from = whole->first, place; from <= whole->last;) {
        if (!next_place(act->sql, from, whole->last, &place, error))
            return FALSE;
        if (place < 0)
            break;
        gint64 end = search_county_end(place), begin = end - search_serial(end);
        gint64 least = found->len == most ? g_array_index(found, Found, most - 1).serial + 1 : 0;
        SearchAsked range = {whole->match, begin + least,
                             before > search_serial(end) ? end : begin + before - 1};
        if (range.first <= range.last &&
            !look_through(act, type, asked, &range, most, found, error))
            return FALSE;
        from = end + 1;
    }
    return TRUE;
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

gboolean search_page(const Act *act, const RecordType *type, const RecordQuery *asked, guint limit,
                     SearchPage *page, GError **error) {
    gint64 before;
    g_auto(SearchAsked) whole = {0};
    g_autoptr(GArray) found = g_array_new(FALSE, FALSE, sizeof(Found));
    g_array_set_clear_func(found, found_clear);
    *page = (SearchPage){0};
    if (!read_cursor(asked->cursor, &before, error))
        return FALSE;
    g_autoptr(GPtrArray) others = stand_ins(act);
    const Actor *narrowing = list_place_of(act, type, others);
    if (search_ask(act->sql, narrowing, type, asked->search, &whole) &&
        !find(act, type, asked, &whole, before, limit + 1, found, error))
        return FALSE;
    page->rows = read_found(act, type, found, limit, error);
    if (page->rows && found->len > limit)
        page->next =
            list_cursor_write(json_pack("{s:s, s:I}", "s", cursor_mark, "v",
                                        (json_int_t)g_array_index(found, Found, limit - 1).serial));
    return page->rows != NULL;
}
