#include "record/facets.h"
#include "record/record_index.h"
#include "record/schema.h"
#include "record/search.h"

#include <string.h>

enum { FACETS_MAX = 8, VALUES_MAX = 100 };

static const char *facet_column(const RecordType *type, const char *name, GError **error) {
    const Field *field = type_field(type, name);
    if (field ? field_counted(field) : g_str_equal(name, "state"))
        return schema_column((gpointer)type, name);
    if (field)
        error_set(error, ERROR_REQUEST, name, "facets: not counted",
                  "state, or a field of kind code, bool, ref, region or role", NULL);
    else
        error_set(error, ERROR_FIELD_UNKNOWN, name, "state, …", NULL);
    return NULL;
}

/* --- one walk over the rows counts all facets --- */

typedef struct {
    const char *name, *column;
    gboolean truth;     /* a bool: 0 and 1 */
    GHashTable *counts; /* value -> gint64; "" is the empty value */
} Facet;

static void facet_clear(gpointer data) { g_hash_table_destroy(((Facet *)data)->counts); }

GArray *facets_begin(const RecordType *type, const char *names_text, GError **error) {
    g_auto(GStrv) names = g_strsplit(names_text, ",", FACETS_MAX + 1);
    GArray *facets = g_array_new(FALSE, FALSE, sizeof(Facet));
    g_array_set_clear_func(facets, facet_clear);
    gboolean good =
        g_strv_length(names) <= FACETS_MAX ||
        error_set(error, ERROR_REQUEST, "facets", "facets: too many", "at most 8", NULL);
    for (guint i = 0; good && names[i]; i++) {
        const char *name = g_intern_string(g_strstrip(names[i]));
        const Field *field = type_field(type, name);
        Facet facet = {name, facet_column(type, name, error), field && field->kind == FIELD_BOOL,
                       g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free)};
        g_array_append_val(facets, facet);
        good = facet.column != NULL;
    }
    if (!good)
        g_clear_pointer(&facets, g_array_unref);
    return facets;
}

static void count_value(Facet *facet, const char *value, gint64 times) {
    gint64 *n = g_hash_table_lookup(facet->counts, value);
    if (n == NULL) {
        n = g_new0(gint64, 1);
        g_hash_table_insert(facet->counts, g_strdup(value), n);
    }
    *n += times;
}

void facets_add(GArray *facets, SqlStatement *st, gint64 times) {
    for (guint i = 0; i < facets->len; i++) {
        Facet *facet = &g_array_index(facets, Facet, i);
        if (sql_is_null(st, (int)i))
            count_value(facet, "", times);
        else if (facet->truth)
            count_value(facet, sql_int(st, (int)i) ? "1" : "0", times);
        else
            count_value(facet, sql_text(st, (int)i), times);
    }
}

void facets_columns(Query *query, const GArray *facets) {
    for (guint i = 0; i < facets->len; i++)
        query_add_format(query, "%s AS f%u, ", g_array_index(facets, Facet, i).column, i);
}

/* Newest first, so that a list that is too long is counted by its recent part. */
static gboolean add_walk(Query *query, const Act *act, const RecordType *type,
                         const RecordQuery *asked, GPtrArray *conditions, gint64 most,
                         GError **error) {
    gboolean search = asked->search && *asked->search;
    if (!list_where(query, act, type, asked, LIST_COUNTS, conditions, error))
        return FALSE;
    query_add(query, !search                      ? " ORDER BY _created_ms DESC, _id DESC"
                     : search_has_order(act->sql) ? " ORDER BY search_index.rowid DESC"
                                                  : "");
    query_add(query, " LIMIT ?");
    query_param_int(query, most + 1);
    return TRUE;
}

/* Every record of the walk, with its id. */
static gboolean count_each(const Act *act, const Query *query, GArray *facets, gint64 most,
                           ListFigures *figures, GError **error) {
    SqlStatement *st = query_start(query, act->sql, error);
    SqlStep step = SQL_FAILED;
    figures->ids = g_ptr_array_new_with_free_func(g_free);
    while (st && (step = sql_step(st, error)) == SQL_ROW) {
        if (figures->count++ < most)
            facets_add(facets, st, 1);
        if (figures->count <= LIST_FEW)
            g_ptr_array_add(figures->ids, g_strdup(sql_text(st, (int)facets->len)));
    }
    if (figures->count > LIST_FEW)
        g_clear_pointer(&figures->ids, g_ptr_array_unref);
    return step == SQL_DONE;
}

/* PostgreSQL sends what it counted and no rows. */
static gboolean count_groups(const Act *act, Query *walk, GArray *facets, ListFigures *figures,
                             GError **error) {
    GString *names = g_string_new(NULL);
    for (guint i = 0; i < facets->len; i++)
        g_string_append_printf(names, "f%u, ", i);
    g_autofree char *before = g_strdup_printf("SELECT %scount(*) FROM (", names->str);
    g_string_truncate(names, names->len - 2);
    g_string_prepend(walk->text, before);
    query_add_format(walk, ") AS seen GROUP BY %s", names->str);
    g_string_free(names, TRUE);
    SqlStatement *st = query_start(walk, act->sql, error);
    SqlStep step = SQL_FAILED;
    while (st && (step = sql_step(st, error)) == SQL_ROW) {
        gint64 times = sql_int(st, (int)facets->len);
        facets_add(facets, st, times);
        figures->count += times;
    }
    return step == SQL_DONE;
}

static gboolean count_rows(const Act *act, const RecordType *type, const RecordQuery *asked,
                           GArray *facets, ListFigures *figures, GError **error) {
    g_autoptr(Query) query = query_new("SELECT ");
    g_autoptr(GPtrArray) conditions = list_conditions_new();
    gint64 most = list_count_max(asked);
    facets_columns(query, facets);
    query_add(query, "_id");
    if (!add_walk(query, act, type, asked, conditions, most, error))
        return FALSE;
    return sql_kind(act->sql) == SQL_POSTGRES && facets->len > 0
               ? count_groups(act, query, facets, figures, error)
               : count_each(act, query, facets, most, figures, error);
}

/* --- as JSON --- */

typedef struct {
    const char *value;
    gint64 count;
} Counted;

static gint most_first(gconstpointer a, gconstpointer b) {
    const Counted *left = a, *right = b;
    return left->count != right->count ? (left->count < right->count ? 1 : -1)
                                       : strcmp(left->value, right->value);
}

static json_t *value_json(const Facet *facet, const char *value) {
    if (*value == 0)
        return json_null();
    return facet->truth ? json_boolean(*value == '1') : json_string(value);
}

static json_t *values_json(const Facet *facet) {
    g_autoptr(GArray) values = g_array_new(FALSE, FALSE, sizeof(Counted));
    json_t *json = json_array();
    GHashTableIter iter;
    gpointer value, count;
    g_hash_table_iter_init(&iter, facet->counts);
    while (g_hash_table_iter_next(&iter, &value, &count)) {
        Counted counted = {value, *(gint64 *)count};
        g_array_append_val(values, counted);
    }
    g_array_sort(values, most_first);
    for (guint i = 0; i < MIN(values->len, VALUES_MAX); i++) {
        const Counted *counted = &g_array_index(values, Counted, i);
        json_array_append_new(json,
                              json_pack("{s:o, s:I}", "value", value_json(facet, counted->value),
                                        "count", (json_int_t)counted->count));
    }
    return json;
}

json_t *facets_end(const GArray *facets) {
    json_t *json = json_object();
    for (guint i = 0; i < facets->len; i++) {
        const Facet *facet = &g_array_index(facets, Facet, i);
        json_object_set_new(json, facet->name, values_json(facet));
    }
    return json;
}

gboolean facets_count(const Act *act, const RecordType *type, const RecordQuery *asked,
                      ListFigures *figures, GError **error) {
    g_autoptr(GArray) facets = facets_begin(type, asked->facets, error);
    *figures = (ListFigures){0};
    if (facets == NULL || !count_rows(act, type, asked, facets, figures, error))
        return FALSE;
    list_figures_bound(figures, asked);
    figures->facets = facets_end(facets);
    return TRUE;
}

void list_figures_bound(ListFigures *figures, const RecordQuery *asked) {
    gint64 most = list_count_max(asked);
    figures->more = figures->count > most;
    figures->count = MIN(figures->count, most);
}

void list_figures_clear(ListFigures *figures) {
    json_decref(figures->facets);
    g_clear_pointer(&figures->ids, g_ptr_array_unref);
}
