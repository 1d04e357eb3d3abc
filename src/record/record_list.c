#include "record/act.h"
#include "record/facets.h"
#include "record/list_sort.h"
#include "record/place.h"
#include "record/record_index.h"
#include "record/rights.h"
#include "record/rows.h"
#include "record/schema.h"
#include "record/search.h"
#include "record/search_page.h"
#include "record/search_walk.h"

#include <string.h>

/* The region of all rows in the actor's sight when it is only one, as it is for a county; else
 * NULL. Two steps down an index. */
static char *only_region(const Act *act, const RecordType *type) {
    g_autoptr(Query) query = query_new("SELECT ");
    g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
    GString *scope = g_string_new(NULL);
    rights_scope_sql(act->sql, act->actor, type, "_id", scope, texts);
    if (texts->len == 2)
        for (int end = 0; end < 2; end++) {
            query_add_format(
                query, "%s(SELECT _region FROM r_%s WHERE 1 = 1%s ORDER BY _region%s LIMIT 1)",
                end ? ", " : "", type->name, scope->str, end ? " DESC" : "");
            query_param_text(query, texts->pdata[0]);
            query_param_text(query, texts->pdata[1]);
        }
    g_string_free(scope, TRUE);
    SqlStatement *st = texts->len == 2 ? query_start(query, act->sql, NULL) : NULL;
    if (st == NULL || sql_step(st, NULL) != SQL_ROW)
        return NULL;
    char *region =
        g_strcmp0(sql_text(st, 0), sql_text(st, 1)) == 0 ? g_strdup(sql_text(st, 0)) : NULL;
    sql_reset(st);
    return region;
}

/* A list in order of creation is read from the index of creation, which holds the region too; a
 * range over several regions would lead the planner of SQLite to sort all of them, so it is hidden
 * from it; PostgreSQL knows how many there are. One region is an equality, which keeps the order of
 * its index. */
static void add_scope(Query *query, const Act *act, const RecordType *type, const char *only,
                      gboolean by_creation) {
    if (only) {
        query_add(query, " AND _region = ?");
        query_param_text(query, only);
        return;
    }
    g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
    GString *scope = g_string_new(NULL);
    rights_scope_sql(act->sql, act->actor, type, "_id", scope, texts);
    if (by_creation)
        g_string_replace(scope, " _region ", " (_region || '') ", 0);
    query_add(query, scope->str);
    g_string_free(scope, TRUE);
    for (guint i = 0; i < texts->len; i++)
        query_param_text(query, texts->pdata[i]);
}

static void add_one_scope(Query *query, const Act *act, const RecordType *type) {
    g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
    rights_scope_sql(act->sql, act->actor, type, "_id", query->text, texts);
    for (guint i = 0; i < texts->len; i++)
        query_param_text(query, texts->pdata[i]);
}

/* What the actor sees himself, and what those see for whom he stands in. */
static void add_scopes(Query *query, const Act *act, const RecordType *type,
                       const GPtrArray *others, const char *only, gboolean by_time) {
    if (others->len == 0) {
        add_scope(query, act, type, only, by_time);
        return;
    }
    query_add(query, rights_read(act->actor, type) ? " AND ((1 = 1" : " AND ((1 = 0");
    add_one_scope(query, act, type);
    for (guint i = 0; i < others->len; i++) {
        const StandIn *other = others->pdata[i];
        Act as = {act->sql, act->packs, &other->actor, act->now_ms, other->for_id};
        query_add(query, rights_read(&other->actor, type) ? ") OR (1 = 1" : ") OR (1 = 0");
        add_one_scope(query, &as, type);
    }
    query_add(query, "))");
}

static gboolean any_reads(const Act *act, const RecordType *type, const GPtrArray *others) {
    gboolean reads = rights_read(act->actor, type);
    for (guint i = 0; i < others->len; i++)
        reads = reads || rights_read(&((const StandIn *)others->pdata[i])->actor, type);
    return reads;
}

static gboolean given(const char *text) { return text && *text; }

static gboolean sorts_by_creation(const RecordQuery *asked) {
    return !given(asked->sort) || g_str_has_suffix(asked->sort, "created_at");
}

static gboolean filtered(const RecordQuery *asked) {
    return given(asked->filter) || given(asked->also) || asked->box;
}

static gboolean by_creation(const RecordQuery *asked) {
    return !filtered(asked) && !given(asked->search) && sorts_by_creation(asked);
}

/* --- which index SQLite walks ---
 *
 * Its planner knows nothing of how values are spread: left alone it takes whatever equality it
 * finds and reads rows for the rest. PostgreSQL keeps statistics and is left alone. */

static gboolean note_literal(gpointer data, const char *name, const Term *literal) {
    guint *literals = data;
    (void)literal;
    *literals += g_str_equal(name, "state") ? 1 : 100;
    return TRUE;
}

/* One state is an equality that keeps the order of creation; several are not. */
static gboolean filters_state(const Act *act, const RecordType *type, const RecordQuery *asked) {
    TypeNames names = {.packs = act->packs, .type = type};
    ConditionScope scope = type_scope(&names);
    Condition *condition =
        given(asked->filter) ? condition_parse_in(asked->filter, &scope, NULL) : NULL;
    guint literals = 0;
    if (condition)
        condition_each_literal(condition, note_literal, &literals);
    condition_free(condition);
    return literals % 100 == 1;
}

static char *sorted_by_index(const RecordType *type, const RecordQuery *asked) {
    g_auto(GStrv) keys = g_strsplit(asked->sort ? asked->sort : "", ",", 2);
    const char *name = keys[0] ? keys[0] + (*keys[0] == '-') : "";
    const Field *field = type_field(type, name);
    return field && g_ptr_array_find(type->indexed, field, NULL)
               ? g_strdup_printf("by.%s", field->name)
               : NULL;
}

/* Sees a part that is small enough to be walked whole. */
static gboolean is_local(const Actor *actor) {
    return actor->role && actor->role->level > LEVEL_PROVINCE &&
           actor->role->level < LEVEL_ENTERPRISE;
}

/* Only these have the index. */
static gboolean has_sight(const RecordType *type) {
    return type->scope_region || type->scope_enterprise;
}

/* The name of the index without "i_TYPE."; NULL: as the planner likes. */
static char *chosen_index(const Act *act, const RecordType *type, const RecordQuery *asked,
                          ListUse use, const char *only) {
    if (sql_kind(act->sql) != SQL_SQLITE || !is_local(act->actor) || !has_sight(type) ||
        rights_any_assigned(act->sql, act->actor, type) || rights_all_rows(act->actor, type) ||
        (type->read & ROLE_EVERYONE) || given(asked->search) || asked->box ||
        (use == LIST_PAGE && by_creation(asked)))
        return NULL;
    char *index =
        only && use == LIST_PAGE && !filtered(asked) ? sorted_by_index(type, asked) : NULL;
    if (index || (sorts_by_creation(asked) && filters_state(act, type, asked)))
        return index;
    return g_strdup("sight");
}

static void add_source(Query *query, const Act *act, const RecordType *type,
                       const RecordQuery *asked, ListUse use, const char *only) {
    g_autofree char *index = chosen_index(act, type, asked, use, only);
    query_add_format(query, " FROM r_%s", type->name);
    if (index)
        query_add_format(query, " INDEXED BY \"i_%s.%s\"", type->name, index);
    query_add(query, " WHERE 1 = 1");
}

GPtrArray *list_conditions_new(void) {
    return g_ptr_array_new_with_free_func((GDestroyNotify)condition_free);
}

/* The parameters borrow from the condition, so it is kept until after the query. */
static gboolean add_filter(Query *query, const Act *act, const RecordType *type, const char *filter,
                           GPtrArray *conditions, GError **error) {
    if (filter == NULL || *filter == 0)
        return TRUE;
    TypeNames names = {.packs = act->packs, .type = type};
    ConditionScope scope = type_scope(&names);
    const char *what = NULL;
    Condition *condition = condition_parse_in(filter, &scope, error);
    if (condition == NULL)
        return FALSE;
    g_ptr_array_add(conditions, condition);
    if (!condition_fits_sql(condition, &what))
        return error_set(error, ERROR_CONDITION_MEMORY, NULL, what, NULL);
    query_add(query, " AND (");
    condition_sql(condition, schema_column, (gpointer)type, act->now_ms, act->actor->id,
                  query->text, query->terms);
    query_add(query, ")");
    return TRUE;
}

static gboolean add_box(Query *query, const Act *act, const RecordType *type, const GeoBox *box,
                        GError **error) {
    if (box == NULL)
        return TRUE;
    TypePlace place = place_of_type(act->packs, act->actor, type);
    if (place.holder == NULL)
        return error_set(error, ERROR_REQUEST, "bbox", "this type has no place",
                         "leave bbox out, or ask for a type with a place", NULL);
    place_box_sql(query, &place, type, box);
    return TRUE;
}

/* The words, and the rows they stand in; where the index has no order, a condition of the rows. */
static void add_search(Query *query, const Act *act, const RecordType *type,
                       const RecordQuery *asked, const Actor *narrowing) {
    g_auto(SearchAsked) words = {0};
    if (search_has_order(act->sql) &&
        search_ask(act->sql, narrowing, type, asked->search, &words)) {
        search_from(query, type, &words);
        return;
    }
    query_add_format(query, " FROM r_%s WHERE 1 = 1", type->name);
    if (search_has_order(act->sql))
        query_add(query, " AND 1 = 0");
    else
        search_sql(query, act->sql, narrowing, type, asked->search);
}

static gboolean add_filters(Query *query, const Act *act, const RecordType *type,
                            const RecordQuery *asked, GPtrArray *conditions, GError **error) {
    return add_box(query, act, type, asked->box, error) &&
           add_filter(query, act, type, asked->also, conditions, error) &&
           add_filter(query, act, type, asked->filter, conditions, error);
}

gboolean list_narrow(Query *query, const Act *act, const RecordType *type, const RecordQuery *asked,
                     GPtrArray *conditions, GError **error) {
    g_autoptr(GPtrArray) others = stand_ins(act);
    add_scopes(query, act, type, others, NULL, FALSE);
    return add_filters(query, act, type, asked, conditions, error);
}

gboolean list_where(Query *query, const Act *act, const RecordType *type, const RecordQuery *asked,
                    ListUse use, GPtrArray *conditions, GError **error) {
    g_autoptr(GPtrArray) others = stand_ins(act);
    g_autofree char *only = others->len == 0 ? only_region(act, type) : NULL;
    if (given(asked->search))
        add_search(query, act, type, asked, list_place_of(act, type, others));
    else
        add_source(query, act, type, asked, use, only);
    add_scopes(query, act, type, others, only,
               sql_kind(act->sql) == SQL_SQLITE && by_creation(asked) &&
                   (use == LIST_PAGE || !is_local(act->actor)));
    return add_filters(query, act, type, asked, conditions, error);
}

const Actor *list_place_of(const Act *act, const RecordType *type, const GPtrArray *others) {
    return others->len || rights_any_assigned(act->sql, act->actor, type) ? NULL : act->actor;
}

gint64 list_count_max(const RecordQuery *asked) {
    if (asked->count_max > 0)
        return asked->count_max;
    return given(asked->search) ? LIST_FOUND_MAX : LIST_COUNT_MAX;
}

/* Facets and count, as far as they are asked for. */
static gboolean make_figures(const Act *act, const RecordType *type, const RecordQuery *asked,
                             ListFigures *figures, GError **error) {
    *figures = (ListFigures){0};
    if (asked->facets)
        return facets_count(act, type, asked, figures, error);
    if (!asked->count)
        return TRUE;
    g_autoptr(Query) query = query_new("SELECT count(*) FROM (SELECT 1");
    g_autoptr(GPtrArray) conditions = list_conditions_new();
    if (!list_where(query, act, type, asked, LIST_COUNTS, conditions, error))
        return FALSE;
    query_add(query, " LIMIT ?) AS counted");
    query_param_int(query, list_count_max(asked) + 1);
    gboolean done = query_int(query, act->sql, &figures->count, error);
    list_figures_bound(figures, asked);
    return done;
}

static void add_figures(json_t *page, const RecordQuery *asked, const ListFigures *figures) {
    if (figures->facets)
        json_object_set(page, "facets", figures->facets);
    if (figures->facets && figures->more)
        json_object_set_new(page, "facets_more", json_true());
    if (asked->count)
        json_object_set_new(page, "count", json_integer(figures->count));
    if (asked->count && figures->more)
        json_object_set_new(page, "count_more", json_true());
}

/* The inner query finds and sorts ids, mostly inside an index; the outer one reads only the rows of
 * the page. One more than asked for, to know whether there is a next page. */
static GPtrArray *find_rows(const Act *act, const RecordType *type, const RecordQuery *asked,
                            const ListSort *sort, int limit, GError **error) {
    g_autoptr(Query) query = query_new("SELECT ");
    g_autoptr(GPtrArray) conditions = list_conditions_new();
    GPtrArray *rows = NULL;
    row_select(type, query->text);
    query_add_format(query, " FROM r_%s WHERE _id IN (SELECT _id", type->name);
    if (list_where(query, act, type, asked, LIST_PAGE, conditions, error)) {
        list_sort_where(sort, query);
        list_sort_order(sort, query);
        query_add(query, " LIMIT ?)");
        query_param_int(query, limit + 1);
        list_sort_order(sort, query);
        rows = rows_of_query(act->sql, type, query, error);
    }
    return rows;
}

/* As many places as a power of two, so that there are few texts to prepare. */
static void add_ids(Query *query, const GPtrArray *ids) {
    query_add(query, " AND _id IN (?");
    query_param_text(query, ids->pdata[0]);
    for (guint i = 1, n = 1u << g_bit_storage(ids->len); i < n; i++) {
        query_add(query, ", ?");
        query_param_text(query, i < ids->len ? ids->pdata[i] : NULL);
    }
    query_add(query, ")");
}

/* The same of a list whose few records are known. A record may have changed meanwhile, so all is
 * asked again. */
static GPtrArray *find_among(const Act *act, const RecordType *type, const RecordQuery *asked,
                             const ListSort *sort, const GPtrArray *ids, int limit,
                             GError **error) {
    g_autoptr(Query) query = query_new("SELECT ");
    g_autoptr(GPtrArray) conditions = list_conditions_new();
    if (ids->len == 0)
        return g_ptr_array_new();
    row_select(type, query->text);
    query_add_format(query, " FROM r_%s", type->name);
    if (sql_kind(act->sql) == SQL_SQLITE) /* or it may take the equality of a filter */
        query_add_format(query, " INDEXED BY sqlite_autoindex_r_%s_1", type->name);
    query_add(query, " WHERE 1 = 1");
    add_ids(query, ids);
    if (!list_narrow(query, act, type, asked, conditions, error))
        return NULL;
    list_sort_where(sort, query);
    list_sort_order(sort, query);
    query_add(query, " LIMIT ?");
    query_param_int(query, limit + 1);
    return rows_of_query(act->sql, type, query, error);
}

static json_t *items_json(const Act *act, const GPtrArray *rows, guint limit, gboolean labels) {
    json_t *items = json_array();
    for (guint i = 0; i < MIN(rows->len, limit); i++)
        json_array_append_new(items, row_json(rows->pdata[i]));
    if (labels)
        records_add_labels(act->sql, act->packs, items);
    return items;
}

static json_t *page_json(const Act *act, const GPtrArray *rows, guint limit, gboolean labels,
                         const char *next) {
    return json_pack("{s:o, s:o}", "items", items_json(act, rows, limit, labels), "next",
                     next ? json_string(next) : json_null());
}

static json_t *sorted_page(const Act *act, const RecordType *type, const RecordQuery *asked,
                           guint limit, const GPtrArray *ids, GError **error) {
    g_autoptr(ListSort) sort = list_sort_new(type, asked->sort, asked->cursor, error);
    g_autoptr(GPtrArray) rows = NULL;
    if (sort)
        rows = ids ? find_among(act, type, asked, sort, ids, (int)limit, error)
                   : find_rows(act, type, asked, sort, (int)limit, error);
    if (rows == NULL)
        return NULL;
    g_autofree char *next =
        rows->len > limit ? list_sort_cursor(sort, rows->pdata[limit - 1]) : NULL;
    return page_json(act, rows, limit, asked->labels, next);
}

static json_t *found_page(const Act *act, const RecordType *type, const RecordQuery *asked,
                          guint limit, ListFigures *figures, GError **error) {
    SearchPage page;
    if (!search_page(act, type, asked, limit, &page, figures, error))
        return NULL;
    json_t *json = page_json(act, page.rows, limit, asked->labels, page.next);
    g_ptr_array_unref(page.rows);
    g_free(page.next);
    return json;
}

/* Goes on for a while when nothing was found among the newest. */
static json_t *walked_page(const Act *act, const RecordType *type, const RecordQuery *asked,
                           guint limit, ListFigures *figures, GError **error) {
    enum { LOOKS = 3000, ROUNDS = 3 };
    g_auto(SearchWalk) walk = {0};
    g_autoptr(GPtrArray) rows = NULL;
    g_autoptr(ListSort) sort = list_sort_new(type, NULL, NULL, error);
    gboolean done = sort && search_walk(act, type, asked, limit, LOOKS, &walk, figures, error);
    for (int i = 1; done && i < ROUNDS && walk.ids->len == 0 && walk.next; i++) {
        g_autofree char *cursor = g_steal_pointer(&walk.next);
        g_auto(ListFigures) others = {0}; /* those of the first round say that there are more */
        RecordQuery rest = *asked;
        rest.cursor = cursor;
        rest.facets = NULL;
        search_walk_clear(&walk);
        done = search_walk(act, type, &rest, limit, LOOKS, &walk, &others, error);
    }
    if (done)
        rows = find_among(act, type, asked, sort, walk.ids, (int)limit, error);
    return rows ? page_json(act, rows, limit, asked->labels, walk.next) : NULL;
}

json_t *record_list(Sql *sql, const Packs *packs, const Actor *actor, const char *type_name,
                    const RecordQuery *asked, gint64 now_ms, GError **error) {
    enum { LIMIT_MAX = 500 };
    Act act = {sql, packs, actor, now_ms, NULL};
    int limit = CLAMP(asked->limit, 1, LIMIT_MAX);
    const RecordType *type = find_type(packs, type_name, error);
    if (type == NULL)
        return NULL;
    g_autoptr(GPtrArray) others = stand_ins(&act);
    if (!any_reads(&act, type, others)) {
        error_set(error, ERROR_TYPE_UNKNOWN, NULL, type_name, NULL);
        return NULL;
    }
    g_auto(ListFigures) figures = {0};
    json_t *page = NULL;
    if (search_page_serves(&act, asked))
        page = found_page(&act, type, asked, (guint)limit, &figures, error);
    else if (search_walk_serves(&act, type, asked))
        page = walked_page(&act, type, asked, (guint)limit, &figures, error);
    else if (make_figures(&act, type, asked, &figures, error))
        page = sorted_page(&act, type, asked, (guint)limit, figures.ids, error);
    if (page)
        add_figures(page, asked, &figures);
    return page;
}
